//! `<Queue>support</Queue>` in a `Dial`: the caller talks with whoever has waited longest in a queue.
//!
//! Shape: the name; `url`, `method`: a document that the caller who has waited hears before the two are joined.
//! Errors: without a name it is left out, which is told.
//! Sources: `kazoo-pivot.md` 5.4.

use super::{Dial, Reading, Session, Way, party, run::Went};
use crate::{Interrupted, op::Take};

/// A talk with the head of a queue.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct JoinQueue {
    /// Its name.
    pub name: String,
    /// What runs on the call of the other before the talk.
    pub before: Way,
}

impl JoinQueue {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["url", "method"]);
        reading.holds(&[]);
        let text = reading.element.text();
        let name = party::target(reading, &text)?;
        Some(Self { name, before: party::before(reading) })
    }
}

impl JoinQueue {
    /// Talks with whoever has waited longest, and waits for one where nobody does.
    pub(super) async fn run(&self, dial: &Dial, session: &mut Session<'_>) -> Result<Went, Interrupted> {
        session.answer().await?;
        let take = Take {
            name: self.name.clone(),
            patience: dial.timeout,
            message: self.before.written(session),
            longest: Some(dial.longest),
            ends_by: dial.ends_by,
        };
        session.state.queue_sid = Some(self.name.clone());
        Ok(Went::of(session.call.take(take).await?))
    }
}
