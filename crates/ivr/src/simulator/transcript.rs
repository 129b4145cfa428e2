//! What happened in a simulation, one line a fact.
//!
//! Shape: `time  fact`; an op's line stands where the op begins, `…` begins what happened while it ran.
//! Units: seconds from the call's arrival, with tenths or as many as it takes.

use std::{fmt, time::Duration};

/// What happened, in order.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Transcript {
    /// The facts.
    pub lines: Vec<Line>,
}

/// One fact.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Line {
    /// When, from the call's arrival.
    pub at: Duration,
    /// What.
    pub text: String,
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{:>6}  {}", decimal(line.at, 1), line.text))
    }
}

/// A duration in words: `5 s`, `0.5 s`.
pub(super) fn seconds(duration: Duration) -> String {
    format!("{} s", decimal(duration, 0))
}

/// Seconds with at least so many decimals, and no more than it takes down to a millisecond.
fn decimal(duration: Duration, least: usize) -> String {
    let milliseconds = duration.subsec_millis();
    let needed = match milliseconds {
        0 => 0,
        m if m % 100 == 0 => 1,
        m if m % 10 == 0 => 2,
        _ => 3,
    };
    format!("{:.*}", needed.max(least), duration.as_secs_f64())
}
