//! The owner of the uploads: it writes them down, and sends what is due.
//!
//! Shape: one task each that is sent; so many at once, in all and of one client. A recording that goes on is waited for.
//! Time: an upload is tried when it is due; how long a try may take goes with the length of what is sent.
//! Errors: what a server refuses is tried again, as [`backoff`] says; where nobody may be asked nothing is.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io,
    sync::Arc,
    time::Duration,
};

use antiphon_ivr::{Fetch, FetchError, Meanwhile, op::SoundFormat};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::{Book, Encoder, Entry, State, UploadId, backoff, encoder::NotEncoded, spool::Spool};
use crate::{
    recording::{self, Recordings},
    store::ClientId,
    web::{
        Exchange, SentFile, Web,
        debug::{Asker, HttpDebug},
    },
};

/// Sent at once, in all.
const AT_ONCE: usize = 16;
/// The same of one client.
const OF_A_CLIENT: usize = 4;
/// How long an upload that is over is shown.
const SHOWN_MS: u64 = 7 * 86_400_000;
/// How often old ones are looked for, and the longest that it sleeps.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How long a try may take beside what its bytes take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The slowest line that is put up with, in bytes a second.
const SLOWEST: u64 = 32 * 1024;
/// How many redirects are followed (`kazoo-pivot.md` 4.4).
const REDIRECTS: u8 = 10;

/// The owner.
pub struct Owner {
    book: Arc<Book>,
    spool: Spool,
    orders: mpsc::Receiver<UploadId>,
    recordings: Recordings,
    web: Web,
    http_debug: HttpDebug,
    encoder: Encoder,
    sending: JoinSet<(UploadId, ClientId)>,
    on_their_way: BTreeMap<UploadId, ClientId>,
    swept: Option<Instant>,
}

impl Owner {
    pub(super) fn new(
        book: Arc<Book>,
        spool: Spool,
        orders: mpsc::Receiver<UploadId>,
        recordings: Recordings,
        (web, http_debug): (Web, HttpDebug),
        encoder: Encoder,
    ) -> Self {
        let (sending, on_their_way) = (JoinSet::new(), BTreeMap::new());
        Self { book, spool, orders, recordings, web, http_debug, encoder, sending, on_their_way, swept: None }
    }

    /// Writes and sends as long as anybody can begin an upload.
    pub async fn run(mut self) {
        let recordings = self.recordings.clone();
        let book = self.book.clone();
        loop {
            self.sweep().await;
            let next = self.send_due();
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(id) => self.write(id).await,
                    None => return,
                },
                Some(sent) = self.sending.join_next() => self.ended(sent.ok()),
                () = recordings.whole() => {}
                () = book.sooner.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Writes an upload as it stands in the book; what is not in it any more is removed.
    async fn write(&self, id: UploadId) {
        let (spool, entry) = (self.spool.clone(), self.book.find(id));
        let written = tokio::task::spawn_blocking(move || match entry {
            Some(entry) => spool.write(&entry),
            None => spool.remove(id),
        });
        if let Err(error) = written.await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
            tracing::error!(%error, upload = %id, "an upload could not be written; it does not outlive the process");
        }
    }

    /// Forgets what is over for long.
    async fn sweep(&mut self) {
        if self.swept.is_some_and(|swept| swept.elapsed() < SWEEP) {
            return;
        }
        self.swept = Some(Instant::now());
        let before = self.book.now_ms().saturating_sub(SHOWN_MS);
        let old: Vec<UploadId> = {
            let mut entries = self.book.lock();
            let old = entries.values().filter(|entry| entry.over_ms.is_some_and(|over| over < before));
            let old: Vec<_> = old.map(|entry| entry.id).collect();
            old.iter().for_each(|id| drop(entries.remove(id)));
            old
        };
        for id in old {
            self.write(id).await;
        }
    }

    /// Begins to send what is due, and says when the next is.
    fn send_due(&mut self) -> Instant {
        let (now, mut next) = (self.book.now_ms(), SWEEP);
        let mut of_client: HashMap<ClientId, usize> = HashMap::new();
        self.on_their_way.values().for_each(|client| *of_client.entry(*client).or_default() += 1);
        let waiting: Vec<Arc<Entry>> = {
            let entries = self.book.lock();
            entries.values().filter(|entry| entry.state == State::Waiting).cloned().collect()
        };
        let mut cancelled = BTreeSet::new();
        for entry in waiting {
            if entry.due_ms > now {
                next = next.min(Duration::from_millis(entry.due_ms - now));
                continue;
            }
            let own = of_client.entry(entry.client).or_default();
            if self.on_their_way.len() >= AT_ONCE || *own >= OF_A_CLIENT {
                continue;
            }
            match self.recordings.find(entry.recording) {
                // It says when it is whole.
                Some(recording) if recording.state == recording::State::Running => continue,
                Some(_) => {}
                None => {
                    cancelled.insert(entry.id);
                    continue;
                }
            }
            *own += 1;
            let (id, client) = (entry.id, entry.client);
            let entry = self.book.put(Entry { state: State::Sending, ..Entry::clone(&entry) });
            self.on_their_way.insert(id, client);
            self.sending.spawn(self.attempt(entry).make());
        }
        for id in cancelled {
            if let Some(entry) = self.book.find(id) {
                self.on_their_way.insert(id, entry.client);
                let attempt = self.attempt(entry);
                let why = "the recording came to nothing, or was deleted".to_owned();
                self.sending.spawn(attempt.settle(Settled::Cancelled(why), None, None));
            }
        }
        metrics::gauge!("antiphon_uploads_sending").set(self.on_their_way.len() as f64);
        Instant::now() + next
    }

    fn attempt(&self, entry: Arc<Entry>) -> Attempt {
        Attempt {
            entry,
            book: self.book.clone(),
            spool: self.spool.clone(),
            recordings: self.recordings.clone(),
            web: self.web.clone(),
            http_debug: self.http_debug.clone(),
            encoder: self.encoder.clone(),
        }
    }

    /// An attempt has ended; `None` where it panicked.
    fn ended(&mut self, sent: Option<(UploadId, ClientId)>) {
        match sent {
            Some((id, _)) => drop(self.on_their_way.remove(&id)),
            // Nobody knows which; when the others have ended too, it may be tried again.
            None => {
                tracing::error!("an attempt to send a recording panicked");
                if self.sending.is_empty() {
                    for id in std::mem::take(&mut self.on_their_way).into_keys() {
                        if let Some(entry) = self.book.find(id).filter(|entry| entry.state == State::Sending) {
                            let due_ms = self.book.now_ms() + SWEEP.as_millis() as u64;
                            self.book.put(Entry { state: State::Waiting, due_ms, ..Entry::clone(&entry) });
                        }
                    }
                }
            }
        }
    }
}

/// What came of an attempt.
enum Settled {
    Sent,
    Again(String),
    Failed(String),
    Cancelled(String),
}

/// One attempt to send a recording.
struct Attempt {
    entry: Arc<Entry>,
    book: Arc<Book>,
    spool: Spool,
    recordings: Recordings,
    web: Web,
    http_debug: HttpDebug,
    encoder: Encoder,
}

/// What is sent.
struct Content {
    file: File,
    form: SoundFormat,
    note: Option<String>,
}

impl Attempt {
    async fn make(self) -> (UploadId, ClientId) {
        let content = match self.content().await {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.settle(Settled::Cancelled("the recording was deleted".to_owned()), None, None).await;
            }
            Err(error) => {
                return self.settle(Settled::Again(format!("the recording cannot be read: {error}")), None, None).await;
            }
        };
        let Content { file, form, note } = content;
        let length = match file.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return self.settle(Settled::Again(error.to_string()), None, note).await,
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
        self.settle(settled, status, note).await
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

    /// Writes down what came of it, and says so.
    async fn settle(self, settled: Settled, sent: Option<(u16, u64)>, note: Option<String>) -> (UploadId, ClientId) {
        let mut entry = Entry::clone(&self.entry);
        entry.attempts += 1;
        let settled = match settled {
            Settled::Again(error) => match backoff::pause_ms(entry.attempts, rand::random()) {
                Some(pause) => {
                    entry.due_ms = self.book.now_ms() + pause;
                    Settled::Again(error)
                }
                None => Settled::Failed(format!("given up after {} tries: {error}", entry.attempts)),
            },
            settled => settled,
        };
        let (state, error, outcome) = match settled {
            Settled::Sent => (State::Sent, None, "sent"),
            Settled::Again(error) => (State::Waiting, Some(error), "again"),
            Settled::Failed(error) => (State::Failed, Some(error), "failed"),
            Settled::Cancelled(error) => (State::Cancelled, Some(error), "cancelled"),
        };
        (entry.state, entry.error, entry.status) = (state, error, sent.map(|(status, _)| status));
        entry.note = note.or(entry.note);
        entry.bytes = sent.map(|(_, bytes)| bytes).filter(|_| state == State::Sent);
        entry.over_ms = (!entry.is_open()).then(|| self.book.now_ms());
        let (spool, written) = (self.spool.clone(), entry.clone());
        // What was taken is first of all written down: what comes between the two is sent a second time.
        let write = tokio::task::spawn_blocking(move || spool.write(&written)).await;
        if let Err(error) = write.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
            tracing::error!(%error, upload = %entry.id, outcome, "what came of an upload could not be written");
        }
        metrics::counter!("antiphon_uploads_total", "outcome" => outcome).increment(1);
        let (upload, recording, attempt) = (entry.id, entry.recording, entry.attempts);
        let error = entry.error.clone().unwrap_or_default();
        match state {
            State::Sent => tracing::info!(%upload, %recording, attempt, "recording sent to a web server"),
            State::Cancelled => tracing::info!(%upload, %recording, error, "a recording is not sent"),
            _ => tracing::warn!(%upload, %recording, attempt, error, outcome, "a recording was not taken"),
        }
        let client = entry.client;
        self.book.put(entry);
        if !self.book.awaits(recording) {
            self.recordings.set_to_send(recording, false);
        }
        (upload, client)
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
