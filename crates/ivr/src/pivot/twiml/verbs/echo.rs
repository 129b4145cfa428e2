//! `<Echo/>`: the caller hears itself, until it hangs up.
//!
//! Shape: nothing in it.
//! Sources: `kazoo-pivot.md` 5.4.

use super::{Exit, Reading, Session};
use crate::{DigitSet, Interrupted};

/// Plays back what the caller says.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Echo;

impl Echo {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[]);
        reading.holds(&[]);
        Self
    }
}

impl Echo {
    pub(super) async fn run(session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        session.call.echo(crate::op::Echo { ends_by: DigitSet::NONE, longest: None }).await?;
        Ok(None)
    }
}
