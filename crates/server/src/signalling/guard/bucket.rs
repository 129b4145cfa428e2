//! A token bucket in one number.
//!
//! Shape: the instant at which the bucket would be full again, as the generic cell rate algorithm keeps it (ITU-T I.371 annex A).
//! Units: nanoseconds since the guard was made.
//! Time: told.

/// How fast a bucket fills and how much it holds.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Limit {
    /// Nanoseconds to the next token; 0 for no limit.
    interval: u64,
    /// How far ahead of its rate a source may be.
    ahead: u64,
}

impl Limit {
    /// So many a second, and so many at once; a rate of 0 is no limit.
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        let interval = 1_000_000_000_u64.checked_div(rate.into()).unwrap_or(0);
        Self { interval, ahead: interval.saturating_mul(u64::from(burst.max(1)) - 1) }
    }
}

/// What a source has used.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub(super) struct Bucket {
    full_at: u64,
}

impl Bucket {
    /// Takes a token if there is one.
    pub(super) fn take(&mut self, now: u64, limit: Limit) -> bool {
        // What a lower limit left is no debt under a higher one.
        let from = self.full_at.clamp(now, now.saturating_add(limit.ahead).saturating_add(limit.interval));
        let is_there = from - now <= limit.ahead;
        self.full_at = if is_there { from.saturating_add(limit.interval) } else { from };
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// How many of `count` messages, evenly over `over` nanoseconds, pass.
    fn passed(limit: Limit, count: u64, over: u64) -> u64 {
        let mut bucket = Bucket::default();
        (0..count).filter(|number| bucket.take(SECOND + number * over / count, limit)).count() as u64
    }

    #[test]
    fn a_burst_and_then_the_rate_pass() {
        for (rate, burst, count, over, expect) in [
            (10, 20, 1_000, 0, 20..=20),
            (10, 20, 1_000, 10 * SECOND, 119..=121),
            (10, 20, 100, 10 * SECOND, 100..=100),
            (1, 1, 20_000, SECOND, 1..=1),
            (0, 1, 20_000, SECOND, 20_000..=20_000),
            (1_000_000, 1_000_000, 20_000, SECOND, 20_000..=20_000),
        ] {
            let got = passed(Limit::new(rate, burst), count, over);
            assert!(expect.contains(&got), "{rate}/s, {burst} at once, {count} in {over} ns: {got}");
        }
    }
}
