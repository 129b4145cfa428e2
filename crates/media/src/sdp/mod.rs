//! Offers and answers: what two sides agree to send each other.
//!
//! Shape: bodies of SIP messages in and out, [`Negotiated`](crate::Negotiated) beside them; the local address is told.
//! Units: packet lengths are `Duration`s here and milliseconds in the text.
//! Errors: [`SdpError`]; each is a reason to refuse the offer (488) or to end the call that an answer came for.
//! Sources: RFC 3264 (the model), RFC 8866 (the text), RFC 3551 (static payload types), RFC 4733 section 7.1, RFC 4568 (keys).

mod negotiate;
mod parse;
mod profile;
mod rtcp;
mod sdes;
mod write;

pub use negotiate::{Agreed, accept, answer, offer};
pub use profile::Profile;
pub use sdes::{LocalKeys, Secrecy};

use crate::codec::Codec;
use crate::config::{DEFAULT_PTIME, Direction};
use bytes::Bytes;
use std::time::Duration;
use thiserror::Error;

/// Why a description cannot be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum SdpError {
    /// More bytes or media lines than any honest description has.
    #[error("the description is too large")]
    TooLarge,
    /// It does not begin as a description does.
    #[error("not a session description")]
    NotSdp,
    /// A line that is needed cannot be read.
    #[error("a connection, media or attribute line is malformed")]
    Malformed,
    /// No audio that we can speak: another codec, another transport, or none. A 488 to an offer.
    #[error("no common audio codec")]
    NoCommonCodec,
    /// The peer has only SRTP, and no suite or no way to agree on keys that we have. A 488 to an offer.
    #[error("SRTP without a suite and keys that we take")]
    NoCommonSuite,
    /// The peer has only plain sound, and that is not allowed. A 488 to an offer.
    #[error("plain sound, where SRTP is required")]
    PlainRefused,
    /// The answer has no audio or refuses ours.
    #[error("the peer refused the audio")]
    Refused,
}

/// What we can do, in the order in which we offer it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Capabilities {
    /// The codecs. In an answer the order of the offer counts.
    pub codecs: Vec<Codec>,
    /// The packet length that we ask for, and use where the peer asks for none.
    pub ptime: Duration,
    /// Which way we let sound flow.
    pub direction: Direction,
    /// Whether keys may come and go as telephone-events.
    pub telephone_events: TelephoneEvents,
    /// Whether sound is protected.
    pub secrecy: Secrecy,
    /// Whether our offers ask for RTP and RTCP on one port. Who asks us for that gets it.
    pub rtcp_mux: RtcpMux,
}

/// Whether RTP and RTCP on one port are offered (RFC 5761).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum RtcpMux {
    /// They are.
    Offered,
    /// They are not, but agreed to.
    #[default]
    Unoffered,
}

/// Whether telephone-events are spoken (RFC 4733).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum TelephoneEvents {
    /// They are, where the peer speaks them too.
    #[default]
    Spoken,
    /// They are not, because keys go another way.
    Unspoken,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcma, Codec::Pcmu],
            ptime: DEFAULT_PTIME,
            direction: Direction::SendRecv,
            telephone_events: TelephoneEvents::Spoken,
            secrecy: Secrecy::Plain,
            rtcp_mux: RtcpMux::Unoffered,
        }
    }
}

/// The identity of our descriptions in one dialog: the `o=` line.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct SdpVersion {
    /// Random, drawn by the owner, and the same for the whole dialog.
    pub session_id: u64,
    /// One more for each description that differs from the one before.
    pub version: u64,
}

impl SdpVersion {
    /// The description to send after `previous`: the same bytes when nothing but the `o=` line differs, else `fresh`
    /// under the next version (RFC 3264 section 8).
    #[must_use]
    pub fn settle(&mut self, previous: &Bytes, fresh: Bytes) -> Bytes {
        if without_origin(previous).eq(without_origin(&fresh)) {
            return previous.clone();
        }
        self.version = self.version.wrapping_add(1);
        write::with_version(&fresh, *self)
    }
}

fn without_origin(description: &[u8]) -> impl Iterator<Item = &[u8]> {
    description.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"o="))
}

#[cfg(test)]
mod tests;
