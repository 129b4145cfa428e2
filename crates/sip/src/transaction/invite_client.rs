//! INVITE client transaction.
//!
//! Shape: responses in; repetitions of the INVITE and the ACK of a rejection out.
//! Time: Timers A, B, D, M. In Proceeding the other side may ring as long as our owner lets it; a CANCEL sets an end.
//! Sources: RFC 3261 §17.1.1, §9.1 (64 * T1 after a CANCEL), RFC 6026 §7.2 and §8.4.
//!
//! | state      | 1xx        | 2xx               | 3xx-6xx               | timer                     |
//! |------------|------------|-------------------|-----------------------|---------------------------|
//! | Calling    | Proceeding | Accepted, pass on | Completed, pass on    | A: again; B: TimedOut     |
//! | Proceeding | pass on    | Accepted, pass on | Completed, pass on    | after CANCEL: TimedOut    |
//! | Accepted   |            | pass on           |                       | M: Finished               |
//! | Completed  |            |                   | ACK again             | D: Finished               |

use super::{Fired, Repeat, Timing, earliest};
use crate::message::StatusCode;
use bytes::Bytes;
use std::time::{Duration, Instant};

/// Timer D over UDP: at least 32 s, so that every repetition of a rejection is acknowledged.
const TIMER_D: Duration = Duration::from_secs(32);

/// The machine.
#[derive(Debug)]
pub(crate) enum InviteClient {
    /// No response yet.
    Calling { invite: Bytes, repeat: Option<Repeat>, give_up_at: Instant },
    /// A provisional response was received.
    Proceeding { give_up_at: Option<Instant> },
    /// A 2xx was received; more of them, and those of other forks, are passed on.
    Accepted { until: Instant },
    /// A rejection was received and acknowledged.
    Completed { ack: Bytes, until: Instant },
}

/// What a response means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    /// New to whoever asked.
    New,
    /// A rejection that came again: send the ACK again.
    Acknowledge(Bytes),
    /// Nothing.
    Absorbed,
}

impl InviteClient {
    pub(crate) fn new(now: Instant, timing: Timing, invite: Bytes) -> Self {
        Self::Calling { invite, repeat: timing.first_repeat(now), give_up_at: now + timing.timers.give_up() }
    }

    /// Whether a CANCEL may be sent now (RFC 3261 §9.1: only after a provisional response).
    pub(crate) fn may_cancel(&self) -> bool {
        matches!(self, Self::Proceeding { .. })
    }

    /// A CANCEL was sent: the end is set.
    pub(crate) fn cancelled(&mut self, now: Instant, timing: Timing) {
        if let Self::Proceeding { give_up_at } = self {
            *give_up_at = Some(now + timing.timers.give_up());
        }
    }

    /// A response arrived; `ack` is what acknowledges it, should it be a rejection.
    pub(crate) fn received(
        &mut self,
        now: Instant,
        timing: Timing,
        status: StatusCode,
        ack: impl FnOnce() -> Bytes,
    ) -> Received {
        match self {
            Self::Calling { .. } | Self::Proceeding { .. } => {
                if status.is_rejection() {
                    *self = Self::Completed { ack: ack(), until: now + timing.linger(TIMER_D) };
                } else if status.is_success() {
                    *self = Self::Accepted { until: now + timing.timers.give_up() };
                } else if matches!(self, Self::Calling { .. }) {
                    *self = Self::Proceeding { give_up_at: None };
                }
                Received::New
            }
            Self::Accepted { .. } if status.is_success() => Received::New,
            Self::Completed { ack, .. } if status.is_rejection() => Received::Acknowledge(ack.clone()),
            Self::Accepted { .. } | Self::Completed { .. } => Received::Absorbed,
        }
    }

    /// The ACK of the rejection that ended it, for the first sending.
    pub(crate) fn ack(&self) -> Option<Bytes> {
        match self {
            Self::Completed { ack, .. } => Some(ack.clone()),
            _ => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Calling { repeat, give_up_at, .. } => Some(earliest(*repeat, *give_up_at)),
            Self::Proceeding { give_up_at } => *give_up_at,
            Self::Accepted { until } | Self::Completed { until, .. } => Some(*until),
        }
    }

    pub(crate) fn fire(&mut self, now: Instant) -> Fired {
        match self {
            Self::Calling { give_up_at, .. } if *give_up_at <= now => Fired::TimedOut,
            Self::Calling { invite, repeat: Some(repeat), .. } if repeat.at <= now => {
                // Timer A doubles without a limit (RFC 3261 §17.1.1.2).
                *repeat = repeat.doubled(now, Duration::MAX);
                Fired::Resend(invite.clone())
            }
            Self::Proceeding { give_up_at: Some(end) } if *end <= now => Fired::TimedOut,
            Self::Accepted { until } | Self::Completed { until, .. } if *until <= now => Fired::Finished,
            _ => Fired::Waiting,
        }
    }
}
