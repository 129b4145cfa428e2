//! What fuzzers and property tests drive that is no public surface: each function takes bytes and panics when a law is broken.
//!
//! Shape: parsers and the framer in [`parts`](self), whole conversations with an endpoint in [`converse`].
//! Errors: none; a panic is the finding.
//! Sources: RFC 3261 §25.1 (the grammars), §17 (what must end).

mod conversation;
mod parts;
mod peer;

pub use conversation::{STEP, converse};
pub use parts::{digest, framer, headers, message, sipfrag, uri};
