//! Counts of durations in fixed buckets.
//!
//! Shape: one count a bucket, and a sum; recording touches no memory but its own.
//! Units: bounds are upper bounds, inclusive.

use std::{ops::AddAssign, time::Duration};

/// Upper bounds of the buckets, in microseconds; one more bucket holds what is above.
const BOUNDS_US: [u64; 11] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

/// A histogram of durations.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Histogram {
    counts: [u64; BOUNDS_US.len() + 1],
    sum: Duration,
    max: Duration,
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, value: Duration) {
        let micros = value.as_micros();
        let bucket = BOUNDS_US.iter().position(|&bound| micros <= u128::from(bound)).unwrap_or(BOUNDS_US.len());
        self.counts[bucket] += 1;
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All durations together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The longest duration.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// Each bucket's upper bound, `None` for the last, and its own count (not cumulative).
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let bounds = BOUNDS_US.iter().map(|&bound| Some(Duration::from_micros(bound))).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }
}

impl AddAssign<&Self> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_under_its_bound() {
        let mut histogram = Histogram::default();
        for micros in [0, 50, 51, 2_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let filled: Vec<_> = histogram.buckets().filter(|(_, count)| *count > 0).collect();
        let micros = Duration::from_micros;
        assert_eq!(filled, [(Some(micros(50)), 2), (Some(micros(100)), 1), (None, 1)]);
        assert_eq!((histogram.count(), histogram.max()), (4, Duration::from_secs(2)));
    }
}
