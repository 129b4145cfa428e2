//! Keys as telephone-events and as sound, however broken, on the two legs of a bridge: a packet is at most one key for each of its
//! blocks, and each leg goes on sending a packet every packet time.
#![no_main]

use antiphon_media::rtp::packet::{HEADER_LEN, Header};
use antiphon_media::{
    Codec, Digit, EventKind, Inband, KeyStep, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool,
};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

fn remote(id: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_000 + id as u16))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, 2);
    for (id, telephone_event) in [(0, Some(101)), (1, None)] {
        let negotiated = Negotiated { telephone_event, remote: Some(remote(id)), ..Negotiated::of(Codec::Pcma) };
        let config = StreamConfig { negotiated, ssrc: 9, first_sequence: 0, first_timestamp: 0 };
        pool.open(start, StreamId(id), config).expect("the pool has room");
        pool.use_inband(StreamId(id), Inband::Spoken);
    }
    pool.bridge(StreamId(0), StreamId(1));
    let (mut now, mut blocks, mut keys, mut sent) = (start, 0usize, 0usize, 0u32);
    let mut buffer = [0; MAX_PACKET];
    for (sequence, step) in (0u16..).zip(bytes.chunks(12)) {
        let [wait, timestamp, rest @ ..] = step else { break };
        if *wait == 0 {
            pool.press(
                now,
                StreamId(1),
                Digit::from_event(timestamp % 16).expect("below 16"),
                Duration::from_millis(90),
            );
            pool.send_keys(StreamId(0), vec![KeyStep::Press(Digit::from_event(3).expect("a key"), Duration::ZERO)]);
            blocks += 1;
        }
        let until = now + Duration::from_millis(u64::from(*wait));
        let marker = timestamp % 2 == 1;
        let header = Header { marker, payload_type: 101, sequence, timestamp: u32::from(*timestamp) << 8, ssrc: 5 };
        let mut datagram = [0; HEADER_LEN + 160];
        header.write(datagram.first_chunk_mut().expect("it is longer than a header"));
        datagram[HEADER_LEN..HEADER_LEN + rest.len()].copy_from_slice(rest);
        if let Some(slot) = pool.slot(StreamId(0)) {
            pool.handle_datagram(now, slot, remote(0), &datagram[..HEADER_LEN + rest.len()]);
        }
        blocks += rest.len() / 4;
        if let Some(slot) = pool.slot(StreamId(1)) {
            let sound = Header { payload_type: 8, timestamp: u32::from(sequence) * 160, ..header };
            sound.write(datagram.first_chunk_mut().expect("it is longer than a header"));
            (HEADER_LEN..datagram.len())
                .for_each(|at| datagram[at] = rest.get(at % rest.len().max(1)).copied().unwrap_or(0));
            pool.handle_datagram(now, slot, remote(1), &datagram);
        }
        while let Some(at) = pool.poll_timeout().filter(|at| *at <= until) {
            now = at;
            while let Some(due) = pool.poll_due(now) {
                while pool.poll_transmit(now, due.slot, &mut buffer).is_some() {
                    sent += 1;
                }
            }
        }
        now = until;
        while let Some(event) = pool.poll_event() {
            // Sound of any bytes may hold a key as well, which is a press of 40 ms at least.
            keys += usize::from(matches!(event.kind, EventKind::Digit(_)) && event.stream == StreamId(0));
        }
    }
    assert!(keys <= blocks, "{keys} keys of {blocks} blocks");
    let frames = ((now - start).as_millis() / 20) as u32;
    assert!(sent >= 2 * frames.saturating_sub(2), "{sent} packets in {frames} packet times");
});
