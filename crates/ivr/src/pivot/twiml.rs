//! TwiML: XML whose verbs run one after the other.
//!
//! Shape: [`read`] makes a [`Document`], [`run`] runs it.
//! Errors: [`NotTwiml`] where a body is none.
//! Sources: `kazoo-pivot.md` 5.

use super::{Exit, Session};
use crate::Interrupted;

/// A TwiML document.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {}

/// Why a body is no TwiML.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotTwiml {
    /// This surface does not understand it yet.
    #[error("TwiML is not understood by this version")]
    NotBuilt,
}

/// Reads a body.
///
/// # Errors
/// [`NotTwiml`] where its root is no `Response`, or it is no XML.
pub fn read(_body: &[u8]) -> Result<Document, NotTwiml> {
    Err(NotTwiml::NotBuilt)
}

/// Runs a document to its end, or to whatever it leads to.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn run(_document: &Document, _session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    Ok(Exit::Ended)
}
