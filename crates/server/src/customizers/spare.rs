//! Processes that have nothing to do, as others see them who want their places.
//!
//! Shape: the owner shows since when each of them has been idle; whoever has no place takes the oldest of all owners off its list, and the
//! owner ends it.
//! Errors: none; what is shown may be old, so that a place that was promised may be needed after all. Whoever waits for it has a limit.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::{sync::Notify, time::Instant};

/// What an owner of processes shows of those that are idle.
#[derive(Default, Debug)]
pub(super) struct Spare {
    since: Mutex<Vec<Instant>>,
    wanted: AtomicUsize,
    is_kept: AtomicBool,
    /// Wakes the owner.
    pub(super) wake: Arc<Notify>,
}

impl Spare {
    /// Shows since when each has been idle.
    pub(super) fn show(&self, since: impl Iterator<Item = Instant>) {
        let mut shown = self.lock();
        shown.clear();
        shown.extend(since);
    }

    /// Since when the one has been idle that has been for longest.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.lock().iter().min().copied()
    }

    /// Has the owner end the one that has been idle for longest.
    pub(super) fn end_oldest(&self) {
        let mut shown = self.lock();
        if let Some(oldest) = (0..shown.len()).min_by_key(|index| shown[*index]) {
            shown.swap_remove(oldest);
            self.wanted.fetch_add(1, Ordering::AcqRel);
            self.wake.notify_one();
        }
    }

    /// Says whether one is kept, also while there is nothing to do.
    pub(super) fn keep(&self, is_kept: bool) {
        if self.is_kept.swap(is_kept, Ordering::AcqRel) != is_kept {
            self.wake.notify_one();
        }
    }

    /// Whether one is kept.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Acquire)
    }

    /// How many the owner is to end.
    pub(super) fn wanted(&self) -> usize {
        self.wanted.swap(0, Ordering::AcqRel)
    }

    /// Each change is whole.
    fn lock(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes an owner when whoever waited has gone, so that its place in the queue goes too.
pub(super) struct Gone(pub(super) Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
