//! What offers, answers and refreshes have come to in a dialog, beside the exchange that is going on.
//!
//! Shape: [`Agreement`] is one part of a dialog; [`Reoffering`] is our re-INVITE on its way, [`Retry`] one that waits,
//! [`Asked`] an offer of the peer by UPDATE or PRACK.
//! Sources: RFC 3261 §14, RFC 3262 §5, RFC 3311 §5, RFC 4028.

use super::reliable::Provisionals;
use super::session_timer::{SessionTimer, Wanted};
use crate::flow::Flow;
use crate::message::{Headers, Request};
use crate::transaction::ServerKey;
use bytes::Bytes;
use std::time::Instant;

/// Who made the Call-ID, which says who waits longer when offers cross (RFC 3261 §14.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Caller,
    Called,
}

/// Why we send a re-INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Our owner has a new offer.
    Owner,
    /// The session timer wants it.
    Timer,
}

/// Our re-INVITE without a final response.
#[derive(Debug)]
pub(crate) struct Reoffering {
    /// The transaction it is in; a challenge starts another.
    pub(crate) branch: String,
    pub(crate) offer: Bytes,
    pub(crate) origin: Origin,
    /// How often it met 491.
    pub(crate) crossed: u8,
    /// How often it was sent again for a 401, 407 or 422.
    pub(crate) amended: u8,
    /// When it is cancelled.
    pub(crate) give_up_at: Instant,
}

/// A re-INVITE of ours that waits for its time.
#[derive(Debug)]
pub(crate) struct Retry {
    pub(crate) at: Instant,
    pub(crate) offer: Bytes,
    pub(crate) crossed: u8,
}

/// An UPDATE or PRACK whose offer waits for our owner.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) key: ServerKey,
    pub(crate) request: Box<Request>,
    pub(crate) flow: Flow,
}

/// Offer, answer and liveness of one dialog.
#[derive(Debug)]
pub(crate) struct Agreement {
    pub(crate) role: Role,
    /// Our description as the peer last agreed to it, for a refresh that changes nothing.
    pub(crate) described: Option<Bytes>,
    pub(crate) wanted: Wanted,
    pub(crate) timer: Option<SessionTimer>,
    /// Whether the peer takes UPDATE.
    pub(crate) takes_update: bool,
    pub(crate) retry: Option<Retry>,
    pub(crate) asked: Option<Asked>,
    pub(crate) provisionals: Provisionals,
}

impl Agreement {
    pub(crate) fn new(role: Role, wanted: Wanted) -> Self {
        Self {
            role,
            described: None,
            wanted,
            timer: None,
            takes_update: false,
            retry: None,
            asked: None,
            provisionals: Provisionals::default(),
        }
    }

    /// Reads from the headers of the peer what it can do.
    pub(crate) fn learn(&mut self, headers: &Headers) {
        if headers.first("Allow").is_some() {
            self.takes_update = super::lists(headers, "Allow", "UPDATE");
        }
    }

    /// Nothing more is asked of the peer: the dialog is over.
    pub(crate) fn close(&mut self) {
        self.timer = None;
        self.retry = None;
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let timer = self.timer.as_ref().map(SessionTimer::deadline);
        let retry = self.retry.as_ref().map(|retry| retry.at);
        [timer, retry, self.provisionals.deadline()].into_iter().flatten().min()
    }
}
