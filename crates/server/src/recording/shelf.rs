//! All recordings that are kept or being made, in memory.
//!
//! Shape: a map by id, which sorts by the beginning; entries are exchanged whole, so that whoever holds one keeps it as it was.
//! Errors: [`NotRecorded::Full`] at [`MOST`]; [`NotRecorded::NoSpace`] while the writer says that the disk is full.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_media::record::RecordingId;

use super::{NotRecorded, State, disk::Disk, sidecar, sidecar::Entry};

/// Recordings kept at most.
const MOST: usize = 1_000_000;

pub(super) struct Shelf {
    entries: Mutex<BTreeMap<RecordingId, Arc<Entry>>>,
    has_space: AtomicBool,
}

impl Shelf {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.id, Arc::new(entry))).collect();
        Self { entries: Mutex::new(entries), has_space: AtomicBool::new(true) }
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
        entries.insert(entry.id, Arc::new(entry));
        Ok(())
    }

    /// An entry as it is now.
    pub(super) fn update(&self, entry: Entry) {
        self.lock().insert(entry.id, Arc::new(entry));
    }

    /// A recording that left nothing.
    pub(super) fn forget(&self, id: RecordingId) {
        self.lock().remove(&id);
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

    /// Those that have ended, the oldest first, and the bytes of samples of all.
    pub(super) fn ended(&self) -> (Vec<Arc<Entry>>, u64) {
        let entries = self.lock();
        let bytes = entries.values().map(|entry| entry.samples).sum();
        (entries.values().filter(|entry| entry.state != State::Running).cloned().collect(), bytes)
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<RecordingId, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
