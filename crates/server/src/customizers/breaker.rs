//! Whether a customizer may be asked at all: one that failed again and again is left alone for a while.
//!
//! Time: told.
//! Sources: `voicexml-customizers.md` 2.6.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// So many failures open it,
const FAILURES: usize = 5;
/// within this time,
const WITHIN: Duration = Duration::from_secs(60);
/// for as long as this.
const REST: Duration = Duration::from_secs(30);

/// Counts failures.
#[derive(Default, Debug)]
pub(super) struct Breaker {
    failures: VecDeque<Instant>,
    open_until: Option<Instant>,
}

impl Breaker {
    /// A process died, or took too long.
    pub(super) fn failed(&mut self, now: Instant) {
        while self.failures.front().is_some_and(|at| now.saturating_duration_since(*at) > WITHIN) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        if self.failures.len() >= FAILURES {
            self.failures.clear();
            self.open_until = Some(now + REST);
        }
    }

    /// Until when nobody is asked, where that is not over.
    pub(super) fn open_until(&self, now: Instant) -> Option<Instant> {
        self.open_until.filter(|until| now < *until)
    }

    /// Whether nobody is asked at this moment.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.open_until(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_minute_open_it_for_half_a_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        [0, 20, 40, 60].into_iter().for_each(|seconds| breaker.failed(at(seconds)));
        breaker.failed(at(61));
        assert!(!breaker.is_open(at(61)), "the first was more than a minute before");
        breaker.failed(at(62));
        assert!(breaker.is_open(at(62)) && breaker.is_open(at(91)));
        assert!(!breaker.is_open(at(92)));
        assert_eq!((breaker.open_until(at(70)), breaker.open_until(at(92))), (Some(at(92)), None));
        breaker.failed(at(93));
        assert!(!breaker.is_open(at(93)), "it counts anew");
    }
}
