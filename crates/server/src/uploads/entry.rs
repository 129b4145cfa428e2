//! One upload, in memory and as it is written.
//!
//! Shape: JSON in one line. What is being sent is written as waiting, so that a start sends it again.
//! Units: times are milliseconds since 1970.

use std::fmt;

use antiphon_ivr::{
    FetchMethod,
    op::{SoundFormat, Upload},
};
use antiphon_media::record::RecordingId;
use serde::{Deserialize, Serialize};

use crate::{calls::CallId, store::ClientId};

/// The API's name of an upload; it counts up.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct UploadId(pub u64);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An upload.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Entry {
    /// Its name.
    pub id: UploadId,
    /// Whose it is.
    pub client: ClientId,
    /// In which call.
    pub call: CallId,
    /// What is sent.
    pub recording: RecordingId,
    /// How.
    pub method: FetchMethod,
    /// Where to.
    pub url: String,
    /// The form that is wanted.
    pub format: SoundFormat,
    /// How far it got.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next.
    pub due_ms: u64,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// What was done otherwise than was asked for.
    pub note: Option<String>,
    /// Bytes that were sent.
    pub bytes: Option<u64>,
    /// When it was begun.
    pub written_ms: u64,
    /// When it was sent or given up.
    pub over_ms: Option<u64>,
}

/// How far an upload got.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It will be tried, again.
    Waiting,
    /// It is being sent.
    Sending,
    /// The server has taken it.
    Sent,
    /// It was refused for good, or too often.
    Failed,
    /// There is nothing to send any more.
    Cancelled,
}

impl State {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Line {
    client: u64,
    call: String,
    recording: String,
    method: Method,
    url: String,
    mp3: bool,
    state: State,
    attempts: u32,
    due_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    written_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    over_ms: Option<u64>,
}

#[derive(Copy, Clone, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Put,
    Patch,
}

impl Entry {
    pub(super) fn new(id: UploadId, (client, call): (ClientId, CallId), upload: &Upload, now_ms: u64) -> Self {
        Self {
            id,
            client,
            call,
            recording: RecordingId(upload.recording.0),
            // A body goes with no other.
            method: if upload.method == FetchMethod::Get { FetchMethod::Put } else { upload.method },
            url: upload.url.clone(),
            format: upload.format,
            state: State::Waiting,
            attempts: 0,
            due_ms: now_ms,
            status: None,
            error: None,
            note: None,
            bytes: None,
            written_ms: now_ms,
            over_ms: None,
        }
    }

    /// Whether anything is still to be done for it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Sending)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let line = Line {
            client: self.client.0,
            call: self.call.to_string(),
            recording: self.recording.to_string(),
            method: match self.method {
                FetchMethod::Get => Method::Get,
                FetchMethod::Post => Method::Post,
                FetchMethod::Put => Method::Put,
                FetchMethod::Patch => Method::Patch,
            },
            url: self.url.clone(),
            mp3: self.format == SoundFormat::Mp3,
            state: if self.is_open() { State::Waiting } else { self.state },
            attempts: self.attempts,
            due_ms: self.due_ms,
            status: self.status,
            error: self.error.clone(),
            note: self.note.clone(),
            bytes: self.bytes,
            written_ms: self.written_ms,
            over_ms: self.over_ms,
        };
        // Nothing in it can fail to be JSON.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    pub(super) fn read(id: UploadId, bytes: &[u8]) -> Option<Self> {
        let line: Line = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            id,
            client: ClientId(line.client),
            call: line.call.parse().ok()?,
            recording: line.recording.parse().ok()?,
            method: match line.method {
                Method::Get => FetchMethod::Get,
                Method::Post => FetchMethod::Post,
                Method::Put => FetchMethod::Put,
                Method::Patch => FetchMethod::Patch,
            },
            url: line.url,
            format: if line.mp3 { SoundFormat::Mp3 } else { SoundFormat::Wav },
            state: line.state,
            attempts: line.attempts,
            due_ms: line.due_ms,
            status: line.status,
            error: line.error,
            note: line.note,
            bytes: line.bytes,
            written_ms: line.written_ms,
            over_ms: line.over_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_what_was_being_sent_waits() {
        let upload = Upload {
            recording: antiphon_ivr::RecordingId(7),
            method: FetchMethod::Post,
            url: "https://user:secret@example.com/a?b=\"c\"".to_owned(),
            format: SoundFormat::Mp3,
        };
        let mut entry = Entry::new(UploadId(5), (ClientId(1), CallId::new()), &upload, 1_000);
        entry.note = Some("nobody makes MP3".to_owned());
        assert_eq!(Entry::read(UploadId(5), &entry.write()), Some(entry.clone()));
        entry.state = State::Sending;
        assert_eq!(Entry::read(UploadId(5), &entry.write()).map(|entry| entry.state), Some(State::Waiting));
        let whole = entry.write();
        for end in 0..whole.len() - 1 {
            assert_eq!(Entry::read(UploadId(5), &whole[..end.min(whole.len() - 2)]), None, "{end}");
        }
    }
}
