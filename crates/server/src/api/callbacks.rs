//! `/extension/{extension}/callback/` and `PUT` of calls in progress: calls that we place, and callers who are sent elsewhere.
//!
//! Shape: a callback answers at once with the call's name; what comes of it is in `current_calls` and `call_history`.
//! Errors: all wrong fields at once; 503 while no call fits, and while as many callbacks of the client ring as may.
//! Sources: `ringme-ivr.md` 2.7.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::call_detail::summary;
use super::calls;
use super::error::ApiError;
use super::place::Place;
use crate::call::CallEvent;
use crate::call::place::{Placement, spawn};
use crate::callbacks::{self, Directory};
use crate::rooms::Rooms;
use crate::store::{ClientId, Config, ExtensionStatus, Rejected};
use crate::trace::CallTrace;

/// An API without rooms is one without calls.
fn rooms(state: &ApiState) -> Result<&Arc<Rooms>, ApiError> {
    Ok(state.rooms.as_ref().ok_or(Rejected::Busy)?)
}

pub(super) async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.clone();
    if extension.status == ExtensionStatus::Blocked {
        return Err(ApiError::Blocked);
    }
    let rooms = rooms(&state)?;
    let settings = rooms.settings.load();
    let directory = Directory { config: &config, trunks: &settings.trunks, client: extension.client };
    let order = callbacks::read(&body, &directory).map_err(Rejected::Invalid)?;
    if !rooms.calls.has_room() {
        return Err(Rejected::Busy.into());
    }
    let ringing = rooms.callbacks.ring(extension.client).ok_or(Rejected::Busy)?;
    let call = spawn(rooms.clone(), Placement { extension, config: config.clone(), order, ringing }).to_string();
    Ok((StatusCode::CREATED, Json(json!({ "call_id": call, "call_api_id": call }))))
}

/// Sends the caller of a call in progress elsewhere.
pub(super) async fn change(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let call = calls::find_current(&state, &place)?;
    send(&state, &call, place.client()?, &body)
}

/// The same, of a call that an extension takes part in.
pub(super) async fn change_of_extension(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?;
    let call = calls::find_current_of(&state, place.bearer(), place.call()?)?;
    let takes_part = call.record(|record| {
        record.extension == extension.name
            || record.legs.iter().any(|leg| leg.ended.is_none() && is_of(&leg.party, extension.number()))
    });
    if !takes_part {
        return Err(ApiError::NoSuchCall);
    }
    send(&state, &call, place.bearer(), &body)
}

/// Whether a party of a call is this number, by the URI that was called or the number that called.
fn is_of(party: &str, number: &str) -> bool {
    let user = party.strip_prefix("sip:").unwrap_or(party).split(['@', ';']).next().unwrap_or_default();
    user.rsplit('*').next() == Some(number)
}

fn send(state: &ApiState, call: &CallTrace, client: ClientId, body: &Value) -> Result<Json<Value>, ApiError> {
    match body["action"].as_str() {
        Some("transfer") => {}
        Some(_) => return Err(ApiError::field("action", "must be transfer")),
        None => return Err(ApiError::field("action", "is required")),
    }
    let config: Arc<Config> = state.store.snapshot();
    let settings = rooms(state)?.settings.load();
    let directory = Directory { config: &config, trunks: &settings.trunks, client };
    let number = callbacks::destination(body, "send_dst", &directory).map_err(Rejected::Invalid)?;
    match call.tell(CallEvent::SendTo(number)) {
        true => Ok(Json(summary(call))),
        false => Err(Rejected::Busy.into()),
    }
}
