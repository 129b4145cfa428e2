//! RTCP under any bytes: each packet has what it claims to have, and a stream that hears it still reports.

use crate::rtcp::read::{Compound, Packet};
use crate::{Codec, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Our source, which a peer knows, since we send.
const SSRC: u32 = 0x0101_0101;
/// How often the stream hears the same, once a second.
const REPEATS: u32 = 10;

/// A compound of a peer.
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; time is only added to it")]
pub fn rtcp(bytes: &[u8]) {
    let is_report = parse(bytes);
    let (mut now, peer) = (Instant::now(), SocketAddr::from(([192, 0, 2, 1], 4_000)));
    let mut pool = StreamPool::new(now, 1);
    let negotiated = Negotiated { remote: Some(peer), ..Negotiated::of(Codec::Pcma) };
    let config = StreamConfig { negotiated, ssrc: SSRC, first_sequence: 1, first_timestamp: 1 };
    let slot = pool.open(now, StreamId(1), config).expect("the pool is empty");
    let (mut buffer, mut told) = ([0; MAX_PACKET], 0);
    for _ in 0..REPEATS {
        now += Duration::from_secs(1);
        while pool.poll_due(now).is_some() {
            while pool.poll_transmit(now, slot, &mut buffer).is_some() {}
        }
        pool.handle_control(now, slot, peer, bytes);
        if let Some(report) = pool.poll_control(now, slot, &mut buffer) {
            assert!(Compound::parse(report.transmit.payload).is_ok(), "what we say is RTCP");
            told += 1;
        }
    }
    assert!(told > 0, "ten seconds hold a report");
    let summary = pool.summary(StreamId(1)).expect("it is open");
    assert!(summary.mos_told().is_none_or(|mos| (1.0..=4.5).contains(&mos)));
    let totals = pool.close(StreamId(1)).expect("it is open");
    let heard = if is_report { u64::from(REPEATS) } else { 0 };
    assert_eq!((totals.reports_received, totals.dropped.malformed), (heard, u64::from(REPEATS) - heard));
}

/// Whether these bytes are a compound; if so, its packets lie within it.
fn parse(bytes: &[u8]) -> bool {
    let Ok(compound) = Compound::parse(bytes) else { return false };
    let read: usize = compound
        .map(|packet| match packet {
            Packet::Sender { blocks, .. } => 28 + 24 * blocks.count(),
            Packet::Receiver { blocks, .. } => 8 + 24 * blocks.count(),
            Packet::Description { cname, .. } => 8 + cname.map_or(0, <[u8]>::len),
            Packet::Goodbye { .. } | Packet::Other(_) => 4,
        })
        .sum();
    assert!(0 < read && read <= bytes.len(), "{read} of {}", bytes.len());
    true
}
