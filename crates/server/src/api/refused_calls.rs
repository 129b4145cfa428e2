//! `/client/{client}/refused_calls/`
//!
//! Shape: the last INVITEs that became no call, in the words of the log: whoever was refused belongs to nobody, so only the client that
//! the first start made, whose the machine is, sees any.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::call_detail::{ShownMessage, messages_of, transport};
use super::calls::{CAPTURE, capture_file, text};
use super::date::gmt;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::ClientId;
use crate::trace::{Direction, Refusal, first_line, header, ladder as drawing, pcap as capture};

/// Whose the machine is.
const OWNER: ClientId = ClientId(1);

pub(super) fn table() -> Table {
    const REFUSED: &str = "/client/{client}/refused_calls";
    Table::of("Refused calls", "INVITEs that became no call; only client 1 sees any.")
        .on(
            REFUSED,
            get(
                list,
                Operation::new("The last 100 refused calls, the newest first")
                    .lists::<Summary>()
                    .filter("status", "Those that were refused with this status."),
            ),
        )
        .on(&format!("{REFUSED}/{{refusal}}"), get(show, Operation::new("One refused call").shows::<Detail>()))
        .on(
            &format!("{REFUSED}/{{refusal}}/ladder"),
            get(ladder, Operation::new("Its SIP as a drawing").file(200, "Lines of text.", "text/plain")),
        )
        .on(
            &format!("{REFUSED}/{{refusal}}/pcap"),
            get(pcap, Operation::new("Its SIP as a capture file").file(200, "The file.", CAPTURE)),
        )
}

/// A refused call.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedCall)]
struct Summary {
    /// Its number.
    id: u64,
    /// When, `YYYY-MM-DD hh:mm:ss` in UTC.
    time_gmt: String,
    /// The status that it was refused with.
    status: u16,
    /// The first line of the answer.
    answer: String,
    /// The first line of the request.
    request: String,
    /// Its From header.
    from: Option<String>,
    /// Its To header.
    to: Option<String>,
    /// Its User-Agent header.
    user_agent: Option<String>,
    /// Its Call-ID header.
    sip_call_id: String,
    /// `udp`, `tcp` or `tls`.
    transport: Option<&'static str>,
    /// Where it came from.
    peer: Option<String>,
}

/// A refused call with its messages.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedCallDetail)]
struct Detail {
    #[serde(flatten)]
    summary: Summary,
    /// Each message.
    sip: Vec<ShownMessage>,
}

fn summary(refusal: &Refusal) -> Summary {
    let request = refusal.messages.first();
    let asked = request.map(|request| request.text()).unwrap_or_default();
    let answer = refusal.messages.iter().rev().find(|message| message.direction == Direction::Sent);
    let answered = answer.map(|answer| answer.text()).unwrap_or_default();
    Summary {
        id: refusal.id,
        time_gmt: gmt(refusal.wall),
        status: refusal.status,
        answer: first_line(&answered).into_owned(),
        request: first_line(&asked).into_owned(),
        from: header(&asked, "From", "f").map(str::to_owned),
        to: header(&asked, "To", "t").map(str::to_owned),
        user_agent: header(&asked, "User-Agent", "").map(str::to_owned),
        sip_call_id: refusal.sip_call_id.to_string(),
        transport: request.map(|request| transport(request.flow.transport)),
        peer: request.map(|request| request.flow.peer.to_string()),
    }
}

fn find(state: &ApiState, place: &Place) -> Result<Refusal, ApiError> {
    let (client, id) = (place.client()?, place.refusal()?);
    let refusal = state.trace.refusal(id).filter(|_| client == OWNER);
    refusal.ok_or(ApiError::NoSuchCall)
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Summary>>, ApiError> {
    let paging = paging.newest_first();
    let refused = if place.client()? == OWNER { state.trace.refused() } else { Vec::new() };
    let refused = refused.into_iter().filter(|refusal| paging.admits("status", &refusal.status.to_string()));
    Ok(Json(paging.of(refused, |refusal| summary(&refusal))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Detail>, ApiError> {
    let refusal = find(&state, &place)?;
    let sip = messages_of(refusal.at, &refusal.messages);
    Ok(Json(Detail { summary: summary(&refusal), sip }))
}

async fn ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(drawing::of_refusal(&find(&state, &place)?)))
}

async fn pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    let refusal = find(&state, &place)?;
    let wall = |message: &crate::trace::Message| refusal.wall + message.at.saturating_duration_since(refusal.at);
    Ok(capture_file(capture::file(refusal.messages.iter().map(|message| (message, wall(message))))))
}
