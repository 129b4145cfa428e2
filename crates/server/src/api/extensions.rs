//! `/client/{client}/extension/`
//!
//! Sources: `ringme-ivr.md` 1.8, 2.4.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateExtension, DeleteExtension, UpdateExtension};
use crate::store::{Extension, Rejected};
use crate::templates::CreateFromTemplate;

fn encode(extension: &Extension, domain: &str) -> Value {
    let profile = &extension.profile;
    json!({
        "id": extension.id,
        "client_id": extension.client,
        "type": extension.kind.as_str(),
        "status": extension.status.as_str(),
        "name": extension.name,
        "label": profile.label,
        "domain": domain,
        "create_date": extension.create_date,
        "caller_id_name": extension.caller_id_name,
        "dial_rule_id": profile.dial_rule_id,
        "dial_rule_limit": profile.dial_rule_limit,
        "extension_group_id": profile.extension_group_id,
        "extra_params": profile.extra_params,
        "message_did": profile.message_did,
        "ani_rfc3325": profile.ani_rfc3325,
        "did_as_transfer_caller_id": profile.did_as_transfer_caller_id,
        "language": profile.language,
    })
}

/// The group of an extension, as a filter names it; of one without a group, nothing.
fn group(extension: &Extension) -> String {
    extension.profile.extension_group_id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.extensions().filter(|extension| {
        extension.client == client
            && paging.admits("type", extension.kind.as_str())
            && paging.admits("status", extension.status.as_str())
            && paging.admits("label", extension.profile.label.as_deref().unwrap_or_default())
            && paging.admits("extension_group_id", &group(extension))
            && (paging.admits("name", &extension.name) || paging.admits("name", extension.number()))
    });
    Ok(Json(paging.of(list, |extension| encode(extension, &state.domain))))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let client = place.client()?;
    let made = if body.get("template").is_some_and(|template| !template.is_null()) {
        let store = state.store.clone();
        let staged = tokio::task::spawn_blocking(move || CreateFromTemplate::stage(&store, client, body)).await;
        state.store.commit(staged.map_err(|_| Rejected::Storage)??).await?
    } else {
        state.store.commit(CreateExtension { client, body }).await?
    };
    Ok((StatusCode::CREATED, Json(encode(&made, &state.domain))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    place.client()?;
    Ok(Json(encode(place.extension(&state.store.snapshot())?, &state.domain)))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let change = UpdateExtension { client: place.client()?, id: place.extension_id()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?, &state.domain)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteExtension { client: place.client()?, id: place.extension_id()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
