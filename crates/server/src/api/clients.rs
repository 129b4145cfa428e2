//! `/client/{client}`: who the bearer of a token is, and what it may do.
//!
//! Shape: the client of the token alone; others are as if they were not there.
//! Sources: `ringme-ivr.md` 2.1 (`@me`), 5.1 (`speech_to_text`).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdateClient;
use crate::store::{Client, Missing};

fn encode(client: &Client, state: &ApiState) -> Value {
    json!({
        "id": client.id,
        "client_prefix": client.prefix,
        "domain": &*state.domain,
        "status": "active",
        "speech_to_text": client.speech_to_text,
    })
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    let client = config.client(place.client()?).ok_or(Missing::Client)?;
    Ok(Json(encode(client, &state)))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let change = UpdateClient { client: place.client()?, body };
    let client = state.store.commit(change).await?;
    Ok(Json(encode(&client, &state)))
}
