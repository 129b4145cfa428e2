//! A prompt whose every instant is known: a voice that never pauses, and a tone that climbs through the band.
//!
//! Shape: a function of time, so that it has an exact value at every rate without any filter; no two parts of it are alike, so that its
//! place in a recording is found again.
//! Units: seconds; samples of 16 bits.

use std::f64::consts::TAU;
use std::path::Path;

use crate::tones;

/// How long it lasts.
pub(crate) const SECONDS: usize = 4;
/// The rate of the file that is uploaded.
pub(crate) const RATE: u32 = 16_000;
/// How loud it is, about: its peaks are at -8 dB of full scale.
const LEVEL: f64 = 3_600.0;
/// Partials of the voice, below 2.2 kHz.
const PARTIALS: u32 = 12;

/// What a prompt holds.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Prompt {
    /// Where the tone ends that begins at 300 Hz.
    pub(crate) top: f64,
}

/// All of it passes a codec of 8 kHz.
pub(crate) const NARROW: Prompt = Prompt { top: 3_200.0 };
/// It fills the band of a codec of 16 kHz.
pub(crate) const WIDE: Prompt = Prompt { top: 6_500.0 };

impl Prompt {
    /// Its value at an instant.
    fn at(self, instant: f64) -> f64 {
        // The integral of a pitch between 110 and 170 Hz.
        let pitch = TAU * 140.0 * instant + 30.0 / 0.7 * (TAU * 0.7 * instant).sin();
        let partial = |number: u32| {
            let order = f64::from(number);
            (order * pitch + 0.7 * order * order).sin() / order.sqrt()
        };
        let voice = (1..=PARTIALS).map(partial).sum::<f64>() * (0.6 + 0.4 * (TAU * 3.1 * instant).cos());
        let climb = (self.top - 300.0) / (2.0 * SECONDS as f64);
        LEVEL * (voice + (TAU * (300.0 + climb * instant) * instant).sin()) / 1.5
    }

    /// So much of it from this second on, at a rate.
    pub(crate) fn samples(self, rate: u32, from: f64, seconds: f64) -> Vec<f64> {
        let count = (seconds * f64::from(rate)) as usize;
        (0..count).map(|at| self.at(from + at as f64 / f64::from(rate))).collect()
    }

    /// Writes it as a WAV file.
    pub(crate) fn write(self, path: &Path) {
        let samples = self.samples(RATE, 0.0, SECONDS as f64);
        tones::write_samples(path, RATE, samples.into_iter().map(|sample| sample.round() as i16));
    }
}
