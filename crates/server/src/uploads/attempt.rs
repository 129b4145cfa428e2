//! One attempt to send a recording.
//!
//! Shape: an upload that is being sent in, the same as it is after the attempt out; whoever owns it writes that down.
//! Time: how long a try may take goes with the length of what is sent.
//! Errors: what a server refuses is tried again, as [`backoff`] says; where nobody may be asked nothing is.

use std::{fs::File, io, sync::Arc, time::Duration};

use antiphon_ivr::{Fetch, FetchError, Meanwhile, op::SoundFormat};

use super::{Encoder, Entry, State, backoff, book::Book, encoder::NotEncoded};
use crate::{
    recording::Recordings,
    web::{
        Exchange, SentFile, Web,
        debug::{Asker, HttpDebug},
    },
};

/// How long a try may take beside what its bytes take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest line that is put up with, in bytes a second.
const SLOWEST: u64 = 32 * 1024;
/// How many redirects are followed (`kazoo-pivot.md` 4.4).
const REDIRECTS: u8 = 10;

/// What came of an attempt.
enum Settled {
    Sent,
    Again(String),
    Failed(String),
    Cancelled(String),
}

/// One attempt to send a recording.
pub(super) struct Attempt {
    pub(super) entry: Arc<Entry>,
    pub(super) book: Arc<Book>,
    pub(super) recordings: Recordings,
    pub(super) web: Web,
    pub(super) http_debug: HttpDebug,
    pub(super) encoder: Encoder,
}

/// What is sent.
struct Content {
    file: File,
    form: SoundFormat,
    note: Option<String>,
}

impl Attempt {
    /// Makes it; the upload as it is then.
    pub(super) async fn make(self) -> Entry {
        let content = match self.content().await {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.settle(Settled::Cancelled("the recording was deleted".to_owned()), None, None);
            }
            Err(error) => {
                return self.settle(Settled::Again(format!("the recording cannot be read: {error}")), None, None);
            }
        };
        let Content { file, form, note } = content;
        let length = match file.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return self.settle(Settled::Again(error.to_string()), None, note),
        };
        let url = if form == self.entry.format { self.entry.url.clone() } else { renamed(&self.entry.url) };
        let exchange = self.send(url, form, SentFile { file: Arc::new(file), length }).await;
        let settled = match &exchange.outcome {
            Ok(page) if page.is_success() => Settled::Sent,
            Ok(page) => Settled::Again(format!("the server answered with {}", page.status)),
            Err(error @ (FetchError::BadUrl(_) | FetchError::BadHeader(_) | FetchError::Denied(_))) => {
                Settled::Failed(error.to_string())
            }
            Err(error) => Settled::Again(error.to_string()),
        };
        let status = exchange.outcome.ok().map(|page| (page.status, length));
        self.settle(settled, status, note)
    }

    /// The file, in the form that is wanted where somebody makes it.
    async fn content(&self) -> io::Result<Content> {
        let (recordings, id) = (self.recordings.clone(), self.entry.recording);
        let open = move || recordings.file(id);
        let file = tokio::task::spawn_blocking(open).await.map_err(io::Error::other)??;
        if self.entry.format == SoundFormat::Wav {
            return Ok(Content { file, form: SoundFormat::Wav, note: None });
        }
        match self.encoder.encode(file.try_clone()?).await {
            Ok(mp3) => Ok(Content { file: mp3, form: SoundFormat::Mp3, note: None }),
            Err(error) => {
                if !matches!(error, NotEncoded::Nobody) {
                    tracing::warn!(%error, recording = %id, "a recording could not be made MP3");
                }
                Ok(Content { file, form: SoundFormat::Wav, note: Some(format!("sent as WAV: {error}")) })
            }
        }
    }

    async fn send(&self, url: String, form: SoundFormat, file: SentFile) -> Exchange {
        let content_type = match form {
            SoundFormat::Wav => "audio/wav",
            SoundFormat::Mp3 => "audio/mpeg",
        };
        let fetch = Fetch {
            method: self.entry.method,
            url,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: None,
            patience: PATIENCE + Duration::from_secs(file.length / SLOWEST),
            max_bytes: 0,
            redirects: REDIRECTS,
            step: format!("upload of recording {}, {} bytes", self.entry.recording, file.length),
            files: Vec::new(),
            meanwhile: Meanwhile::default(),
            cookies: None,
        };
        let client = self.entry.client;
        let of = self.recordings.find(self.entry.recording).map(|entry| entry.of.clone());
        let (extension, from, to) = of.map(|of| (of.extension, of.from, of.to)).unwrap_or_default();
        // After a restart nobody knows it any more; steps are filed under the call.
        let sip_call_id = String::new();
        let asker = Asker { client, call: self.entry.call, sip_call_id, extension, from, to };
        let step = self.http_debug.begin_aside(asker, &fetch, &self.web.headers(client, &fetch));
        let exchange = self.web.send_file(client, &fetch, &file).await;
        step.finish(&exchange);
        exchange
    }

    /// There is nothing to send.
    pub(super) fn cancel(self) -> Entry {
        self.settle(Settled::Cancelled("the recording came to nothing, or was deleted".to_owned()), None, None)
    }

    /// The upload with what came of it.
    fn settle(self, settled: Settled, sent: Option<(u16, u64)>, note: Option<String>) -> Entry {
        let mut entry = Entry::clone(&self.entry);
        entry.attempts += 1;
        let (state, error) = match settled {
            Settled::Sent => (State::Sent, None),
            Settled::Again(error) => match backoff::pause_ms(entry.attempts, rand::random()) {
                Some(pause) => {
                    entry.due_ms = self.book.now_ms() + pause;
                    (State::Waiting, Some(error))
                }
                None => (State::Failed, Some(format!("given up after {} tries: {error}", entry.attempts))),
            },
            Settled::Failed(error) => (State::Failed, Some(error)),
            Settled::Cancelled(error) => (State::Cancelled, Some(error)),
        };
        (entry.state, entry.error, entry.status) = (state, error, sent.map(|(status, _)| status));
        entry.note = note.or(entry.note);
        entry.bytes = sent.map(|(_, bytes)| bytes).filter(|_| state == State::Sent);
        entry.over_ms = (!entry.is_open()).then(|| self.book.now_ms());
        entry
    }
}

/// The same URL with the name of a WAV file where it has that of an MP3: at the end of the path, or of a parameter.
pub(super) fn renamed(url: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let wav = |text: &str| match text.strip_suffix(".mp3") {
        Some(stem) => format!("{stem}.wav"),
        None => text.to_owned(),
    };
    match query {
        None => wav(before),
        Some(query) => {
            let parameters: Vec<_> = query.split('&').map(wav).collect();
            format!("{}?{}", wav(before), parameters.join("&"))
        }
    }
}
