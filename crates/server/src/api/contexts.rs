//! `/extension/{extension}/ivr/context/`
//!
//! Sources: `ringme-ivr.md` 1.3, 2.5 (rows 3 to 7).

use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::{CreateContext, DeleteContext, UpdateContext};

pub(super) async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<wire::Context>>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.menu(&config)?.contexts.values().map(|context| context.context.clone()).collect()))
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<wire::Context>), ApiError> {
    let change = CreateContext { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(state.store.commit(change).await?)))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Context>, ApiError> {
    Ok(Json(place.context(&state.store.snapshot())?.context.clone()))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Context>, ApiError> {
    let (client, extension, id) = (place.bearer(), place.extension_id()?, place.context_id()?);
    Ok(Json(state.store.commit(UpdateContext { client, extension, id, body }).await?))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (client, extension, id) = (place.bearer(), place.extension_id()?, place.context_id()?);
    state.store.commit(DeleteContext { client, extension, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
