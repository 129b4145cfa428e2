//! Calling: what is remembered between our INVITE and its final response.
//!
//! Shape: [`OutgoingCall`] until the call is answered, refused or given up.
//! Sources: RFC 3261 §9.1 (CANCEL), §13.2, §22.2 (challenges).

use bytes::Bytes;

/// How far a CANCEL has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// Nobody wants one.
    Unwanted,
    /// To be sent with the first provisional response.
    Wanted { reason: Option<String> },
    /// Sent.
    Sent,
}

/// SDP that came while it rang.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Early {
    /// The fork it came from.
    pub(crate) to_tag: Option<String>,
    pub(crate) sdp: Bytes,
}

/// Our INVITE without a final response.
#[derive(Debug)]
pub(crate) struct OutgoingCall {
    /// The transaction it is in; a challenge starts another.
    pub(crate) branch: String,
    pub(crate) cancel: Cancel,
    /// The latest SDP, for a 2xx that comes without.
    pub(crate) early: Option<Early>,
    /// How many challenges were answered.
    pub(crate) challenges: u8,
}
