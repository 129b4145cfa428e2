//! Prometheus text, as far as the load generator reads it.
//!
//! Shape: samples without labels by name, and the buckets of one histogram.

/// One reading of `/metrics`.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    text: String,
}

/// Cumulative buckets: upper bound in seconds, count up to it.
pub type Buckets = Vec<(f64, f64)>;

impl Metrics {
    /// A reading of this text.
    pub fn new(text: String) -> Self {
        Self { text }
    }

    /// The sample of this name without labels, 0 when it is not there.
    pub fn value(&self, name: &str) -> f64 {
        let mut lines = self.text.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        rest.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
    }

    /// The buckets of a histogram without other labels.
    pub fn buckets(&self, name: &str) -> Buckets {
        let start = format!("{name}_bucket{{le=\"");
        let parse = |line: &str| {
            let (bound, count) = line.strip_prefix(&start)?.split_once("\"} ")?;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound, count.trim().parse().ok()?))
        };
        self.text.lines().filter_map(parse).collect()
    }
}

/// The upper bound, in milliseconds, of the bucket in which this share of what was counted between two readings is reached.
pub fn percentile(before: &Buckets, after: &Buckets, share: f64) -> f64 {
    let counted = |at: usize| after[at].1 - before.get(at).map_or(0.0, |bucket| bucket.1);
    let Some(last) = after.len().checked_sub(1) else { return 0.0 };
    let wanted = counted(last) * share;
    let reached = (0..=last).find(|&at| counted(at) >= wanted).unwrap_or(last);
    after[reached].0 * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_that_of_what_came_between_two_readings() {
        let reading = |counts: [u32; 3]| {
            let [a, b, c] = counts;
            let text = format!(
                "x_bucket{{le=\"0.001\"}} {a}\nx_bucket{{le=\"0.01\"}} {b}\nx_bucket{{le=\"+Inf\"}} {c}\nx_count {c}\n"
            );
            Metrics::new(text)
        };
        let (before, after) = (reading([100, 100, 100]), reading([190, 199, 200]));
        for (share, expect) in [(0.9, 1.0), (0.99, 10.0), (1.0, f64::INFINITY)] {
            let found = percentile(&before.buckets("x"), &after.buckets("x"), share);
            assert!(found == expect || (found - expect).abs() < 1e-9, "{share}: {found}");
        }
        assert!((after.value("x_count") - 200.0).abs() < f64::EPSILON);
        assert!(after.value("y").abs() < f64::EPSILON);
    }
}
