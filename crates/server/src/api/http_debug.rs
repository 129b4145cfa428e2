//! `/client/{client}/http_debug/` and `/client/{client}/http_signing_key`
//!
//! Shape: a list of the last calls that asked web servers, newest first, and every step of one of them.
//! Units: `…_ms` in milliseconds, `length` in bytes.
//! Sources: `kazoo-pivot.md` 6.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::ApiState;
use super::date::gmt;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::web::debug::{CallSteps, Outcome, Step, Text};
use crate::web::signature::{SIGNATURE, TIMESTAMP};

/// What the list shows of a call: its first request, and how all of them went.
fn summary(call: &CallSteps) -> Value {
    let first = call.steps.first();
    let status = first.and_then(|step| step.outcome.as_ref()?.answer.as_ref().ok()).map(|answer| answer.status);
    let failed = |step: &&Step| step.outcome.as_ref().is_some_and(|outcome| outcome.answer.is_err());
    json!({
        "call_uuid": call.asker.call.to_string(),
        "extension": call.asker.extension,
        "from_username": call.asker.from,
        "to_username": call.asker.to,
        "init_time_gmt": first.map(|step| gmt(step.at)),
        "url": first.map(|step| &step.request.url),
        "status_code": status,
        "steps_count": call.steps.len() as u64 + call.omitted,
        "failures": call.steps.iter().filter(failed).count(),
        "problems": call.steps.iter().map(|step| step.problems.len()).sum::<usize>(),
    })
}

fn step(step: &Step) -> Value {
    let outcome = step.outcome.as_ref();
    let answer = outcome.and_then(|outcome| outcome.answer.as_ref().ok());
    let answer = answer.map(|answer| {
        json!({
            "status_code": answer.status,
            "headers": headers(&answer.headers),
            "body": body(&answer.body),
            "length": answer.body.length,
        })
    });
    json!({
        "step": step.number,
        "time_gmt": gmt(step.at),
        "extension": step.extension,
        "by": step.step,
        "request": {
            "method": step.request.method,
            "url": step.request.url,
            "headers": headers(&step.request.headers),
            "body": body(&step.request.body),
            "length": step.request.body.length,
        },
        "redirects": outcome.map(redirects),
        "answer": answer,
        "error": outcome.and_then(|outcome| outcome.answer.as_ref().err()),
        "duration_ms": outcome.map(|outcome| outcome.took.as_millis() as u64),
        "ran": step.ran,
        "problems": step.problems,
        "next": step.next,
    })
}

fn body(text: &Text) -> &str {
    &text.shown
}

/// A field that came several times is shown once, with its values parted by commas.
fn headers(fields: &[(String, String)]) -> Value {
    let mut shown = Map::new();
    for (name, value) in fields {
        let value = match shown.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.clone(),
        };
        shown.insert(name.clone(), value.into());
    }
    shown.into()
}

fn redirects(outcome: &Outcome) -> Value {
    outcome.redirects.iter().map(|hop| json!({ "url": hop.url, "status_code": hop.status })).collect()
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let wanted = state.http_debug.calls(client).into_iter().filter(|call| {
        paging.admits("extension", &call.asker.extension) && paging.admits("call_uuid", &call.asker.call.to_string())
    });
    let wanted: Vec<_> = wanted.collect();
    Ok(Json(paging.newest_first().of(wanted.iter(), summary)))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let (client, id) = (place.client()?, place.call()?);
    let call = state.http_debug.call(client, id).ok_or(ApiError::NoSuchCall)?;
    let mut body = summary(&call);
    body["steps"] = call.steps.iter().map(step).collect();
    body["steps_omitted"] = call.omitted.into();
    Ok(Json(body))
}

pub(super) async fn signing_key(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let client = place.client()?;
    let key = state.rooms.as_deref().and_then(|rooms| rooms.web.signing_key(client)).ok_or(ApiError::NoSigningKey)?;
    Ok(Json(json!({
        "client_id": client,
        "algorithm": "HMAC-SHA256",
        "key": key.as_str(),
        "timestamp_header": TIMESTAMP,
        "signature_header": SIGNATURE,
    })))
}
