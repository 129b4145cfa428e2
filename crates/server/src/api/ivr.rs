//! `/extension/{extension}/ivr/`
//!
//! Sources: `ringme-ivr.md` 1.2, 2.5 (rows 1 and 2).

use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdateIvr;

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Ivr>, ApiError> {
    Ok(Json(place.menu(&state.store.snapshot())?.settings.clone()))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Ivr>, ApiError> {
    let change = UpdateIvr { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}
