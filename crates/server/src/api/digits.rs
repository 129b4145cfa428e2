//! `/current_calls/{call}/digits/`: keys pressed towards a party of a call in progress.
//!
//! Shape: `digits` (keys and pauses), `leg` (the caller's, unless said otherwise), `duration` of each key.
//! Units: `duration` is in milliseconds.
//! Errors: a field that is wrong; 409 for a call that does not listen any more.

use std::time::Duration;

use antiphon_ivr::{SendDigits, rules::wire::FieldError, send_digits::HELD};
use axum::{extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::description::{Methods, Operation, integer, post, text};
use super::{ApiState, body::JsonBody, calls, error::ApiError, place::Place};
use crate::{store::Rejected, trace::NotPressed};

/// The methods of its path.
pub(super) fn methods() -> Methods {
    post(
        press,
        Operation::new("Presses keys towards a party of a call")
            .takes_fields(
                1,
                &[
                    (
                        "digits",
                        text(
                            255,
                            "Keys 0-9 * # A-D, with w for a pause of half a second, W of a second, and a comma of two.",
                        ),
                    ),
                    ("leg", integer(0, 1_000, "The party by its number in `legs`; the caller unless said otherwise.")),
                    ("duration", integer(0, 10_000, "How long each is held, in ms; 100 unless said otherwise.")),
                ],
            )
            .example(json!({ "digits": "12w#", "leg": 1, "duration": 100 }))
            .bare(202, "They are pressed in their time."),
    )
}

/// What is asked.
#[derive(Debug, PartialEq)]
struct Asked {
    leg: Option<usize>,
    digits: SendDigits,
}

fn read(body: &Value) -> Result<Asked, Rejected> {
    let mut problems = Vec::new();
    let mut number = |name: &str, default: u64| {
        let given = match &body[name] {
            Value::Null => Some(default),
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        given.unwrap_or_else(|| {
            problems.push(FieldError::new(name, "must be a number, not below 0"));
            default
        })
    };
    let held = Duration::from_millis(number("duration", u64::try_from(HELD.as_millis()).unwrap_or(100)));
    let leg = match &body["leg"] {
        Value::Null => None,
        _ => Some(usize::try_from(number("leg", 0)).unwrap_or(usize::MAX)),
    };
    let digits = match body["digits"].as_str().map(|text| SendDigits::parse(text, held)) {
        Some(Ok(digits)) if problems.is_empty() => return Ok(Asked { leg, digits }),
        Some(Ok(_)) => None,
        Some(Err(problem)) => Some(problem.to_string()),
        None => Some("is required, as a text".to_owned()),
    };
    problems.extend(digits.map(|problem| FieldError::new("digits", problem)));
    Err(Rejected::Invalid(problems))
}

async fn press(State(state): State<ApiState>, place: Place, JsonBody(body): JsonBody) -> Result<StatusCode, ApiError> {
    let call = calls::find_current(&state, &place)?;
    let Asked { leg, digits } = read(&body)?;
    let leg = leg.unwrap_or_else(|| call.record(|record| record.caller));
    match call.send_digits(leg, digits) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(problem @ NotPressed::NoLeg) => Err(ApiError::field("leg", problem.to_string())),
        Err(NotPressed::Busy) => Err(Rejected::Busy.into()),
    }
}
