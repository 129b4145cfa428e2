//! `<Redirect method="GET">/next</Redirect>`: another document takes this one's place.
//!
//! Shape: the address, the current one where it is empty; `method`; `Variable` in it as in `Set`.
//! Sources: `kazoo-pivot.md` 5.3, row A11.

use std::fmt;

use super::{Exit, Reading, Session, Set, Way};
use crate::Interrupted;

/// Asks for another document.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Redirect {
    /// Whom.
    pub way: Way,
    /// Variables that are set before.
    pub set: Set,
}

impl Redirect {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&["method"]);
        reading.holds(&["Variable"]);
        let url = reading.element.text();
        let url = (!url.is_empty()).then_some(url);
        Self { way: Way { url, method: reading.method("method") }, set: Set::of_variables(reading) }
    }
}

impl Redirect {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        if session.policy.answer_on_first_verb {
            session.answer().await?;
        }
        self.set.keep(session).await?;
        Ok(Some(self.way.ask(session)))
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redirect to {}", self.way.url.as_deref().unwrap_or("the same document"))
    }
}
