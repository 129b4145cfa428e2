//! `/recording/{file}`: a recording for whoever has a link to it, without a token.
//!
//! Shape: `file` is the recording's id and `.wav` or `.mp3`, WAV without either; the same ending may stand behind the whole URL, where clients of
//! other servers are used to put it. WAV may be asked for in ranges, also while it grows; MP3 is made when it is first asked for.
//! Errors: 404 for what is not there and for a link that is not good, which nobody can tell apart; 409 where nobody makes MP3, 503 where
//! too many are being made.
//! Sources: `kazoo-pivot.md` 5.3 (RecordingUrl).

use antiphon_media::record::RecordingId;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::ApiState;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::records;
use super::wav::whole_file;
use crate::recording::{NotDeleted, State as Standing};

pub(super) fn table() -> Table {
    let text = || json!({ "type": "string" });
    Table::of("Links", "What can be fetched by whoever knows a link to it.").on(
        "/recording/{file}",
        get(
            linked,
            Operation::new("The sound of a recording")
                .open()
                .query("expires", json!({ "type": "integer" }), "Until when the link is good, in seconds since 1970.")
                .query("signature", text(), "What proves that the link is ours.")
                .file(200, "The sound.", "audio/wav")
                .file(206, "The range that was asked for.", "audio/wav")
                .bare(416, "It has no such range.")
                .fails(404, "There is no such recording, or the link is not good.")
                .conflicts("Nobody makes MP3 here."),
        ),
    )
}

/// What a link proves itself with.
#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    expires: String,
    #[serde(default)]
    signature: String,
}

#[derive(Copy, Clone, Eq, PartialEq)]
enum Form {
    Wav,
    Mp3,
}

/// A text without the ending that asks for a form.
fn form(text: &str) -> (&str, Option<Form>) {
    match text.rsplit_once('.') {
        Some((stem, "wav")) => (stem, Some(Form::Wav)),
        Some((stem, "mp3")) => (stem, Some(Form::Mp3)),
        _ => (text, None),
    }
}

async fn linked(
    State(state): State<ApiState>,
    Path(file): Path<String>,
    proof: Result<Query<Proof>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // A query that cannot be read, such as one with a name twice, proves nothing.
    let Query(proof) = proof.map_err(|_| NotDeleted::Unknown)?;
    let ((id, by_name), (signature, behind)) = (form(&file), form(&proof.signature));
    let id: RecordingId = id.parse().map_err(|_| NotDeleted::Unknown)?;
    let rooms = state.rooms.as_ref().ok_or(NotDeleted::Unknown)?;
    let expires = proof.expires.parse().unwrap_or(0);
    if !rooms.links.is_good(id, expires, signature) {
        return Err(NotDeleted::Unknown.into());
    }
    let entry = rooms.recordings.find(id).ok_or(NotDeleted::Unknown)?;
    if behind.or(by_name) != Some(Form::Mp3) {
        return records::serve(&state, entry, &headers).await;
    }
    if entry.state == Standing::Running {
        return Err(NotDeleted::Running.into());
    }
    let mp3 = rooms.encoded.mp3(entry.of.client, id).await.map_err(ApiError::NotEncoded)?;
    let kind = [
        (header::CONTENT_TYPE, HeaderValue::from_static("audio/mpeg")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"recording.mp3\"")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((kind, whole_file(mp3)).into_response())
}
