//! `<Hangup/>`: the end of the call.
//!
//! Shape: nothing in it; `Parameter` in it is skipped.
//! Sources: `kazoo-pivot.md` 5.3.

use super::{Exit, Reading, Session};
use crate::Interrupted;

/// Ends the call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Hangup;

impl Hangup {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[]);
        reading.holds(&[]);
        Self
    }
}

impl Hangup {
    pub(super) async fn run(session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        if session.policy.answer_on_first_verb {
            session.answer().await?;
        }
        Ok(Some(Exit::Ended))
    }
}
