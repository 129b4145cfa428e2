//! What arrives, judged by source port: gaps in time and in number.
//!
//! Shape: one entry for each UDP port of the sender, which on loopback is one stream.
//! Units: nanoseconds.

use crate::{
    clock::{FRAME, Nanos},
    histogram::Histogram,
    rtp,
};

#[derive(Copy, Clone, Debug)]
struct Last {
    at: Nanos,
    sequence: u16,
}

/// The packets of all streams.
#[derive(Debug)]
pub struct Arrivals {
    last: Vec<Option<Last>>,
    /// How far from 20 ms two packets in a row were apart.
    pub interval_error: Histogram,
    /// Packets.
    pub received: u64,
    /// Packets that their neighbours say were sent.
    pub lost: u64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { last: vec![None; usize::from(u16::MAX) + 1], interval_error: Histogram::default(), received: 0, lost: 0 }
    }
}

impl Arrivals {
    /// A packet came from this port.
    pub fn note(&mut self, from: u16, at: Nanos, packet: &[u8]) {
        let Some(sequence) = rtp::sequence(packet) else { return };
        self.received += 1;
        if let Some(last) = self.last[usize::from(from)].replace(Last { at, sequence }) {
            let step = sequence.wrapping_sub(last.sequence);
            if step == 1 {
                self.interval_error.record(at.abs_diff(last.at + FRAME));
            } else if (2..1_000).contains(&step) {
                self.lost += u64::from(step) - 1;
            }
        }
    }

    /// Forgets what was counted, but not what came last on each stream.
    pub fn restart(&mut self) {
        self.interval_error.clear();
        self.received = 0;
        self.lost = 0;
    }

    /// Forgets what came last on each stream: the ports will be those of others.
    pub fn forget(&mut self) {
        self.last.fill(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_number_is_loss_and_a_gap_in_time_is_error() {
        let mut arrivals = Arrivals::default();
        let mut line = rtp::Line::new(1);
        for (at, expect_lost, expect_errors) in [(0, 0, 0), (FRAME, 0, 1), (3 * FRAME, 0, 2)] {
            arrivals.note(9, at, line.next_packet());
            assert_eq!((arrivals.lost, arrivals.interval_error.count()), (expect_lost, expect_errors));
        }
        line.next_packet();
        arrivals.note(9, 5 * FRAME, line.next_packet());
        assert_eq!((arrivals.lost, arrivals.received), (1, 4));
        assert!((arrivals.interval_error.percentile(1.0) - 20.0).abs() < 0.02);
    }
}
