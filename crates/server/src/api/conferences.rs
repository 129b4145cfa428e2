//! `/extension/{extension}/conference/` and `/client/{client}/conference/`
//!
//! Shape: the first are the settings of a conference, the second who is in one now. A conference that nobody is in is not listed.

use antiphon_ivr::{Voice, op::Ears};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, put};
use super::error::ApiError;
use super::place::Place;
use crate::call::executor::clock;
use crate::conferences::{Member, Shown, Wish};
use crate::store::changes::UpdateConference;
use crate::store::{ConferenceSettings, Missing};

pub(super) fn table() -> Table {
    const CONFERENCE: &str = "/client/{client}/conference";
    Table::of("Conferences", "Conferences: their settings, and who is in them.")
        .on(
            "/extension/{extension}/conference",
            get(settings, Operation::new("The settings of a conference").shows::<ConferenceSettings>()).put(
                update,
                Operation::new("Changes the settings of a conference, for those who come afterwards")
                    .takes::<ConferenceSettings>(&[])
                    .example(json!({ "pin": "2580", "max_members": 20 }))
                    .shows::<ConferenceSettings>(),
            ),
        )
        .on(CONFERENCE, get(list, Operation::new("The conferences that somebody is in").lists_all::<InProgress>()))
        .on(
            &format!("{CONFERENCE}/{{conference}}"),
            get(show, Operation::new("A conference that somebody is in").shows::<InProgress>()),
        )
        .on(
            &format!("{CONFERENCE}/{{conference}}/member/{{call}}"),
            put(
                change_member,
                Operation::new("Mutes a member, or lets it be heard again")
                    .takes_fields(
                        1,
                        &[("muted", json!({ "type": "boolean", "description": "Whether the others do not hear it." }))],
                    )
                    .example(json!({ "muted": true }))
                    .empties(),
            )
            .delete(kick, Operation::new("Sends a member out").empties()),
        )
}

/// A conference that somebody is in.
#[derive(Serialize, ToSchema)]
#[schema(as = Conference)]
struct InProgress {
    /// Its whole name, `000*800`.
    name: String,
    /// Whether somebody has come with whom it begins.
    begun: bool,
    /// Who is in it.
    members: Vec<ShownMember>,
}

/// A member of a conference.
#[derive(Serialize, ToSchema)]
#[schema(as = ConferenceMember)]
struct ShownMember {
    /// The call that it is in by.
    call_uuid: String,
    /// Its number.
    number: String,
    /// Its name.
    name: String,
    /// Whether the others do not hear it.
    muted: bool,
    /// Whether it does not hear the others.
    deaf: bool,
    /// How long it has been in it.
    seconds: u64,
}

async fn settings(State(state): State<ApiState>, place: Place) -> Result<Json<ConferenceSettings>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(place.extension(&config)?.profile.conference.clone().ok_or(Missing::Conference)?))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<ConferenceSettings>, ApiError> {
    let change = UpdateConference { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(state.store.commit(change).await?))
}

fn encode_member(member: &Member) -> ShownMember {
    ShownMember {
        call_uuid: member.call.to_string(),
        number: member.who.number.to_string(),
        name: member.who.name.to_string(),
        muted: member.voice == Voice::Muted,
        deaf: member.ears == Ears::Deaf,
        seconds: clock().saturating_duration_since(member.since).as_secs(),
    }
}

fn encode(conference: &Shown) -> InProgress {
    let members = conference.members.iter().map(encode_member).collect();
    InProgress { name: conference.name.to_string(), begun: conference.begun, members }
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

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<InProgress>>, ApiError> {
    Ok(Json(of_client(&state, &place)?.iter().map(encode).collect()))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<InProgress>, ApiError> {
    Ok(Json(encode(&find(&state, &place)?)))
}

fn wish(state: &ApiState, place: &Place, wish: Wish) -> Result<(), ApiError> {
    let (client, call, shown) = (place.client()?, place.call()?, find(state, place)?);
    match state.conferences.wish(client, &shown.name, call, wish) {
        true => Ok(()),
        false => Err(ApiError::NoSuchCall),
    }
}

async fn change_member(
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

async fn kick(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    wish(&state, &place, Wish::Leave)?;
    Ok(StatusCode::NO_CONTENT)
}
