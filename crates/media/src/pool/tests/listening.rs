//! What listeners of a leg get.

use super::*;
use crate::codec::Law;
use crate::listen::Witness;

fn listened(ptime: u64) -> Bench {
    let mut bench = Bench::with(&[(1, negotiated(1, ptime))]);
    bench.pool.entry(StreamId(1)).unwrap().stream.listen(|listeners| listeners.witness = Some(Witness::default()));
    bench
}

/// What was heard and said, and nobody listens any more.
fn witness(bench: &mut Bench) -> Witness {
    let stream = &mut bench.pool.entry(StreamId(1)).unwrap().stream;
    let mut taken = None;
    stream.listen(|listeners| taken = listeners.witness.take());
    taken.unwrap()
}

#[test]
fn a_listener_gets_what_the_peer_said_and_was_sent_frame_by_frame() {
    let mut bench = listened(20);
    let said = prompt(1_600);
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(said.clone())], Repeat::Once, Keys::NONE);
    for count in 0..50u16 {
        bench.receive_sound(1, count, 160, Law::A.encode(1_000 + 100 * count as i16));
        bench.run(ms(20));
    }
    let witness = witness(&mut bench);
    assert_eq!(witness.heard.len(), witness.said.len());
    let expect: Vec<i16> = said.payload(Codec::Pcma).iter().map(|&byte| Law::A.decode(byte)).collect();
    assert_eq!(witness.said[..1_600], expect);
    assert!(witness.said[1_600..].iter().all(|&sample| sample.abs() <= 8), "silence");
    let begin = witness.heard.iter().position(|&sample| sample != 0).unwrap();
    assert!(begin <= 320, "{begin}");
    for (count, frame) in witness.heard[begin..].chunks(160).enumerate() {
        let expect = Law::A.decode(Law::A.encode(1_000 + 100 * count as i16));
        assert!(frame.iter().all(|&sample| sample == expect), "frame {count}");
    }
}

#[test]
fn frames_that_a_late_service_skips_are_handed_on_and_a_hold_is_silence() {
    let mut bench = listened(20);
    bench.run(ms(101));
    bench.now += ms(1_000);
    bench.service();
    let mut held = negotiated(1, 20);
    held.remote = None;
    held.direction = Direction::RecvOnly;
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(prompt(16_000))], Repeat::Once, Keys::NONE);
    bench.pool.reconfigure(bench.now, StreamId(1), held);
    bench.run(ms(900));
    let witness = witness(&mut bench);
    assert_eq!(witness.heard.len(), 8 * 2_000 + 160);
    assert_eq!(witness.said.len(), witness.heard.len());
    assert!(witness.said.iter().all(|&sample| sample.abs() <= 8));
}
