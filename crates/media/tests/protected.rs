//! A protected stream in a pool: what leaves it, who moves it, and what it takes along.

use antiphon_media::rtp::packet::{HEADER_LEN, Header, Packet};
use antiphon_media::srtp::{Keying, MAX_TAG, MasterKey, Mki, Protection, Suite};
use antiphon_media::{Codec, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool, Transmit};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const LEG: StreamId = StreamId(1);
const SUITE: Suite = Suite::AesCm128HmacSha1_32;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn keying(ours: u8, theirs: u8) -> Keying {
    let master =
        |seed| MasterKey::new(SUITE, &vec![seed; SUITE.material_len()]).expect("as long as the suite wants it");
    Keying { ours: master(ours), theirs: master(theirs), mki: Mki::default() }
}

#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; the tests only add to it")]
fn opened(first_sequence: u16) -> (StreamPool, Instant) {
    let start = Instant::now();
    let mut pool = StreamPool::new(start, 4);
    let negotiated = Negotiated { remote: Some(at(4_000)), ..Negotiated::of(Codec::Pcma) };
    let config = StreamConfig { negotiated, ssrc: 9, first_sequence, first_timestamp: 0 };
    pool.open(start, LEG, config).expect("the pool has room");
    (pool, start)
}

/// The datagrams that are due in this time, and where they went.
fn run(pool: &mut StreamPool, from: Instant, time: Duration) -> Vec<(SocketAddr, Vec<u8>)> {
    let (mut sent, mut buffer) = (Vec::new(), [0; MAX_PACKET]);
    while let Some(now) = pool.poll_timeout().filter(|now| *now <= from + time) {
        while let Some(due) = pool.poll_due(now) {
            while let Some(Transmit { to, payload }) = pool.poll_transmit(now, due.slot, &mut buffer) {
                sent.push((to, payload.to_vec()));
            }
        }
    }
    sent
}

fn sound(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0xD5; HEADER_LEN + 160];
    let header = Header { marker: false, payload_type: 8, sequence, timestamp: u32::from(sequence) * 160, ssrc: 7 };
    header.write(packet.first_chunk_mut().expect("it is longer than a header"));
    packet
}

fn protected(by: &mut Protection, plain: &[u8]) -> Vec<u8> {
    let mut packet = [plain, &[0; MAX_TAG]].concat();
    let length = by.protect_rtp(&mut packet, plain.len()).expect("in order");
    packet.truncate(length);
    packet
}

#[test]
fn a_protected_stream_begins_in_the_lower_half_of_its_numbers_and_nothing_plain_leaves_it() {
    for first in [0, 32_767, 32_768, 65_535] {
        let (mut pool, start) = opened(first);
        pool.protect(LEG, Some(&keying(1, 2)));
        let mut peer = Protection::new(&keying(2, 1));
        let sent = run(&mut pool, start, Duration::from_secs(1));
        assert_eq!(sent.len(), 50);
        for ((_, packet), count) in sent.iter().zip(0..) {
            let plain = peer.unprotect_rtp(packet).expect("the peer has the key");
            assert_eq!(Packet::parse(plain).expect("it is RTP").sequence, (first & 0x7FFF) + count);
        }
    }
}

/// The address is learned from authentic packets only, however many others come.
#[test]
fn a_stranger_moves_nothing_and_the_peer_does() {
    let (mut pool, start) = opened(0);
    pool.protect(LEG, Some(&keying(1, 2)));
    let slot = pool.slot(LEG).expect("it is open");
    let (mut peer, mut stranger) = (Protection::new(&keying(2, 1)), Protection::new(&keying(9, 9)));
    for sequence in 0..50 {
        let now = start + Duration::from_millis(20) * u32::from(sequence);
        pool.handle_datagram(now, slot, at(6_666), &protected(&mut stranger, &sound(sequence)));
        pool.handle_datagram(now, slot, at(6_667), &sound(sequence));
    }
    assert!(run(&mut pool, start, Duration::from_secs(1)).iter().all(|(to, _)| *to == at(4_000)));
    let later = start + Duration::from_secs(1);
    for sequence in 0..50 {
        let now = later + Duration::from_millis(20) * u32::from(sequence);
        let packet = protected(&mut peer, &sound(sequence));
        pool.handle_datagram(now, slot, at(5_000), &packet);
        pool.handle_datagram(now, slot, at(6_666), &packet);
    }
    assert!(run(&mut pool, later, Duration::from_secs(1)).iter().all(|(to, _)| *to == at(5_000)));
    let dropped = pool.totals().dropped;
    assert_eq!((dropped.unauthentic, dropped.replayed), (100, 50), "{dropped:?}");
}

#[test]
fn a_stream_takes_its_keys_and_its_numbers_along_to_another_pool() {
    let (mut pool, start) = opened(0);
    pool.protect(LEG, Some(&keying(1, 2)));
    let (mut peer, half) = (Protection::new(&keying(2, 1)), Duration::from_millis(500));
    let taken = protected(&mut peer, &sound(1));
    pool.handle_datagram(start, pool.slot(LEG).expect("it is open"), at(4_000), &taken);
    let mut sent = run(&mut pool, start, half);
    let departed = pool.depart(LEG).expect("it is open");
    let mut other = StreamPool::new(start + half, 4);
    let slot = other.arrive(start + half, departed).expect("the pool has room");
    sent.extend(run(&mut other, start + half, half));
    assert_eq!(sent.len(), 50);
    assert!(sent.iter().all(|(_, packet)| peer.unprotect_rtp(packet).is_ok()));
    other.handle_datagram(start + half, slot, at(4_000), &taken);
    assert_eq!(
        other.summary(LEG).map(|summary| (summary.suite, summary.totals.dropped.replayed)),
        Some((Some(SUITE), 1))
    );
    other.protect(LEG, None);
    assert!(run(&mut other, start + 2 * half, half).iter().all(|(_, packet)| packet.len() == HEADER_LEN + 160));
}
