//! `/client/{client}/upload/`: recordings on their way to web servers.
//!
//! Shape: what is to be sent, what was, and what will not be, with the last error of each. What is over is shown for a week.
//! Units: times in UTC.
//! Errors: one that is being sent is not deleted or tried again: 409.
//! Sources: `kazoo-pivot.md` 4.4.

use std::time::{Duration, UNIX_EPOCH};

use antiphon_ivr::FetchMethod;
use antiphon_ivr::op::{SoundFormat, Upload};
use antiphon_ivr::rules::wire::FieldError;
use antiphon_media::record::RecordingId;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::date::gmt;
use super::description::{Operation, Table, get, post, text, word};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::{ClientId, Rejected};
use crate::uploads::{Entry, NotBegun, NotDone, State as Standing, Uploads};
use crate::web::{check_url, mask};

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
            )
            .post(
                create,
                Operation::new("Sends a recording to a web server")
                    .details("It is sent once it is whole. What is no success is tried five times more.")
                    .takes_fields(
                        2,
                        &[
                            ("record_id", text(32, "The recording.")),
                            ("url", text(8_192, "Where to, whole: with the file's name.")),
                            ("method", word(&["PUT", "POST", "PATCH"], "`PUT` unless said otherwise.")),
                            ("format", word(&["wav", "mp3"], "`wav` unless said otherwise.")),
                        ],
                    )
                    .example(
                        json!({ "record_id": "0194f0c6b2a07f3e9a51c2d4e6f80912", "url": "https://example.com/a.wav" }),
                    )
                    .answers::<Shown>(202, "It waits to be sent.")
                    .fails(404, "There is no such recording.")
                    .conflicts("As many wait as may."),
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

/// What is asked.
fn read(body: &Value) -> Result<Upload, Rejected> {
    let word = |name: &str| body.get(name).and_then(Value::as_str);
    let recording = word("record_id").and_then(|id| id.parse::<RecordingId>().ok());
    let url = word("url").filter(|url| check_url(url).is_ok());
    let method = match word("method") {
        None if body.get("method").is_none_or(Value::is_null) => Some(FetchMethod::Put),
        Some("PUT") => Some(FetchMethod::Put),
        Some("POST") => Some(FetchMethod::Post),
        Some("PATCH") => Some(FetchMethod::Patch),
        _ => None,
    };
    let format = match word("format") {
        None if body.get("format").is_none_or(Value::is_null) => Some(SoundFormat::Wav),
        Some("wav") => Some(SoundFormat::Wav),
        Some("mp3") => Some(SoundFormat::Mp3),
        _ => None,
    };
    match (recording, url, method, format) {
        (Some(recording), Some(url), Some(method), Some(format)) => {
            let recording = antiphon_ivr::RecordingId(recording.0);
            Ok(Upload { recording, method, url: url.to_owned(), format })
        }
        (recording, url, method, format) => {
            let problems = [
                (recording.is_some(), "record_id", "must be the id of a recording"),
                (url.is_some(), "url", "must be an http or https URL"),
                (method.is_some(), "method", "must be PUT, POST or PATCH"),
                (format.is_some(), "format", "must be wav or mp3"),
            ];
            let wrong = problems.into_iter().filter(|(is_good, ..)| !is_good);
            Err(Rejected::Invalid(wrong.map(|(_, field, problem)| FieldError::new(field, problem)).collect()))
        }
    }
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let (client, upload) = (place.client()?, read(&body)?);
    let rooms = state.rooms.as_ref().ok_or(NotDone::Unknown)?;
    let call = rooms.recordings.find(RecordingId(upload.recording.0)).map(|entry| entry.of.call);
    let entry = rooms.uploads.begin(client, call.ok_or(NotBegun::Unknown)?, &upload)?;
    Ok((StatusCode::ACCEPTED, Json(encode(&entry))))
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
