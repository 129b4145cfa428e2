//! A place that is promised to whoever is about to meet the one who holds it.
//!
//! Shape: whoever takes somebody holds it until the two are joined, and then [keeps](Promise::keep) it; dropped before, however its call
//! ends, it frees the place for the next.

use std::sync::Arc;

use super::{Key, MeetingId, Table};

/// The promise of a place.
#[derive(Debug)]
pub struct Promise {
    table: Arc<Table>,
    key: Key,
    place: u64,
    meeting: MeetingId,
    is_kept: bool,
}

impl Promise {
    pub(super) fn new(table: Arc<Table>, key: Key, place: u64, meeting: MeetingId) -> Self {
        Self { table, key, place, meeting, is_kept: false }
    }

    /// The place.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// The two have met.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.is_kept {
            self.table.release(&self.key, self.place, self.meeting);
        }
    }
}
