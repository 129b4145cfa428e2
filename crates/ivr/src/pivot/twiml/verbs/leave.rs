//! `<Leave/>`: the caller leaves its queue, in a document that runs while it waits.
//!
//! Shape: nothing in it.
//! Sources: `kazoo-pivot.md` 5.4.

use super::{Exit, Reading, Session};
use crate::Interrupted;

/// Leaves the queue.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Leave;

impl Leave {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[]);
        reading.holds(&[]);
        Self
    }
}

impl Leave {
    /// Where the caller waits in no queue there is nothing to leave.
    pub(super) async fn run(session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.warn("Leave: the caller is in no queue").await?;
        Ok(None)
    }
}
