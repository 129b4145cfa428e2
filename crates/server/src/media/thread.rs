//! Who drives a media worker: a plain thread on the machine's clock, or a task on virtual time.
//!
//! Shape: the thread sleeps to the next service instant, at most a millisecond, and to the next order while no stream is open.
//! Time: the one place of the media side that reads a clock, but for the end of a port's lease.
//! Errors: a panic on the thread ends the process, because all its calls share the state that is now in doubt; a supervisor starts it
//! again in a second.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use super::worker::{TICK, Work};

/// Starts the thread that drives this work for as long as anybody holds its handle.
///
/// # Errors
/// What the operating system says when it has no thread left.
pub fn spawn(number: usize, work: Work) -> io::Result<()> {
    thread::Builder::new()
        .name(format!("media-{number}"))
        .spawn(move || {
            prioritise();
            let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drive(work)));
            if run.is_err() {
                tracing::error!("a media worker panicked; the process ends");
                std::process::abort();
            }
        })
        .map(drop)
}

fn drive(mut work: Work) {
    loop {
        let next = work.pass(Instant::now());
        let Some(next) = next else {
            let Some(order) = work.orders.blocking_recv() else { return };
            work.apply(Instant::now(), order);
            continue;
        };
        let now = Instant::now();
        let wait = next.saturating_duration_since(now).min(TICK);
        if wait > Duration::ZERO {
            thread::sleep(wait);
        }
    }
}

/// Niceness where real-time priority is not allowed.
const NICE: i32 = -10;

/// Asks for real-time priority, else for a better niceness, else says that pacing depends on the machine's load.
fn prioritise() {
    use rustix::{process::setpriority_process, thread::gettid};
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let real_time = ThreadPriorityValue::try_from(10u8).is_ok_and(|priority| {
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(priority), policy).is_ok()
    });
    // On Linux a niceness is a thread's own, and a thread is named like a process.
    if !real_time && setpriority_process(Some(gettid()), NICE).is_err() {
        tracing::warn!(
            "media has no priority (CAP_SYS_NICE, LimitRTPRIO): its pacing depends on the load of the machine"
        );
    }
}

/// Drives the work on tokio's clock, for tests on virtual time.
pub async fn drive_on_virtual_time(mut work: Work) {
    loop {
        let next = work.pass(tokio::time::Instant::now().into_std());
        let order = match next {
            None => work.orders.recv().await,
            Some(next) => {
                tokio::select! {
                    order = work.orders.recv() => order,
                    () = tokio::time::sleep_until(next.into()) => continue,
                }
            }
        };
        let Some(order) = order else { return };
        work.apply(tokio::time::Instant::now().into_std(), order);
    }
}
