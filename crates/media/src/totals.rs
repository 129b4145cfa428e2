//! What is counted.
//!
//! Shape: plain counters of one stream, which add up to those of a pool.
//! Units: packets, but for frames and samples where the name says so.

use crate::srtp::SrtpError;
use std::ops::AddAssign;

/// Received packets that were not used, by reason.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Dropped {
    /// Neither RTP nor RTCP of version 2, or a length that lies.
    pub malformed: u64,
    /// A payload type that was not negotiated; RTCP on the same port counts here, unless that was agreed on.
    pub unknown_payload: u64,
    /// From another source than the one that is latched.
    pub foreign_source: u64,
    /// Not authentic, where packets are protected: altered, under another key, or plain.
    pub unauthentic: u64,
    /// Taken before, or too old to know, where packets are protected.
    pub replayed: u64,
    /// More sound in one packet than a bridge may hold.
    pub oversize: u64,
    /// For a stream that is not open; only in the totals of a pool.
    pub unknown_stream: u64,
}

/// The counters of one stream from its opening, or of a pool.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct StreamTotals {
    /// Packets sent.
    pub sent: u64,
    /// Packets received and used.
    pub received: u64,
    /// Packets that the peer numbered and that did not come.
    pub lost: u64,
    /// Frames sent late, in one service with their followers.
    pub caught_up_frames: u64,
    /// Frames too late to be sent at all.
    pub skipped_frames: u64,
    /// Samples received for a bridge and dropped there: too late or too many.
    pub bridge_dropped_samples: u64,
    /// Digits that were heard and found the event queue full.
    pub refused_events: u64,
    /// Digits that were not passed on over a bridge, because too many waited.
    pub refused_relays: u64,
    /// RTCP datagrams sent.
    pub reports_sent: u64,
    /// RTCP datagrams received and used.
    pub reports_received: u64,
    /// Received packets that were not used.
    pub dropped: Dropped,
}

impl Dropped {
    /// Counts a packet that is not what a protected stream takes.
    pub(crate) fn count(&mut self, error: SrtpError) {
        match error {
            SrtpError::Replayed => self.replayed += 1,
            SrtpError::TooLong => self.oversize += 1,
            SrtpError::Malformed => self.malformed += 1,
            SrtpError::Unauthentic | SrtpError::UsedUp => self.unauthentic += 1,
        }
    }
}

impl AddAssign for Dropped {
    fn add_assign(&mut self, other: Self) {
        self.malformed += other.malformed;
        self.unknown_payload += other.unknown_payload;
        self.foreign_source += other.foreign_source;
        self.unauthentic += other.unauthentic;
        self.replayed += other.replayed;
        self.oversize += other.oversize;
        self.unknown_stream += other.unknown_stream;
    }
}

impl AddAssign for StreamTotals {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.lost += other.lost;
        self.caught_up_frames += other.caught_up_frames;
        self.skipped_frames += other.skipped_frames;
        self.bridge_dropped_samples += other.bridge_dropped_samples;
        self.refused_events += other.refused_events;
        self.refused_relays += other.refused_relays;
        self.reports_sent += other.reports_sent;
        self.reports_received += other.reports_received;
        self.dropped += other.dropped;
    }
}
