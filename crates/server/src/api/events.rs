//! `/extension/{extension}/event/`
//!
//! Sources: `ringme-ivr.md` 1.8, 4.6.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateEvent, DeleteEvent, UpdateEvent};
use crate::store::{Missing, Subscription};

fn encode(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.id,
        "url": subscription.url,
        "event_type": subscription.event_type.as_str(),
        "method": subscription.method.to_string(),
    })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.id;
    let wanted = config.subscriptions(extension);
    let wanted = wanted.filter(|subscription| paging.admits("event_type", subscription.event_type.as_str()));
    Ok(Json(paging.of(wanted, |subscription| encode(subscription))))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let change = CreateEvent { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(encode(&*state.store.commit(change).await?))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.id;
    Ok(Json(encode(config.subscription(extension, place.event()?).ok_or(Missing::Event)?)))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let (extension, id) = (place.extension_id()?, place.event()?);
    let change = UpdateEvent { client: place.bearer(), extension, id, body };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (extension, id) = (place.extension_id()?, place.event()?);
    state.store.commit(DeleteEvent { client: place.bearer(), extension, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
