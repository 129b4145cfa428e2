//! Prompts in each codec, their seams, and the mark of the first packet.

use super::*;
use crate::codec::{Band, Decoder};
use std::f64::consts::PI;

/// A tone that is loud from its first sample to its last, which is the hardest neighbour.
fn tone(hertz: f64, milliseconds: u32) -> Arc<Audio> {
    let sample = |at: u32| ((2.0 * PI * hertz * f64::from(at) / 16_000.0).sin() * 10_000.0) as i16;
    Arc::new(Audio::at_rate((0..milliseconds * 16).map(sample).collect(), 16_000))
}

fn codecs() -> impl Iterator<Item = Codec> {
    Codec::ALL.into_iter().filter(|codec| codec.is_built())
}

/// What a decoder makes of all that was sent.
fn heard(codec: Codec, sent: &[Sent]) -> Vec<i16> {
    let (mut decoder, mut pcm, mut heard) = (Decoder::new(codec), [0; 5_760], Vec::new());
    for packet in sent {
        let count = decoder.decode(&packet.payload, &mut pcm).unwrap();
        heard.extend_from_slice(&pcm[..count]);
    }
    heard
}

/// How loud a sound is on average.
fn loud(sound: &[i16]) -> f64 {
    (sound.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / sound.len() as f64).sqrt()
}

#[test]
fn a_prompt_is_heard_in_each_codec_for_its_time_at_its_ticks() {
    for codec in codecs() {
        for ptime in [10, 20, 30, 60] {
            let audio = tone(440.0, 600);
            audio.prepare(codec);
            let agreed = Negotiated { codec, payload_type: codec.payload_type(), ..negotiated(1, ptime) };
            let mut bench = Bench::with(&[(1, agreed)]);
            bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(audio)], Repeat::Once, Keys::NONE);
            bench.run(ms(1_000));
            assert_eq!(bench.ended(), [1], "{codec:?} {ptime}");
            let sent = bench.of(1);
            let ptime = bench.pool.summary(StreamId(1)).unwrap().negotiated.ptime;
            let ticks = codec.clock_rate() / 1_000 * ptime.as_millis() as u32;
            for pair in sent.windows(2) {
                assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), ticks, "{codec:?}");
            }
            let pcm = heard(codec, sent);
            assert!(sent.iter().all(|packet| packet.payload.len() <= 1_280));
            let rate = codec.sample_rate() as usize;
            let tone = loud(&pcm[rate / 10..rate / 2]);
            assert!((6_000.0..8_000.0).contains(&tone), "{codec:?} {ptime:?}: {tone}");
            assert!(loud(&pcm[rate * 7 / 10..]) < 80.0, "{codec:?} {ptime:?}");
        }
    }
}

#[test]
fn prompts_meet_without_a_click() {
    for codec in codecs() {
        let parts = [tone(440.0, 333), tone(700.0, 333), tone(440.0, 333)];
        parts.iter().for_each(|part| part.prepare(codec));
        let mut bench = Bench::with(&[(1, Negotiated { codec, ..negotiated(1, 20) })]);
        let segments = parts.into_iter().map(Segment::Audio).collect();
        bench.pool.play(StreamId(1), PlaybackId(1), segments, Repeat::Once, Keys::NONE);
        bench.run(ms(1_200));
        let pcm = heard(codec, bench.of(1));
        // Nothing is louder than the tones, by more than the ringing of a filter at their edges.
        let loudest = pcm.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!(loudest < 14_000, "{codec:?}: {loudest}");
    }
}

/// A key stops a prompt in the middle of a vowel, and the next one begins at once.
#[test]
fn a_prompt_behind_one_that_was_stopped_begins_without_a_click() {
    for codec in codecs() {
        let (first, second) = (tone(300.0, 500), tone(2_000.0, 300));
        [&first, &second].iter().for_each(|part| part.prepare(codec));
        let mut bench = Bench::with(&[(1, Negotiated { codec, ..negotiated(1, 20) })]);
        bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(first)], Repeat::Once, Keys::NONE);
        bench.run(ms(205));
        bench.pool.play(StreamId(1), PlaybackId(2), vec![Segment::Audio(second)], Repeat::Once, Keys::NONE);
        bench.run(ms(400));
        let pcm = heard(codec, bench.of(1));
        let loudest = pcm.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        // G.722 swings past the new tone for a few samples, as it does at any sudden tone.
        assert!(loudest < 16_000, "{codec:?}: {loudest}");
    }
}

/// The largest step from one sample to the next.
fn steepest(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

#[test]
fn a_prompt_that_is_faded_ends_within_a_frame_without_a_click_and_its_end_is_raised() {
    for codec in codecs() {
        // Stopped at each of these moments, the tone is at another point of its period.
        for stop in [201, 221, 241, 261, 281] {
            let sound = tone(310.0, 600);
            sound.prepare(codec);
            let mut bench = Bench::with(&[(1, Negotiated { codec, ..negotiated(1, 20) })]);
            bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(sound)], Repeat::Forever, Keys::NONE);
            bench.run(ms(stop));
            bench.pool.fade_playback(StreamId(1));
            bench.run(ms(200));
            assert_eq!(bench.ended(), [1], "{codec:?}");
            let pcm = heard(codec, bench.of(1));
            let per_ms = codec.sample_rate() as usize / 1_000;
            let (before, around) = (&pcm[100 * per_ms..180 * per_ms], &pcm[190 * per_ms..340 * per_ms]);
            assert!(
                steepest(around) * 4 <= steepest(before) * 5,
                "{codec:?} at {stop}: {} {}",
                steepest(around),
                steepest(before)
            );
            assert!(loud(&pcm[pcm.len() - 40 * per_ms..]) < 80.0, "{codec:?} at {stop}");
        }
    }
}

/// What ends a prompt in its midst.
#[derive(Copy, Clone, Debug)]
enum Ends {
    Stopped,
    ByKey,
    Replaced,
    StoppedAndReplaced,
}

/// A packet of Opus is not changed: where another tone follows, its decoder makes up to twice the tone's step of that.
#[test]
fn a_prompt_that_is_cut_off_or_gives_way_to_another_does_not_click() {
    for codec in codecs() {
        for ends in [Ends::Stopped, Ends::ByKey, Ends::Replaced, Ends::StoppedAndReplaced] {
            let gives_way = matches!(ends, Ends::Replaced | Ends::StoppedAndReplaced);
            // At each of these moments the tone is at another point of its period.
            for stop in [201, 221, 241, 261, 281] {
                let (sound, next) = (tone(310.0, 600), tone(310.0, 600));
                [&sound, &next].iter().for_each(|sound| sound.prepare(codec));
                let mut bench = Bench::with(&[(1, Negotiated { codec, ..negotiated(1, 20) })]);
                let keys: Keys = Digit::from_char('4').into_iter().collect();
                bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(sound)], Repeat::Once, keys);
                bench.run(ms(stop));
                if matches!(ends, Ends::Stopped | Ends::StoppedAndReplaced) {
                    bench.pool.stop_playback(StreamId(1));
                }
                if matches!(ends, Ends::ByKey) {
                    bench.press(1, 1, 0, TelephoneEvent { code: 4, end: false, volume: 10, duration: 160 });
                }
                if gives_way {
                    let next = vec![Segment::Audio(next)];
                    bench.pool.play(StreamId(1), PlaybackId(2), next, Repeat::Once, Keys::NONE);
                }
                bench.run(ms(200));
                assert_eq!(bench.ended(), [], "{codec:?} {ends:?}: nobody is told of an end");
                let pcm = heard(codec, bench.of(1));
                let per_ms = codec.sample_rate() as usize / 1_000;
                // A tone that begins at once makes G.722 swing, whatever was before it.
                let from = if codec == Codec::G722 && gives_way { 0 } else { 100 * per_ms };
                let (before, around) = (&pcm[from..180 * per_ms], &pcm[190 * per_ms..]);
                let (usual, found) = (steepest(before), steepest(around));
                let most = if codec == Codec::Opus && gives_way { 8 } else { 5 };
                assert!(found * 4 <= usual * most, "{codec:?} {ends:?} at {stop}: {found}, and else {usual}");
            }
        }
    }
}

#[test]
fn a_prompt_that_is_not_ready_is_silent_until_it_is() {
    let audio = tone(440.0, 200);
    let mut bench = Bench::with(&[(1, Negotiated { codec: Codec::L16(Band::Wide), ..negotiated(1, 20) })]);
    bench.pool.play(StreamId(1), PlaybackId(1), vec![Segment::Audio(audio.clone())], Repeat::Once, Keys::NONE);
    bench.run(ms(100));
    assert!(bench.of(1).iter().all(|packet| packet.payload.iter().all(|&byte| byte == 0)));
    audio.prepare(Codec::L16(Band::Wide));
    bench.run(ms(60));
    assert!(bench.of(1).last().unwrap().payload.iter().any(|&byte| byte != 0));
}

#[test]
fn the_first_packet_after_a_hold_is_marked() {
    let agreed = negotiated(1, 20);
    let mut bench = Bench::with(&[(1, agreed)]);
    bench.run(ms(100));
    let before = bench.of(1).len();
    bench.pool.reconfigure(bench.now, StreamId(1), Negotiated { direction: Direction::RecvOnly, ..agreed });
    bench.run(ms(200));
    bench.pool.reconfigure(bench.now, StreamId(1), agreed);
    bench.run(ms(100));
    let marks: Vec<_> = bench.of(1).iter().enumerate().filter(|(_, packet)| packet.marker).map(|(at, _)| at).collect();
    assert_eq!(marks, [0, before]);
}
