//! Transactions: a request and its responses, made reliable.
//!
//! Shape: four machines, told of messages and of time, that say what to send and when to be woken.
//! Time: told. Every state but two has a deadline: an INVITE that waits for our owner, and one that rings elsewhere.
//! Errors: none; what does not fit a state is ignored.
//! Sources: RFC 3261 §17, RFC 6026 (the Accepted state).

mod client;
mod invite_client;
mod invite_server;
mod key;
mod purpose;
mod server;
mod table;

pub(crate) use client::Client;
pub(crate) use invite_client::{InviteClient, Received};
pub(crate) use invite_server::InviteServer;
pub(crate) use key::{MergeKey, ServerKey};
pub(crate) use purpose::Purpose;
pub(crate) use server::Server;
pub(crate) use table::{
    ClientEntry, ClientMachine, ClientOwner, Due, ForkAck, ServerEntry, ServerMachine, ServerOwner, Transactions,
};

use crate::config::Timers;
use crate::flow::Transport;
use bytes::Bytes;
use std::time::{Duration, Instant};

/// What a machine wants done when its deadline has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fired {
    /// Nothing; it waits on.
    Waiting,
    /// Send this again.
    Resend(Bytes),
    /// It has ended as it should.
    Finished,
    /// It has ended because the peer said nothing.
    TimedOut,
}

/// The timer values of one transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) timers: Timers,
    pub(crate) transport: Transport,
}

impl Timing {
    /// `wait` over UDP, nothing over a byte stream: how long repetitions can still arrive (Timers D, I, J, K).
    fn linger(&self, wait: Duration) -> Duration {
        if self.transport.is_reliable() { Duration::ZERO } else { wait }
    }

    /// The first repetition over UDP; none over a byte stream (Timers A, E, G).
    fn first_repeat(&self, now: Instant) -> Option<Repeat> {
        (!self.transport.is_reliable()).then(|| Repeat { at: now + self.timers.t1, interval: self.timers.t1 })
    }
}

/// When something is sent again, and how long the pause before was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) at: Instant,
    pub(crate) interval: Duration,
}

impl Repeat {
    /// The next one, after twice the pause but no more than `limit`.
    pub(crate) fn doubled(self, now: Instant, limit: Duration) -> Self {
        let interval = (self.interval * 2).min(limit);
        Self { at: now + interval, interval }
    }
}

/// The earlier of a repetition and an end.
pub(crate) fn earliest(repeat: Option<Repeat>, end: Instant) -> Instant {
    repeat.map_or(end, |repeat| repeat.at.min(end))
}
