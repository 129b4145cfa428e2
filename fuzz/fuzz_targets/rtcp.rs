//! A compound of RTCP packets: each packet has what it claims to have, and a stream that hears it still reports.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use antiphon_media::rtcp::read::{Compound, Packet};
use antiphon_media::{Codec, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(compound) = Compound::parse(bytes) {
        let mut read = 0;
        for packet in compound {
            read += 4;
            if let Packet::Sender { blocks, .. } | Packet::Receiver { blocks, .. } = packet {
                read += 4 + 24 * blocks.count();
            }
        }
        assert!(0 < read && read <= bytes.len(), "{read} of {}", bytes.len());
    }
    let (mut now, peer) = (Instant::now(), SocketAddr::from(([192, 0, 2, 1], 4000)));
    let mut pool = StreamPool::new(now, 1);
    let negotiated = Negotiated { remote: Some(peer), ..Negotiated::of(Codec::Pcma) };
    // The peer may know our source, since we send.
    let config = StreamConfig { negotiated, ssrc: 0x0101_0101, first_sequence: 1, first_timestamp: 1 };
    let slot = pool.open(now, StreamId(1), config).expect("the pool is empty");
    let mut buffer = [0; MAX_PACKET];
    for _ in 0..10 {
        now += Duration::from_secs(1);
        while pool.poll_due(now).is_some() {}
        while pool.poll_transmit(now, slot, &mut buffer).is_some() {}
        pool.handle_control(now, slot, peer, bytes);
        if let Some(report) = pool.poll_control(now, slot, &mut buffer) {
            assert!(Compound::parse(report.transmit.payload).is_ok());
        }
    }
    let summary = pool.summary(StreamId(1)).expect("it is open");
    assert!(summary.mos_told().is_none_or(|mos| (1.0..=4.5).contains(&mos)));
});
