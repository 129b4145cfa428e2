//! Received sequence numbers: 16 bits that wrap become a count that does not, and gaps become a loss.
//!
//! Shape: [`ReceivedSequence`] is told each packet of one stream; a new source starts a new run.
//! Units: packets.
//! Errors: a jump too far to be loss or reordering starts a new run and counts no loss.
//! Sources: RFC 3550 appendices A.1 (runs and restarts) and A.3 (loss).

/// A forward jump beyond this is a restart of the sender (RFC 3550 `MAX_DROPOUT`).
const MAX_DROPOUT: u64 = 3_000;
/// A packet older than this is a restart of the sender (RFC 3550 `MAX_MISORDER`).
const MAX_MISORDER: u64 = 100;

/// What was received of one stream, over all of its runs.
#[derive(Clone, Debug, Default)]
pub struct ReceivedSequence {
    run: Option<Run>,
    lost_before: u64,
}

#[derive(Copy, Clone, Debug)]
struct Run {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
}

impl Run {
    fn begin(ssrc: u32, sequence: u16) -> Self {
        // One lap of room below, so that a packet from before the first has a number too.
        let first = (1 << 16) | u64::from(sequence);
        Self { ssrc, first, highest: first, received: 1 }
    }

    fn lost(&self) -> u64 {
        (self.highest - self.first + 1).saturating_sub(self.received)
    }
}

impl ReceivedSequence {
    /// Notes a packet and answers its number without wrap.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> u64 {
        if let Some(run) = self.run.as_mut().filter(|run| run.ssrc == ssrc) {
            let extended = extend(run.highest, sequence);
            if extended <= run.highest + MAX_DROPOUT && extended + MAX_MISORDER >= run.highest {
                run.first = run.first.min(extended);
                run.highest = run.highest.max(extended);
                run.received += 1;
                return extended;
            }
        }
        self.lost_before = self.lost();
        let run = Run::begin(ssrc, sequence);
        self.run = Some(run);
        run.highest
    }

    /// The source that was noted last.
    pub fn ssrc(&self) -> Option<u32> {
        self.run.map(|run| run.ssrc)
    }

    /// Packets that were sent, by their numbers, and did not come.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.run.map_or(0, |run| run.lost())
    }
}

/// The 64-bit number nearest to `highest` whose low 16 bits are `sequence`.
fn extend(highest: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub((highest & 0xFFFF) as u16);
    if ahead < 0x8000 { highest + u64::from(ahead) } else { highest.saturating_sub(u64::from(ahead.wrapping_neg())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sequences: &[(u32, u16)], lost: u64) {
        let mut received = ReceivedSequence::default();
        for &(ssrc, sequence) in sequences {
            received.note(ssrc, sequence);
        }
        assert_eq!(received.lost(), lost, "{sequences:?}");
    }

    #[test]
    fn gaps_are_loss_and_reordering_is_not() {
        check(&[(1, 10), (1, 11), (1, 12)], 0);
        check(&[(1, 10), (1, 13)], 2);
        check(&[(1, 10), (1, 12), (1, 11)], 0);
        check(&[(1, 65_535), (1, 0), (1, 2)], 1);
        check(&[(1, 0), (1, 65_535), (1, 1)], 0);
    }

    #[test]
    fn a_restart_or_a_new_source_is_not_loss() {
        check(&[(1, 10), (1, 30_000), (1, 30_001)], 0);
        check(&[(1, 10), (1, 12), (2, 40_000), (2, 40_002)], 2);
        check(&[(1, 5_000), (1, 4_000)], 0);
    }

    #[test]
    fn numbers_go_on_through_many_wraps() {
        let mut received = ReceivedSequence::default();
        let first = received.note(7, 65_000);
        for count in 1..200_000u64 {
            let sequence = ((65_000 + count) & 0xFFFF) as u16;
            assert_eq!(received.note(7, sequence), first + count);
        }
        assert_eq!(received.lost(), 0);
    }
}
