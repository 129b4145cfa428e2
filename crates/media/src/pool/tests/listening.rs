//! What listeners of a leg get.

use super::*;
use crate::codec::Law;
use crate::listen::Witness;
use crate::record::{Rate, Reading};
use crate::utterances::{Turn, Utterances};

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

#[test]
fn who_understands_speech_gets_all_sound_and_the_turns_in_it() {
    let mut bench = Bench::with(&[(1, negotiated(1, 20))]);
    let (utterances, mut reel) = Utterances::new(Rate::Narrow, ms(800));
    bench.pool.hear_utterances(StreamId(1), Box::new(utterances));
    let (mut samples, mut turns) = (Vec::new(), Vec::new());
    // A second of silence, half a second of sound, two seconds of silence.
    for count in 0..175u16 {
        let level = if (50..75).contains(&count) { 8_000 } else { 8 };
        bench.receive_sound(1, count, 160, Law::A.encode(level));
        bench.run(ms(20));
        while let Reading::Block(block) = reel.read() {
            assert_eq!(block.at, samples.len() as u64);
            samples.extend_from_slice(block.samples());
            reel.give_back(block);
        }
    }
    for event in &bench.events {
        if let EventKind::Spoke(turn) = event.kind {
            turns.push(turn);
        }
    }
    let loud = samples.iter().position(|&sample| sample > 4_000).unwrap() as u64;
    let [Turn::Began { at: began }, Turn::Ended { at: ended }] = turns[..] else { panic!("{turns:?}") };
    assert!(Rate::Narrow.samples(began).abs_diff(loud) <= 320, "{began:?} is not where it is loud, at {loud}");
    assert!((ended - began).abs_diff(ms(500)) <= ms(40), "{turns:?}");
    bench.pool.take_utterances(StreamId(1)).expect("it still listens").finish();
    assert!(bench.pool.take_utterances(StreamId(1)).is_none());
    assert!(matches!(reel.read(), Reading::Block(_)), "what was heard last is passed on");
}
