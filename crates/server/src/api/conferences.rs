//! `/extension/{extension}/conference/` and `/client/{client}/conference/`
//!
//! Shape: the first are the settings of a conference, the second who is in one now. A conference that nobody is in is not listed.

use antiphon_ivr::Voice;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::ApiState;
use super::body::JsonBody;
use super::error::ApiError;
use super::place::Place;
use crate::call::executor::clock;
use crate::conferences::{Member, Shown, Wish};
use crate::store::changes::UpdateConference;
use crate::store::{ConferenceSettings, Missing};

pub(super) async fn settings(
    State(state): State<ApiState>,
    place: Place,
) -> Result<Json<ConferenceSettings>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.extension(&config)?.profile.conference.clone().ok_or(Missing::Conference)?))
}

pub(super) async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<ConferenceSettings>, ApiError> {
    let change = UpdateConference { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}

fn encode_member(member: &Member) -> Value {
    json!({
        "call_uuid": member.call.to_string(),
        "number": member.who.number,
        "name": member.who.name,
        "muted": member.voice == Voice::Muted,
        "seconds": clock().saturating_duration_since(member.since).as_secs(),
    })
}

fn encode(conference: &Shown) -> Value {
    let members: Vec<Value> = conference.members.iter().map(encode_member).collect();
    json!({ "name": conference.name, "members": members })
}

fn of_client(state: &ApiState, place: &Place) -> Result<Vec<Shown>, ApiError> {
    Ok(state.conferences.of(place.client()?))
}

/// The conference that the path names, as `800` or `000*800`.
fn find(state: &ApiState, place: &Place) -> Result<Shown, ApiError> {
    let name = place.conference();
    let is_meant =
        |shown: &Shown| shown.name == name || shown.name.rsplit_once('*').is_some_and(|(_, own)| own == name);
    of_client(state, place)?.into_iter().find(is_meant).ok_or(ApiError::NoSuchConference)
}

pub(super) async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<Value>>, ApiError> {
    Ok(Json(of_client(&state, &place)?.iter().map(encode).collect()))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    Ok(Json(encode(&find(&state, &place)?)))
}

fn wish(state: &ApiState, place: &Place, wish: Wish) -> Result<(), ApiError> {
    let (client, call, shown) = (place.client()?, place.call()?, find(state, place)?);
    match state.conferences.wish(client, &shown.name, call, wish) {
        true => Ok(()),
        false => Err(ApiError::NoSuchCall),
    }
}

pub(super) async fn change_member(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<StatusCode, ApiError> {
    let voice = match body.get("muted") {
        Some(Value::Bool(true)) => Voice::Muted,
        Some(Value::Bool(false)) => Voice::Heard,
        _ => return Err(ApiError::field("muted", "must be true or false")),
    };
    wish(&state, &place, Wish::Voice(voice))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn kick(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    wish(&state, &place, Wish::Leave)?;
    Ok(StatusCode::NO_CONTENT)
}
