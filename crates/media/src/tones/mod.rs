//! The tones of the telephone networks of countries: somebody is being rung, is busy, or cannot be reached.
//!
//! Shape: [`Country`] is a row of the table in `table`; [`Country::tone`] makes one period of a tone, to be played over and over.
//! Units: frequencies in Hz, cadences in milliseconds: on, off, on, off.
//! Errors: [`UnknownCountry`].
//! Sources: ITU-T E.180 (levels and limits), E.180 Supplement 2 (the values of each country).

mod made;
mod table;
mod waiting;

pub use made::made;
pub use waiting::waiting;

use crate::audio::Audio;
use std::f64::consts::TAU;
use std::str::FromStr;
use thiserror::Error;

/// What is told with a tone.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum CallTone {
    /// Somebody is being rung.
    Ringback,
    /// Whoever was called is busy.
    Busy,
    /// The network cannot make the call.
    Congestion,
}

/// A country's tones.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Country(&'static table::Row);

impl Default for Country {
    /// What E.180 recommends, and most of Europe has.
    fn default() -> Self {
        Self(table::RECOMMENDED)
    }
}

/// No row of the table has this word.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
#[error("is no country of the table of tones, such as am, de, gb or us; eu is what most of Europe has")]
pub struct UnknownCountry;

impl FromStr for Country {
    type Err = UnknownCountry;

    /// By its two letters (ISO 3166-1), in either case; `uk` is `gb`, and `eu` the recommendation of E.180.
    fn from_str(word: &str) -> Result<Self, UnknownCountry> {
        let word = word.to_ascii_lowercase();
        let word = if word == "uk" { "gb" } else { &word };
        table::ROWS.iter().find(|row| row.code == word).map(Self).ok_or(UnknownCountry)
    }
}

/// What sounds while a tone is on.
#[derive(Copy, Clone, Debug)]
enum Pitch {
    One(f64),
    /// Two together, of one level.
    Two(f64, f64),
    /// The first, which swells and sinks as often as the second says.
    Modulated(f64, f64),
}

/// A tone: what sounds, and how long it does and does not, in turns.
#[derive(Copy, Clone, Debug)]
struct Cadence {
    pitch: Pitch,
    milliseconds: &'static [u32],
}

/// Samples a second of what is made.
const RATE: u32 = 8_000;
/// The peak of a tone, whatever it is made of: 15 dB below full scale, which is about the -10 dBm0 of E.180.
const PEAK: f64 = 5_800.0;
/// How long a tone takes to rise and to sink, so that it does not click.
const EDGE: u32 = RATE * 4 / 1_000;

impl Country {
    /// Its two letters.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// Every country of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        table::ROWS.iter().map(Self)
    }

    /// One period of a tone.
    pub fn tone(self, tone: CallTone) -> Audio {
        Audio::from_pcm(&self.samples(tone))
    }

    /// The same as linear samples at 8 kHz.
    fn samples(self, tone: CallTone) -> Vec<i16> {
        let Cadence { pitch, milliseconds } = match tone {
            CallTone::Ringback => self.0.ringback,
            CallTone::Busy => self.0.busy,
            CallTone::Congestion => self.0.congestion,
        };
        let mut samples = Vec::new();
        for (turn, length) in milliseconds.iter().map(|length| length * RATE / 1_000).enumerate() {
            match turn % 2 {
                0 => samples.extend((0..length).map(|at| sample(pitch, at, length))),
                _ => samples.resize(samples.len() + length as usize, 0),
            }
        }
        samples
    }
}

/// A sample of what sounds for so long.
fn sample(pitch: Pitch, at: u32, length: u32) -> i16 {
    let wave = |hertz: f64| (TAU * hertz * f64::from(at) / f64::from(RATE)).sin();
    let whole = match pitch {
        Pitch::One(hertz) => wave(hertz),
        Pitch::Two(one, other) => (wave(one) + wave(other)) / 2.0,
        Pitch::Modulated(hertz, by) => wave(hertz) * (1.0 + wave(by)) / 2.0,
    };
    let edge = f64::from(at.min(length - 1 - at)) / f64::from(EDGE);
    (PEAK * whole * edge.min(1.0)).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the sound of one period goes on and off, in milliseconds.
    fn cadence(samples: &[i16]) -> Vec<usize> {
        let sounds: Vec<bool> =
            samples.chunks(80).map(|part| part.iter().any(|sample| sample.unsigned_abs() > 200)).collect();
        sounds.chunk_by(|one, other| one == other).map(|run| run.len() * 10).collect()
    }

    fn power(samples: &[i16], hertz: f64) -> f64 {
        let angle = |at: usize| TAU * hertz * at as f64 / f64::from(RATE);
        let (re, im) = samples.iter().enumerate().fold((0.0, 0.0), |(re, im), (at, sample)| {
            (re + f64::from(*sample) * angle(at).cos(), im + f64::from(*sample) * angle(at).sin())
        });
        2.0 * f64::hypot(re, im) / samples.len() as f64
    }

    #[test]
    fn ringback_has_the_cadence_and_the_frequencies_of_the_country() {
        let table: [(&str, &[usize], &[f64]); 8] = [
            ("eu", &[1_000, 4_000], &[425.0]),
            ("ru", &[800, 3_200], &[425.0]),
            ("us", &[2_000, 4_000], &[440.0, 480.0]),
            ("UK", &[400, 200, 400, 2_000], &[400.0, 450.0]),
            ("fr", &[1_500, 3_500], &[440.0]),
            ("es", &[1_500, 3_000], &[425.0]),
            ("tr", &[2_000, 4_000], &[450.0]),
            ("il", &[1_000, 3_000], &[400.0]),
        ];
        for (code, expected, frequencies) in table {
            let country: Country = code.parse().unwrap();
            let samples = country.samples(CallTone::Ringback);
            assert_eq!(cadence(&samples), expected, "{code}");
            let sounding = &samples[800..3_200];
            let loud = frequencies.iter().filter(|hertz| power(sounding, **hertz) > PEAK / 2.0 * 0.9).count();
            assert_eq!(loud, frequencies.len(), "{code}");
            assert!(power(sounding, 1_000.0) < PEAK / 100.0, "{code}");
        }
    }

    #[test]
    fn every_row_is_found_by_its_letters_and_lasts_a_whole_period() {
        for country in Country::all() {
            assert_eq!(country.code().parse(), Ok(country));
            for tone in [CallTone::Ringback, CallTone::Busy, CallTone::Congestion] {
                let samples = country.samples(tone);
                let expected = match tone {
                    CallTone::Ringback => country.0.ringback,
                    CallTone::Busy => country.0.busy,
                    CallTone::Congestion => country.0.congestion,
                };
                let whole: u32 = expected.milliseconds.iter().sum();
                assert_eq!(samples.len(), whole as usize * 8, "{} {tone:?}", country.code());
                assert!(expected.milliseconds.len().is_multiple_of(2), "{} {tone:?}", country.code());
                let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
                assert!((4_500..=5_800).contains(&peak), "{} {tone:?}: {peak}", country.code());
            }
        }
        assert_eq!("xx".parse::<Country>(), Err(UnknownCountry));
        assert_eq!(Country::default().code(), "eu");
    }
}
