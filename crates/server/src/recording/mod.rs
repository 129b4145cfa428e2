//! Recordings: what is being recorded, what is kept, and the files of both.
//!
//! Shape: [`Recordings`] is the handle that calls and the API hold. [`Recordings::begin`] makes a recorder for a stream and sends its
//! reel to the writer (`writer`), which owns the files; `shelf` knows all that is kept; `recovery` brings both together at a start.
//! A file is `<data>/recordings/<id>.wav`, and `<id>.json` beside it says whose it is ([`sidecar`]). Nothing in a name comes from a
//! caller, and an id has 80 random bits.
//! Time: a call never waits for the disk. What is recorded is in the file within a quarter of a second, and flushed to the disk about
//! once a second (`writer`).
//! Errors: [`NotRecorded`] where none begins; a recording that the disk refuses ends as [`RecordEnd::Storage`], and its call goes on.

pub mod disk;
pub mod drive;
mod flusher;
mod recovery;
mod retention;
mod shelf;
pub mod sidecar;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use antiphon_media::record::{RecordEnd, Recorder, RecordingId, Take};
use tokio::sync::{mpsc, oneshot};

use self::{disk::Disk, shelf::Shelf, sidecar::Beginning, writer::Opening};
pub use self::{
    sidecar::{Entry, Kind, Left, State},
    writer::Work,
};
use crate::{queue::send_now, settings::RecordingSettings};

/// Recordings that may wait to be begun; more are not begun.
const ORDERS: usize = 4096;
/// How often a recording that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long the files of the last recordings may take at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why nothing is recorded.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotRecorded {
    /// Less of the disk is free than the settings want.
    #[error("the disk has too little room for a recording")]
    NoSpace,
    /// As many recordings are kept as there may be.
    #[error("too many recordings are kept")]
    Full,
    /// The writer is thousands of recordings behind.
    #[error("recordings cannot be written as fast as they begin")]
    Busy,
}

/// Why a recording is not deleted.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotDeleted {
    /// There is none.
    #[error("recording not found")]
    Unknown,
    /// It still goes on.
    #[error("the recording still goes on; stop it first")]
    Running,
    /// The disk failed; the log says how.
    #[error("the recording could not be deleted")]
    Storage,
}

/// What the writer is told.
pub(crate) enum Order {
    /// Write a recording.
    Open(Box<Opening>),
    /// Answer when nothing is being recorded any more.
    Settle(oneshot::Sender<()>),
}

/// All recordings.
#[derive(Clone)]
pub struct Recordings {
    shelf: Arc<Shelf>,
    disk: Arc<dyn Disk>,
    orders: mpsc::Sender<Order>,
}

impl Recordings {
    /// The recordings of a disk, as far as they can be read, and the work that somebody has to drive.
    ///
    /// # Errors
    /// What the operating system says when the directory cannot be read.
    pub fn open(disk: Arc<dyn Disk>, settings: RecordingSettings) -> io::Result<(Self, Work)> {
        let shelf = Arc::new(Shelf::new(recovery::recover(&*disk)?));
        let (orders, queue) = mpsc::channel(ORDERS);
        let work = Work::new(disk.clone(), shelf.clone(), settings, queue);
        Ok((Self { shelf, disk, orders }, work))
    }

    /// Begins a recording of what `beginning` says; one that is shorter than `least` is not kept.
    ///
    /// # Errors
    /// [`NotRecorded`]; the log says so too.
    pub fn begin(&self, beginning: Beginning, take: Take, least: Duration) -> Result<Box<Recorder>, NotRecorded> {
        self.begin_as(new_id(), beginning, take, least)
    }

    /// A name for a recording that begins later.
    pub fn reserve(&self) -> RecordingId {
        new_id()
    }

    /// As [`Self::begin`], under a name that was reserved.
    ///
    /// # Errors
    /// [`NotRecorded`]; the log says so too.
    pub fn begin_as(
        &self,
        id: RecordingId,
        beginning: Beginning,
        take: Take,
        least: Duration,
    ) -> Result<Box<Recorder>, NotRecorded> {
        let begun = self.try_begin(id, beginning, take, least);
        if let Err(error) = &begun {
            metrics::counter!("antiphon_recordings_refused_total").increment(1);
            tracing::warn!(%error, "nothing is recorded");
        }
        begun
    }

    fn try_begin(
        &self,
        id: RecordingId,
        beginning: Beginning,
        take: Take,
        least: Duration,
    ) -> Result<Box<Recorder>, NotRecorded> {
        let (recorder, reel) = Recorder::new(id, take);
        let entry = Entry::new(id, beginning, take.format(), SystemTime::now());
        self.shelf.admit(entry.clone())?;
        let opening = Opening { entry, reel, least };
        if self.orders.try_send(Order::Open(Box::new(opening))).is_err() {
            self.shelf.forget(id);
            return Err(NotRecorded::Busy);
        }
        Ok(Box::new(recorder))
    }

    /// Every recording, the oldest first.
    pub fn all(&self) -> Vec<Arc<Entry>> {
        self.shelf.all()
    }

    /// The recording of this name.
    pub fn find(&self, id: RecordingId) -> Option<Arc<Entry>> {
        self.shelf.find(id)
    }

    /// Its file. It reads the disk: not for a thread that serves others.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn file(&self, id: RecordingId) -> io::Result<File> {
        self.disk.read(&sidecar::sound_name(id))
    }

    /// Deletes a recording that has ended. It writes to the disk: not for a thread that serves others.
    ///
    /// # Errors
    /// [`NotDeleted`].
    pub fn delete(&self, id: RecordingId) -> Result<(), NotDeleted> {
        let entry = self.find(id).ok_or(NotDeleted::Unknown)?;
        if entry.state == State::Running {
            return Err(NotDeleted::Running);
        }
        let removed = self.shelf.remove(&*self.disk, id);
        removed.map_err(|error| {
            tracing::error!(%error, recording = %id, "a recording could not be deleted");
            NotDeleted::Storage
        })
    }

    /// The messages in mailboxes that have become whole, or have gone, since this was asked last; at a start all there are.
    pub fn take_news(&self) -> BTreeSet<RecordingId> {
        self.shelf.take_news()
    }

    /// Waits until there is something to take.
    pub async fn news(&self) {
        self.shelf.news().await;
    }

    /// A message in a mailbox may give way to others from now on: nothing is to be done with it any more. Until this is said of it, no
    /// limit of the settings takes it away.
    pub fn release(&self, id: RecordingId) {
        self.shelf.release(id);
    }

    /// A message in a mailbox may not give way to others for now.
    pub fn hold(&self, id: RecordingId) {
        self.shelf.hold(id);
    }

    /// Until this is taken back no limit of the settings takes a recording away: it is to be sent.
    pub fn set_to_send(&self, id: RecordingId, is_to_be_sent: bool) {
        self.shelf.set_to_send(id, is_to_be_sent);
    }

    /// Waits until a recording has become whole, or has gone, since this was waited for last. For one who waits only.
    pub async fn whole(&self) {
        self.shelf.whole().await;
    }

    /// A recording once it is whole; `None` where there is none, or where it goes on after so long.
    pub async fn once_whole(&self, id: RecordingId, patience: Duration) -> Option<Arc<Entry>> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let entry = self.find(id)?;
            if entry.state != State::Running {
                return Some(entry);
            }
            if tokio::time::Instant::now() >= until {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether there are files of a recording, also of one that cannot be read. It reads the disk.
    pub fn has_files(&self, id: RecordingId) -> bool {
        let is_gone = |name: &str| self.disk.length(name).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        !(is_gone(&sidecar::sound_name(id)) && is_gone(&sidecar::sidecar_name(id)))
    }

    /// Waits until the files of all recordings that have ended are whole, at most a few seconds.
    pub async fn settle(&self) {
        let (reply, settled) = oneshot::channel();
        send_now(&self.orders, Order::Settle(reply));
        let _ = tokio::time::timeout(LAST_WORDS, settled).await;
    }
}

/// The API's word for how a recording ended.
pub fn end_word(why: RecordEnd) -> &'static str {
    match why {
        RecordEnd::Stopped => "stopped",
        RecordEnd::MaxLength => "max_length",
        RecordEnd::EndSilence => "end_silence",
        RecordEnd::CallOver => "call_over",
        RecordEnd::Storage => "storage",
    }
}

/// A new id, of the same form as that of a call: it sorts by its beginning, and nobody guesses the rest.
fn new_id() -> RecordingId {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    RecordingId(since_1970.as_millis() << 80 | rand::random::<u128>() >> 48)
}
