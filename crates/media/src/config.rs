//! What a stream is told when it opens and when an offer and answer change it.
//!
//! Shape: plain values; the SDP rooms make [`Negotiated`], the owner adds what is random.
//! Units: `ptime` is the time one packet covers, 10 to 60 ms in steps of 10; other values become the nearest allowed. Opus goes in
//! packets of 20 ms, whatever is asked, and linear sound at 16 kHz in packets of 40 ms at most.
//! Sources: RFC 3264 section 5.1 (direction), RFC 8866 section 6.4 (`a=ptime`), RFC 3550 section 5.1 (random starts).

use crate::codec::{Codec, OPUS_PTIME};
use std::net::SocketAddr;
use std::time::Duration;

/// The packet length used where nobody asks for another.
pub const DEFAULT_PTIME: Duration = Duration::from_millis(20);
/// The longest packet length, which bounds the size of a packet.
pub const MAX_PTIME: Duration = Duration::from_millis(60);
const PTIME_STEP_MS: u128 = 10;
/// Codecs beside the chosen one that are kept from a description.
pub const OTHERS: usize = 4;
/// The largest payload that we send, which leaves room in a packet of 1,500 bytes for all headers there are: 40 ms of the widest
/// codec, linear sound at 16 kHz.
pub(crate) const MAX_PAYLOAD: usize = 1_280;

/// Which way sound may flow, as seen from our side.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We speak, the peer does not.
    SendOnly,
    /// The peer speaks, we do not: the peer put us on hold.
    RecvOnly,
    /// Nobody speaks.
    Inactive,
}

impl Direction {
    /// Whether packets may leave us.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether packets may come to us.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow as the other side calls it (RFC 3264 section 6.1).
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::SendRecv | Self::Inactive => self,
        }
    }

    /// What remains when both sides must allow a flow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self.sends() && other.sends(), self.receives() && other.receives()) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }
}

/// Which way the RTCP of a stream goes.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum RtcpPath {
    /// From the port above that of RTP to the port above the peer's (RFC 3550 section 11).
    #[default]
    Beside,
    /// From the port above that of RTP to this address, which the peer named (RFC 3605).
    At(SocketAddr),
    /// With RTP, on the same port (RFC 5761).
    Muxed,
}

/// What an offer and its answer agreed on for one stream.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Negotiated {
    /// The codec of both directions.
    pub codec: Codec,
    /// The payload type that stands for the codec.
    pub payload_type: u8,
    /// What else the peer may send under numbers of its own: an answer that names several codecs lets each side choose among them
    /// (RFC 3264 section 6.1).
    pub others: [Option<(u8, Codec)>; OTHERS],
    /// The payload type of RFC 4733 digits, where the peer has them.
    pub telephone_event: Option<u8>,
    /// The ticks in a second that durations of these digits count: as many as those of the codec, where the peer offers that.
    pub telephone_event_clock: u32,
    /// The payload type of comfort noise (RFC 3389), where the peer may send it. We send none.
    pub comfort_noise: Option<u8>,
    /// The time that each packet we send covers.
    pub ptime: Duration,
    /// Where the peer wants its packets; `None` on hold by address, or where the address is a name.
    pub remote: Option<SocketAddr>,
    /// Which way sound may flow, as seen from our side.
    pub direction: Direction,
    /// Which way RTCP goes.
    pub rtcp: RtcpPath,
}

impl Negotiated {
    /// A codec under its usual payload types, with digits, 20 ms a packet, both ways, and no address yet.
    pub const fn of(codec: Codec) -> Self {
        Self {
            codec,
            payload_type: codec.payload_type(),
            others: [None; OTHERS],
            telephone_event: Some(101),
            telephone_event_clock: codec.clock_rate(),
            comfort_noise: None,
            ptime: DEFAULT_PTIME,
            remote: None,
            direction: Direction::SendRecv,
            rtcp: RtcpPath::Beside,
        }
    }
}

/// Everything a stream needs to open. The three numbers are random and the owner draws them.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct StreamConfig {
    /// What was agreed on.
    pub negotiated: Negotiated,
    /// The source identifier of all that the stream sends, to its end.
    pub ssrc: u32,
    /// The sequence number of the first packet.
    pub first_sequence: u16,
    /// The RTP timestamp of the first frame.
    pub first_timestamp: u32,
}

/// The allowed packet length nearest to `asked`; half a step goes up.
pub(crate) fn nearest_ptime(asked: Duration) -> Duration {
    let steps = (asked.as_millis() + PTIME_STEP_MS / 2) / PTIME_STEP_MS;
    let allowed = (steps * PTIME_STEP_MS).clamp(PTIME_STEP_MS, MAX_PTIME.as_millis());
    Duration::from_millis(u64::try_from(allowed).unwrap_or(20))
}

/// The packet length of a codec nearest to `asked`.
pub(crate) fn packet_time(codec: Codec, asked: Duration) -> Duration {
    match codec.bytes_per_ms() {
        // For the payload to stay within its bound.
        Some(bytes) => nearest_ptime(asked).min(Duration::from_millis((MAX_PAYLOAD / bytes) as u64)),
        None => OPUS_PTIME,
    }
}

/// One packet of `ptime`: how far it takes the RTP timestamp, and how many bytes of payload it has at most.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Frame {
    pub(crate) ticks: u32,
    pub(crate) bytes: usize,
}

impl Frame {
    pub(crate) fn of(codec: Codec, ptime: Duration) -> Self {
        let milliseconds = u32::try_from(packet_time(codec, ptime).as_millis()).unwrap_or(20);
        let ticks = codec.clock_rate() / 1_000 * milliseconds;
        let bytes = codec.bytes_per_ms().map_or(MAX_PAYLOAD, |bytes| bytes * milliseconds as usize);
        Self { ticks, bytes: bytes.min(MAX_PAYLOAD) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_length_becomes_the_nearest_allowed_one() {
        for (asked, expect) in [(0, 10), (10, 10), (14, 10), (15, 20), (20, 20), (30, 30), (61, 60), (3_000, 60)] {
            assert_eq!(nearest_ptime(Duration::from_millis(asked)), Duration::from_millis(expect), "{asked}");
        }
        assert_eq!(nearest_ptime(Duration::MAX), MAX_PTIME);
    }

    #[test]
    fn directions_mirror_and_combine() {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        for (one, mirrored) in [(SendRecv, SendRecv), (SendOnly, RecvOnly), (RecvOnly, SendOnly), (Inactive, Inactive)]
        {
            assert_eq!(one.mirrored(), mirrored);
            assert_eq!(one.and(SendRecv), one);
            assert_eq!(one.and(Inactive), Inactive);
        }
        assert_eq!(SendOnly.and(RecvOnly), Inactive);
    }
}
