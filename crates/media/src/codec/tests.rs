//! What a listener hears of what a speaker said, codec by codec.

use super::*;
use std::f64::consts::PI;

/// Half a second that changes as speech does: a voice of 120 Hz with its harmonics, swelling and fading, and some hiss.
fn speech(rate: u32) -> Vec<i16> {
    let mut seed = 7u32;
    let sample = |at: u32| {
        let time = f64::from(at) / f64::from(rate);
        let swell = 0.5 - 0.5 * (2.0 * PI * 4.0 * time).cos();
        let voice: f64 = (1..28).map(|n| (2.0 * PI * 120.0 * f64::from(n) * time).sin() / f64::from(n)).sum();
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from((seed >> 16) as i16) / 100.0;
        (5_000.0 * swell * voice + hiss) as i16
    };
    (0..rate / 2).map(sample).collect()
}

fn through(codec: Codec, pcm: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
    let mut heard = Vec::new();
    for frame in pcm.chunks_exact(codec.sample_rate() as usize / 50) {
        let (mut payload, mut samples) = ([0; 1_500], [0; 2_000]);
        let length = encoder.encode(frame, &mut payload);
        assert_eq!(length, codec.bytes_per_ms().unwrap() * 20);
        let count = decoder.decode(&payload[..length], &mut samples).unwrap();
        assert_eq!(count, frame.len());
        heard.extend_from_slice(&samples[..count]);
    }
    heard
}

/// How far the difference is below the sound, in dB, where it was heard `late` samples after it was said.
fn clarity(said: &[i16], heard: &[i16], late: usize) -> f64 {
    let power = |sound: &mut dyn Iterator<Item = f64>| sound.map(|sample| sample * sample).sum::<f64>();
    let error = power(&mut heard[late..].iter().zip(said).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    10.0 * (power(&mut said.iter().map(|&sample| f64::from(sample))) / error.max(1e-9)).log10()
}

#[test]
fn speech_is_heard_as_clearly_as_each_codec_promises() {
    for (codec, late, least) in [
        (Codec::Pcmu, 0, 35.0),
        (Codec::Pcma, 0, 35.0),
        // The two filters of G.722 together are 22 samples long.
        (Codec::G722, 22, 20.0),
        (Codec::L16(Band::Narrow), 0, 100.0),
        (Codec::L16(Band::Wide), 0, 100.0),
    ] {
        let said = speech(codec.sample_rate());
        let clarity = clarity(&said, &through(codec, &said), late);
        assert!(clarity > least, "{codec:?}: {clarity:.1} dB");
    }
}

#[test]
fn repeated_silence_is_silent_after_any_sound() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::L16(Band::Wide)] {
        let (mut encoder, mut decoder) = (Encoder::new(codec), Decoder::new(codec));
        let mut payload = vec![0; codec.bytes_per_ms().unwrap() * 500];
        let length = encoder.encode(&speech(codec.sample_rate()), &mut payload);
        decoder.decode(&payload[..length], &mut [0; 16_000]).unwrap();
        let mut silence = vec![1; codec.bytes_per_ms().unwrap() * 500];
        codec.fill_silence(&mut silence);
        let mut heard = [0; 8_000];
        let count = decoder.decode(&silence, &mut heard).unwrap();
        let loudest = heard[count / 10..count].iter().map(|sample| sample.abs()).max();
        // G.722 is never quite still, but below -65 dB, as is the smallest step of A-law.
        assert!(loudest <= Some(16), "{codec:?}: {loudest:?}");
    }
}

#[test]
fn a_payload_without_room_or_of_half_a_sample_is_refused() {
    assert_eq!(Decoder::new(Codec::G722).decode(&[0; 10], &mut [0; 19]), Err(CodecError::NoRoom));
    assert_eq!(Decoder::new(Codec::L16(Band::Wide)).decode(&[0; 3], &mut [0; 9]), Err(CodecError::Malformed));
    assert_eq!(Encoder::new(Codec::L16(Band::Wide)).encode(&[1; 10], &mut [0; 7]), 6);
}

#[test]
fn a_codec_that_is_not_built_in_says_so() {
    if !Codec::Opus.is_built() {
        assert_eq!(Decoder::new(Codec::Opus).decode(&[0; 10], &mut [0; 960]), Err(CodecError::NotBuilt));
        assert_eq!(Encoder::new(Codec::Opus).encode(&[0; 960], &mut [0; 100]), 0);
    }
}

/// The bytes were compared with those of another implementation of the recommendation, which agreed in each of 320,000 of four kinds of
/// sound, as did what both made of 960,000 random bytes. This is a sum over some of them.
#[test]
fn g722_is_what_it_was_when_it_was_compared() {
    let mut seed = 1u32;
    let mut encoder = g722::Encoder::new();
    let mut decoder = g722::Decoder::new();
    let (mut sum, mut back) = (0u32, 0u32);
    for _ in 0..20_000 {
        let mut sample = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as i16 / 4
        };
        let byte = encoder.encode(sample(), sample());
        sum = sum.wrapping_mul(31).wrapping_add(u32::from(byte));
        for sample in decoder.decode(byte) {
            back = back.wrapping_mul(31).wrapping_add(sample as u16 as u32);
        }
    }
    assert_eq!((sum, back), (1_973_981_804, 2_642_192_727));
}

#[cfg(feature = "opus")]
#[test]
fn opus_carries_the_whole_band_and_makes_up_what_is_lost() {
    let said = speech(48_000);
    let (mut encoder, mut decoder) = (Encoder::new(Codec::Opus), Decoder::new(Codec::Opus));
    let (mut heard, mut packet, mut pcm) = (Vec::new(), [0; 1_280], [0; 5_760]);
    for (number, frame) in said.chunks_exact(960).enumerate() {
        let length = encoder.encode(frame, &mut packet);
        assert!(length > 0 && length < 400, "{length}");
        if number == 12 {
            decoder.conceal(&mut pcm[..960]);
            assert!(pcm[..960].iter().any(|sample| sample.abs() > 100));
        } else {
            assert_eq!(decoder.decode(&packet[..length], &mut pcm), Ok(960));
        }
        heard.extend_from_slice(&pcm[..960]);
    }
    let loud = |sound: &[i16]| sound.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
    let ratio = loud(&heard) / loud(&said);
    assert!((0.5..1.5).contains(&ratio), "{ratio}");
    // Silence of nothing but a flag, an empty packet, and rubbish.
    assert_eq!(decoder.decode(&OPUS_SILENCE, &mut pcm), Ok(960));
    assert_eq!(decoder.decode(&[], &mut pcm), Ok(0));
    assert_eq!(decoder.decode(&[0xFB, 0], &mut pcm), Err(CodecError::Malformed));
}
