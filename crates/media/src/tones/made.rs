//! Tones that somebody describes.
//!
//! Shape: [`made`] is some periods of a cadence: frequencies that sound together, and the silence after them.
//! Units: hertz; decibels below full scale for each frequency. What together is louder than full scale is cut there.

use std::{f64::consts::TAU, time::Duration};

use super::{EDGE, RATE};
use crate::audio::Audio;

/// The longest sound, and the longest silence.
const LONGEST: Duration = Duration::from_secs(600);

/// These frequencies for so long, then silence for so long, so many times.
pub fn made(frequencies: &[u16], below: u8, (on, off): (Duration, Duration), times: u32) -> Audio {
    let (on, off) = (length(on), length(off));
    let peak = f64::from(i16::MAX) * 10_f64.powf(-f64::from(below) / 20.0);
    let sample = |at: u32| {
        let angle = |hertz: &u16| TAU * f64::from(*hertz) * f64::from(at) / f64::from(RATE);
        let whole: f64 = frequencies.iter().map(|hertz| angle(hertz).sin()).sum();
        let edge = f64::from(at.min(on - 1 - at)) / f64::from(EDGE);
        (peak * whole * edge.min(1.0)).round() as i16
    };
    let mut samples: Vec<i16> = (0..on).map(sample).collect();
    samples.resize((on + off) as usize, 0);
    Audio::from_pcm(&samples.repeat(times as usize))
}

fn length(time: Duration) -> u32 {
    (time.min(LONGEST).as_micros() as u64 * u64::from(RATE) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, Law};

    fn samples(audio: &Audio) -> Vec<i16> {
        audio.payload(Codec::Pcma).iter().map(|byte| Law::A.decode(*byte)).collect()
    }

    #[test]
    fn a_period_sounds_and_is_silent_as_long_as_it_is_told() {
        let ms = Duration::from_millis;
        let tone = made(&[440], 12, (ms(250), ms(750)), 1);
        assert_eq!(tone.duration(), ms(1_000));
        let samples = samples(&tone);
        let loud = |part: &[i16]| part.iter().map(|sample| i32::from(*sample).abs()).max();
        assert!(loud(&samples[..2_000]).is_some_and(|loudest| (7_900..8_700).contains(&loudest)), "12 dB below 32,767");
        assert!(loud(&samples[2_000..]).is_some_and(|loudest| loudest <= 8));
        // 440 periods a second cross the line upwards as often.
        let upwards = samples[..2_000].windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
        assert!((109..=111).contains(&upwards), "{upwards}");
    }

    #[test]
    fn what_is_louder_than_full_scale_is_cut_and_what_is_nothing_is_silence() {
        let ms = Duration::from_millis;
        let loudest = samples(&made(&[400, 400, 400, 400], 0, (ms(100), ms(0)), 1)).into_iter().max();
        assert!(loudest.is_some_and(|loudest| loudest > 30_000));
        assert_eq!(made(&[440], 0, (ms(0), ms(100)), 1).duration(), ms(100));
        assert_eq!(made(&[], 0, (ms(100), ms(0)), 3).duration(), ms(300));
    }
}
