//! `hangup`: end the call.
//!
//! Shape: no fields; `hangup_cause` is stored and has no effect. Nothing runs after it.
//! Sources: `ringme-ivr.md` 1.5 (`hangup_cause`), 3.8.

use super::{Flow, Run};
use crate::Interrupted;

/// Ends the call with normal clearing.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Hangup;

impl Hangup {
    pub(super) async fn run(self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        run.hang_up().await.map(Flow::Ended)
    }
}
