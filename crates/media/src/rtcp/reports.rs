//! What one stream and its peer report to each other, and when we do.
//!
//! Shape: [`Reports::write`] makes our next compound of what was sent and received; [`Reports::hear`] takes the peer's.
//! Units: the peer's numbers as they came, with the round trip beside them.
//! Time: told, as an instant and in NTP format. A report goes out 2.5 s after the beginning and every 5 s from then on, each time
//! between half and one and a half of that, as chance has it.
//! Errors: what is no RTCP is counted.
//! Sources: RFC 3550 sections 6.2 and 6.3 (when), 6.4.1 (round trip), 6.4.2 (who is no sender).

use super::ntp::{NtpTime, duration_of_short, short};
use super::read::{Blocks, Compound, Packet};
use super::write::{CNAME_LEN, Cname, Farewell, MAX_REPORT, Report};
use super::{Block, Sending};
use crate::rtp::reception::Reception;
use std::time::{Duration, Instant};

/// From one report to the next on the average (RFC 3550 section 6.2: the least for so few that bandwidth is no matter).
const INTERVAL: Duration = Duration::from_secs(5);
/// A round trip beyond this is a peer's mistake.
const LONGEST_TRIP: Duration = Duration::from_secs(60);
/// What rounding may take from a round trip of nothing, in 65536ths of a second: a millisecond.
const ROUNDING: i64 = 66;
/// Packets that a peer cannot have missed by chance between two of its reports.
const ENOUGH: u32 = 50;
/// The part lost, in 256ths, from which on a peer hears nothing.
const ALL_LOST: u8 = 250;
/// Reports without a word on us, [`ENOUGH`] packets apart, that say that nothing came.
const WORDLESS: u8 = 3;

/// What a peer says that it receives of us.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct RemoteReport {
    /// The part lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning.
    pub lost: i32,
    /// The highest sequence number that it received, with its wraps above.
    pub highest: u32,
    /// Interarrival jitter, in ticks of the RTP clock.
    pub jitter: u32,
    /// How long a packet takes to the peer and back, where it can be told.
    pub round_trip: Option<Duration>,
    /// When the report came.
    pub at: Instant,
}

/// What was sent up to now.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) ssrc: u32,
    /// The RTP timestamp of now.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// What a datagram of the peer was.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    Report,
    Malformed,
}

/// Whether a peer says that it sends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Sends {
    /// Its count of packets grew from one report to the next.
    Yes,
    /// Its reports say that it sends nothing.
    No,
}

#[derive(Debug)]
pub(crate) struct Reports {
    cname: Cname,
    dice: u32,
    next: Instant,
    /// How much had been sent at the last two reports.
    sent_before: [u32; 2],
    begun: bool,
    /// Who sent the last sender report, what it said, and when it came.
    last_report: Option<(u32, Sending, Instant)>,
    sends: Option<Sends>,
    remote: Option<RemoteReport>,
    /// What we had sent when the peer's highest number last grew, or a report without a word on us was counted.
    sent_at_remote: u32,
    hears_nothing: bool,
    wordless: u8,
    last_heard: Option<Instant>,
}

impl Reports {
    /// Reports of a stream that begins at `now`; the numbers are those that its owner drew for it.
    pub(crate) fn new(now: Instant, ssrc: u32, timestamp: u32, sequence: u16) -> Self {
        let mut random = [0; CNAME_LEN / 2];
        for (byte, drawn) in random
            .iter_mut()
            .zip(ssrc.to_be_bytes().into_iter().chain(timestamp.to_be_bytes()).chain(sequence.to_be_bytes()))
        {
            *byte = drawn;
        }
        let mut reports = Self {
            cname: Cname::new(random),
            dice: (ssrc ^ timestamp.rotate_left(16) ^ u32::from(sequence)) | 1,
            next: now,
            sent_before: [0; 2],
            begun: false,
            last_report: None,
            sends: None,
            remote: None,
            sent_at_remote: 0,
            hears_nothing: false,
            wordless: 0,
            last_heard: None,
        };
        reports.next = now + reports.spread(INTERVAL / 2);
        reports
    }

    /// Between half and one and a half of a time.
    fn spread(&mut self, mean: Duration) -> Duration {
        // Xorshift: the dice are never 0, so they never stop.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        mean / 2 + mean * (self.dice >> 16) / 0x1_0000
    }

    /// When the next report is due.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// Whether a report has gone out.
    pub(crate) fn have_begun(&self) -> bool {
        self.begun
    }

    /// What the peer said last of our packets.
    pub(crate) fn remote(&self) -> Option<RemoteReport> {
        self.remote
    }

    /// Whether the peer says that it sends; `None` while it has not said.
    pub(crate) fn sends(&self) -> Option<Sends> {
        self.sends
    }

    /// Whether the peer's reports say that nothing of us reaches it.
    pub(crate) fn peer_hears_nothing(&self) -> bool {
        self.hears_nothing
    }

    /// When the peer's last report came.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        self.last_heard
    }

    /// Writes the report of now, and says how long it is; the next one is due a while later.
    pub(crate) fn write(
        &mut self,
        (now, ntp): (Instant, NtpTime),
        sent: Sent,
        received: &mut Reception,
        farewell: Farewell,
        into: &mut [u8; MAX_REPORT],
    ) -> usize {
        let [before, last] = self.sent_before;
        // A sender is who sent since the report before the last (RFC 3550 section 6.4).
        let is_sender = sent.packets != before;
        self.sent_before = [last, sent.packets];
        let Sent { ssrc, timestamp, packets, octets } = sent;
        let sending = is_sender.then_some(Sending { ntp, timestamp, packets, octets });
        let block = received.report().map(|reported| {
            let last = self.last_report.filter(|(source, ..)| *source == reported.ssrc);
            let delay = |(_, _, at): (u32, Sending, Instant)| short(now.saturating_duration_since(at));
            Block {
                ssrc: reported.ssrc,
                fraction_lost: reported.fraction_lost,
                lost: reported.lost,
                highest: reported.highest,
                jitter: reported.jitter,
                last_report: last.map_or(0, |(_, sending, _)| sending.ntp.middle()),
                delay: last.map_or(0, delay),
            }
        });
        self.begun = true;
        self.next = now + self.spread(INTERVAL);
        Report { ssrc, sending, block, cname: self.cname, farewell }.write(into)
    }

    /// Takes a datagram of the peer, which came at `now`, when we had sent so much.
    pub(crate) fn hear(&mut self, (now, ntp): (Instant, NtpTime), sent: Sent, datagram: &[u8]) -> Heard {
        let Ok(compound) = Compound::parse(datagram) else { return Heard::Malformed };
        self.last_heard = Some(now);
        let mut is_sender = false;
        for packet in compound {
            match packet {
                Packet::Sender { ssrc, sending, blocks } => {
                    is_sender = true;
                    self.take_sending(now, ssrc, sending);
                    self.take_blocks((now, ntp), sent, blocks);
                }
                Packet::Receiver { blocks, .. } => {
                    // Behind a sender's report it is the rest of a long one.
                    if !is_sender {
                        self.sends = Some(Sends::No);
                    }
                    self.take_blocks((now, ntp), sent, blocks);
                }
                Packet::Description { .. } | Packet::Goodbye { .. } | Packet::Other(_) => {}
            }
        }
        Heard::Report
    }

    /// Takes what the peer says of its sending.
    fn take_sending(&mut self, now: Instant, ssrc: u32, sending: Sending) {
        let before = self.last_report.filter(|(source, ..)| *source == ssrc).map(|(_, before, _)| before);
        // The network's copy of a report that is known says nothing of now.
        if before == Some(sending) {
            return;
        }
        self.last_report = Some((ssrc, sending, now));
        self.sends = match before {
            Some(before) if sending.packets != before.packets => Some(Sends::Yes),
            Some(_) => Some(Sends::No),
            None => (sending.packets == 0).then_some(Sends::No),
        };
    }

    /// Takes what the peer says of us among the sources that it reports on.
    fn take_blocks(&mut self, (now, ntp): (Instant, NtpTime), sent: Sent, mut blocks: Blocks<'_>) {
        let sent_since = sent.packets.wrapping_sub(self.sent_at_remote);
        let Some(block) = blocks.find(|block| block.ssrc == sent.ssrc) else {
            if sent_since >= ENOUGH {
                self.sent_at_remote = sent.packets;
                self.wordless = self.wordless.saturating_add(1);
                self.hears_nothing |= self.wordless >= WORDLESS;
            }
            return;
        };
        let stands = self.remote.is_some_and(|before| before.highest == block.highest);
        self.hears_nothing = (stands && sent_since >= ENOUGH) || block.fraction_lost >= ALL_LOST;
        self.wordless = 0;
        if !stands {
            self.sent_at_remote = sent.packets;
        }
        let round_trip = round_trip(ntp, &block).or(self.remote.and_then(|before| before.round_trip));
        let Block { fraction_lost, lost, highest, jitter, .. } = block;
        self.remote = Some(RemoteReport { fraction_lost, lost, highest, jitter, round_trip, at: now });
    }
}

/// The round trip that a report tells of (RFC 3550 section 6.4.1); `None` where it holds none that can be.
fn round_trip(arrived: NtpTime, block: &Block) -> Option<Duration> {
    if block.last_report == 0 {
        return None;
    }
    let ticks = i64::from(arrived.middle().wrapping_sub(block.last_report)) - i64::from(block.delay);
    let ticks = if (-ROUNDING..0).contains(&ticks) { 0 } else { u32::try_from(ticks).ok()? };
    Some(duration_of_short(ticks)).filter(|trip| *trip <= LONGEST_TRIP)
}

#[cfg(test)]
mod tests;
