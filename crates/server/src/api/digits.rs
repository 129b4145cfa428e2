//! `/current_calls/{call}/digits/`: keys pressed towards a party of a call in progress.
//!
//! Shape: `digits` (keys and pauses), `leg` (the caller's, unless said otherwise), `duration` of each key.
//! Units: `duration` is in milliseconds.
//! Errors: a field that is wrong; 409 for a call that does not listen any more.

use std::time::Duration;

use antiphon_ivr::{SendDigits, send_digits::HELD};
use axum::{extract::State, http::StatusCode};
use serde_json::Value;

use super::{ApiState, body::JsonBody, calls, error::ApiError, place::Place};
use crate::{store::Rejected, trace::NotPressed};

/// What is asked.
#[derive(Debug, PartialEq)]
struct Asked {
    leg: Option<usize>,
    digits: SendDigits,
}

fn read(body: &Value) -> Result<Asked, ApiError> {
    let number = |name: &str, default: u64| match &body[name] {
        Value::Null => Ok(default),
        Value::Number(number) => number.as_u64().ok_or_else(|| ApiError::field(name, "must be a number, not below 0")),
        Value::String(text) => text.parse().map_err(|_| ApiError::field(name, "must be a number, not below 0")),
        _ => Err(ApiError::field(name, "must be a number, not below 0")),
    };
    let text = body["digits"].as_str().ok_or_else(|| ApiError::field("digits", "is required, as a text"))?;
    let held = Duration::from_millis(number("duration", u64::try_from(HELD.as_millis()).unwrap_or(100))?);
    let digits = SendDigits::parse(text, held).map_err(|problem| ApiError::field("digits", problem.to_string()))?;
    let leg = match &body["leg"] {
        Value::Null => None,
        _ => Some(usize::try_from(number("leg", 0)?).unwrap_or(usize::MAX)),
    };
    Ok(Asked { leg, digits })
}

pub(super) async fn press(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, ApiError> {
    let call = calls::find_current(&state, &place)?;
    let Asked { leg, digits } = read(&body)?;
    let leg = leg.unwrap_or_else(|| call.record(|record| record.caller));
    match call.send_digits(leg, digits) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(problem @ NotPressed::NoLeg) => Err(ApiError::field("leg", problem.to_string())),
        Err(NotPressed::Busy) => Err(Rejected::Busy.into()),
    }
}
