//! `/client/{client}/upload/`: recordings on their way to web servers.
//!
//! Shape: what is to be sent, what was, and what will not be, with the last error of each. What is over is shown for a week.
//! Units: times in UTC.
//! Errors: one that is being sent is not deleted or tried again: 409.
//! Sources: `kazoo-pivot.md` 4.4.

use std::time::{Duration, UNIX_EPOCH};

use antiphon_ivr::op::SoundFormat;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiState;
use super::date::gmt;
use super::description::{Operation, Table, get, post};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::ClientId;
use crate::uploads::{Entry, NotDone, State as Standing, Uploads};
use crate::web::mask;

pub(super) fn table() -> Table {
    const UPLOAD: &str = "/client/{client}/upload";
    Table::of("Uploads", "Recordings on their way to web servers.")
        .on(
            UPLOAD,
            get(
                list,
                Operation::new("All uploads, the newest first")
                    .lists::<Shown>()
                    .filter("state", "Those in this state.")
                    .filter("call_uuid", "Those of this call.")
                    .filter("record_id", "Those of this recording."),
            ),
        )
        .on(
            &format!("{UPLOAD}/{{upload}}"),
            get(show, Operation::new("One upload").shows::<Shown>()).delete(
                delete,
                Operation::new("Deletes an upload, sent or not").empties().conflicts("It is being sent."),
            ),
        )
        .on(
            &format!("{UPLOAD}/{{upload}}/retry"),
            post(
                retry,
                Operation::new("Has an upload tried at once")
                    .answers::<Shown>(202, "It is due; as it is now.")
                    .conflicts("It has been sent, or is being sent."),
            ),
        )
}

/// A recording on its way to a web server.
#[derive(Serialize, ToSchema)]
#[schema(as = Upload)]
struct Shown {
    /// Its id.
    id: u64,
    /// Whose it is.
    client_id: ClientId,
    /// The call.
    call_uuid: String,
    /// The recording.
    record_id: String,
    /// `PUT`, `POST` or `PATCH`.
    method: String,
    /// Where it goes, with its secrets hidden.
    url: String,
    /// The form that was asked for: `wav` or `mp3`.
    format: &'static str,
    /// What became of it: `waiting`, `sending`, `sent`, `failed` or `cancelled`.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// The status of the last answer.
    status: Option<u16>,
    /// Why it has not gone.
    error: Option<String>,
    /// What was done otherwise than was asked for.
    note: Option<String>,
    /// Bytes that were sent.
    bytes: Option<u64>,
    /// When it was begun, in UTC.
    created_gmt: Option<String>,
    /// When it is tried again.
    next_attempt_gmt: Option<String>,
    /// When it was sent, or given up.
    ended_gmt: Option<String>,
}

fn encode(entry: &Entry) -> Shown {
    let time = |ms: u64| UNIX_EPOCH.checked_add(Duration::from_millis(ms)).map(gmt);
    Shown {
        id: entry.id.0,
        client_id: entry.client,
        call_uuid: entry.call.to_string(),
        record_id: entry.recording.to_string(),
        method: entry.method.to_string(),
        url: mask::url(&entry.url),
        format: match entry.format {
            SoundFormat::Wav => "wav",
            SoundFormat::Mp3 => "mp3",
        },
        state: entry.state.as_str(),
        attempts: entry.attempts,
        status: entry.status,
        error: entry.error.clone(),
        note: entry.note.clone(),
        bytes: entry.bytes,
        created_gmt: time(entry.written_ms),
        next_attempt_gmt: time(entry.due_ms).filter(|_| entry.state == Standing::Waiting),
        ended_gmt: entry.over_ms.and_then(time),
    }
}

/// A server without rooms has no uploads.
fn uploads(state: &ApiState) -> Result<&Uploads, ApiError> {
    Ok(state.rooms.as_ref().map(|rooms| &rooms.uploads).ok_or(NotDone::Unknown)?)
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let (client, paging) = (place.client()?, paging.newest_first());
    let Ok(uploads) = uploads(&state) else { return Ok(Json(Vec::new())) };
    let all = uploads.of_client(client).into_iter().filter(|entry| {
        paging.admits("state", entry.state.as_str())
            && paging.admits("call_uuid", &entry.call.to_string())
            && paging.admits("record_id", &entry.recording.to_string())
    });
    Ok(Json(paging.of(all, |entry| encode(&entry))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let found = uploads(&state)?.find(place.client()?, place.upload()?);
    Ok(Json(encode(&*found.ok_or(NotDone::Unknown)?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    uploads(&state)?.delete(place.client()?, place.upload()?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has it tried at once.
async fn retry(State(state): State<ApiState>, place: Place) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let entry = uploads(&state)?.retry(place.client()?, place.upload()?)?;
    Ok((StatusCode::ACCEPTED, Json(encode(&entry))))
}
