//! SRTP and SRTCP: what a packet looks like on the wire once two sides have agreed on keys.
//!
//! Shape: [`Keying`] says what was agreed, [`Protection`] is one leg both ways. How keys are agreed is not known here:
//! SDES is in [`crate::sdp`], and another exchange would make the same [`Keying`].
//! Units: an index is the count of packets under one source, 48 bits for RTP and 31 for RTCP.
//! Time: none. What was agreed before is kept for a number of packets, not for a time.
//! Errors: [`SrtpError`] for each packet that is not taken. Nothing but a true tag changes any state, so whoever does
//! not know the key can neither use up a number, nor take a place in a table, nor be taken for the peer.
//! Sources: RFC 3711; RFC 7714 (AES-GCM); RFC 4568 section 6.2 (suites); RFC 5506 is not spoken.
//!
//! Packets are changed where they lie. Nothing is allocated but by [`Protection::new`] and its owner's box around it.

mod cipher;
mod derive;
mod inbound;
mod index;
mod layout;
mod outbound;
mod protection;
mod replay;
mod sources;
mod suite;

pub use protection::{Keying, Protection};
pub(crate) use suite::MAX_MATERIAL;
pub use suite::{MasterKey, Mki, Suite, WrongLength};

use thiserror::Error;

/// The longest tag of a suite, and so how much longer an RTP packet of ours becomes.
pub const MAX_TAG: usize = 16;
/// How much longer an RTCP packet of ours becomes at most: the tag and the index.
pub const MAX_RTCP_TRAILER: usize = MAX_TAG + layout::INDEX_LEN;
/// The longest protected packet that is looked at.
pub const MAX_PROTECTED: usize = 2_048;

/// Why a packet was not taken, or not made.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum SrtpError {
    /// Shorter than its own header and a tag, or no RTP at all.
    #[error("too short, or no RTP")]
    Malformed,
    /// Longer than any packet of sound.
    #[error("longer than any packet of sound")]
    TooLong,
    /// The tag is not the one that the key makes: altered, under another key, or plain.
    #[error("not authentic")]
    Unauthentic,
    /// Taken before, or too old to know.
    #[error("taken before, or too old to know")]
    Replayed,
    /// As many packets as one key may protect have been sent.
    #[error("the key is used up")]
    UsedUp,
}

#[cfg(test)]
mod tests;
