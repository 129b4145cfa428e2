//! `/client/{client}/record/`: recordings, listed, given out as WAV and deleted; and the recording of a call that goes on.
//!
//! Shape: what is known of a recording is JSON, its sound is under `wav`, whole or a range of it, also while it grows.
//! Units: `duration` in seconds, `…_ms` in milliseconds.
//! Errors: a recording that still goes on is not deleted: 409.
//! Sources: `interface.md`, "Beyond RingMe"; RFC 9110 section 14 (ranges).

use std::sync::Arc;

use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::{
    Recording, RecordingState,
    op::{Gap, Which},
};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::calls;
use super::date::gmt;
use super::description::{Methods, Operation, Table, get, word};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use super::wav::{self, Part, Wav};
use crate::call::{CallEvent, RecordingControl};
use crate::recording::{Entry, Kind, NotDeleted, Recordings, State as Standing, end_word};
use crate::store::{ClientId, Rejected};

pub(super) fn table() -> Table {
    const RECORD: &str = "/client/{client}/record";
    let bytes = json!({ "type": "string", "examples": ["bytes=0-1023"] });
    Table::of("Recordings", "Recordings of calls, and messages of callers.")
        .on(
            RECORD,
            get(
                list,
                Operation::new("All recordings, the newest first")
                    .lists::<Shown>()
                    .filter("call_uuid", "Those of this call.")
                    .filter("extension", "Those of this extension.")
                    .filter("from_username", "Those of calls from this number.")
                    .filter("to_username", "Those of calls to this number."),
            ),
        )
        .on(
            &format!("{RECORD}/{{record}}"),
            get(show, Operation::new("One recording").shows::<Shown>())
                .delete(delete, Operation::new("Deletes a recording").empties().conflicts("It still goes on.")),
        )
        .on(
            &format!("{RECORD}/{{record}}/wav"),
            get(
                sound,
                Operation::new("The sound of a recording, also while it grows")
                    .header("Range", bytes, "A range of it; more than one is answered with the whole.")
                    .file(200, "The sound.", "audio/wav")
                    .file(206, "The range that was asked for.", "audio/wav")
                    .bare(416, "It has no such range."),
            ),
        )
}

/// The methods of the recording of a call that goes on.
pub(super) fn of_call_methods() -> Methods {
    let actions = ["start", "pause", "resume", "stop"];
    get(of_call, Operation::new("Whether a call is recorded").shows::<OfCall>()).post(
        control,
        Operation::new("Starts, pauses, resumes or stops the recording of a call")
            .takes_fields(
                1,
                &[
                    ("action", word(&actions, "What to do.")),
                    (
                        "gap",
                        word(
                            &["cut", "silence"],
                            "Of `pause`: whether the pause is not in the file, or is silence there.",
                        ),
                    ),
                ],
            )
            .example(json!({ "action": "pause", "gap": "silence" }))
            .answers::<OfCall>(200, "The state after it.")
            .conflicts("The call is not answered, or the disk has no room."),
    )
}

/// A recording.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct Shown {
    /// Its id.
    id: String,
    /// Whose it is.
    client_id: ClientId,
    /// The call.
    call_uuid: String,
    /// The extension that recorded it.
    extension: String,
    /// Who called.
    from_username: String,
    /// Whom.
    to_username: String,
    /// `call`, with two channels, or `message`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What its script calls it; may be empty.
    label: String,
    /// When it began, `YYYY-MM-DD hh:mm:ss` in UTC.
    start_time_gmt: String,
    /// Seconds.
    duration: u64,
    /// Milliseconds.
    duration_ms: u64,
    /// 1 or 2.
    channels: u64,
    /// Samples a second.
    sample_rate: u32,
    /// Of its file.
    bytes: u64,
    /// `recording`, `ended` or `interrupted`.
    state: &'static str,
    /// Why it ended: `stopped`, `max_length`, `end_silence`, `call_over` or `storage`.
    ended: Option<&'static str>,
    /// How much of it is silent because the disk was too slow.
    lost_ms: u64,
}

/// Whether a call is recorded.
#[derive(Serialize, ToSchema)]
#[schema(as = CallRecording)]
struct OfCall {
    /// `armed` until it begins by itself, `recording`, `paused` or `off`.
    state: &'static str,
    /// The recording.
    record_id: Option<String>,
}

/// What is shown of a recording.
pub(super) fn encode(entry: &Entry) -> Shown {
    let (state, ended) = match entry.state {
        Standing::Running => ("recording", None),
        Standing::Ended(why) => ("ended", Some(end_word(why))),
        Standing::Interrupted => ("interrupted", None),
    };
    Shown {
        id: entry.id.to_string(),
        client_id: entry.of.client,
        call_uuid: entry.of.call.to_string(),
        extension: entry.of.extension.to_string(),
        from_username: entry.of.from.to_string(),
        to_username: entry.of.to.to_string(),
        kind: match entry.of.kind {
            Kind::Call => "call",
            Kind::Message => "message",
        },
        label: entry.of.label.clone(),
        start_time_gmt: gmt(entry.started),
        duration: entry.duration().as_secs(),
        duration_ms: u64::try_from(entry.duration().as_millis()).unwrap_or(u64::MAX),
        channels: entry.format.channels.count() as u64,
        sample_rate: entry.format.rate.hertz(),
        bytes: antiphon_media::record::wav::HEAD + entry.samples,
        state,
        ended,
        lost_ms: u64::try_from(entry.lost.as_millis()).unwrap_or(u64::MAX),
    }
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

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
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

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    Ok(Json(encode(&*find(&state, &place)?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let entry = find(&state, &place)?;
    let (recordings, id) = (recordings(&state)?.clone(), entry.id);
    let deleted = tokio::task::spawn_blocking(move || recordings.delete(id)).await;
    deleted.unwrap_or(Err(NotDeleted::Storage))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sound, as much of it as there is now.
async fn sound(State(state): State<ApiState>, place: Place, headers: HeaderMap) -> Result<Response, ApiError> {
    serve(&state, find(&state, &place)?, &headers).await
}

/// The sound of a recording, or the range of it that is asked for.
pub(super) async fn serve(state: &ApiState, entry: Arc<Entry>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let recordings = recordings(state)?.clone();
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
async fn ask(state: &ApiState, place: &Place, what: Option<Recording>) -> Result<Json<OfCall>, ApiError> {
    let call = calls::find_current(state, place)?;
    let (reply, told) = oneshot::channel();
    let is_start = matches!(what, Some(Recording::Start(_)));
    if !call.tell(CallEvent::Recording(RecordingControl { what, reply })) {
        return Err(Rejected::Busy.into());
    }
    // A call that has ended meanwhile drops the question.
    let recording = told.await.map_err(|_| ApiError::NoSuchCall)?;
    if is_start && recording.state == RecordingState::Off {
        return Err(ApiError::NotRecorded);
    }
    let state = match recording.state {
        RecordingState::Armed => "armed",
        RecordingState::Running => "recording",
        RecordingState::Paused => "paused",
        RecordingState::Off => "off",
    };
    let id = recording.recording.filter(|_| recording.state != RecordingState::Off);
    Ok(Json(OfCall { state, record_id: id.map(|id| id.to_string()) }))
}

async fn of_call(State(state): State<ApiState>, place: Place) -> Result<Json<OfCall>, ApiError> {
    ask(&state, &place, None).await
}

fn read(body: &Value) -> Result<Recording, Rejected> {
    let gap = match body.get("gap") {
        None | Some(Value::Null) => Some(Gap::Cut),
        Some(gap) if gap == "cut" => Some(Gap::Cut),
        Some(gap) if gap == "silence" => Some(Gap::Silent),
        Some(_) => None,
    };
    let asked = match body.get("action").and_then(Value::as_str) {
        Some("start") => Some(Recording::start()),
        Some("pause") => Some(Recording::Pause(Which::Newest, gap.unwrap_or(Gap::Cut))),
        Some("resume") => Some(Recording::Resume(Which::Newest)),
        Some("stop") => Some(Recording::Stop(Which::Newest)),
        _ => None,
    };
    match (asked, gap) {
        (Some(asked), Some(_)) => Ok(asked),
        (asked, gap) => {
            let action = asked.is_none().then(|| FieldError::new("action", "must be start, pause, resume or stop"));
            let gap = gap.is_none().then(|| FieldError::new("gap", "must be cut or silence"));
            Err(Rejected::Invalid(action.into_iter().chain(gap).collect()))
        }
    }
}

async fn control(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<OfCall>, ApiError> {
    ask(&state, &place, Some(read(&body)?)).await
}
