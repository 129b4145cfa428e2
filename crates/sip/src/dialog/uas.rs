//! Being called: what is remembered between an INVITE and its ACK.
//!
//! Shape: [`IncomingCall`] until our final response, [`Acceptance`] from our 2xx until its ACK; re-INVITEs likewise.
//! Time: a 2xx is repeated after T1, then twice as long up to T2, whatever the transport, until 64 * T1.
//! Sources: RFC 3261 §13.3.1, §14.2.

use crate::config::Timers;
use crate::flow::Flow;
use crate::message::Request;
use crate::transaction::{Repeat, ServerKey, earliest};
use bytes::Bytes;
use std::time::Instant;

/// Who makes the offer of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfferSide {
    /// The INVITE carried it; our 2xx answers.
    Theirs,
    /// The INVITE carried none; our 2xx offers and the ACK answers.
    Ours,
}

/// A provisional response that is repeated so that proxies do not give up.
#[derive(Debug)]
pub(crate) struct Ringing {
    pub(crate) response: Bytes,
    pub(crate) refresh_at: Instant,
}

/// An INVITE without a final response.
#[derive(Debug)]
pub(crate) struct IncomingCall {
    pub(crate) key: ServerKey,
    pub(crate) request: Box<Request>,
    pub(crate) offer: OfferSide,
    pub(crate) ringing: Option<Ringing>,
    /// The SDP of a 2xx that waits for a PRACK (RFC 3262 §3).
    pub(crate) accepting: Option<Bytes>,
}

/// A re-INVITE without a final response.
#[derive(Debug)]
pub(crate) struct Reoffer {
    pub(crate) key: ServerKey,
    pub(crate) request: Box<Request>,
    pub(crate) flow: Flow,
    pub(crate) offer: OfferSide,
}

/// Which INVITE a 2xx answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one that made the dialog.
    First,
    /// A later one.
    Reoffer,
}

/// What happens once the ACK is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AfterAck {
    /// The call goes on.
    Stay,
    /// Our owner has hung up meanwhile (RFC 3261 §15: no BYE before the ACK).
    Leave { reason: Option<String> },
}

/// A 2xx that is repeated until its ACK.
#[derive(Debug)]
pub(crate) struct Acceptance {
    pub(crate) ok: Bytes,
    /// Where the 2xx goes.
    pub(crate) flow: Flow,
    pub(crate) cseq: u32,
    pub(crate) offer: OfferSide,
    pub(crate) which: Which,
    pub(crate) then: AfterAck,
    pub(crate) repeat: Repeat,
    pub(crate) give_up_at: Instant,
}

impl Acceptance {
    /// A 2xx that leaves now.
    pub(crate) fn new(
        now: Instant,
        timers: &Timers,
        which: Which,
        offer: OfferSide,
        cseq: u32,
        sent: (Flow, Bytes),
    ) -> Self {
        Self {
            flow: sent.0,
            ok: sent.1,
            cseq,
            offer,
            which,
            then: AfterAck::Stay,
            repeat: Repeat { at: now + timers.t1, interval: timers.t1 },
            give_up_at: now + timers.give_up(),
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        earliest(Some(self.repeat), self.give_up_at)
    }
}
