//! `play_silence`: stay silent and listen.
//!
//! Shape: `silence_time` (required, above 0); always in the background.
//! Units: ms on the wire.
//! Sources: `ringme-ivr.md` 3.5, 3.8.

use std::time::Duration;

use super::{Check, Flow, Run};
use crate::{BargeIn, Interrupted, Prompt};

/// Stays silent; any digit ends it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct PlaySilence {
    /// How long.
    pub time: Duration,
}

impl PlaySilence {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let milliseconds = check.required("silence_time", |rule| &rule.silence_time)?;
        if milliseconds == 0 {
            check.refuse("silence_time", "must be above 0");
        }
        Some(Self { time: Duration::from_millis(milliseconds) })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        run.say(Prompt::Silence(self.time), BargeIn::BACKGROUND).await
    }
}
