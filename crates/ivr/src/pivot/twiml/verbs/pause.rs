//! `<Pause length="2"/>`: silence. Keys meanwhile count for the next `Gather`.
//!
//! Shape: `length`, 0 to 3,600; 1 where it is missing.
//! Units: seconds.
//! Sources: `kazoo-pivot.md` 5.3.

use std::{fmt, time::Duration};

use super::{Exit, Reading, Session};
use crate::{DigitSet, Interrupted, Prompt, pivot::Times};

/// Stays silent.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Pause {
    /// How long.
    pub length: Duration,
}

impl Pause {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&["length"]);
        reading.holds(&[]);
        Self { length: reading.seconds("length", 0..=3_600, 1) }
    }
}

impl Pause {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        if !self.length.is_zero() {
            let heard = session.say(vec![Prompt::Silence(self.length)], Times::Count(1), DigitSet::NONE).await?;
            session.gather_digits(&heard.digits);
        }
        Ok(None)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pause {} s", self.length.as_secs())
    }
}
