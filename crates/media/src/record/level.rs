//! Whether anybody says anything: a level with a floor that follows the noise of the line.
//!
//! Shape: frames in; how long it has been silent, out.
//! Units: levels are in dB below a full-scale square wave (dBFS), of the mean square of a frame.
//! Time: that of the frames.
//! Sources: none of a standard. ITU-T P.56 has speech on telephone lines around -20 to -30 dBFS in active parts; comfort and line noise
//! is below -45 dBFS as a rule.
//!
//! A frame is sound when it is [`MARGIN`] above the floor and above [`QUIET`]. The floor falls at once to the quietest frame and rises
//! by [`RISE`] a second, between [`LOWEST`] and [`HIGHEST`]: so steady noise becomes silence after a few seconds, while pauses between
//! words keep the floor down under speech. Since the floor ends at [`HIGHEST`], what is louder than that and the margin (-26 dBFS) is
//! sound for as long as it lasts.

use std::time::Duration;

/// How far above the floor a sound begins, in dB.
const MARGIN: f32 = 9.0;
/// Below this everything is silence, in dBFS.
const QUIET: f32 = -52.0;
/// How fast the floor rises, in dB a second.
const RISE: f32 = 3.0;
/// Where the floor ends, in dBFS.
pub(crate) const LOWEST: f32 = -70.0;
const HIGHEST: f32 = -35.0;
/// Where the floor begins, in dBFS.
const FIRST: f32 = -60.0;
/// Full scale, squared.
const FULL: f32 = 32_768.0 * 32_768.0;

/// How long it has been silent.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    floor: f32,
    lasted: Duration,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { floor: FIRST, lasted: Duration::ZERO }
    }

    /// Takes a frame, and says how long it has been silent at its end: zero when the frame is sound.
    pub(super) fn hear(&mut self, frame: &[i16], duration: Duration) -> Duration {
        let level = level(frame);
        let is_sound = level > QUIET && level > self.floor + MARGIN;
        let risen = self.floor + RISE * duration.as_secs_f32();
        self.floor = level.min(risen).clamp(LOWEST, HIGHEST);
        self.lasted = if is_sound { Duration::ZERO } else { self.lasted + duration };
        self.lasted
    }

    /// Counts from now on.
    pub(super) fn restart(&mut self) {
        self.lasted = Duration::ZERO;
    }
}

/// The level of a frame; [`LOWEST`] for one without a sample.
pub(crate) fn level(frame: &[i16]) -> f32 {
    let energy: u64 = frame.iter().map(|&sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    if energy == 0 {
        return LOWEST;
    }
    10.0 * (energy as f32 / frame.len() as f32 / FULL).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    /// Frames of noise of these levels and lengths in seconds; the silence at the end in seconds, rounded.
    fn silence_after(parts: &[(f32, f32)]) -> f32 {
        let mut silence = Silence::new();
        let mut seed = 1u32;
        let mut lasted = Duration::ZERO;
        for &(dbfs, seconds) in parts {
            let amplitude = 32_768.0 * 10f32.powf(dbfs / 20.0) * 3f32.sqrt();
            for _ in 0..(seconds * 50.0) as u32 {
                let frame: Vec<i16> = (0..160)
                    .map(|_| {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        ((f64::from(seed) / f64::from(u32::MAX) * 2.0 - 1.0) * f64::from(amplitude)) as i16
                    })
                    .collect();
                lasted = silence.hear(&frame, FRAME);
            }
        }
        (lasted.as_secs_f32() * 10.0).round() / 10.0
    }

    #[test]
    fn silence_counts_from_the_end_of_speech_on_a_quiet_and_on_a_noisy_line() {
        for noise in [-90.0, -65.0, -55.0, -45.0] {
            let words: Vec<(f32, f32)> = (0..10).flat_map(|_| [(-24.0, 0.3), (noise, 0.2)]).collect();
            let spoken = [&words[..], &[(noise, 2.0)]].concat();
            let silent = silence_after(&spoken);
            assert!((2.1..=2.3).contains(&silent), "{silent} s over noise of {noise} dBFS");
        }
    }

    #[test]
    fn steady_noise_becomes_silence_and_a_loud_tone_never_does() {
        assert_eq!(silence_after(&[(-60.0, 5.0)]), 5.0, "a quiet line is silent from the beginning");
        let noisy = silence_after(&[(-40.0, 10.0)]);
        assert!((4.0..7.0).contains(&noisy), "{noisy}: the floor has to climb 11 dB first");
        assert_eq!(silence_after(&[(-20.0, 60.0)]), 0.0);
    }

    #[test]
    fn faint_speech_is_heard_on_a_quiet_line() {
        assert_eq!(silence_after(&[(-90.0, 1.0), (-46.0, 0.5)]), 0.0);
    }
}
