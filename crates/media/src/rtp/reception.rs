//! What was received of a stream: loss, order and jitter, as RTCP reports them.
//!
//! Shape: [`Reception`] is told each packet of one stream by [`Reception::note`], and the time of those that hold sound by
//! [`Reception::time`]; both are a handful of integer operations. A new source, or a jump too far to be loss or reordering, starts a
//! new run as soon as two packets in sequence say so; a stray packet alone changes nothing.
//! Units: packets; jitter in ticks of the RTP clock.
//! Time: arrivals are told, in ticks of the RTP clock from any beginning.
//! Sources: RFC 3550 section 6.4.1, appendices A.1 (runs and restarts), A.3 (loss), A.8 (jitter).
//!
//! The first packet of a stream counts at once: whether its source is the peer has been judged before.

/// A forward jump from this on is a restart of the sender (RFC 3550 `MAX_DROPOUT`).
const MAX_DROPOUT: u16 = 3_000;
/// A packet older than this is a restart of the sender (RFC 3550 `MAX_MISORDER`).
const MAX_MISORDER: u16 = 100;
/// The packets before the highest whose arrival is remembered one by one.
const REMEMBERED: u64 = 64;

/// What became of a packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Arrival {
    /// Later than all before it.
    InOrder,
    /// Overtaken by another.
    Late,
    /// It came before.
    Duplicate,
    /// Of another source, or from far away in sequence: it counts when the next one follows it.
    Stray,
}

/// Counts of packets over all runs of a stream.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Packets that the sender numbered, from the first received to the last.
    pub expected: u64,
    /// Of these, those that never came.
    pub lost: u64,
    /// Packets that came after one with a higher number.
    pub late: u64,
    /// Packets that came again.
    pub duplicates: u64,
}

/// What an RTCP report says of a stream (RFC 3550 section 6.4.1).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Reported {
    /// The source that it is about.
    pub ssrc: u32,
    /// The part lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets expected less packets received, duplicates counted.
    pub lost: i32,
    /// The highest sequence number, with the count of its wraps above.
    pub highest: u32,
    /// Interarrival jitter.
    pub jitter: u32,
}

/// What was received of one stream.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    run: Option<Run>,
    /// Where a new run would begin: a source, and the number that its next packet should have.
    next_run: Option<(u32, u16)>,
    past: Counts,
    /// The greatest jitter, in sixteenths of a tick.
    worst_jitter: u32,
}

#[derive(Copy, Clone, Debug)]
struct Run {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    late: u64,
    duplicates: u64,
    /// Bit n is set when the packet n before the highest has come.
    seen: u64,
    /// Arrival less timestamp of the last packet of sound.
    transit: Option<u32>,
    /// In sixteenths of a tick, as A.8 keeps it.
    jitter: u32,
    expected_before: u64,
    received_before: u64,
}

impl Run {
    fn begin(ssrc: u32, sequence: u16) -> Self {
        // One lap of room below, so that a packet from before the first has a number too.
        let first = (1 << 16) | u64::from(sequence);
        Self {
            ssrc,
            first,
            highest: first,
            received: 1,
            late: 0,
            duplicates: 0,
            seen: 1,
            transit: None,
            jitter: 0,
            expected_before: 0,
            received_before: 0,
        }
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn counts(&self) -> Counts {
        let expected = self.expected();
        let lost = expected.saturating_sub(self.received - self.duplicates);
        Counts { expected, lost, late: self.late, duplicates: self.duplicates }
    }

    /// Notes a packet so far ahead of the highest.
    fn advance(&mut self, ahead: u16) -> Arrival {
        self.received += 1;
        if ahead == 0 {
            self.duplicates += 1;
            return Arrival::Duplicate;
        }
        self.highest += u64::from(ahead);
        self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
        Arrival::InOrder
    }

    /// Notes a packet so far behind the highest.
    fn catch_up(&mut self, behind: u16) -> Arrival {
        self.received += 1;
        let behind = u64::from(behind);
        // There is a lap of room below the first, and the jump is shorter than that.
        self.first = self.first.min(self.highest - behind);
        if behind < REMEMBERED {
            let bit = 1 << behind;
            if self.seen & bit != 0 {
                self.duplicates += 1;
                return Arrival::Duplicate;
            }
            self.seen |= bit;
        }
        self.late += 1;
        Arrival::Late
    }
}

impl Reception {
    /// Notes a packet, and says what became of it.
    pub fn note(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        let Some(run) = &mut self.run else {
            self.run = Some(Run::begin(ssrc, sequence));
            return Arrival::InOrder;
        };
        if run.ssrc == ssrc {
            let ahead = sequence.wrapping_sub((run.highest & 0xFFFF) as u16);
            if ahead < MAX_DROPOUT {
                return run.advance(ahead);
            }
            let behind = ahead.wrapping_neg();
            if behind <= MAX_MISORDER {
                return run.catch_up(behind);
            }
        }
        self.note_stray(ssrc, sequence)
    }

    fn note_stray(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        if self.next_run.take() != Some((ssrc, sequence)) {
            self.next_run = Some((ssrc, sequence.wrapping_add(1)));
            return Arrival::Stray;
        }
        self.past = self.counts();
        // The run began with the stray before.
        let mut run = Run::begin(ssrc, sequence.wrapping_sub(1));
        run.advance(1);
        self.run = Some(run);
        Arrival::InOrder
    }

    /// Notes when a packet of sound arrived and what timestamp it has (A.8). Packets of events are no measure, for their timestamps
    /// stand still.
    pub fn time(&mut self, timestamp: u32, arrival: u32) {
        let Some(run) = &mut self.run else { return };
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = run.transit.replace(transit) {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            // Nobody's packets are minutes apart; a sender that sets its clock anew is not late.
            if difference < 1 << 20 {
                run.jitter = (run.jitter + difference) - ((run.jitter + 8) >> 4);
                self.worst_jitter = self.worst_jitter.max(run.jitter);
            }
        }
    }

    /// The clock of timestamps is another one from now on.
    pub fn change_clock(&mut self) {
        self.worst_jitter = 0;
        if let Some(run) = &mut self.run {
            (run.transit, run.jitter) = (None, 0);
        }
    }

    /// The source of the run that goes on.
    pub fn ssrc(&self) -> Option<u32> {
        self.run.map(|run| run.ssrc)
    }

    /// What was counted from the beginning, over all runs.
    pub fn counts(&self) -> Counts {
        let now = self.run.map(|run| run.counts()).unwrap_or_default();
        Counts {
            expected: self.past.expected + now.expected,
            lost: self.past.lost + now.lost,
            late: self.past.late + now.late,
            duplicates: self.past.duplicates + now.duplicates,
        }
    }

    /// Interarrival jitter now and at its worst, in ticks.
    pub fn jitter(&self) -> (u32, u32) {
        (self.run.map_or(0, |run| run.jitter >> 4), self.worst_jitter >> 4)
    }

    /// What a report says now; the part lost counts from the report before. `None` when nothing came.
    pub fn report(&mut self) -> Option<Reported> {
        let run = self.run.as_mut()?;
        let expected = run.expected();
        let expected_since = expected.saturating_sub(run.expected_before);
        let received_since = run.received.saturating_sub(run.received_before);
        (run.expected_before, run.received_before) = (expected, run.received);
        let lost_since = expected_since.saturating_sub(received_since);
        let fraction = (lost_since << 8).checked_div(expected_since).unwrap_or(0);
        let lost = i64::try_from(expected).unwrap_or(i64::MAX) - i64::try_from(run.received).unwrap_or(i64::MAX);
        Some(Reported {
            ssrc: run.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: i32::try_from(lost.clamp(-0x80_0000, 0x7F_FFFF)).unwrap_or(0),
            // One lap less: the room below the first is our own.
            highest: ((run.highest - (1 << 16)) & 0xFFFF_FFFF) as u32,
            jitter: run.jitter >> 4,
        })
    }
}

#[cfg(test)]
mod tests;
