//! `/client/{client}/record/`: recordings, listed, given out as WAV and deleted; and the recording of a call that goes on.
//!
//! Shape: what is known of a recording is JSON, its sound is under `wav`, whole or a range of it, also while it grows.
//! Units: `duration` in seconds, `…_ms` in milliseconds.
//! Errors: a recording that still goes on is not deleted: 409.
//! Sources: `interface.md`, "Beyond RingMe"; RFC 9110 section 14 (ranges).

use std::sync::Arc;

use antiphon_ivr::{Recording, RecordingState, op::Gap};
use antiphon_media::record::RecordingId;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::ApiState;
use super::body::JsonBody;
use super::calls;
use super::date::gmt;
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use super::wav::{self, Part, Wav};
use crate::call::{CallEvent, RecordingControl};
use crate::recording::{Entry, Kind, NotDeleted, Recordings, State as Standing, end_word};
use crate::store::Rejected;

/// What is shown of a recording.
pub(super) fn encode(entry: &Entry) -> Value {
    let (state, ended) = match entry.state {
        Standing::Running => ("recording", None),
        Standing::Ended(why) => ("ended", Some(end_word(why))),
        Standing::Interrupted => ("interrupted", None),
    };
    json!({
        "id": entry.id.to_string(),
        "client_id": entry.of.client,
        "call_uuid": entry.of.call.to_string(),
        "extension": entry.of.extension,
        "from_username": entry.of.from,
        "to_username": entry.of.to,
        "type": match entry.of.kind {
            Kind::Call => "call",
            Kind::Message => "message",
        },
        "start_time_gmt": gmt(entry.started),
        "duration": entry.duration().as_secs(),
        "duration_ms": u64::try_from(entry.duration().as_millis()).unwrap_or(u64::MAX),
        "channels": entry.format.channels.count(),
        "sample_rate": entry.format.rate.hertz(),
        "bytes": antiphon_media::record::wav::HEAD + entry.samples,
        "state": state,
        "ended": ended,
        "lost_ms": u64::try_from(entry.lost.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A server without rooms has no recordings.
pub(super) fn recordings(state: &ApiState) -> Result<&Recordings, ApiError> {
    Ok(state.rooms.as_ref().map(|rooms| &rooms.recordings).ok_or(NotDeleted::Unknown)?)
}

/// A recording of the client's; those of others are as if they were not there.
fn find(state: &ApiState, place: &Place) -> Result<Arc<Entry>, ApiError> {
    let (client, id) = (place.client()?, place.record()?);
    let entry = recordings(state)?.find(id).filter(|entry| entry.of.client == client);
    Ok(entry.ok_or(NotDeleted::Unknown)?)
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let (client, paging) = (place.client()?, paging.newest_first());
    let Ok(recordings) = recordings(&state) else { return Ok(Json(Vec::new())) };
    let all = recordings.all().into_iter().filter(|entry| {
        entry.of.client == client
            && paging.admits("call_uuid", &entry.of.call.to_string())
            && paging.admits("extension", &entry.of.extension)
            && paging.admits("from_username", &entry.of.from)
            && paging.admits("to_username", &entry.of.to)
    });
    Ok(Json(paging.of(all, |entry| encode(&entry))))
}

pub(super) async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    Ok(Json(encode(&*find(&state, &place)?)))
}

pub(super) async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let entry = find(&state, &place)?;
    remove(&state, entry.id).await
}

/// Deletes a recording.
pub(super) async fn remove(state: &ApiState, id: RecordingId) -> Result<StatusCode, ApiError> {
    let recordings = recordings(state)?.clone();
    let deleted = tokio::task::spawn_blocking(move || recordings.delete(id)).await;
    deleted.unwrap_or(Err(NotDeleted::Storage))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sound, as much of it as there is now.
pub(super) async fn sound(
    State(state): State<ApiState>,
    place: Place,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let entry = find(&state, &place)?;
    let recordings = recordings(&state)?.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let file = recordings.file(entry.id)?;
        let length = file.metadata()?.len();
        Ok::<_, std::io::Error>(Wav::new(file, entry.format, length))
    });
    let wav = match opened.await {
        Ok(Ok(wav)) => wav,
        // It has been deleted meanwhile, or has no file yet.
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(NotDeleted::Unknown.into()),
        Ok(Err(_)) | Err(_) => return Err(Rejected::Storage.into()),
    };
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("audio/wav")),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"recording.wav\"")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    let (status, range, length) = match wav::part(asked, wav.length()) {
        Part::Whole => (StatusCode::OK, 0..wav.length(), None),
        Part::Range(range) => {
            let told = format!("bytes {}-{}/{}", range.start, range.end - 1, wav.length());
            (StatusCode::PARTIAL_CONTENT, range, Some(told))
        }
        Part::Nowhere => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0, Some(format!("bytes */{}", wav.length()))),
    };
    let mut response = (status, kind, wav.body(range)).into_response();
    if let Some(told) = length.and_then(|told| HeaderValue::from_str(&told).ok()) {
        response.headers_mut().insert(header::CONTENT_RANGE, told);
    }
    Ok(response)
}

/// Asks a call about its recording, and waits for what it says.
async fn ask(state: &ApiState, place: &Place, what: Option<Recording>) -> Result<Json<Value>, ApiError> {
    let call = calls::find_current(state, place)?;
    let (reply, told) = oneshot::channel();
    if !call.tell(CallEvent::Recording(RecordingControl { what, reply })) {
        return Err(Rejected::Busy.into());
    }
    // A call that has ended meanwhile drops the question.
    let (recording, id): (_, Option<RecordingId>) = told.await.map_err(|_| ApiError::NoSuchCall)?;
    if what == Some(Recording::Start) && recording == RecordingState::Off {
        return Err(ApiError::NotRecorded);
    }
    Ok(Json(json!({
        "state": match recording {
            RecordingState::Running => "recording",
            RecordingState::Paused => "paused",
            RecordingState::Off => "off",
        },
        "record_id": id.map(|id| id.to_string()),
    })))
}

pub(super) async fn of_call(State(state): State<ApiState>, place: Place) -> Result<Json<Value>, ApiError> {
    ask(&state, &place, None).await
}

pub(super) async fn control(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Value>, ApiError> {
    let gap = match body.get("gap").and_then(Value::as_str) {
        None | Some("cut") => Gap::Cut,
        Some("silence") => Gap::Silent,
        Some(_) => return Err(ApiError::field("gap", "must be cut or silence")),
    };
    let asked = match body.get("action").and_then(Value::as_str) {
        Some("start") => Recording::Start,
        Some("pause") => Recording::Pause(gap),
        Some("resume") => Recording::Resume,
        Some("stop") => Recording::Stop,
        _ => return Err(ApiError::field("action", "must be start, pause, resume or stop")),
    };
    ask(&state, &place, Some(asked)).await
}
