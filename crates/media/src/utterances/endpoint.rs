//! When somebody begins to speak, and when they have ended.
//!
//! Shape: frames in, [`Turn`]s out. A frame is sound when it is louder than the line by [`MARGIN`] and louder than [`QUIET`].
//! Units: levels in dB below a full-scale square wave (dBFS), of the mean square of a frame.
//! Time: that of the frames.
//! Sources: none of a standard. ITU-T P.56 has speech on telephone lines around -20 to -30 dBFS in active parts; the echo of a prompt,
//! as a line returns it, is below -45 dBFS as a rule.
//!
//! How loud the line is begins as the first frame, and falls at once to a quieter one; it rises by [`RISE`] a second, between
//! [`LOWEST`] and [`HIGHEST`]. So noise that is there from the beginning is not taken for speech, and somebody who speaks at once is
//! heard with the first pause between two sounds.

use std::time::Duration;

use crate::record::level::{LOWEST, level};

/// How long somebody has to be heard, with short pauses, to have begun.
pub const ONSET: Duration = Duration::from_millis(120);
/// An utterance is cut in two when it is so long.
pub const LONGEST_UTTERANCE: Duration = Duration::from_secs(20);
/// A pause that is longer than this is none between two sounds of a word.
const PAUSE: Duration = Duration::from_millis(100);
/// How far above the line a sound is, in dB.
const MARGIN: f32 = 12.0;
/// Below this everything is silence, in dBFS.
const QUIET: f32 = -45.0;
/// How fast the level of the line rises, in dB a second.
const RISE: f32 = 3.0;
/// The loudest line, in dBFS.
const HIGHEST: f32 = -38.0;

/// What somebody does.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Turn {
    /// Began to speak.
    Began {
        /// At the first sound.
        at: Duration,
    },
    /// Has ended.
    Ended {
        /// Behind the last sound.
        at: Duration,
    },
}

/// Finds the turns of one party.
#[derive(Clone, Debug)]
pub struct Endpointer {
    end_silence: Duration,
    now: Duration,
    /// How loud the line is.
    floor: Option<f32>,
    /// When the sound began that is heard now, and how much of it there was.
    first: Option<Duration>,
    voiced: Duration,
    /// Behind the last sound.
    last: Duration,
    is_speaking: bool,
}

impl Endpointer {
    /// Somebody who is silent; so long a silence is the end of an utterance.
    pub fn new(end_silence: Duration) -> Self {
        Self {
            end_silence,
            now: Duration::ZERO,
            floor: None,
            first: None,
            voiced: Duration::ZERO,
            last: Duration::ZERO,
            is_speaking: false,
        }
    }

    /// Takes a frame.
    pub fn hear(&mut self, frame: &[i16], rate: u32) -> Option<Turn> {
        let duration = Duration::from_secs_f64(frame.len() as f64 / f64::from(rate.max(1)));
        let began = self.now;
        self.now += duration;
        if self.is_sound(frame, duration) {
            self.first.get_or_insert(began);
            self.voiced += duration;
            self.last = self.now;
        } else if !self.is_speaking && self.now - self.last > PAUSE {
            self.first = None;
            self.voiced = Duration::ZERO;
        }
        let first = self.first?;
        if !self.is_speaking && self.voiced >= ONSET {
            self.is_speaking = true;
            return Some(Turn::Began { at: first });
        }
        let is_over = self.now - self.last >= self.end_silence || self.now - first >= LONGEST_UTTERANCE;
        (self.is_speaking && is_over).then(|| {
            self.is_speaking = false;
            self.first = None;
            self.voiced = Duration::ZERO;
            Turn::Ended { at: self.last }
        })
    }

    fn is_sound(&mut self, frame: &[i16], duration: Duration) -> bool {
        let level = level(frame);
        let floor = self.floor.unwrap_or(level).clamp(LOWEST, HIGHEST);
        self.floor = Some(level.min(floor + RISE * duration.as_secs_f32()).clamp(LOWEST, HIGHEST));
        level > QUIET && level > floor + MARGIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The turns of noise of these levels and lengths in seconds, each with its time in tenths of a second.
    fn turns(parts: &[(f32, f32)]) -> Vec<(&'static str, u128)> {
        let mut endpointer = Endpointer::new(Duration::from_millis(800));
        let mut seed = 1u32;
        let mut turns = Vec::new();
        for &(dbfs, seconds) in parts {
            let amplitude = 32_768.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
            for _ in 0..(seconds * 50.0) as u32 {
                let frame: Vec<i16> = (0..160)
                    .map(|_| {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        ((f64::from(seed) / f64::from(u32::MAX) * 2.0 - 1.0) * f64::from(amplitude)) as i16
                    })
                    .collect();
                turns.extend(endpointer.hear(&frame, 8_000).map(|turn| match turn {
                    Turn::Began { at } => ("began", (at.as_millis() + 50) / 100),
                    Turn::Ended { at } => ("ended", (at.as_millis() + 50) / 100),
                }));
            }
        }
        turns
    }

    #[test]
    fn words_with_pauses_are_one_utterance_on_a_quiet_and_on_a_noisy_line() {
        for noise in [-90.0, -65.0, -55.0, -45.0, -40.0] {
            let words: Vec<(f32, f32)> = (0..4).flat_map(|_| [(-20.0, 0.3), (noise, 0.2)]).collect();
            let spoken = [&[(noise, 1.0)], &words[..], &[(noise, 2.0)]].concat();
            assert_eq!(turns(&spoken), [("began", 10), ("ended", 28)], "over noise of {noise} dBFS");
        }
    }

    #[test]
    fn steady_noise_an_echo_and_a_click_are_no_speech() {
        for noise in [-90.0, -50.0, -40.0, -30.0] {
            assert_eq!(turns(&[(noise, 5.0)]), [], "noise of {noise} dBFS");
        }
        assert_eq!(turns(&[(-70.0, 1.0), (-46.0, 3.0)]), [], "an echo");
        assert_eq!(turns(&[(-70.0, 1.0), (-10.0, 0.06), (-70.0, 2.0)]), [], "a click");
        assert_eq!(turns(&[(-70.0, 1.0), (-10.0, 0.06), (-70.0, 0.3), (-10.0, 0.06), (-70.0, 1.0)]), [], "two");
    }

    #[test]
    fn two_sentences_are_two_utterances() {
        let parts = [(-70.0, 1.0), (-25.0, 1.0), (-70.0, 1.0), (-25.0, 1.0), (-70.0, 1.0)];
        assert_eq!(turns(&parts), [("began", 10), ("ended", 20), ("began", 30), ("ended", 40)]);
    }

    #[test]
    fn somebody_who_speaks_at_once_is_heard_after_the_first_pause() {
        let words: Vec<(f32, f32)> = (0..4).flat_map(|_| [(-20.0, 0.2), (-70.0, 0.08)]).collect();
        assert_eq!(turns(&[&words[..], &[(-70.0, 1.0)]].concat())[0].0, "began");
    }

    #[test]
    fn an_utterance_without_an_end_is_cut() {
        let pairs: Vec<(f32, f32)> = (0..100).flat_map(|_| [(-20.0, 0.3), (-70.0, 0.1)]).collect();
        let all = [&[(-70.0, 0.5)], &pairs[..]].concat();
        let [first, second, ..] = turns(&all)[..] else { panic!("it ends") };
        assert_eq!(first, ("began", 5));
        assert!(second.0 == "ended" && (200..=206).contains(&second.1), "{second:?}");
    }
}
