//! Non-INVITE server transaction.
//!
//! Shape: repetitions of the request in, the final response out again.
//! Time: Timer J. An owner that never answers is waited for 64 * T1, after which the client has given up (its Timer F).
//! Sources: RFC 3261 §17.2.2, RFC 4320 (no provisional responses, none that are late).
//!
//! | state     | request again | our final response | timer        |
//! |-----------|---------------|--------------------|--------------|
//! | Trying    |               | Completed          | TimedOut     |
//! | Completed | the response  |                    | J: Finished  |

use super::{Fired, Timing};
use bytes::Bytes;
use std::time::Instant;

/// The machine.
#[derive(Debug)]
pub(crate) enum Server {
    /// Not answered yet.
    Trying { give_up_at: Instant },
    /// Answered.
    Completed { response: Bytes, until: Instant },
}

impl Server {
    pub(crate) fn new(now: Instant, timing: Timing) -> Self {
        Self::Trying { give_up_at: now + timing.timers.give_up() }
    }

    /// What a request that came again gets.
    pub(crate) fn repeated(&self) -> Option<Bytes> {
        match self {
            Self::Trying { .. } => None,
            Self::Completed { response, .. } => Some(response.clone()),
        }
    }

    /// The final response was sent.
    pub(crate) fn answered(&mut self, now: Instant, timing: Timing, response: Bytes) {
        *self = Self::Completed { response, until: now + timing.linger(timing.timers.give_up()) };
    }

    pub(crate) fn deadline(&self) -> Instant {
        match self {
            Self::Trying { give_up_at } => *give_up_at,
            Self::Completed { until, .. } => *until,
        }
    }

    pub(crate) fn fire(&self, now: Instant) -> Fired {
        match self {
            _ if self.deadline() > now => Fired::Waiting,
            Self::Trying { .. } => Fired::TimedOut,
            Self::Completed { .. } => Fired::Finished,
        }
    }
}
