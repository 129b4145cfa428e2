//! `/client/{client}/current_calls/` and `/client/{client}/call_history/`
//!
//! Shape: a call is in one of the two lists, by whether its script still runs; what is shown of it is the same in both.
//! Sources: `ringme-ivr.md` 2.7 (the paths); `interface.md`, "Beyond RingMe".

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::ApiState;
use super::body::JsonBody;
use super::call_detail::{Call, CallDetail, detail, summary};
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use super::{callbacks, digits, records};
use crate::calls::CallId;
use crate::store::{ClientId, Rejected};
use crate::trace::{CallTrace, ladder, pcap};

/// The type of a capture file.
pub(super) const CAPTURE: &str = "application/vnd.tcpdump.pcap";

pub(super) fn table() -> Table {
    const CURRENT: &str = "/client/{client}/current_calls";
    const HISTORY: &str = "/client/{client}/call_history";
    let list = |what: &str| {
        Operation::new(what)
            .lists::<Call>()
            .filter("extension", "Those of this extension.")
            .filter("from_username", "Those from this number.")
            .filter("to_username", "Those to this number.")
    };
    let form = json!({ "type": "string", "enum": ["json", "text"] });
    let one = |what: &str| {
        let about = "With its detail; with `format=text`, the ladder in `text/plain`.";
        let shown = Operation::new(what).answers::<CallDetail>(200, about);
        shown.query("format", form.clone(), "`text` is the ladder.").also(200, "text/plain")
    };
    let ladder = || Operation::new("The SIP of a call as a drawing").file(200, "Lines of text.", "text/plain");
    let pcap = || Operation::new("The SIP of a call as a capture file").file(200, "The file.", CAPTURE);
    let rtp = Operation::new("Captures the RTP of a call").takes_fields(0, &[]).fails(501, "It is not built yet.");
    Table::of("Calls", "What calls do and did, in memory.")
        .on(CURRENT, get(current, list("The calls in progress")))
        .on(
            &format!("{CURRENT}/{{call}}"),
            get(show_current, one("One call in progress"))
                .put(callbacks::change, callbacks::sending("Sends the caller of a call elsewhere"))
                .delete(hang_up, Operation::new("Hangs a call up, all of its legs").empties()),
        )
        .on(&format!("{CURRENT}/{{call}}/recording"), records::of_call_methods())
        .on(&format!("{CURRENT}/{{call}}/digits"), digits::methods())
        .on(&format!("{CURRENT}/{{call}}/ladder"), get(current_ladder, ladder()))
        .on(&format!("{CURRENT}/{{call}}/pcap"), get(current_pcap, pcap()).post(capture, rtp))
        .on(HISTORY, get(history, list("The last calls that are over, the newest first")))
        .on(&format!("{HISTORY}/{{call}}"), get(show_past, one("One call that is over")))
        .on(&format!("{HISTORY}/{{call}}/ladder"), get(past_ladder, ladder()))
        .on(&format!("{HISTORY}/{{call}}/pcap"), get(past_pcap, pcap()))
}

/// Which of the two lists.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Phase {
    Current,
    Past,
}

/// How a call is shown.
enum Form {
    Json,
    Text,
}

impl FromRequestParts<ApiState> for Form {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        match query.filter(|(name, _)| name == "format").map(|(_, form)| form).last().as_deref() {
            None | Some("json") => Ok(Self::Json),
            Some("text") => Ok(Self::Text),
            Some(_) => Err(ApiError::field("format", "must be json or text")),
        }
    }
}

fn list(state: &ApiState, place: &Place, paging: &Paging, phase: Phase) -> Result<Json<Vec<Call>>, ApiError> {
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

async fn show(call: Arc<CallTrace>, form: Form) -> Response {
    match form {
        Form::Json => Json(detail(&call).await).into_response(),
        Form::Text => text(ladder::of_call(&call)),
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
    let kind = [(header::CONTENT_TYPE, CAPTURE), (header::CONTENT_DISPOSITION, "attachment; filename=\"call.pcap\"")];
    (kind, file).into_response()
}

async fn current(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Call>>, ApiError> {
    list(&state, &place, &paging, Phase::Current)
}

async fn history(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Call>>, ApiError> {
    list(&state, &place, &paging.newest_first(), Phase::Past)
}

async fn show_current(State(state): State<ApiState>, place: Place, form: Form) -> Result<Response, ApiError> {
    Ok(show(find(&state, &place, Phase::Current)?, form).await)
}

async fn show_past(State(state): State<ApiState>, place: Place, form: Form) -> Result<Response, ApiError> {
    Ok(show(find(&state, &place, Phase::Past)?, form).await)
}

async fn current_ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(ladder::of_call(&*find(&state, &place, Phase::Current)?)))
}

async fn past_ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(ladder::of_call(&*find(&state, &place, Phase::Past)?)))
}

async fn current_pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(capture_of(&*find(&state, &place, Phase::Current)?))
}

async fn past_pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(capture_of(&*find(&state, &place, Phase::Past)?))
}

/// Capturing RTP would go here; the SIP of a call is captured always.
async fn capture(State(state): State<ApiState>, place: Place, _: JsonBody) -> Result<Response, ApiError> {
    find(&state, &place, Phase::Current)?;
    Err(ApiError::NotBuilt("capturing RTP"))
}

async fn hang_up(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    match find(&state, &place, Phase::Current)?.hang_up() {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Rejected::Busy.into()),
    }
}
