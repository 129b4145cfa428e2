//! `/extension/{extension}/callback/` and `PUT` of calls in progress: calls that we place, and callers who are sent elsewhere.
//!
//! Shape: a callback answers at once with the call's name; what comes of it is in `current_calls` and `call_history`.
//! Errors: all wrong fields at once; 503 while no call fits, and while as many callbacks of the client ring as may.
//! Sources: `ringme-ivr.md` 2.7.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::call_detail::{Call, summary};
use super::calls;
use super::description::{Operation, Table, flag, integer, post, put, text, word};
use super::error::ApiError;
use super::place::Place;
use crate::call::CallEvent;
use crate::call::place::{Placement, spawn};
use crate::callbacks::{self, Directory};
use crate::rooms::Rooms;
use crate::store::{ClientId, Config, ExtensionStatus, Rejected, variables};
use crate::trace::CallTrace;

pub(super) fn table() -> Table {
    let number = |about: &str| text(255, about);
    let source = json!({ "type": ["string", "array"], "items": { "type": "string" }, "description": "Whom we call first: a number, or a list." });
    let after = "Where the other goes when one hangs up.";
    let fields = [
        ("src_num", source),
        ("dst_num", number("Whom the one who answered is joined with.")),
        ("dst_ani", number("The number that is shown to it.")),
        ("dst_dtmf", number("Keys that are pressed towards it once it answers.")),
        ("caller_id_number", number("The number that is shown to those whom we call first.")),
        ("caller_id_name", number("The name that is shown to them.")),
        ("announce_sound_id", integer(0, 1 << 53, "The sound that the first hears.")),
        ("dst_announce_sound_id", integer(0, 1 << 53, "The sound that the other hears.")),
        ("wait_for_pickup", integer(0, 86_400, "Seconds of ringing.")),
        ("call_duration", integer(0, 86_400, "Seconds that the call may take.")),
        ("allow_public_transfer", flag("Whether it may go outside.")),
        ("transfer_after_dst_hangup", number(after)),
        ("transfer_after_src_hangup", number(after)),
        ("variables", json!({ "type": ["object", "null"], "description": "Variables of the call." })),
    ];
    let placed = Operation::new("Places a call, and joins whoever answers")
        .takes_fields(2, &fields)
        .example(json!({ "src_num": ["201"], "dst_num": "100" }))
        .answers::<Placed>(201, "It rings.")
        .fails(403, "The extension is blocked.");
    Table::of("Callbacks", "Calls that we place.").on("/extension/{extension}/callback", post(create, placed)).on(
        "/extension/{extension}/current_calls/{call}",
        put(change_of_extension, described("Sends the caller of a call that the extension takes part in elsewhere")),
    )
}

/// What sending a caller elsewhere takes.
pub(super) fn described(what: &str) -> Operation {
    Operation::new(what)
        .takes_fields(
            2,
            &[
                ("action", word(&["transfer"], "What to do.")),
                ("send_dst", text(255, "The number where the caller goes.")),
            ],
        )
        .example(json!({ "action": "transfer", "send_dst": "201" }))
        .shows::<Call>()
}

/// A call that we place.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedCall)]
struct Placed {
    /// Its name in `current_calls` and `call_history`.
    call_id: String,
    /// The same.
    call_api_id: String,
}

/// An API without rooms is one without calls.
fn rooms(state: &ApiState) -> Result<&Arc<Rooms>, ApiError> {
    Ok(state.rooms.as_ref().ok_or(Rejected::Busy)?)
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(mut body): JsonBody,
) -> Result<(StatusCode, Json<Placed>), ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.clone();
    if extension.status == ExtensionStatus::Blocked {
        return Err(ApiError::Blocked);
    }
    variables::put_into(&mut body, config.variables(extension.client)).map_err(Rejected::Invalid)?;
    let rooms = rooms(&state)?;
    let settings = rooms.settings.load();
    let directory = Directory { config: &config, trunks: &settings.trunks, client: extension.client };
    let order = callbacks::read(&body, &directory).map_err(Rejected::Invalid)?;
    if !rooms.calls.has_room() {
        return Err(Rejected::Busy.into());
    }
    let ringing = rooms.callbacks.ring(extension.client).ok_or(Rejected::Busy)?;
    let call = spawn(rooms.clone(), Placement { extension, config: config.clone(), order, ringing }).to_string();
    Ok((StatusCode::CREATED, Json(Placed { call_id: call.clone(), call_api_id: call })))
}

/// Sends the caller of a call in progress elsewhere.
pub(super) async fn change(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Call>, ApiError> {
    let call = calls::find_current(&state, &place)?;
    send(&state, &call, place.client()?, &body)
}

/// The same, of a call that an extension takes part in.
async fn change_of_extension(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Call>, ApiError> {
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

fn send(state: &ApiState, call: &CallTrace, client: ClientId, body: &Value) -> Result<Json<Call>, ApiError> {
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
