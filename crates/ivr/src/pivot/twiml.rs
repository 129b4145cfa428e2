//! TwiML: XML whose verbs run one after the other.
//!
//! Shape: [`read`] makes a [`Document`] of the bytes of an answer; [`run`] runs it until a verb leads elsewhere, or to its end.
//! Units: seconds in the document, [`std::time::Duration`] behind it.
//! Errors: [`BadDocument`] where the bytes are no document. Whatever else is wrong is a warning, and the verbs that can be run are.
//! Sources: `kazoo-pivot.md` 5.

mod aside;
mod farewell;
mod reading;
mod recording;
pub mod verbs;
mod watch;
pub mod wire;

pub use farewell::Farewell;
pub use reading::{Listener, Way};
pub use verbs::{Document, Verb};
pub use wire::BadDocument;

use super::{Exit, Session, session::Runs};
use crate::Interrupted;

/// Reads a document.
///
/// # Errors
/// [`BadDocument`] where the bytes are none.
pub fn read(body: &[u8]) -> Result<Document, BadDocument> {
    Ok(Document::of(&wire::read(body)?))
}

/// Runs a document. What is wrong with it is told first, since it may not be run to its end.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn run(document: &Document, session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    session.state.runs = Runs::Twiml;
    for warning in &document.warnings {
        session.warn(warning.clone()).await?;
    }
    for verb in &document.verbs {
        session.ran(verb.to_string()).await?;
        if let Some(exit) = verb.run(session).await? {
            return Ok(exit);
        }
    }
    Ok(Exit::Ended)
}

#[cfg(test)]
mod tests;
