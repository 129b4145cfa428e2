//! `/client/{client}/current_calls/` and `/client/{client}/call_history/`
//!
//! Shape: a call is in one of the two lists, by whether its script still runs; what is shown of it is the same in both.
//! Sources: `ringme-ivr.md` 2.7 (the paths); `interface.md`, "Beyond RingMe".

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;

use super::ApiState;
use super::body::JsonBody;
use super::call_detail::{detail, summary};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::calls::CallId;
use crate::store::{ClientId, Rejected};
use crate::trace::{CallTrace, ladder, pcap};

/// Which of the two lists.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Phase {
    Current,
    Past,
}

/// How a call is shown.
#[derive(Deserialize)]
pub(super) struct Form {
    format: Option<String>,
}

fn list(state: &ApiState, place: &Place, paging: &Paging, phase: Phase) -> Result<Json<Vec<Value>>, ApiError> {
    let client = place.client()?;
    let calls = state.trace.calls().into_iter().filter(|call| {
        call.client == client
            && call.record(|record| {
                record.is_over() == (phase == Phase::Past)
                    && paging.admits("extension", &record.extension)
                    && paging.admits("from_username", &record.from)
                    && paging.admits("to_username", &record.to)
            })
    });
    Ok(Json(paging.of(calls, |call| summary(&call))))
}

/// A call of the client's in this list; those of others are as if they were not there.
fn find(state: &ApiState, place: &Place, phase: Phase) -> Result<Arc<CallTrace>, ApiError> {
    find_of(state, place.client()?, place.call()?, phase)
}

/// A call of this client's that goes on.
pub(super) fn find_current_of(state: &ApiState, client: ClientId, id: CallId) -> Result<Arc<CallTrace>, ApiError> {
    find_of(state, client, id, Phase::Current)
}

fn find_of(state: &ApiState, client: ClientId, id: CallId, phase: Phase) -> Result<Arc<CallTrace>, ApiError> {
    let call = state.trace.call(id).filter(|call| call.client == client);
    call.filter(|call| call.record(|record| record.is_over()) == (phase == Phase::Past)).ok_or(ApiError::NoSuchCall)
}

/// A call of the client's that goes on.
pub(super) fn find_current(state: &ApiState, place: &Place) -> Result<Arc<CallTrace>, ApiError> {
    find(state, place, Phase::Current)
}

async fn show(call: Arc<CallTrace>, form: Form) -> Result<Response, ApiError> {
    match form.format.as_deref() {
        None | Some("json") => Ok(Json(detail(&call).await).into_response()),
        Some("text") => Ok(text(ladder::of_call(&call))),
        Some(_) => Err(ApiError::field("format", "must be json or text")),
    }
}

/// Plain text, which no browser may take for something else.
pub(super) fn text(text: String) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn capture_of(call: &CallTrace) -> Response {
    let messages = call.record(|record| record.messages());
    capture_file(pcap::file(messages.iter().map(|message| (message, call.wall(message.at)))))
}

/// A capture file.
pub(super) fn capture_file(file: Vec<u8>) -> Response {
    let kind = [
        (header::CONTENT_TYPE, "application/vnd.tcpdump.pcap"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"call.pcap\""),
    ];
    (kind, file).into_response()
}

pub(super) async fn current(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    list(&state, &place, &paging, Phase::Current)
}

pub(super) async fn history(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    list(&state, &place, &paging.newest_first(), Phase::Past)
}

pub(super) async fn show_current(
    State(state): State<ApiState>,
    place: Place,
    Query(form): Query<Form>,
) -> Result<Response, ApiError> {
    show(find(&state, &place, Phase::Current)?, form).await
}

pub(super) async fn show_past(
    State(state): State<ApiState>,
    place: Place,
    Query(form): Query<Form>,
) -> Result<Response, ApiError> {
    show(find(&state, &place, Phase::Past)?, form).await
}

pub(super) async fn current_ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(ladder::of_call(&*find(&state, &place, Phase::Current)?)))
}

pub(super) async fn past_ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(ladder::of_call(&*find(&state, &place, Phase::Past)?)))
}

pub(super) async fn current_pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(capture_of(&*find(&state, &place, Phase::Current)?))
}

pub(super) async fn past_pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(capture_of(&*find(&state, &place, Phase::Past)?))
}

/// Capturing RTP would go here; the SIP of a call is captured always.
pub(super) async fn capture(State(state): State<ApiState>, place: Place, _: JsonBody) -> Result<Response, ApiError> {
    find(&state, &place, Phase::Current)?;
    Err(ApiError::NotBuilt("capturing RTP"))
}

pub(super) async fn hang_up(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    match find(&state, &place, Phase::Current)?.hang_up() {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Rejected::Busy.into()),
    }
}
