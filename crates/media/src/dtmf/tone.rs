//! The sound of a key.
//!
//! Shape: linear samples at any rate, frame after frame, for as long as the key is held.
//! Units: samples of 16 bits. The low group is at -8 dBm0, the high group at -6 dBm0: together -3.9 dBm0, which no path clips,
//! and the high group is louder by the 2 dB that lines and handsets take from it.
//! Sources: ITU-T Q.23 (frequencies), Q.24 annex A (levels that receivers take).
//!
//! It swells and fades over 4 ms, so that nobody hears a click; both are a part of its time.

use super::Digit;
use super::bank::{FREQUENCIES, place};
use std::f64::consts::{PI, TAU};
use std::time::Duration;

/// The amplitude of a sine of 0 dBm0.
const ZERO_DBM0: f64 = 22_827.0;
/// -8 dBm0.
const LOW: f64 = ZERO_DBM0 * 0.398_107;
/// -6 dBm0.
const HIGH: f64 = ZERO_DBM0 * 0.501_187;
const SWELL: Duration = Duration::from_millis(4);

/// Whether a key is held through a frame.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Hold {
    /// To its end and beyond.
    On,
    /// It is let go where the frame begins.
    Off,
}

/// A sine, by the recursion of its last two samples.
#[derive(Copy, Clone, Debug)]
struct Sine {
    turn: f64,
    last: f64,
    before: f64,
}

impl Sine {
    fn new(frequency: f64, rate: f64, amplitude: f64) -> Self {
        let step = TAU * frequency / rate;
        Self { turn: 2.0 * step.cos(), last: -amplitude * step.sin(), before: -amplitude * (2.0 * step).sin() }
    }

    fn next(&mut self) -> f64 {
        let now = self.turn * self.last - self.before;
        self.before = self.last;
        self.last = now;
        now
    }
}

/// The two tones of a key, from its pressing on.
#[derive(Copy, Clone, Debug)]
pub struct Tone {
    low: Sine,
    high: Sine,
    /// Steps of the swell, and how many have passed: all of them while the key is held.
    swell: u32,
    risen: u32,
}

impl Tone {
    /// The sound of a key at `rate` samples a second.
    pub fn new(key: Digit, rate: u32) -> Self {
        let (row, column) = place(key);
        let sine = |tone: usize, amplitude| {
            Sine::new(f64::from(FREQUENCIES.get(tone).copied().unwrap_or_default()), f64::from(rate.max(1)), amplitude)
        };
        let swell = (SWELL.as_secs_f64() * f64::from(rate)) as u32;
        Self { low: sine(row, LOW), high: sine(column, HIGH), swell: swell.max(1), risen: 0 }
    }

    /// Writes a frame in place of what it holds; whether there is more of the sound after it.
    pub fn fill(&mut self, frame: &mut [i16], hold: Hold) -> bool {
        for sample in frame {
            self.risen = match hold {
                Hold::On => self.swell.min(self.risen + 1),
                Hold::Off => self.risen.saturating_sub(1),
            };
            let gain = 0.5 - 0.5 * (PI * f64::from(self.risen) / f64::from(self.swell)).cos();
            let sum = self.low.next() + self.high.next();
            *sample = (gain * sum).round() as i16;
        }
        hold == Hold::On || self.risen > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_swells_sounds_and_fades_without_a_click() {
        for rate in [8_000, 16_000, 48_000] {
            let mut tone = Tone::new(Digit::from_char('D').unwrap(), rate);
            let frame = rate as usize / 50;
            let mut sound = vec![0; 6 * frame];
            for (at, part) in sound.chunks_mut(frame).enumerate() {
                let more = tone.fill(part, if at < 5 { Hold::On } else { Hold::Off });
                assert_eq!(more, at < 5);
            }
            assert!(sound[0].abs() < 100, "it begins softly: {}", sound[0]);
            assert!(sound[5 * frame + frame / 4..].iter().all(|&sample| sample == 0), "it fades in 4 ms");
            let power = |part: &[i16]| part.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / part.len() as f64;
            let level = 10.0 * (power(&sound[frame..5 * frame]) / (ZERO_DBM0.powi(2) / 2.0)).log10();
            assert!((level + 3.9).abs() < 0.2, "{level}");
            // What the two sines can change in a sample; a click changes more.
            let steepest = TAU * (LOW * 941.0 + HIGH * 1_633.0) / f64::from(rate) + 2.0;
            let step = sound.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap();
            assert!(f64::from(step) < steepest * 1.05, "{rate}: {step} of {steepest}");
        }
    }
}
