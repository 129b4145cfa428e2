//! `<Pause length="15"/>`: silence. Both dialects. Keys meanwhile are thrown away.
//!
//! Shape: `length`, 0 to 300; 10 where it is missing or no such number.
//! Units: seconds.
//! Sources: `ringme-ivr.md` 4.3.

use std::{fmt, time::Duration};

use super::{Reading, Stage, Step};
use crate::{BargeIn, Interrupted, Prompt};

/// The longest pause, in seconds.
const LONGEST: u64 = 300;
/// The pause without a length, in seconds.
const USUAL: u64 = 10;

/// Stays silent.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Pause {
    /// How long.
    pub length: Duration,
}

impl Pause {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        Self { length: Duration::from_secs(reading.number("length", 0..=LONGEST, USUAL)) }
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        if !self.length.is_zero() {
            stage.play(vec![Prompt::Silence(self.length)], BargeIn::FOREGROUND).await?;
        }
        Ok(None)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pause {} s", self.length.as_secs())
    }
}
