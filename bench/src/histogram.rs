//! Durations counted finely enough for percentiles.
//!
//! Shape: buckets of 10 microseconds up to five seconds; what is longer is counted in the last.
//! Units: nanoseconds in, milliseconds out.

use crate::clock::Nanos;

const BUCKET: Nanos = 10_000;
const BUCKETS: usize = 500_000;

/// Counted durations.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0 }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&mut self, duration: Nanos) {
        let bucket = usize::try_from(duration / BUCKET).unwrap_or(usize::MAX).min(BUCKETS - 1);
        self.counts[bucket] += 1;
        self.count += 1;
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.count = 0;
    }

    /// The upper end, in milliseconds, of the bucket in which this share of all durations is reached; 0 when there are none.
    pub fn percentile(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= wanted && below > 0 {
                return (bucket as u64 + 1) as f64 * BUCKET as f64 / 1e6;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_upper_end_of_its_bucket() {
        let mut histogram = Histogram::default();
        for millis in 1..=100 {
            histogram.record(millis * 1_000_000 - 1);
        }
        for (share, expect) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            assert!((histogram.percentile(share) - expect).abs() < 1e-9, "{share}");
        }
    }

    #[test]
    fn nothing_counted_has_no_percentile() {
        assert!(Histogram::default().percentile(0.99).abs() < f64::EPSILON);
    }
}
