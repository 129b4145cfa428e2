//! The record of a call that is over, for scripts that tell web servers of it.
//!
//! Shape: what is remembered of the call in, a [`CallRecord`] out.
//! Errors: what is not known is as in a call that never was.
//! Sources: `kazoo-pivot.md` 2.8.

use std::time::Duration;

use antiphon_ivr::call::CallRecord;
use antiphon_sip::EndReason;
use jiff::Timestamp;

use super::executor::clock;
use crate::trace::{CallTrace, LegTrace, Role};

/// The status of a call whose caller left before the answer (RFC 3261 §21.4.25).
const CANCELLED: u16 = 487;

/// The record of a call.
pub(super) fn of(trace: &CallTrace) -> CallRecord {
    trace.record(|record| {
        let ended = record.ended.map_or_else(clock, |(at, _)| at);
        let since = |at| ended.saturating_duration_since(at);
        let until = |leg: &LegTrace| leg.ended.map_or(ended, |(at, _)| at);
        let why = record.legs.get(record.caller).and_then(|caller| caller.ended).map(|(_, why)| why);
        let talked = record.legs.iter().rev().find(|leg| leg.role == Role::Callee && leg.answered.is_some());
        CallRecord {
            created: Timestamp::try_from(trace.wall(trace.began)).unwrap_or_default(),
            duration: since(trace.began),
            answered: record.answered.map_or(Duration::ZERO, since),
            status: match why {
                _ if record.answered.is_some() => 200,
                Some(EndReason::Rejected(status)) => status.code(),
                _ => CANCELLED,
            },
            talked: talked
                .and_then(|leg| Some(until(leg).saturating_duration_since(leg.answered?)))
                .unwrap_or_default(),
            other_call_id: talked.map(|leg| leg.sip_call_id.clone()).unwrap_or_default(),
            ..CallRecord::default()
        }
    })
}
