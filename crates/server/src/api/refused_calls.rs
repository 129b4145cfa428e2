//! `/client/{client}/refused_calls/`
//!
//! Shape: the last INVITEs that became no call, in the words of the log: whoever was refused belongs to nobody, so only the client that
//! the first start made, whose the machine is, sees any.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::ApiState;
use super::call_detail::{messages_of, transport};
use super::calls::{capture_file, text};
use super::date::gmt;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::ClientId;
use crate::trace::{Direction, Refusal, first_line, header, ladder as drawing, pcap as capture};

/// Whose the machine is.
const OWNER: ClientId = ClientId(1);

fn summary(refusal: &Refusal) -> Value {
    let request = refusal.messages.first();
    let asked = request.map(|request| request.text()).unwrap_or_default();
    let answer = refusal.messages.iter().rev().find(|message| message.direction == Direction::Sent);
    let answered = answer.map(|answer| answer.text()).unwrap_or_default();
    json!({
        "id": refusal.id,
        "time_gmt": gmt(refusal.wall),
        "status": refusal.status,
        "answer": first_line(&answered),
        "request": first_line(&asked),
        "from": header(&asked, "From", "f"),
        "to": header(&asked, "To", "t"),
        "user_agent": header(&asked, "User-Agent", ""),
        "sip_call_id": &*refusal.sip_call_id,
        "transport": request.map(|request| transport(request.flow.transport)),
        "peer": request.map(|request| request.flow.peer.to_string()),
    })
}

fn find(state: &ApiState, place: &Place) -> Result<Refusal, ApiError> {
    let (client, id) = (place.client()?, place.refusal()?);
    let refusal = state.trace.refusal(id).filter(|_| client == OWNER);
    refusal.ok_or(ApiError::NoSuchCall)
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let paging = paging.newest_first();
    let refused = if place.client()? == OWNER { state.trace.refused() } else { Vec::new() };
    let refused = refused.into_iter().filter(|refusal| paging.admits("status", &refusal.status.to_string()));
    Ok(Json(paging.of(refused, |refusal| summary(&refusal))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    let refusal = find(&state, &place)?;
    let mut body = summary(&refusal);
    body["sip"] = messages_of(refusal.at, &refusal.messages);
    Ok(Json(body))
}

pub(super) async fn ladder(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    Ok(text(drawing::of_refusal(&find(&state, &place)?)))
}

pub(super) async fn pcap(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    let refusal = find(&state, &place)?;
    let wall = |message: &crate::trace::Message| refusal.wall + message.at.saturating_duration_since(refusal.at);
    Ok(capture_file(capture::file(refusal.messages.iter().map(|message| (message, wall(message))))))
}
