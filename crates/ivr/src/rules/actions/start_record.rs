//! `start_record`: record the whole call from now on, both sides of it.
//!
//! Shape: no fields. The recording goes on over prompts, menus and transfers, until the call ends or another extension that it reaches
//! records. A second `start_record` of the same extension changes nothing. `final` has no effect.
//! Errors: where nothing can be recorded the next rule runs all the same.
//! Sources: `ringme-ivr.md` 3.8; row A24 (the whole leg, until another extension records).

use super::{Flow, Run};
use crate::{Interrupted, Recording};

/// Records the call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct StartRecord;

impl StartRecord {
    pub(super) async fn run(self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        run.call.recording(Recording::start()).await?;
        Ok(Flow::Continue)
    }
}
