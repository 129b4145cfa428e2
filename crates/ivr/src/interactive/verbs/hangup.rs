//! `<Hangup/>`: the call ends at once. Both dialects.
//!
//! Shape: no attributes.
//! Sources: `ringme-ivr.md` 4.3.

/// Ends the call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Hangup;
