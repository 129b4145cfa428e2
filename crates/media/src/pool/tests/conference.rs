//! Streams of a pool in conferences.

use super::*;
use crate::codec::Law;
use crate::room::{Announcement, RoomId, SeatOptions, Voice};

const ROOM: (RoomId, Announcement) = (RoomId(7), Announcement::Silent);

/// Three streams with packets of 20, 30 and 10 ms in one room.
fn seated() -> Bench {
    let streams: Vec<_> = [20, 30, 10].into_iter().zip(1..).map(|(ptime, id)| (id, negotiated(id, ptime))).collect();
    let mut bench = Bench::with(&streams);
    for id in 1..=3 {
        bench.pool.seat(bench.now, StreamId(id), ROOM, SeatOptions::default()).unwrap();
    }
    bench
}

/// What each is sent in the end when stream `n` says a constant `1,000 x n` for so many frames of 20 ms, from this number on.
fn heard(bench: &mut Bench, from: u16, frames: u16) -> Vec<i16> {
    for count in from..from + frames {
        for id in 1..=3 {
            bench.receive_sound(id, count, 160, Law::A.encode(1_000 * id as i16));
        }
        bench.run(ms(20));
    }
    let last = |id: u64| *bench.sent[&StreamId(id)].last().unwrap().payload.last().unwrap();
    (1..=3).map(|id| Law::A.decode(last(id))).collect()
}

fn is_close(heard: &[i16], expected: [i16; 3]) -> bool {
    // A-law has steps of one part in 32.
    heard.iter().zip(expected).all(|(heard, expected)| heard.abs_diff(expected) <= 10 + expected.unsigned_abs() / 20)
}

#[test]
fn each_hears_the_others_and_the_room_is_gone_with_the_last() {
    let mut bench = seated();
    let all = heard(&mut bench, 0, 30);
    assert!(is_close(&all, [5_000, 4_000, 3_000]), "{all:?}");
    bench.pool.set_voice(StreamId(3), Voice::Muted);
    let muted = heard(&mut bench, 30, 30);
    assert!(is_close(&muted, [2_000, 1_000, 3_000]), "{muted:?}");
    bench.pool.unseat(StreamId(2));
    let left = heard(&mut bench, 60, 30);
    assert!(is_close(&left, [0, 0, 1_000]), "{left:?}");
    assert_eq!(bench.pool.open_rooms(), 1);
    bench.pool.close(StreamId(1));
    let departed = bench.pool.depart(StreamId(3)).unwrap();
    assert_eq!(bench.pool.open_rooms(), 0);
    bench.pool.arrive(bench.now, departed).unwrap();
    bench.run(ms(100));
}

#[test]
fn a_bridge_takes_a_stream_out_of_its_room_and_a_room_out_of_its_bridge() {
    let mut bench = seated();
    bench.pool.bridge(StreamId(1), StreamId(2));
    let bridged = heard(&mut bench, 0, 30);
    assert!(is_close(&bridged, [2_000, 1_000, 0]), "{bridged:?}");
    bench.pool.seat(bench.now, StreamId(1), ROOM, SeatOptions::default()).unwrap();
    let seated = heard(&mut bench, 30, 30);
    assert!(is_close(&seated, [3_000, 0, 1_000]), "{seated:?}");
    assert_eq!(bench.pool.seat(bench.now, StreamId(9), ROOM, SeatOptions::default()), Err(SeatError::NoStream));
}

#[test]
fn a_member_with_a_wider_codec_raises_the_room_and_others_hear_on() {
    let mut bench = seated();
    heard(&mut bench, 0, 20);
    let wide =
        Negotiated { telephone_event: Some(TELEPHONE_EVENT), remote: Some(peer(3)), ..Negotiated::of(Codec::G722) };
    bench.pool.reconfigure(bench.now, StreamId(3), wide);
    bench.run(ms(200));
    bench.pool.set_voice(StreamId(3), Voice::Muted);
    let narrow = heard(&mut bench, 30, 40);
    assert!(is_close(&narrow[..2], [2_000, 1_000, 0]), "{narrow:?}");
    let last = bench.sent[&StreamId(3)].last().unwrap();
    assert_eq!((last.payload_type, last.payload.len()), (9, 160));
}
