//! `/extension/{extension}/ivr/script/`
//!
//! Shape: a script is called by its event, of which a menu has at most one each.
//! Sources: `ringme-ivr.md` 4.1, 4.5.

use antiphon_ivr::rules::wire::EventScript;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::Missing;
use crate::store::changes::{CreateScript, DeleteScript, UpdateScript};

pub(super) async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<EventScript>>, ApiError> {
    Ok(Json(place.menu(&state.store.snapshot())?.scripts.clone()))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<EventScript>), ApiError> {
    let change = CreateScript { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(state.store.commit(change).await?)))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<EventScript>, ApiError> {
    let config = state.store.snapshot();
    let event = place.script()?;
    let script = place.menu(&config)?.scripts.iter().find(|script| script.event_type == event);
    Ok(Json(script.ok_or(Missing::Script)?.clone()))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<EventScript>, ApiError> {
    let (client, extension, event) = (place.bearer(), place.extension_id()?, place.script()?);
    Ok(Json(state.store.commit(UpdateScript { client, extension, event, body }).await?))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, event) = (place.bearer(), place.extension_id()?, place.script()?);
    state.store.commit(DeleteScript { client, extension, event }).await?;
    Ok(StatusCode::NO_CONTENT)
}
