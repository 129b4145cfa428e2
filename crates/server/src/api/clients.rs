//! `/client/{client}`: who the bearer of a token is.
//!
//! Shape: the client of the token alone; others are as if they were not there.
//! Sources: `ringme-ivr.md` 2.1 (`@me`).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiState;
use super::error::ApiError;
use super::place::Place;
use crate::store::Missing;

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    let client = config.client(place.client()?).ok_or(Missing::Client)?;
    Ok(Json(json!({
        "id": client.id,
        "client_prefix": client.prefix,
        "domain": &*state.domain,
        "status": "active",
    })))
}
