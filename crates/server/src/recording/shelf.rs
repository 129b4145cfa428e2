//! All recordings that are kept or being made, in memory.
//!
//! Shape: a map by id, which sorts by the beginning; entries are exchanged whole, so that whoever holds one keeps it as it was.
//! Errors: [`NotRecorded::Full`] at [`MOST`]; [`NotRecorded::NoSpace`] while the writer says that the disk is full.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_media::record::RecordingId;
use tokio::sync::Notify;

use super::{NotRecorded, State, disk::Disk, sidecar, sidecar::Entry};

/// Recordings kept at most.
const MOST: usize = 1_000_000;

pub(super) struct Shelf {
    entries: Mutex<BTreeMap<RecordingId, Arc<Entry>>>,
    has_space: AtomicBool,
    left: Mutex<LeftMessages>,
    news: Notify,
    /// Those that are to be sent to web servers, which may not give way to others either.
    to_send: Mutex<BTreeSet<RecordingId>>,
    whole: Notify,
}

/// What is told of messages that were left in mailboxes: no more than there are recordings.
#[derive(Default)]
struct LeftMessages {
    /// Those whose sound is whole, or that are gone, since somebody asked.
    news: BTreeSet<RecordingId>,
    /// Those that may not give way to others yet.
    held: BTreeSet<RecordingId>,
}

impl Shelf {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let left: BTreeSet<_> = entries.iter().filter(|entry| entry.of.left.is_some()).map(|entry| entry.id).collect();
        let entries = entries.into_iter().map(|entry| (entry.id, Arc::new(entry))).collect();
        Self {
            entries: Mutex::new(entries),
            has_space: AtomicBool::new(true),
            left: Mutex::new(LeftMessages { news: left.clone(), held: left }),
            news: Notify::new(),
            to_send: Mutex::default(),
            whole: Notify::new(),
        }
    }

    /// A recording is to be sent, or no more.
    pub(super) fn set_to_send(&self, id: RecordingId, is_to_be_sent: bool) {
        let mut to_send = self.to_send.lock().unwrap_or_else(PoisonError::into_inner);
        if is_to_be_sent {
            to_send.insert(id);
        } else {
            to_send.remove(&id);
        }
    }

    /// Waits until a recording has become whole, or has gone.
    pub(super) async fn whole(&self) {
        self.whole.notified().await;
    }

    /// A message in a mailbox is whole, or gone.
    pub(super) fn tell(&self, id: RecordingId) {
        self.lock_left().news.insert(id);
        self.news.notify_one();
    }

    /// The messages in mailboxes that have become whole, or have gone, since this was asked last; at a start all there are.
    pub(super) fn take_news(&self) -> BTreeSet<RecordingId> {
        std::mem::take(&mut self.lock_left().news)
    }

    /// Waits until there is something to take.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// A message may give way to others from now on.
    pub(super) fn release(&self, id: RecordingId) {
        self.lock_left().held.remove(&id);
    }

    /// A message may not give way to others for now.
    pub(super) fn hold(&self, id: RecordingId) {
        self.lock_left().held.insert(id);
    }

    fn lock_left(&self) -> MutexGuard<'_, LeftMessages> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the disk has room for recordings.
    pub(super) fn has_space(&self) -> bool {
        self.has_space.load(Ordering::Relaxed)
    }

    pub(super) fn set_space(&self, has_space: bool) {
        self.has_space.store(has_space, Ordering::Relaxed);
    }

    /// Takes a new recording.
    pub(super) fn admit(&self, entry: Entry) -> Result<(), NotRecorded> {
        if !self.has_space() {
            return Err(NotRecorded::NoSpace);
        }
        let mut entries = self.lock();
        if entries.len() >= MOST {
            return Err(NotRecorded::Full);
        }
        if entry.of.left.is_some() {
            self.hold(entry.id);
        }
        entries.insert(entry.id, Arc::new(entry));
        Ok(())
    }

    /// An entry as it is now.
    pub(super) fn update(&self, entry: Entry) {
        let is_whole = entry.state != State::Running;
        self.lock().insert(entry.id, Arc::new(entry));
        if is_whole {
            self.whole.notify_one();
        }
    }

    /// A recording that left nothing.
    pub(super) fn forget(&self, id: RecordingId) {
        let entry = self.lock().remove(&id);
        self.whole.notify_one();
        if entry.is_some_and(|entry| entry.of.left.is_some()) {
            self.release(id);
            self.tell(id);
        }
    }

    /// Removes a recording and its files, the sound first: what says whose it is stays until there is nothing more of it.
    pub(super) fn remove(&self, disk: &dyn Disk, id: RecordingId) -> io::Result<()> {
        disk.remove(&sidecar::sound_name(id))?;
        disk.remove(&sidecar::sidecar_name(id))?;
        self.forget(id);
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<Arc<Entry>> {
        self.lock().values().cloned().collect()
    }

    pub(super) fn find(&self, id: RecordingId) -> Option<Arc<Entry>> {
        self.lock().get(&id).cloned()
    }

    /// Those that may give way, the oldest first, and the bytes of samples of all but those that are held: recordings of one client do not
    /// give way to what another client's mail waits for.
    pub(super) fn dispensable(&self) -> (Vec<Arc<Entry>>, u64) {
        let entries = self.lock();
        let held = &self.lock_left().held;
        let to_send = self.to_send.lock().unwrap_or_else(PoisonError::into_inner);
        let is_held = |id: &RecordingId| held.contains(id) || to_send.contains(id);
        let free = |entry: &&Arc<Entry>| !is_held(&entry.id);
        let bytes = entries.values().filter(free).map(|entry| entry.samples).sum();
        let ended = entries.values().filter(|entry| entry.state != State::Running && !is_held(&entry.id));
        (ended.cloned().collect(), bytes)
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RecordingId, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
