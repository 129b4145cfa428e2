//! `/extension/{extension}/phone/`
//!
//! Shape: the password goes in and never comes out.
//! Sources: `interface.md`, "Beyond RingMe".

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::store::changes::UpdatePhone;
use crate::store::{ExtensionKind, Missing, Phone};

fn encode(phone: &Phone) -> Value {
    json!({ "contact": phone.contact })
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    match &place.extension(&state.store.snapshot())?.kind {
        ExtensionKind::Phone(phone) => Ok(Json(encode(phone))),
        ExtensionKind::Ivr(_) | ExtensionKind::Conference(_) => Err(Missing::Phone.into()),
    }
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let change = UpdatePhone { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(encode(&state.store.commit(change).await?)))
}
