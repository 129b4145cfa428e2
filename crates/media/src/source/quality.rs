//! What can be said of a prompt before anybody hears it.
//!
//! Shape: a pure function of samples; [`Quality`] has figures, [`Quality::warnings`] the sentences that follow from them.
//! Units: decibels are against a sample of full scale, loudness is in LUFS; both are of the sound as one channel, at the
//! file's own rate and in its whole band, before it is brought to the band of a telephone.
//! Errors: none; a figure that the sound is too short or too silent for is absent.
//! Sources: EBU R 128 and ITU-R BS.1770 (loudness); ITU-T P.56 and G.191 (speech is tested at -26 dB of full scale).
//!
//! The tones of keys are looked for as they are in a caller's sound, by the limits of ITU-T Q.24.
//! How wide the band is, is not told: a tone or a piece of music with no treble is as it should be.

mod loudness;

use super::file::Decoded;
use crate::dtmf::{Detector, Digit, Edge};
use crate::resample::resample;
use std::fmt;
use std::time::Duration;

/// Softer than this, 10 ms count as silence: -50 dB of full scale.
const SILENCE: f64 = 1e-5;
/// Windows in a second.
const WINDOWS: u32 = 100;
const FULL_SCALE: f64 = 32_768.0;
/// From here on a value is full scale: the loudest of mu-law, which is less than that of A-law and of 8 and 16 bits.
const CLIP_LEVEL: u16 = 32_124;
/// So many equal values at full scale are no peak but a cut one.
const CLIP_RUN: usize = 3;

const LONG_LEADING: Duration = Duration::from_millis(300);
const LONG_TRAILING: Duration = Duration::from_secs(1);
const QUIET: f64 = -36.0;
const LOUD: f64 = -14.0;
const LARGE_OFFSET: f64 = 0.01;
const MUCH_CANCELLED: u8 = 6;
/// Keys that are told at most: whoever has that many in a prompt has a dialler's tones in it.
const MOST_DIGITS: usize = 64;

/// The figures of a sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// How long it lasts.
    pub duration: Duration,
    /// Its integrated loudness in LUFS; absent where nothing is above the gate, or the rate is below 4 kHz.
    pub loudness: Option<f64>,
    /// Its loudest sample in dB of full scale; absent where all are 0.
    pub peak: Option<f64>,
    /// Samples that stand in a row at full scale.
    pub clipped_samples: usize,
    /// Silence before the first sound.
    pub leading_silence: Duration,
    /// Silence after the last sound.
    pub trailing_silence: Duration,
    /// The average of all samples, as a part of full scale.
    pub dc_offset: f64,
    /// What its channels take from each other when they are mixed into one, in decibels.
    pub cancelled: u8,
    /// The keys whose tones are in it, the first 64 in their order.
    pub digits: Vec<Digit>,
}

/// What an author may want to mend; displayed as one sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// The channels are each other's opposite, or nearly so.
    Cancelled(u8),
    /// Nothing is heard.
    Silent,
    /// Callers wait for the beginning.
    LeadingSilence(Duration),
    /// Callers wait after the end.
    TrailingSilence(Duration),
    /// Peaks are cut.
    Clipped(usize),
    /// Hard to hear.
    Quiet(f64),
    /// Unpleasant to hear.
    Loud(f64),
    /// The sound is not around zero.
    Offset(f64),
    /// Where it is heard by a machine, or comes back as echo, keys are pressed.
    Digits(Vec<Digit>),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled(lost) => write!(
                f,
                "Its channels cancel each other: {lost} dB are lost in the one channel of a telephone; invert one of them."
            ),
            Self::Silent => write!(f, "Nothing can be heard in the whole sound."),
            Self::LeadingSilence(silence) => {
                write!(f, "It begins with {} ms of silence, for which every caller waits.", silence.as_millis())
            }
            Self::TrailingSilence(silence) => write!(f, "It ends with {} ms of silence.", silence.as_millis()),
            Self::Clipped(samples) => {
                write!(f, "It is clipped: {samples} samples stand in rows at full scale; record it softer.")
            }
            Self::Quiet(loudness) => {
                write!(f, "It is soft, {loudness:.1} LUFS; speech around -26 is easy to hear on a telephone.")
            }
            Self::Loud(loudness) => {
                write!(f, "It is loud, {loudness:.1} LUFS; speech around -26 is pleasant to hear on a telephone.")
            }
            Self::Offset(offset) => {
                write!(f, "Its average is {:.1} % of full scale and not zero, which clicks.", offset * 100.0)
            }
            Self::Digits(digits) => {
                let keys: String = digits.iter().map(|digit| digit.as_char()).collect();
                write!(f, "The tones of keys are in it, {keys}: what hears them may take them for pressed.")
            }
        }
    }
}

impl Quality {
    /// What is wrong, the worst first.
    pub fn warnings(&self) -> Vec<Warning> {
        let cancelled = Some(self.cancelled).filter(|&lost| lost >= MUCH_CANCELLED).map(Warning::Cancelled);
        if self.leading_silence >= self.duration {
            return cancelled.into_iter().chain([Warning::Silent]).collect();
        }
        let leading = Some(self.leading_silence).filter(|&silence| silence > LONG_LEADING);
        let trailing = Some(self.trailing_silence).filter(|&silence| silence > LONG_TRAILING);
        let found = [
            cancelled,
            Some(self.clipped_samples).filter(|&samples| samples > 0).map(Warning::Clipped),
            leading.map(Warning::LeadingSilence),
            trailing.map(Warning::TrailingSilence),
            self.loudness.filter(|&loudness| loudness < QUIET).map(Warning::Quiet),
            self.loudness.filter(|&loudness| loudness > LOUD).map(Warning::Loud),
            Some(self.dc_offset).filter(|offset| offset.abs() > LARGE_OFFSET).map(Warning::Offset),
            Some(&self.digits).filter(|digits| !digits.is_empty()).cloned().map(Warning::Digits),
        ];
        found.into_iter().flatten().collect()
    }
}

/// Weighs what a file held.
pub fn assess_file(file: &Decoded) -> Quality {
    Quality { cancelled: file.cancelled, ..assess(&file.samples, file.rate) }
}

/// Weighs a sound of so many samples a second.
pub fn assess(samples: &[i16], rate: u32) -> Quality {
    let sum: i64 = samples.iter().map(|&sample| i64::from(sample)).sum();
    let mean = sum as f64 / samples.len().max(1) as f64;
    let (leading, trailing) = silence(samples, rate, mean);
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    Quality {
        duration: lasting(samples.len(), rate),
        loudness: loudness::integrated(samples, rate),
        peak: (peak > 0).then(|| 20.0 * (f64::from(peak) / FULL_SCALE).log10()),
        clipped_samples: clipped(samples),
        leading_silence: lasting(leading, rate),
        trailing_silence: lasting(trailing, rate),
        dc_offset: mean / FULL_SCALE,
        cancelled: 0,
        digits: digits(samples, rate),
    }
}

/// The keys whose tones a receiver would take.
fn digits(samples: &[i16], rate: u32) -> Vec<Digit> {
    if ![8_000, 16_000, 48_000].contains(&rate) {
        return digits(&resample(samples.to_vec(), rate, 8_000), 8_000);
    }
    let (mut detector, mut found) = (Detector::new(rate), Vec::new());
    detector.hear(samples, |heard| {
        if heard.edge == Edge::Began && found.len() < MOST_DIGITS {
            found.push(heard.digit);
        }
    });
    found
}

fn lasting(samples: usize, rate: u32) -> Duration {
    let nanoseconds = samples as u64 * 1_000_000_000 / u64::from(rate.max(1));
    Duration::from_nanos(nanoseconds)
}

/// Samples before the first window that is heard and after the last one.
fn silence(samples: &[i16], rate: u32, mean: f64) -> (usize, usize) {
    let length = (rate / WINDOWS).max(1) as usize;
    let limit = SILENCE * FULL_SCALE * FULL_SCALE;
    let is_heard = |window: &[i16]| {
        let power: f64 = window.iter().map(|&sample| (f64::from(sample) - mean).powi(2)).sum();
        power > limit * window.len() as f64
    };
    let Some(first) = samples.chunks(length).position(is_heard) else { return (samples.len(), samples.len()) };
    let last = samples.rchunks(length).position(is_heard).unwrap_or(0);
    (first * length, last * length)
}

/// Samples in rows of equal values at full scale.
fn clipped(samples: &[i16]) -> usize {
    let at_full_scale = |run: &&[i16]| run.len() >= CLIP_RUN && run[0].unsigned_abs() >= CLIP_LEVEL;
    samples.chunk_by(|one, next| one == next).filter(at_full_scale).map(<[i16]>::len).sum()
}

#[cfg(test)]
mod tests;
