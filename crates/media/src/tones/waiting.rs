//! The sound that tells a caller that something is being worked out: soft, so that it disturbs nobody who waits, and never away for a
//! second, so that nobody hangs up.
//!
//! Shape: one period, to be played over and over: two low notes that swell and sink, and then nothing.
//! Units: linear samples at 8 kHz; the peak is 30 dB below full scale.

use super::RATE;
use crate::audio::Audio;
use std::f64::consts::{PI, TAU};

/// The notes, in Hz; no pair of them is a key of a telephone.
const NOTES: [f64; 2] = [392.0, 440.0];
/// How long each sounds, in milliseconds.
const NOTE_MS: u32 = 240;
/// The length of a period, in milliseconds.
const PERIOD_MS: u32 = 1_400;
/// The amplitude.
const PEAK: f64 = 1_000.0;

/// One period of the sound.
pub fn waiting() -> Audio {
    let length = RATE * NOTE_MS / 1_000;
    let sample = |hertz: f64, at: u32| {
        let swell = (PI * f64::from(at) / f64::from(length)).sin();
        (PEAK * swell * (TAU * hertz * f64::from(at) / f64::from(RATE)).sin()).round() as i16
    };
    let mut samples: Vec<i16> = Vec::new();
    for hertz in NOTES {
        samples.extend((0..length).map(|at| sample(hertz, at)));
    }
    samples.resize((RATE * PERIOD_MS / 1_000) as usize, 0);
    Audio::from_pcm(&samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, Law};

    #[test]
    fn it_is_soft_begins_and_ends_in_silence_and_leaves_nobody_without_a_sound_for_a_second() {
        let audio = waiting();
        assert_eq!(audio.duration().as_millis(), u128::from(PERIOD_MS));
        let mut samples = vec![0; audio.payload(Codec::Pcma).len()];
        Law::A.decode_all(audio.payload(Codec::Pcma), &mut samples);
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((900..=1_100).contains(&loudest), "{loudest}");
        assert!(samples[0].abs() < 20 && samples[samples.len() - 1].abs() < 20);
        let loud = samples.chunks(80).filter(|part| part.iter().any(|sample| sample.abs() > 100)).count();
        assert!((40..=48).contains(&loud), "{loud} hundredths of a second of 140");
    }
}
