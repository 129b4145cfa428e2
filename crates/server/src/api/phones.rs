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
use crate::store::{Config, ExtensionKind, Missing, Phone};

fn encode(phone: &Phone, config: &Config) -> Value {
    let mailbox = phone.mailbox.and_then(|id| config.extension(id));
    json!({ "contact": phone.contact, "mailbox": mailbox.map(|mailbox| mailbox.number()) })
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    match &place.extension(&config)?.kind {
        ExtensionKind::Phone(phone) => Ok(Json(encode(phone, &config))),
        ExtensionKind::Ivr(_) | ExtensionKind::Conference(_) => Err(Missing::Phone.into()),
    }
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let change = UpdatePhone { client: place.bearer(), extension: place.extension_id()?, body };
    let phone = state.store.commit(change).await?;
    Ok(Json(encode(&phone, &state.store.snapshot())))
}
