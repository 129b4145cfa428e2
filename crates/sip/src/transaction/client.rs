//! Non-INVITE client transaction.
//!
//! Shape: responses in, repetitions of the request out.
//! Time: Timers E, F, K.
//! Sources: RFC 3261 §17.1.2.
//!
//! | state      | 1xx        | final     | timer                    |
//! |------------|------------|-----------|--------------------------|
//! | Trying     | Proceeding | Completed | E: again; F: TimedOut    |
//! | Proceeding |            | Completed | E (T2): again; F: TimedOut |
//! | Completed  |            |           | K: Finished              |

use super::{Fired, Repeat, Timing, earliest};
use crate::message::StatusCode;
use bytes::Bytes;
use std::time::Instant;

/// The machine.
#[derive(Debug)]
pub(crate) enum Client {
    /// No response yet.
    Trying { request: Bytes, repeat: Option<Repeat>, give_up_at: Instant },
    /// A provisional response was received.
    Proceeding { request: Bytes, repeat: Option<Repeat>, give_up_at: Instant },
    /// The final response was received; its repetitions are absorbed.
    Completed { until: Instant },
}

impl Client {
    pub(crate) fn new(now: Instant, timing: Timing, request: Bytes) -> Self {
        Self::Trying { request, repeat: timing.first_repeat(now), give_up_at: now + timing.timers.give_up() }
    }

    /// A response arrived. Answers whether it is the first final one.
    pub(crate) fn received(&mut self, now: Instant, timing: Timing, status: StatusCode) -> bool {
        match self {
            Self::Completed { .. } => false,
            Self::Trying { .. } | Self::Proceeding { .. } if status.is_final() => {
                *self = Self::Completed { until: now + timing.linger(timing.timers.t4) };
                true
            }
            Self::Trying { request, repeat, give_up_at } => {
                let (request, give_up_at) = (request.clone(), *give_up_at);
                let repeat = repeat.map(|_| Repeat { at: now + timing.timers.t2, interval: timing.timers.t2 });
                *self = Self::Proceeding { request, repeat, give_up_at };
                false
            }
            Self::Proceeding { .. } => false,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        match self {
            Self::Trying { repeat, give_up_at, .. } | Self::Proceeding { repeat, give_up_at, .. } => {
                earliest(*repeat, *give_up_at)
            }
            Self::Completed { until } => *until,
        }
    }

    pub(crate) fn fire(&mut self, now: Instant, timing: Timing) -> Fired {
        match self {
            Self::Completed { until } if *until <= now => Fired::Finished,
            Self::Completed { .. } => Fired::Waiting,
            Self::Trying { give_up_at, .. } | Self::Proceeding { give_up_at, .. } if *give_up_at <= now => {
                Fired::TimedOut
            }
            Self::Trying { request, repeat, .. } | Self::Proceeding { request, repeat, .. } => match repeat {
                Some(due) if due.at <= now => {
                    *repeat = Some(due.doubled(now, timing.timers.t2));
                    Fired::Resend(request.clone())
                }
                _ => Fired::Waiting,
            },
        }
    }
}
