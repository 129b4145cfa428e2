//! INVITE server transaction.
//!
//! Shape: repetitions of the INVITE and its ACK in, the last response out again.
//! Time: Timers G, H, I, L; in Proceeding it waits for its owner without a deadline.
//! Sources: RFC 3261 §17.2.1, RFC 6026 §7.1 and §8.7.
//!
//! | state      | INVITE again  | our 1xx    | our 2xx  | our 3xx-6xx | ACK       | timer                      |
//! |------------|---------------|------------|----------|-------------|-----------|----------------------------|
//! | Proceeding | last 1xx      | Proceeding | Accepted | Completed   |           |                            |
//! | Completed  | the rejection |            |          |             | Confirmed | G: again; H: TimedOut      |
//! | Confirmed  |               |            |          |             |           | I: Finished                |
//! | Accepted   |               |            |          |             |           | L: Finished                |

use super::{Fired, Repeat, Timing, earliest};
use bytes::Bytes;
use std::time::Instant;

/// The machine.
#[derive(Debug)]
pub(crate) enum InviteServer {
    /// Not answered yet.
    Proceeding { last: Bytes },
    /// Refused; the ACK is awaited.
    Completed { response: Bytes, repeat: Option<Repeat>, give_up_at: Instant },
    /// The refusal is acknowledged; late repetitions are absorbed.
    Confirmed { until: Instant },
    /// Answered; repetitions of the INVITE are absorbed, the dialog repeats the 2xx.
    Accepted { until: Instant },
}

impl InviteServer {
    /// Begins with the 100 that was sent.
    pub(crate) fn new(trying: Bytes) -> Self {
        Self::Proceeding { last: trying }
    }

    /// Whether a final response has been given.
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self, Self::Proceeding { .. })
    }

    /// What an INVITE that came again gets.
    pub(crate) fn repeated(&self) -> Option<Bytes> {
        match self {
            Self::Proceeding { last } => Some(last.clone()),
            Self::Completed { response, .. } => Some(response.clone()),
            Self::Confirmed { .. } | Self::Accepted { .. } => None,
        }
    }

    /// A provisional response was sent.
    pub(crate) fn provisional(&mut self, response: Bytes) {
        if let Self::Proceeding { last } = self {
            *last = response;
        }
    }

    /// A 2xx was sent.
    pub(crate) fn accepted(&mut self, now: Instant, timing: Timing) {
        *self = Self::Accepted { until: now + timing.timers.give_up() };
    }

    /// A 3xx to 6xx was sent.
    pub(crate) fn refused(&mut self, now: Instant, timing: Timing, response: Bytes) {
        let give_up_at = now + timing.timers.give_up();
        *self = Self::Completed { response, repeat: timing.first_repeat(now), give_up_at };
    }

    /// An ACK with our branch arrived. Answers whether it was for a rejection, and so goes no further.
    pub(crate) fn acknowledged(&mut self, now: Instant, timing: Timing) -> bool {
        match self {
            Self::Completed { .. } => {
                *self = Self::Confirmed { until: now + timing.linger(timing.timers.t4) };
                true
            }
            Self::Confirmed { .. } => true,
            Self::Proceeding { .. } | Self::Accepted { .. } => false,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Proceeding { .. } => None,
            Self::Completed { repeat, give_up_at, .. } => Some(earliest(*repeat, *give_up_at)),
            Self::Confirmed { until } | Self::Accepted { until } => Some(*until),
        }
    }

    pub(crate) fn fire(&mut self, now: Instant, timing: Timing) -> Fired {
        match self {
            Self::Completed { give_up_at, .. } if *give_up_at <= now => Fired::TimedOut,
            Self::Completed { response, repeat: repeat @ Some(_), .. }
                if repeat.is_some_and(|repeat| repeat.at <= now) =>
            {
                *repeat = repeat.map(|repeat| repeat.doubled(now, timing.timers.t2));
                Fired::Resend(response.clone())
            }
            Self::Confirmed { until } | Self::Accepted { until } if *until <= now => Fired::Finished,
            _ => Fired::Waiting,
        }
    }
}
