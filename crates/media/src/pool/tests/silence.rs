//! Peers that say nothing, and say how loud that is; and the longest packets there are.
//!
//! Sources: RFC 3389.

use super::*;
use crate::codec::{Band, Decoder, Law};
use crate::listen::Witness;

/// -40 dBov: samples of 328 on average.
const LEVEL: u8 = 40;

/// 400 ms of sound, then one packet that says how loud the silence is and nothing more for a second, then sound again.
fn falls_silent(bench: &mut Bench, payload_type: u8) {
    let byte = Law::A.encode(5_000);
    for count in 0..90u16 {
        if !(20..70).contains(&count) {
            bench.receive_sound(1, count, 160, byte);
        } else if count == 20 {
            let header = Header { marker: false, payload_type, sequence: 20, timestamp: 20 * 160, ssrc: 5 };
            bench.receive(1, header, &[LEVEL, 9]);
        }
        bench.run(ms(20));
    }
}

/// How loud a second is from the moment on at which the sound is over, which is some 40 ms after it came; and what comes behind it.
fn loudness(heard: &[i16], rate: usize) -> (f64, f64) {
    let loud = |sound: &[i16]| (sound.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / sound.len() as f64).sqrt();
    let at = |ms: usize| rate / 1_000 * ms;
    (loud(&heard[at(500)..at(1_350)]), loud(&heard[at(1_550)..at(1_750)]))
}

#[test]
fn a_listener_hears_the_noise_of_a_peer_that_is_silent_until_it_speaks_again() {
    for payload_type in [13, 98] {
        let comfort_noise = (payload_type != 13).then_some(payload_type);
        let mut bench = Bench::with(&[(1, Negotiated { comfort_noise, ..negotiated(1, 20) })]);
        bench.pool.entry(StreamId(1)).unwrap().stream.listen(|listeners| listeners.witness = Some(Witness::default()));
        falls_silent(&mut bench, payload_type);
        let mut witness = None;
        let stream = &mut bench.pool.entry(StreamId(1)).unwrap().stream;
        stream.listen(|listeners| witness = listeners.witness.take());
        let (noise, sound) = loudness(&witness.unwrap().heard, 8_000);
        assert!((280.0..380.0).contains(&noise), "{payload_type}: {noise}");
        assert!((4_500.0..5_500.0).contains(&sound), "{payload_type}: {sound}");
        let totals = bench.pool.totals();
        assert_eq!((totals.received, totals.dropped), (41, crate::Dropped::default()), "used like any other");
    }
}

#[test]
fn the_other_leg_of_a_bridge_hears_that_noise_whatever_its_codec() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::L16(Band::Wide)] {
        let other = Negotiated { remote: Some(peer(2)), ..Negotiated::of(codec) };
        let mut bench = Bench::with(&[(1, negotiated(1, 20)), (2, other)]);
        bench.pool.bridge(StreamId(1), StreamId(2));
        falls_silent(&mut bench, 13);
        let (mut decoder, mut pcm, mut heard) = (Decoder::new(codec), [0; 640], Vec::new());
        for packet in bench.of(2) {
            let count = decoder.decode(&packet.payload, &mut pcm).unwrap();
            heard.extend_from_slice(&pcm[..count]);
        }
        let (noise, sound) = loudness(&heard, codec.sample_rate() as usize);
        assert!((230.0..380.0).contains(&noise), "{codec:?}: {noise}");
        assert!((4_500.0..5_500.0).contains(&sound), "{codec:?}: {sound}");
    }
}

#[test]
fn a_packet_of_200_ms_is_taken_in_every_codec_and_no_longer_one() {
    for (codec, longest) in [(Codec::Pcma, 1_600), (Codec::L16(Band::Narrow), 3_200), (Codec::L16(Band::Wide), 6_400)] {
        let agreed = Negotiated { remote: Some(peer(1)), ..Negotiated::of(codec) };
        let mut bench = Bench::with(&[(1, agreed)]);
        for (sequence, length) in [(1, 1_920.min(longest)), (2, longest), (3, longest + 2)] {
            let header = Header { marker: false, payload_type: codec.payload_type(), sequence, timestamp: 0, ssrc: 5 };
            bench.receive(1, header, &vec![1; length]);
        }
        let totals = bench.pool.totals();
        assert_eq!((totals.received, totals.dropped.oversize), (2, 1), "{codec:?}");
    }
}
