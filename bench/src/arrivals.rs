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

/// How long nothing of a stream was loud.
#[derive(Copy, Clone, Debug)]
struct Silence {
    /// Since when.
    since: Nanos,
    longest: Nanos,
}

/// A sample of mu-law below this, without its sign and with its bits turned round, is not heard: some 120 of 32,768.
const FAINT: u8 = 0x10;

/// The packets of all streams.
#[derive(Debug)]
pub struct Arrivals {
    last: Vec<Option<Last>>,
    /// How far from 20 ms two packets in a row were apart.
    pub interval_error: Histogram,
    /// The same of the streams that were there at the last [`mark`](Self::mark).
    pub marked_error: Histogram,
    marked: Vec<bool>,
    silences: Vec<Option<Silence>>,
    /// Packets.
    pub received: u64,
    /// Packets that their neighbours say were sent.
    pub lost: u64,
}

impl Default for Arrivals {
    fn default() -> Self {
        let ports = usize::from(u16::MAX) + 1;
        Self {
            last: vec![None; ports],
            interval_error: Histogram::default(),
            marked_error: Histogram::default(),
            marked: vec![false; ports],
            silences: vec![None; ports],
            received: 0,
            lost: 0,
        }
    }
}

impl Arrivals {
    /// A packet came from this port.
    pub fn note(&mut self, from: u16, at: Nanos, packet: &[u8]) {
        let Some(sequence) = rtp::sequence(packet) else { return };
        self.received += 1;
        self.listen(from, at, packet);
        if let Some(last) = self.last[usize::from(from)].replace(Last { at, sequence }) {
            let step = sequence.wrapping_sub(last.sequence);
            if step == 1 {
                let error = at.abs_diff(last.at + FRAME);
                self.interval_error.record(error);
                if self.marked[usize::from(from)] {
                    self.marked_error.record(error);
                }
            } else if (2..1_000).contains(&step) {
                self.lost += u64::from(step) - 1;
            }
        }
    }

    fn listen(&mut self, from: u16, at: Nanos, packet: &[u8]) {
        let is_loud = packet[12..].iter().any(|byte| !byte & 0x7f >= FAINT);
        let silence = self.silences[usize::from(from)].get_or_insert(Silence { since: at, longest: 0 });
        silence.longest = silence.longest.max(at.saturating_sub(silence.since));
        if is_loud {
            silence.since = at;
        }
    }

    /// The streams that are there now are judged by themselves from now on.
    pub fn mark(&mut self) {
        self.marked_error.clear();
        for (marked, last) in self.marked.iter_mut().zip(&self.last) {
            *marked = last.is_some();
        }
    }

    /// The longest silence of each stream that is not marked.
    pub fn silences(&self) -> Histogram {
        let mut longest = Histogram::default();
        let new = self.silences.iter().zip(&self.marked).filter(|(_, marked)| !**marked);
        new.filter_map(|(silence, _)| silence.as_ref()).for_each(|silence| longest.record(silence.longest));
        longest
    }

    /// Forgets what was counted, but not what came last on each stream.
    pub fn restart(&mut self) {
        self.interval_error.clear();
        self.marked_error.clear();
        self.received = 0;
        self.lost = 0;
    }

    /// Forgets how long streams were silent so far.
    pub fn restart_silences(&mut self) {
        self.silences.fill(None);
    }

    /// Forgets what came last on each stream: the ports will be those of others.
    pub fn forget(&mut self) {
        self.marked.fill(false);
        self.silences.fill(None);
        self.last.fill(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_what_is_between_two_loud_packets() {
        let mut arrivals = Arrivals::default();
        let packet = |byte: u8| [&[0x80; 12][..], &[byte; 160]].concat();
        for (at, byte) in [(0, 0xff), (1, 0x7f), (2, 0x4e), (3, 0xff), (8, 0x4e), (9, 0xff)] {
            arrivals.note(9, at * FRAME, &packet(byte));
        }
        let silences = arrivals.silences();
        assert_eq!(silences.count(), 1);
        assert!((silences.percentile(1.0) - 120.0).abs() < 3.0, "{}", silences.percentile(1.0));
        arrivals.mark();
        assert_eq!(arrivals.silences().count(), 0);
    }

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
