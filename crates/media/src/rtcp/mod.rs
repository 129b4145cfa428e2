//! RTCP: what both ends of a stream tell each other of it.
//!
//! Shape: [`read`] takes compound packets of peers apart, [`write`](mod@write) makes ours; [`ntp`] is the time that both are dated in;
//! `Reports` is what one stream says, has heard, and when it says it again.
//! Units: those of the wire in [`read`] and [`write`](mod@write); `Duration`s in what `Reports` tells.
//! Time: told.
//! Errors: a datagram that is no RTCP is counted and otherwise without effect.
//! Sources: RFC 3550 section 6, RFC 5506 (reduced size), RFC 5761 (RTP and RTCP on one port), RFC 7022 (CNAME).

pub mod ntp;
pub mod read;
mod reports;
pub mod write;

pub use ntp::{NtpClock, NtpTime};
pub use reports::RemoteReport;
pub(crate) use reports::{Heard, Reports, Sends, Sent};

/// A report on one source (RFC 3550 section 6.4.1).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Block {
    /// The source that the report is about.
    pub ssrc: u32,
    /// The part of its packets lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; 24 bits, and below zero where more came than were sent.
    pub lost: i32,
    /// The highest sequence number received, with the count of its wraps above.
    pub highest: u32,
    /// Interarrival jitter, in ticks of the RTP clock.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of the last sender report of that source; 0 for none.
    pub last_report: u32,
    /// How long ago that came, in 65536ths of a second.
    pub delay: u32,
}

/// What a sender says of its sending (RFC 3550 section 6.4.1).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Sending {
    /// When the report was made.
    pub ntp: NtpTime,
    /// The same instant in the RTP clock of the stream.
    pub timestamp: u32,
    /// Packets sent since the beginning.
    pub packets: u32,
    /// Payload bytes sent since the beginning.
    pub octets: u32,
}

const VERSION: u8 = 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
/// The item of a source description that names its source for good.
const CNAME: u8 = 1;
const BLOCK_LEN: usize = 24;

/// Whether a datagram on a port that carries both is RTCP: its second byte is a packet type from 192 to 223, which read as RTP
/// is a payload type from 64 to 95 (RFC 5761 section 4).
pub const fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [_, 192..=223, ..])
}
