//! What the API and the metrics are told of a customizer's processes.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What came of a call, as it is counted.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Counted {
    Returned,
    Failed,
    TimedOut,
    Crashed,
    Cancelled,
}

impl Counted {
    fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Failed => "failed",
            Self::TimedOut => "timeout",
            Self::Crashed => "crash",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How it stands.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Standing {
    /// Processes there are, those that start with them.
    pub processes: usize,
    /// Of them, those that do something.
    pub busy: usize,
    /// Calls that wait for one.
    pub waiting: usize,
    /// Processes that were replaced.
    pub restarts: u64,
    /// Whether it failed too often, and rests.
    pub resting: bool,
    /// Calls so far.
    pub calls: u64,
    /// Of them, those with an exception or a bad result.
    pub failed: u64,
    /// Those that took too long.
    pub timeouts: u64,
    /// Those whose process died.
    pub crashes: u64,
    /// The time that all of them took.
    pub took: Duration,
    /// The time that the longest took.
    pub longest: Duration,
}

/// How it stands, written by the owner of the processes.
#[derive(Default, Debug)]
pub(super) struct Status(Mutex<Standing>);

impl Status {
    /// How it stands at this moment.
    pub(super) fn standing(&self) -> Standing {
        self.lock().clone()
    }

    pub(super) fn show(&self, processes: usize, busy: usize, waiting: usize) {
        let mut standing = self.lock();
        (standing.processes, standing.busy, standing.waiting) = (processes, busy, waiting);
    }

    pub(super) fn restarted(&self) {
        self.lock().restarts += 1;
        metrics::counter!("antiphon_customizer_restarts_total").increment(1);
    }

    pub(super) fn opened(&self, open: bool) {
        self.lock().resting = open;
    }

    pub(super) fn count(&self, counted: Counted, took: Duration) {
        metrics::counter!("antiphon_customizer_calls_total", "outcome" => counted.as_str()).increment(1);
        metrics::histogram!("antiphon_customizer_run_seconds").record(took.as_secs_f64());
        let mut standing = self.lock();
        standing.calls += 1;
        standing.took += took;
        standing.longest = standing.longest.max(took);
        match counted {
            Counted::Failed => standing.failed += 1,
            Counted::TimedOut => standing.timeouts += 1,
            Counted::Crashed => standing.crashes += 1,
            Counted::Returned | Counted::Cancelled => {}
        }
    }

    /// Each change is whole.
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
