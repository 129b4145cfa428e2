//! Recordings on their way to web servers, and the URLs at which others fetch them.
//!
//! Shape: whoever has a recording to send [begins](Uploads::begin) an upload; it is written to a spool of files (`spool`), and the one owner
//! (`owner`) sends it when the recording is whole. [`Uploads`] is the handle that calls and the API hold. [`links`] has the URLs.
//! A file is `<data>/uploads/<id>.json`.
//! Time: beginning one never waits. A try that failed is followed by `backoff`'s others; what is over is shown for a week.
//! Errors: with [`MOST`] uploads, or [`OF_CLIENT`] of a client that wait, a further one is dropped, counted and logged.
//! What was sent once is not sent again: that a server took it is written down before anything else. Only where the process dies between
//! the two is it sent twice.
//! Sources: `kazoo-pivot.md` 4.4.

mod backoff;
pub mod encoder;
mod entry;
pub mod links;
mod owner;
mod spool;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use antiphon_ivr::op::Upload;
use antiphon_media::record::RecordingId;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use self::{encoder::Encoder, spool::Spool};
pub use self::{
    entry::{Entry, State, UploadId},
    owner::Owner,
};
use crate::{
    calls::CallId,
    recording::{Recordings, disk::Disk},
    store::ClientId,
    web::{Web, debug::HttpDebug},
};

/// Uploads that are known at most, those that are over with them.
pub const MOST: usize = 20_000;
/// Those of one client that wait at most, so that a web server that never answers costs nobody else one.
pub const OF_CLIENT: usize = 1_000;

/// All uploads. Clones are the same.
#[derive(Clone)]
pub struct Uploads {
    book: Arc<Book>,
    recordings: Recordings,
    /// What is to be written to the spool.
    orders: mpsc::Sender<UploadId>,
}

/// All uploads, in memory.
struct Book {
    entries: Mutex<BTreeMap<UploadId, Arc<Entry>>>,
    /// Something is to be tried sooner than it was.
    sooner: Notify,
    /// The time of day when all began, in milliseconds since 1970, and the same moment on the clock by which the owner sleeps.
    began: (u64, Instant),
}

/// Why nothing is sent.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotBegun {
    /// There is no such recording of the client's.
    #[error("recording not found")]
    Unknown,
    /// As many uploads wait as may, or are known.
    #[error("as many uploads wait as may")]
    Full,
}

/// Why nothing is done about an upload.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotDone {
    /// There is none.
    #[error("upload not found")]
    Unknown,
    /// It has been sent.
    #[error("the upload has been sent")]
    Sent,
    /// It is being sent.
    #[error("the upload is being sent")]
    Sending,
    /// The disk failed; the log says how.
    #[error("the upload could not be deleted")]
    Storage,
}

impl Book {
    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<UploadId, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present, in milliseconds since 1970.
    fn now_ms(&self) -> u64 {
        let (at, began) = self.began;
        at + u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX >> 1)
    }

    fn find(&self, id: UploadId) -> Option<Arc<Entry>> {
        self.lock().get(&id).cloned()
    }

    fn put(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.lock().insert(entry.id, entry.clone());
        entry
    }

    /// Whether any upload of this recording waits.
    fn awaits(&self, recording: RecordingId) -> bool {
        self.lock().values().any(|entry| entry.recording == recording && entry.is_open())
    }
}

impl Uploads {
    /// The uploads of a spool, and who has to [run](Owner::run) for them.
    ///
    /// # Errors
    /// What the operating system says when the directory cannot be read.
    pub fn open(
        disk: Arc<dyn Disk>,
        recordings: Recordings,
        web: Web,
        http_debug: HttpDebug,
        encoder: Encoder,
    ) -> io::Result<(Self, Owner)> {
        let spool = Spool::new(disk);
        let entries = spool.read_all()?;
        for entry in entries.iter().filter(|entry| entry.is_open()) {
            recordings.set_to_send(entry.recording, true);
        }
        let entries = entries.into_iter().map(|entry| (entry.id, Arc::new(entry))).collect();
        let book =
            Arc::new(Book { entries: Mutex::new(entries), sooner: Notify::new(), began: (now_ms(), Instant::now()) });
        let (orders, queue) = mpsc::channel(MOST);
        let uploads = Self { book: book.clone(), recordings: recordings.clone(), orders };
        Ok((uploads, Owner::new(book, spool, queue, recordings, (web, http_debug), encoder)))
    }

    /// Sends a recording of this call, once it is whole.
    ///
    /// # Errors
    /// [`NotBegun`]; the log says so too.
    pub fn begin(&self, client: ClientId, call: CallId, upload: &Upload) -> Result<Arc<Entry>, NotBegun> {
        let begun = self.try_begin(client, call, upload);
        if let Err(error) = &begun {
            metrics::counter!("antiphon_uploads_total", "outcome" => "dropped").increment(1);
            tracing::warn!(recording = %upload.recording, %error, "a recording is not sent to a web server");
        }
        begun
    }

    fn try_begin(&self, client: ClientId, call: CallId, upload: &Upload) -> Result<Arc<Entry>, NotBegun> {
        let recording = RecordingId(upload.recording.0);
        let is_own = self.recordings.find(recording).is_some_and(|entry| entry.of.client == client);
        if !is_own {
            return Err(NotBegun::Unknown);
        }
        let mut entries = self.book.lock();
        if entries.len() >= MOST {
            return Err(NotBegun::Full);
        }
        if entries.values().filter(|entry| entry.client == client && entry.is_open()).count() >= OF_CLIENT {
            return Err(NotBegun::Full);
        }
        // They count up, over restarts too.
        let last = entries.keys().next_back().map_or(0, |last| last.0);
        let id = UploadId((last + 1).max(self.book.now_ms()));
        let entry = Arc::new(Entry::new(id, (client, call), upload, self.book.now_ms()));
        entries.insert(id, entry.clone());
        self.recordings.set_to_send(recording, true);
        if self.orders.try_send(id).is_err() {
            entries.remove(&id);
            return Err(NotBegun::Full);
        }
        Ok(entry)
    }

    /// Those of a client, the oldest first.
    pub fn of_client(&self, client: ClientId) -> Vec<Arc<Entry>> {
        self.book.lock().values().filter(|entry| entry.client == client).cloned().collect()
    }

    /// The upload of this name of a client.
    pub fn find(&self, client: ClientId, id: UploadId) -> Option<Arc<Entry>> {
        self.book.find(id).filter(|entry| entry.client == client)
    }

    /// Has one that waits or was given up tried now.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn retry(&self, client: ClientId, id: UploadId) -> Result<Arc<Entry>, NotDone> {
        let mut entry = Entry::clone(&*self.find(client, id).ok_or(NotDone::Unknown)?);
        match entry.state {
            State::Sent => return Err(NotDone::Sent),
            State::Sending => return Err(NotDone::Sending),
            State::Waiting | State::Failed | State::Cancelled => {}
        }
        if entry.state != State::Waiting {
            entry.attempts = 0;
        }
        (entry.state, entry.due_ms, entry.over_ms) = (State::Waiting, self.book.now_ms(), None);
        self.recordings.set_to_send(entry.recording, true);
        let entry = self.book.put(entry);
        // One that finds no room is written after its next try.
        let _ = self.orders.try_send(id);
        self.book.sooner.notify_one();
        Ok(entry)
    }

    /// Forgets one that is not being sent. What is written of it goes with the owner's next look.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn delete(&self, client: ClientId, id: UploadId) -> Result<(), NotDone> {
        let entry = self.find(client, id).ok_or(NotDone::Unknown)?;
        if entry.state == State::Sending {
            return Err(NotDone::Sending);
        }
        // The owner removes the file of one that is not in the book any more.
        self.book.lock().remove(&id);
        if self.orders.try_send(id).is_err() {
            self.book.put(Entry::clone(&entry));
            return Err(NotDone::Storage);
        }
        if !self.book.awaits(entry.recording) {
            self.recordings.set_to_send(entry.recording, false);
        }
        Ok(())
    }
}

/// The present, in milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
