//! `/extension/{extension}/callback/` and `PUT` of calls in progress: calls that we place, and callers who are sent elsewhere.
//!
//! Shape: a callback answers at once with the call's name; what comes of it is in `current_calls` and `call_history`.
//! Errors: all wrong fields at once; 503 while no call fits, and while as many callbacks of the client ring, or are up, as may.
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
use super::description::{Operation, Table, flag, integer, post, put, text};
use super::error::ApiError;
use super::place::Place;
use crate::call::CallEvent;
use crate::call::place::{Placement, spawn};
use crate::callbacks::{self, Directory};
use crate::rooms::Rooms;
use crate::store::{ClientId, Config, ExtensionStatus, Rejected, variables};
use crate::trace::CallTrace;

pub(super) fn table() -> Table {
    Table::of("Callbacks", "Calls that are placed, and callers who are sent elsewhere.")
        .on("/extension/{extension}/callback", post(create, ordering()))
        .on(
            "/extension/{extension}/current_calls/{call}",
            put(change_of_extension, sending("Sends the caller of a call of an extension elsewhere")),
        )
}

/// The order for a call.
fn ordering() -> Operation {
    let numbers = json!({
        "description": "Who is rung first, all at once: a number or several.",
        "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "minItems": 1, "items": { "type": "string", "minLength": 1 } }],
    });
    let variables = json!({ "type": "object", "description": "Variables of the call, and orders for the telephones." });
    Operation::new("Places a call: rings the sources, and connects the first who answers")
        .takes_fields(
            2,
            &[
                ("src_num", numbers),
                ("dst_num", text(255, "Whom it is for: a number, a telephone, a menu or a conference.")),
                ("variables", variables),
                ("caller_id_name", text(255, "The name that the sources see.")),
                ("caller_id_number", text(255, "The number that the sources see.")),
                ("dst_ani", text(255, "The number that the destination sees.")),
                ("dst_dtmf", text(128, "Keys that are pressed when the destination has answered.")),
                ("call_duration", integer(1, 86_400, "The longest talk, in seconds.")),
                ("announce_sound_id", integer(1, i64::MAX as u64, "A sound that the source hears first.")),
                ("dst_announce_sound_id", integer(1, i64::MAX as u64, "A sound that the destination hears first.")),
                ("transfer_after_dst_hangup", text(255, "Where the source goes when the destination has hung up.")),
                ("transfer_after_src_hangup", text(255, "Where the destination goes when the source has hung up.")),
                ("wait_for_pickup", integer(1, 300, "How many seconds the sources ring.")),
                ("allow_public_transfer", flag("Whether the transfers after a talk may lead outside.")),
            ],
        )
        .example(json!({ "src_num": ["201"], "dst_num": "200", "variables": { "order": "17" } }))
        .answers::<Placed>(201, "It is being placed.")
        .fails(403, "The extension is blocked.")
}

/// Sending somebody elsewhere.
pub(super) fn sending(what: &str) -> Operation {
    let action = json!({ "type": "string", "enum": ["transfer"] });
    Operation::new(what)
        .takes_fields(2, &[("action", action), ("send_dst", text(255, "The number that the caller goes to."))])
        .example(json!({ "action": "transfer", "send_dst": "201" }))
        .shows::<Call>()
}

/// A call that is being placed.
#[derive(Serialize, ToSchema)]
struct Placed {
    /// Its name, the `call_uuid` of lists of calls.
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
    let most = rooms.calls.share(settings.callbacks_percent);
    let admitted = rooms.callbacks.admit(extension.client, most).ok_or(Rejected::Busy)?;
    let call = spawn(rooms.clone(), Placement { extension, config: config.clone(), order, admitted }).to_string();
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
    let mut body = body.clone();
    variables::put_into(&mut body, config.variables(client)).map_err(Rejected::Invalid)?;
    let settings = rooms(state)?.settings.load();
    let directory = Directory { config: &config, trunks: &settings.trunks, client };
    let number = callbacks::destination(&body, "send_dst", &directory).map_err(Rejected::Invalid)?;
    match call.tell(CallEvent::SendTo(number)) {
        true => Ok(Json(summary(call))),
        false => Err(Rejected::Busy.into()),
    }
}
