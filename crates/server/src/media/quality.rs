//! How good streams were, counted as they close.
//!
//! Shape: [`Quality`] is a handful of distributions of fixed buckets; a worker has one, and those of all add up.
//! Units: mean opinion scores from 1 to 4.5; loss as a part of 1; seconds.

use std::fmt::Write as _;

use antiphon_media::StreamSummary;

const SCORES: [f64; 9] = [1.5, 2.0, 2.5, 3.0, 3.5, 3.8, 4.0, 4.2, 4.4];
const LOSSES: [f64; 9] = [0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const TIMES: [f64; 9] = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
const BUCKETS: usize = 10;

/// A distribution over nine upper bounds and what is above.
#[derive(Clone, Debug)]
struct Spread {
    bounds: &'static [f64; BUCKETS - 1],
    counts: [u64; BUCKETS],
    sum: f64,
}

impl Spread {
    const fn over(bounds: &'static [f64; BUCKETS - 1]) -> Self {
        Self { bounds, counts: [0; BUCKETS], sum: 0.0 }
    }

    fn record(&mut self, value: Option<f64>) {
        let Some(value) = value else { return };
        let bucket = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS - 1);
        self.counts[bucket] += 1;
        self.sum += value;
    }

    fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
    }

    /// As Prometheus reads it; `label` is empty or one label.
    fn write(&self, text: &mut String, name: &str, label: &str) {
        let (comma, braced) = if label.is_empty() { ("", String::new()) } else { (",", format!("{{{label}}}")) };
        let mut below = 0;
        for (at, count) in self.counts.iter().enumerate() {
            below += count;
            let bound = self.bounds.get(at).map_or("+Inf".to_owned(), f64::to_string);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}_bucket{{{label}{comma}le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(text, "{name}_sum{braced} {}\n{name}_count{braced} {below}", self.sum);
    }
}

/// How good the streams were that have closed.
#[derive(Clone, Debug)]
pub struct Quality {
    mos_heard: Spread,
    mos_told: Spread,
    loss_heard: Spread,
    loss_told: Spread,
    jitter: Spread,
    round_trip: Spread,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            mos_heard: Spread::over(&SCORES),
            mos_told: Spread::over(&SCORES),
            loss_heard: Spread::over(&LOSSES),
            loss_told: Spread::over(&LOSSES),
            jitter: Spread::over(&TIMES),
            round_trip: Spread::over(&TIMES),
        }
    }
}

impl Quality {
    /// Counts a stream that closes. One that was too short for a score counts for nothing.
    pub(super) fn record(&mut self, stream: &StreamSummary) {
        let heard = stream.mos_heard();
        self.mos_heard.record(heard);
        self.loss_heard.record(heard.and(stream.loss()));
        self.jitter.record(heard.map(|_| stream.jitter.as_secs_f64()));
        let told = stream.mos_told();
        self.mos_told.record(told);
        self.loss_told.record(told.and(stream.peer.and_then(|peer| peer.loss())));
        self.round_trip.record(stream.round_trip().map(|trip| trip.as_secs_f64()));
    }

    /// Adds another worker's streams.
    pub(super) fn add(&mut self, other: &Self) {
        self.mos_heard.add(&other.mos_heard);
        self.mos_told.add(&other.mos_told);
        self.loss_heard.add(&other.loss_heard);
        self.loss_told.add(&other.loss_told);
        self.jitter.add(&other.jitter);
        self.round_trip.add(&other.round_trip);
    }

    /// Writes the distributions in Prometheus text.
    pub fn write(&self, text: &mut String) {
        let head = |text: &mut String, name: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        };
        let (heard, told) = ("way=\"heard\"", "way=\"told\"");
        let name = "antiphon_stream_mos";
        head(text, name, "Mean opinion scores of closed streams, of what we heard and of what peers say they heard");
        self.mos_heard.write(text, name, heard);
        self.mos_told.write(text, name, told);
        let name = "antiphon_stream_loss_ratio";
        head(text, name, "Parts of the packets of closed streams that were lost, both ways");
        self.loss_heard.write(text, name, heard);
        self.loss_told.write(text, name, told);
        let name = "antiphon_stream_jitter_seconds";
        head(text, name, "Interarrival jitter of closed streams");
        self.jitter.write(text, name, "");
        let name = "antiphon_stream_round_trip_seconds";
        head(text, name, "Round trips of closed streams, as their peers' reports tell");
        self.round_trip.write(text, name, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_written_as_prometheus_reads_it() {
        let mut spread = Spread::over(&LOSSES);
        for value in [Some(0.0), Some(0.004), None, Some(0.9)] {
            spread.record(value);
        }
        let mut twice = spread.clone();
        twice.add(&spread);
        let mut text = String::new();
        twice.write(&mut text, "x", "way=\"heard\"");
        for line in [
            "x_bucket{way=\"heard\",le=\"0\"} 2",
            "x_bucket{way=\"heard\",le=\"0.005\"} 4",
            "x_bucket{way=\"heard\",le=\"0.5\"} 4",
            "x_bucket{way=\"heard\",le=\"+Inf\"} 6",
            "x_count{way=\"heard\"} 6",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        text.clear();
        twice.write(&mut text, "x", "");
        assert!(text.contains("x_bucket{le=\"0\"} 2\n") && text.ends_with("x_count 6\n"), "{text}");
    }
}
