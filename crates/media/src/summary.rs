//! What one stream was, for people.
//!
//! Shape: a copy of plain values, taken when somebody asks; nothing is noted for it packet by packet.
//! Units: packets and `Duration`s; loss as a part of 1; scores from 1 to 4.5.
//! Sources: RFC 3550 section 6.4.1; ITU-T G.107 (scores).

use crate::config::Negotiated;
use crate::dtmf::KeyLog;
use crate::quality::Impairment;
use crate::rtp::reception::Counts;
use crate::srtp::Suite;
use crate::totals::StreamTotals;
use std::net::SocketAddr;
use std::time::Duration;

/// Packets below which a score says nothing: one second of them.
const TOO_FEW: u64 = 50;

/// One stream up to now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct StreamSummary {
    /// What the last offer and answer agreed on.
    pub negotiated: Negotiated,
    /// The source that we send as.
    pub ssrc: u32,
    /// The source that the peer sent as last; `None` when nothing usable came.
    pub peer_ssrc: Option<u32>,
    /// Where the peer's packets come from; `None` when nothing usable came.
    pub source: Option<SocketAddr>,
    /// How its last keys came, and what became of them.
    pub keys: KeyLog,
    /// Where the last packet came from that was refused because of that.
    pub stranger: Option<SocketAddr>,
    /// The last payload type that came and was not agreed on.
    pub unknown_payload: Option<u8>,
    /// What protects its packets; `None` while they are plain.
    pub suite: Option<Suite>,
    /// What was counted.
    pub totals: StreamTotals,
    /// What of the peer's packets came and what did not.
    pub reception: Counts,
    /// Interarrival jitter of the peer's packets, now.
    pub jitter: Duration,
    /// The same at its worst.
    pub worst_jitter: Duration,
    /// What the peer says that it receives.
    pub peer: Option<PeerReport>,
}

/// What a peer says that it receives of us, by its last report.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct PeerReport {
    /// Packets of ours that it should have.
    pub expected: u64,
    /// Of these, those that it says it lost.
    pub lost: u64,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// The time to the peer and back, where it can be told.
    pub round_trip: Option<Duration>,
}

impl PeerReport {
    /// The part of our packets that the peer lost.
    pub fn loss(&self) -> Option<f64> {
        part(self.lost, self.expected)
    }
}

impl StreamSummary {
    /// The time to the peer and back, where its reports tell.
    pub fn round_trip(&self) -> Option<Duration> {
        self.peer.and_then(|peer| peer.round_trip)
    }

    /// The part of the peer's packets that did not come.
    pub fn loss(&self) -> Option<f64> {
        part(self.reception.lost, self.reception.expected)
    }

    /// The score of what comes from the peer.
    pub fn mos_heard(&self) -> Option<f64> {
        let loss = self.loss().filter(|_| self.reception.expected >= TOO_FEW)?;
        Some(self.mos(loss, self.jitter))
    }

    /// The score of what the peer hears of us, by its reports.
    pub fn mos_told(&self) -> Option<f64> {
        let peer = self.peer.filter(|peer| peer.expected >= TOO_FEW)?;
        Some(self.mos(peer.loss()?, peer.jitter))
    }

    /// From mouth to ear it takes half the round trip, a packet to fill, and a jitter buffer of twice the jitter.
    fn mos(&self, loss: f64, jitter: Duration) -> f64 {
        let way = self.round_trip().unwrap_or_default() / 2;
        let delay = way + self.negotiated.ptime + 2 * jitter;
        Impairment { codec: self.negotiated.codec, loss, delay }.mos()
    }
}

/// A part of a whole that is not empty. Both are counts of packets, far below what a float holds exactly.
fn part(some: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| some as f64 / all as f64)
}
