//! Whatever peers send and owners order, in whatever order and however late: nothing panics, and each leg's line holds.

use antiphon_media::rtcp::read::Compound;
use antiphon_media::rtp::packet::{HEADER_LEN, Header, Packet};
use antiphon_media::{
    Audio, Codec, Direction, Due, Keys, MAX_PACKET, Negotiated, PlaybackId, Repeat, RtcpPath, Segment, StreamConfig,
    StreamId, StreamPool,
};
use proptest::prelude::*;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const STREAMS: u64 = 4;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Open(u64, Negotiated),
    Close(u64),
    Reconfigure(u64, Negotiated),
    Play(u64, usize, bool),
    Stop(u64),
    Bridge(u64, u64),
    Part(u64),
    Noise(u64, Vec<u8>),
    Rtp(u64, u16, Header, Vec<u8>),
    Rtcp(u64, u16, u8, u8, Vec<u8>),
}

fn negotiated() -> impl Strategy<Value = Negotiated> {
    let direction = prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive)
    ];
    (any::<bool>(), 0..200u64, prop::option::of(1..4u16), direction, any::<bool>()).prop_map(
        |(is_alaw, ptime, port, direction, events)| {
            let codec = if is_alaw { Codec::Pcma } else { Codec::Pcmu };
            Negotiated {
                telephone_event: events.then_some(101),
                ptime: Duration::from_millis(ptime),
                remote: port.map(at),
                direction,
                rtcp: if ptime % 3 == 0 { RtcpPath::Muxed } else { RtcpPath::Beside },
                ..Negotiated::of(codec)
            }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..STREAMS + 1;
    let header = (prop_oneof![Just(0u8), Just(8), Just(101), any::<u8>()], any::<u16>(), any::<u32>(), 0..3u32);
    let header = header.prop_map(|(payload_type, sequence, timestamp, ssrc)| Header {
        marker: sequence % 3 == 0,
        payload_type,
        sequence: sequence % 64,
        timestamp: if timestamp % 5 == 0 { timestamp } else { timestamp % 4_000 },
        ssrc,
    });
    let payload = || prop::collection::vec(any::<u8>(), 0..400);
    prop_oneof![
        8 => (0..70u64).prop_map(Step::Wait),
        1 => (1_000..100_000u64).prop_map(Step::Wait),
        3 => (id(), negotiated()).prop_map(|(id, one)| Step::Open(id, one)),
        1 => id().prop_map(Step::Close),
        2 => (id(), negotiated()).prop_map(|(id, one)| Step::Reconfigure(id, one)),
        3 => (id(), 0..2_000usize, any::<bool>()).prop_map(|(id, samples, forever)| Step::Play(id, samples, forever)),
        1 => id().prop_map(Step::Stop),
        2 => (id(), id()).prop_map(|(one, other)| Step::Bridge(one, other)),
        1 => id().prop_map(Step::Part),
        2 => (id(), payload()).prop_map(|(id, bytes)| Step::Noise(id, bytes)),
        4 => (id(), 1..4u16, any::<u8>(), 199..206u8, payload()).prop_map(|(id, port, first, kind, bytes)| {
            Step::Rtcp(id, port, first, kind, bytes)
        }),
        8 => (id(), 1..4u16, header, payload()).prop_map(|(id, port, header, bytes)| Step::Rtp(id, port, header, bytes)),
    ]
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn segments(samples: usize) -> Vec<Segment> {
    let audio = Arc::new(Audio::from_pcm(&vec![99; samples]));
    vec![Segment::Audio(audio), Segment::Silence(Duration::from_micros(samples as u64))]
}

fn hear(pool: &mut StreamPool, now: Instant, id: u64, from: SocketAddr, datagram: &[u8]) {
    if let Some(slot) = pool.slot(StreamId(id)) {
        pool.handle_datagram(now, slot, from, datagram);
    }
}

fn order(pool: &mut StreamPool, now: Instant, step: Step) {
    match step {
        Step::Wait(_) => {}
        Step::Open(id, negotiated) => {
            let config = StreamConfig { negotiated, ssrc: 7, first_sequence: 65_000, first_timestamp: 0 };
            let _ = pool.open(now, StreamId(id), config);
        }
        Step::Close(id) => drop(pool.close(StreamId(id))),
        Step::Reconfigure(id, negotiated) => pool.reconfigure(now, StreamId(id), negotiated),
        Step::Play(id, samples, forever) => {
            let repeat = if forever { Repeat::Forever } else { Repeat::Once };
            pool.play(StreamId(id), PlaybackId(1), segments(samples), repeat, Keys::ALL);
        }
        Step::Stop(id) => pool.stop_playback(StreamId(id)),
        Step::Bridge(one, other) => pool.bridge(StreamId(one), StreamId(other)),
        Step::Part(id) => pool.unbridge(StreamId(id)),
        Step::Noise(id, bytes) => hear(pool, now, id, at(1), &bytes),
        Step::Rtcp(id, port, first, kind, body) => hear_control(pool, now, id, at(port), [first, kind], &body),
        Step::Rtp(id, port, header, payload) => {
            let mut datagram = vec![0; HEADER_LEN];
            header.write(datagram.first_chunk_mut().expect("it is a header long"));
            datagram.extend(payload);
            hear(pool, now, id, at(port), &datagram);
        }
    }
}

/// A datagram of RTCP, whose length is right more often than not.
fn hear_control(pool: &mut StreamPool, now: Instant, id: u64, from: SocketAddr, head: [u8; 2], body: &[u8]) {
    let Some(slot) = pool.slot(StreamId(id)) else { return };
    let words = u16::try_from(body.len() / 4).expect("it is short").to_be_bytes();
    let datagram = [&[0x80 | (head[0] & 0x3F), head[1], words[0], words[1]], body].concat();
    pool.handle_control(now, slot, from, &datagram);
    pool.handle_datagram(now, slot, from, &datagram);
}

/// The sequence number that each stream must send next.
type Lines = HashMap<StreamId, u16>;

fn service(pool: &mut StreamPool, now: Instant, lines: &mut Lines) {
    let mut buffer = [0; MAX_PACKET];
    let mut served = Vec::new();
    while let Some(Due { stream: id, slot, .. }) = pool.poll_due(now) {
        assert!(!served.contains(&id), "each once");
        served.push(id);
        let mut packets = 0;
        while let Some(transmit) = pool.poll_transmit(now, slot, &mut buffer) {
            let packet = Packet::parse(transmit.payload).expect("what we send is RTP");
            let next = lines.entry(id).or_insert(65_000);
            assert_eq!((packet.sequence, packet.ssrc), (*next, 7));
            *next = next.wrapping_add(1);
            packets += 1;
        }
        assert!(packets <= 4, "one due and three late");
        if let Some(report) = pool.poll_control(now, slot, &mut buffer) {
            assert!(Compound::parse(report.transmit.payload).is_ok_and(|packets| packets.count() == 2));
        }
        let _ = pool.summary(id).map(|summary| (summary.mos_heard(), summary.mos_told()));
    }
    assert!(pool.poll_timeout().is_none_or(|next| next > now), "the next service is to come");
    while pool.poll_event().is_some() {}
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_orders_and_packets_are_survived(steps in prop::collection::vec(step(), 0..120)) {
        #[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the test only adds to it")]
        let mut now = Instant::now();
        let mut pool = StreamPool::new(now, STREAMS as usize);
        let mut lines = Lines::new();
        for step in steps {
            match step {
                Step::Wait(time) => {
                    now += Duration::from_millis(time);
                    service(&mut pool, now, &mut lines);
                }
                Step::Close(id) => {
                    lines.remove(&StreamId(id));
                    order(&mut pool, now, step);
                }
                _ => order(&mut pool, now, step),
            }
        }
    }
}
