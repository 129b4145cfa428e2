//! `/extension/{extension}/ivr/`
//!
//! Sources: `ringme-ivr.md` 1.2, 2.5 (rows 1 and 2).

use antiphon_ivr::rules::wire;
use axum::Json;
use axum::extract::State;
use serde_json::json;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Methods, Operation, get};
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdateIvr;

/// The methods of a menu's own path.
pub(super) fn methods() -> Methods {
    get(show, Operation::new("The settings of a menu").shows::<wire::Ivr>()).put(
        update,
        Operation::new("Changes the settings of a menu")
            .takes::<wire::Ivr>(&[])
            .example(json!({ "entry_context": 1, "sleep_time": 500 }))
            .shows::<wire::Ivr>(),
    )
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<wire::Ivr>, ApiError> {
    Ok(Json(place.menu(&state.store.snapshot())?.settings.clone()))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<wire::Ivr>, ApiError> {
    let change = UpdateIvr { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}
