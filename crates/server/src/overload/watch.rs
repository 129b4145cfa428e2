//! What is measured once a second, and what follows from it.
//!
//! Shape: one task that asks the media workers and signalling how they do, judges it, and tells the calls; it also takes away the
//! registrations that have expired, and has OPTIONS answered by whether calls are taken.
//! Time: tokio's.

use std::{sync::Arc, time::Duration};

use antiphon_media::Histogram;
use antiphon_sip::Admission;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::{Measured, Overload};
use crate::{
    calls::Readiness,
    rooms::Rooms,
    signalling::{ARRIVALS, Order},
};

/// Between two measurements.
const EVERY: Duration = Duration::from_secs(1);
/// An answer that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the watch. It lasts as long as the process.
pub fn start(rooms: Arc<Rooms>) {
    tokio::spawn(tell_options(rooms.clone()));
    tokio::spawn(watch(rooms));
}

/// OPTIONS says whether a call would be taken.
async fn tell_options(rooms: Arc<Rooms>) {
    let mut readiness = rooms.calls.readiness();
    let mut told = Admission::Open;
    loop {
        let admission = match *readiness.borrow_and_update() {
            Readiness::Ready => Admission::Open,
            Readiness::Full | Readiness::Overloaded | Readiness::Draining => Admission::Draining,
        };
        if admission != told {
            rooms.signalling.order(Order::Admit(admission)).await;
            told = admission;
        }
        if readiness.changed().await.is_err() {
            return;
        }
    }
}

async fn watch(rooms: Arc<Rooms>) {
    let mut overload = Overload::default();
    let mut before = Histogram::default();
    let mut known = None;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        rooms.registrar().sweep(Instant::now().into_std());
        let measured = measure(&rooms, &mut before).await;
        let cause = overload.judge(&measured);
        if cause == known {
            continue;
        }
        rooms.calls.strain(cause.is_some());
        metrics::gauge!("antiphon_overloaded").set(if cause.is_some() { 1.0 } else { 0.0 });
        match cause {
            Some(cause) => {
                let cause = cause.label();
                metrics::counter!("antiphon_overloads_total", "cause" => cause).increment(1);
                tracing::warn!(cause, ?measured, "overloaded; new calls are refused");
            }
            None => tracing::info!("no longer overloaded; calls are taken again"),
        }
        known = cause;
    }
}

async fn measure(rooms: &Rooms, before: &mut Histogram) -> Measured {
    let mut lateness = Histogram::default();
    for worker in rooms.media.workers() {
        if let Ok(Some(report)) = timeout(PATIENCE, worker.report()).await {
            lateness += &report.lateness;
        }
    }
    let limit = rooms.settings.load().guard.max_lateness;
    let (frames, late) = limit.map_or((0, 0), |limit| late_between(before, &lateness, limit));
    *before = lateness;
    let asked = Instant::now();
    let report = timeout(PATIENCE, rooms.signalling.report()).await.ok().flatten();
    Measured {
        frames,
        late,
        waiting: report.map_or(0, |report| report.waiting),
        queue: ARRIVALS,
        delay: asked.elapsed(),
        free_ports: rooms.ports.free(),
        ports: rooms.ports.total(),
    }
}

/// How many frames were counted between two readings, and how many of them were later than the limit, to the resolution of the
/// histogram: its bounds are 5, 10, 20 and 50 ms around the usual limit.
fn late_between(before: &Histogram, after: &Histogram, limit: Duration) -> (u64, u64) {
    let counts = before.buckets().zip(after.buckets());
    counts.fold((0, 0), |(all, late), ((_, before), (bound, after))| {
        // A worker that did not answer in time counts as nothing.
        let count = after.saturating_sub(before);
        let is_late = bound.is_none_or(|bound| bound > limit);
        (all + count, late + if is_late { count } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_since_the_last_reading_counts() {
        let mut before = Histogram::default();
        let millis = |histogram: &mut Histogram, values: &[u64]| {
            values.iter().for_each(|value| histogram.record(Duration::from_millis(*value)));
        };
        millis(&mut before, &[30, 30, 1]);
        let mut after = before.clone();
        millis(&mut after, &[1, 9, 10, 11, 20, 1_000]);
        assert_eq!(late_between(&before, &after, Duration::from_millis(10)), (6, 3));
        assert_eq!(late_between(&after, &before, Duration::from_millis(10)), (0, 0));
    }
}
