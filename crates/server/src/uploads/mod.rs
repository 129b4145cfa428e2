//! Recordings on their way to web servers, and the URLs at which others fetch them.
//!
//! Shape: whoever has a recording to send [begins](Uploads::begin) an upload; it is written to a spool of files (`spool`), and the one owner
//! (`owner`) sends it when the recording is whole. [`Uploads`] is the handle that calls and the API hold. [`links`] has the URLs.
//! A file is `<data>/uploads/<id>.json`, and the owner alone writes it. What is being sent is the owner's: nobody else changes it, and what
//! anybody changes is judged and changed under one lock of the `book`.
//! Time: beginning one never waits. A try that failed is followed by `backoff`'s others; what is over is shown for a week, and of a client
//! the last [`SHOWN`] of them.
//! Errors: with [`MOST`] uploads that are not over, or [`OF_CLIENT`] of a client, a further one is dropped, counted and logged.
//! What was sent once is not sent again: that a server took it is written down before anything else. Only where the process dies between
//! the two is it sent twice.
//! Sources: `kazoo-pivot.md` 4.4.

mod attempt;
mod backoff;
mod book;
pub mod encoded;
pub mod encoder;
mod entry;
mod lanes;
pub mod links;
mod owner;
mod spool;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use antiphon_ivr::op::Upload;
use antiphon_media::record::RecordingId;
use tokio::sync::{mpsc, oneshot};

use self::{book::Book, encoder::Encoder, spool::Spool};
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

/// Uploads that are not over, at most.
pub const MOST: usize = 20_000;
/// The same of one client, so that a web server that never answers costs nobody else one.
pub const OF_CLIENT: usize = 1_000;
/// Uploads of one client that are over and are known, at most.
pub const SHOWN: usize = 2_000;
/// Orders that wait for the owner.
const ORDERS: usize = 4_096;

/// All uploads. Clones are the same.
#[derive(Clone)]
pub struct Uploads {
    book: Arc<Book>,
    recordings: Recordings,
    orders: mpsc::Sender<Order>,
}

/// What the owner is asked for.
enum Order {
    /// To write an upload as it stands in the book, or to remove what is written of one that is not there.
    Write(UploadId),
    /// To say when all that was ordered before is written.
    Settle(oneshot::Sender<()>),
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
        let book = Arc::new(Book::of(entries, now_ms()));
        let (orders, queue) = mpsc::channel(ORDERS);
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
        let order = self.orders.try_reserve().map_err(|_| NotBegun::Full)?;
        let entry = self.book.begin((client, call), upload, || self.recordings.set_to_send(recording, true))?;
        order.send(Order::Write(entry.id));
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
        let entry = self.book.retry(client, id, |recording| self.recordings.set_to_send(recording, true))?;
        // One that finds no room is written after its next try.
        let _ = self.orders.try_send(Order::Write(id));
        self.book.sooner.notify_one();
        Ok(entry)
    }

    /// Forgets one that is not being sent. What is written of it goes with the owner's next look.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn delete(&self, client: ClientId, id: UploadId) -> Result<(), NotDone> {
        let order = self.orders.try_reserve().map_err(|_| NotDone::Storage)?;
        self.book.delete(client, id, |recording| self.recordings.set_to_send(recording, false))?;
        order.send(Order::Write(id));
        Ok(())
    }

    /// Waits until all that was begun is written down, at most so long: the next start sends it.
    pub async fn settle(&self, patience: Duration) {
        let (reply, settled) = oneshot::channel();
        let written = tokio::time::timeout(patience, async {
            let is_asked = self.orders.send(Order::Settle(reply)).await.is_ok();
            is_asked && settled.await.is_ok()
        });
        if !written.await.unwrap_or(false) {
            tracing::error!("not all uploads could be written down; some do not outlive the process");
        }
    }
}

/// The present, in milliseconds since 1970.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
