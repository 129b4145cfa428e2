//! A gate that keeps the noise of those who say nothing out of a conference.
//!
//! Shape: told of each frame, it says whether the frame is passed on whole, is the last one, which sinks to nothing, or is not heard.
//! Units: levels are mean squares of samples; times are samples of the room.
//!
//! Fifty silent lines whose noise adds up are 17 dB louder than one. A line whose noise lies below [`OPENS`] adds nothing after
//! [`HOLD_MS`] without speech. The gate opens with the first frame that is louder, whole, so that it takes no consonant away: what is
//! lost is at most what was below -52 dB before. It has no adaptive threshold: a line with louder noise is heard with it, as on
//! any telephone.

/// The mean square from which a frame is speech: 52 dB below full scale. Speech on a line is between 40 and 15 dB below.
const OPENS: u64 = 80 * 80;
/// How long the gate stays open after the last louder frame: longer than the pauses between words.
const HOLD_MS: u32 = 400;

/// What becomes of a frame.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Passage {
    /// It is heard as it is.
    Whole,
    /// It is the last one, and fades.
    Fading,
    /// It is not heard.
    Nothing,
}

/// The gate of one member.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Samples until the gate closes; none when it is closed.
    open_for: u32,
}

impl Gate {
    /// Judges the next frame, of a room at `rate`.
    pub(super) fn judge(&mut self, frame: &[i16], rate: u32) -> Passage {
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let energy: u64 = frame.iter().map(|&sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
        if energy >= OPENS * u64::from(length) && length > 0 {
            self.open_for = rate / 1_000 * HOLD_MS;
            return Passage::Whole;
        }
        if self.open_for == 0 {
            return Passage::Nothing;
        }
        self.open_for = self.open_for.saturating_sub(length);
        if self.open_for == 0 { Passage::Fading } else { Passage::Whole }
    }
}

/// Lets a frame sink to silence in a straight line.
pub(super) fn fade(frame: &mut [i16]) {
    let length = i32::try_from(frame.len()).unwrap_or(i32::MAX).max(1);
    for (left, sample) in (0..length).rev().zip(frame) {
        *sample = (i32::from(*sample) * left / length) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_opens_at_once_and_quiet_closes_after_the_hold() {
        let mut gate = Gate::default();
        let (noise, speech) = ([30i16; 160], [2_000i16; 160]);
        assert_eq!(gate.judge(&noise, 8_000), Passage::Nothing);
        assert_eq!(gate.judge(&speech, 8_000), Passage::Whole);
        let passed = (0..30).map(|_| gate.judge(&noise, 8_000)).collect::<Vec<_>>();
        assert_eq!(passed.iter().filter(|passage| **passage == Passage::Whole).count(), 19, "380 ms and a fade");
        assert_eq!((passed[19], passed[20], passed[29]), (Passage::Fading, Passage::Nothing, Passage::Nothing));
        assert_eq!(gate.judge(&[], 8_000), Passage::Nothing);
    }

    #[test]
    fn a_pause_between_words_closes_nothing() {
        let mut gate = Gate::default();
        for _ in 0..10 {
            assert_eq!(gate.judge(&[2_000; 480], 16_000), Passage::Whole);
            assert!((0..13).all(|_| gate.judge(&[0; 480], 16_000) == Passage::Whole));
        }
    }

    #[test]
    fn a_fade_ends_in_silence_without_a_step() {
        let mut frame = [-32_768i16; 480];
        fade(&mut frame);
        assert!(frame.windows(2).all(|pair| (0..=70).contains(&(pair[1] - pair[0]))), "{frame:?}");
        assert_eq!(frame[479], 0);
    }
}
