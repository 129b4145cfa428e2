//! Provisional responses that arrive: those we send until their PRACK, and those a fork sends us.
//!
//! Shape: [`Provisionals`] of a call that came in; [`Rack`] is what a PRACK says it acknowledges.
//! Time: a response is repeated after T1, then twice as long each time, whatever the transport, until 64 * T1.
//! Sources: RFC 3262 §3 (sending), §4 (receiving), §7 (headers).

use crate::config::Timers;
use crate::flow::Flow;
use crate::message::{Headers, Method};
use crate::transaction::{Repeat, earliest};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// Whether a response may, or must, be sent reliably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reliability {
    /// The caller does not know how.
    Unknown,
    /// Where it carries SDP.
    Supported,
    /// Always.
    Required,
}

/// A response that waits for its PRACK.
#[derive(Debug)]
pub(crate) struct Unpracked {
    pub(crate) rseq: u32,
    /// The CSeq of the INVITE.
    pub(crate) cseq: u32,
    pub(crate) response: Bytes,
    pub(crate) flow: Flow,
    /// Whether it carries our SDP, so that a 2xx has to wait.
    pub(crate) described: bool,
    /// `None` once a 2xx has made it superfluous; its PRACK may still come.
    pub(crate) repeat: Option<Repeat>,
    pub(crate) give_up_at: Instant,
}

/// What of our SDP the caller has been told reliably.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Told {
    #[default]
    Nothing,
    /// Our answer to the offer of the INVITE.
    Answer,
    /// Our offer, where the INVITE had none; the PRACK brings the answer.
    Offer,
    /// Our offer, and the answer is there.
    Answered,
}

/// The reliable provisional responses of one call that came in.
#[derive(Debug, Default)]
pub(crate) struct Provisionals {
    /// The last RSeq; 0 before the first.
    pub(crate) last_rseq: u32,
    pub(crate) unpracked: Option<Unpracked>,
    /// The next ringing, with its SDP, while the one before waits.
    pub(crate) waiting: Option<Option<Bytes>>,
    pub(crate) told: Told,
}

impl Provisionals {
    /// When the response is repeated or given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let unpracked = self.unpracked.as_ref()?;
        unpracked.repeat.map(|repeat| earliest(Some(repeat), unpracked.give_up_at))
    }

    /// Whether a 2xx has to wait for a PRACK (RFC 3262 §3).
    pub(crate) fn holds_answer(&self) -> bool {
        self.unpracked.as_ref().is_some_and(|unpracked| unpracked.described)
    }

    /// A final response was sent: nothing is repeated any more.
    pub(crate) fn settle(&mut self) {
        self.waiting = None;
        if let Some(unpracked) = &mut self.unpracked {
            unpracked.repeat = None;
        }
    }

    /// Takes what this PRACK acknowledges.
    pub(crate) fn take(&mut self, rack: &Rack) -> Option<Unpracked> {
        let fits = |unpracked: &mut Unpracked| unpracked.rseq == rack.rseq && unpracked.cseq == rack.cseq;
        if rack.method == Method::Invite { self.unpracked.take_if(fits) } else { None }
    }
}

impl Unpracked {
    pub(crate) fn new(
        now: Instant,
        timers: &Timers,
        (rseq, cseq): (u32, u32),
        sent: (Flow, Bytes),
        described: bool,
    ) -> Self {
        Self {
            rseq,
            cseq,
            response: sent.1,
            flow: sent.0,
            described,
            repeat: Some(Repeat { at: now + timers.t1, interval: timers.t1 }),
            give_up_at: now + timers.give_up(),
        }
    }

    /// Notes that it was sent again; there is no longest pause.
    pub(crate) fn repeated(&mut self, now: Instant) {
        self.repeat = self.repeat.map(|repeat| repeat.doubled(now, Duration::MAX));
    }
}

/// The `RAck` of a PRACK.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rack {
    pub(crate) rseq: u32,
    pub(crate) cseq: u32,
    pub(crate) method: Method,
}

impl Rack {
    pub(crate) fn of(headers: &Headers) -> Option<Self> {
        let mut words = headers.first("RAck")?.split_ascii_whitespace();
        let (rseq, cseq) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let method = Method::from_token(words.next()?);
        words.next().is_none().then_some(Self { rseq, cseq, method })
    }
}

/// The number of a response that was sent reliably.
pub(crate) fn rseq_of(headers: &Headers) -> Option<u32> {
    let reliable = super::lists(headers, "Require", "100rel");
    headers.first("RSeq").filter(|_| reliable)?.trim().parse().ok().filter(|rseq| *rseq > 0)
}
