//! The packets that a phone received, and whether they are one unbroken stream.
//!
//! Shape: [`Received`] packets in arrival order in, every [`Break`] out.
//! Units: sequence numbers count packets, RTP timestamps count samples of 8 kHz; both wrap.
//! Sources: RFC 3550 §5.1.

use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::Instant;

/// An RTP packet that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// When it arrived.
    pub at: Instant,
    /// The address at which it arrived.
    pub local: SocketAddr,
    /// The source identifier.
    pub ssrc: u32,
    /// The sequence number.
    pub sequence: u16,
    /// The RTP timestamp.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// The payload type.
    pub payload_type: u8,
    /// The payload.
    pub payload: Bytes,
}

/// What is expected of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The time from packet to packet.
    pub ptime: Duration,
    /// How far an arrival may be from its place in the row that the first packet began.
    pub tolerance: Duration,
}

/// A place where a stream is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// Another source began.
    Source {
        /// The packet's place among those received.
        packet: usize,
    },
    /// A sequence number does not follow.
    Sequence {
        /// The packet's place among those received.
        packet: usize,
        /// One more than the one before.
        expected: u16,
        /// What came.
        came: u16,
    },
    /// A timestamp does not follow.
    Timestamp {
        /// The packet's place among those received.
        packet: usize,
        /// By how many samples it is off.
        off: i32,
    },
    /// A packet came too early or too late.
    Arrival {
        /// The packet's place among those received.
        packet: usize,
        /// When it should have come, counted from the first.
        expected: Duration,
        /// When it came, counted from the first.
        came: Duration,
    },
    /// A marker bit in the middle.
    Marker {
        /// The packet's place among those received.
        packet: usize,
    },
}

/// Every place where the packets are not one stream at this pace; at most as many as there are packets, five times.
pub fn breaks(packets: &[Received], pace: Pace) -> Vec<Break> {
    let mut found = Vec::new();
    let Some(first) = packets.first() else { return found };
    let step = u32::try_from(pace.ptime.as_millis() * 8).unwrap_or(u32::MAX);
    for (packet, pair) in (1..).zip(packets.windows(2)) {
        let (before, now) = (&pair[0], &pair[1]);
        if now.ssrc != before.ssrc {
            found.push(Break::Source { packet });
        }
        let expected = before.sequence.wrapping_add(1);
        if now.sequence != expected {
            found.push(Break::Sequence { packet, expected, came: now.sequence });
        }
        let off = now.timestamp.wrapping_sub(before.timestamp.wrapping_add(step)).cast_signed();
        if off != 0 {
            found.push(Break::Timestamp { packet, off });
        }
        if now.marker {
            found.push(Break::Marker { packet });
        }
        let expected = pace.ptime * u32::try_from(packet).unwrap_or(u32::MAX);
        let came = now.at - first.at;
        if came.abs_diff(expected) > pace.tolerance {
            found.push(Break::Arrival { packet, expected, came });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(count: u16) -> Vec<Received> {
        let began = Instant::now();
        let packet = |number: u16| Received {
            at: began + Duration::from_millis(20) * u32::from(number),
            local: ([127, 0, 0, 1], 4_000).into(),
            ssrc: 7,
            sequence: 65_530u16.wrapping_add(number),
            timestamp: (u32::MAX - 300).wrapping_add(160 * u32::from(number)),
            marker: number == 0,
            payload_type: 8,
            payload: Bytes::from_static(&[0xD5; 160]),
        };
        (0..count).map(packet).collect()
    }

    const PACE: Pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(1) };

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_wraps_is_unbroken() {
        assert_eq!(breaks(&row(20), PACE), []);
        assert_eq!(breaks(&[], PACE), []);
    }

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_break_is_found_where_it_is() {
        let check = |change: fn(&mut Vec<Received>), expect: &[Break]| {
            let mut packets = row(6);
            change(&mut packets);
            assert_eq!(breaks(&packets, PACE), expect);
        };
        check(|packets| packets[5].ssrc = 8, &[Break::Source { packet: 5 }]);
        check(|packets| packets[5].marker = true, &[Break::Marker { packet: 5 }]);
        check(|packets| packets[5].timestamp += 80, &[Break::Timestamp { packet: 5, off: 80 }]);
        check(
            |packets| drop(packets.remove(4)),
            &[
                Break::Sequence { packet: 4, expected: 65_534, came: 65_535 },
                Break::Timestamp { packet: 4, off: 160 },
                Break::Arrival { packet: 4, expected: Duration::from_millis(80), came: Duration::from_millis(100) },
            ],
        );
    }
}
