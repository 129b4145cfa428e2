//! What is heard in place of a packet that did not come.
//!
//! Shape: [`Concealer`] is told of all that was decoded, and fills what is missing: the last period of the voice is said again and again,
//! softer and softer, and what comes next is faded in.
//! Units: samples; a period lasts 2.5 to 15 ms, loudness stays for 10 ms and is gone after 60 ms.
//! Sources: ITU-T G.711 Appendix I for the times: it repeats pitch periods, and attenuates by 20 % in 10 ms from the second 10 ms on.

/// Samples of 8 kHz: the shortest and the longest period, and the part of a sound that is compared with another.
const SHORTEST: usize = 20;
const LONGEST: usize = 120;
const COMPARED: usize = 80;
/// Over how many samples of 8 kHz made-up sound gives way to what came.
const FADED: usize = 40;
/// How long made-up sound is as loud as what was heard, and after how long there is none, in samples of 8 kHz.
const FULL: usize = 80;
const GONE: usize = 480;
/// What is remembered, in samples of 8 kHz: a period, and what is compared with it.
const REMEMBERED: usize = LONGEST + COMPARED;

/// Fills what is missing in one stream of sound.
#[derive(Debug)]
pub(crate) struct Concealer {
    scale: usize,
    /// What was heard last, its newest sample at the end.
    history: Box<[i16]>,
    /// What is made up just now.
    made: Option<Made>,
}

/// A loss under way.
#[derive(Copy, Clone, Debug)]
struct Made {
    period: usize,
    /// Samples made up so far.
    count: usize,
}

impl Concealer {
    /// For sound of so many samples a second.
    pub(crate) fn new(rate: u32) -> Self {
        let scale = (rate as usize / 8_000).max(1);
        Self { scale, history: vec![0; REMEMBERED * scale].into_boxed_slice(), made: None }
    }

    /// Takes sound that was decoded, which may be changed where it follows what was made up.
    pub(crate) fn heard(&mut self, pcm: &mut [i16]) {
        if let Some(mut made) = self.made.take() {
            let length = (FADED * self.scale).min(pcm.len());
            for (at, sample) in pcm.iter_mut().take(length).enumerate() {
                let old = i32::from(self.next(&mut made)) * (length - at) as i32;
                *sample = ((old + i32::from(*sample) * at as i32) / length as i32) as i16;
            }
        }
        let kept = self.history.len().saturating_sub(pcm.len());
        self.history.copy_within(self.history.len() - kept.., 0);
        let newest = &pcm[pcm.len() - (self.history.len() - kept)..];
        self.history[kept..].copy_from_slice(newest);
    }

    /// Makes up what follows.
    pub(crate) fn conceal(&mut self, pcm: &mut [i16]) {
        let mut made = self.made.unwrap_or_else(|| Made { period: self.period(), count: 0 });
        for sample in pcm {
            *sample = self.next(&mut made);
        }
        self.made = Some(made);
    }

    /// The next sample that is made up.
    fn next(&self, made: &mut Made) -> i16 {
        let (full, gone) = (FULL * self.scale, GONE * self.scale);
        let left = gone.saturating_sub(made.count).min(gone - full) as i64;
        let from = self.history.len() - made.period;
        let sample = self.history.get(from + made.count % made.period).copied().unwrap_or(0);
        made.count = made.count.saturating_add(1);
        (i64::from(sample) * left / (gone - full) as i64) as i16
    }

    /// The period of what was heard last: the lag at which it is most like itself.
    fn period(&self) -> usize {
        let end = self.history.len();
        let compared = COMPARED * self.scale;
        let newest = &self.history[end - compared..];
        let likeness = |lag: usize| {
            let older = &self.history[end - compared - lag..end - lag];
            let (mut product, mut energy) = (0.0f32, 1.0f32);
            for (&new, &old) in newest.iter().zip(older).step_by(self.scale) {
                product += f32::from(new) * f32::from(old);
                energy += f32::from(old) * f32::from(old);
            }
            product / energy.sqrt()
        };
        let lags = (SHORTEST * self.scale..=LONGEST * self.scale).map(|lag| (lag, likeness(lag)));
        lags.max_by(|one, other| one.1.total_cmp(&other.1)).map_or(LONGEST * self.scale, |(lag, _)| lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(rate: u32, from: usize, samples: usize) -> Vec<i16> {
        let at = |at: usize| (8_000.0 * (TAU * 440.0 * at as f64 / f64::from(rate)).sin()) as i16;
        (from..from + samples).map(at).collect()
    }

    #[test]
    fn a_lost_packet_of_a_tone_is_the_tone_and_what_follows_has_no_click() {
        for rate in [8_000, 16_000] {
            let mut concealer = Concealer::new(rate);
            let frame = rate as usize / 50;
            let mut sound = tone(rate, 0, 5 * frame);
            sound.chunks_mut(frame).for_each(|part| concealer.heard(part));
            let mut lost = vec![0; frame];
            concealer.conceal(&mut lost);
            let wanted = tone(rate, 5 * frame, frame);
            let error: i64 = lost.iter().zip(&wanted).take(frame / 2).map(|(&a, &b)| i64::from(a - b).pow(2)).sum();
            let power: i64 = wanted.iter().take(frame / 2).map(|&sample| i64::from(sample).pow(2)).sum();
            assert!(error * 20 < power, "{rate}: {error} of {power}");
            let mut next = tone(rate, 6 * frame, frame);
            concealer.heard(&mut next);
            let all: Vec<i16> = sound.iter().chain(&lost).chain(&next).copied().collect();
            let steepest = |pcm: &[i16]| pcm.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs()).max().unwrap();
            assert!(steepest(&all) < steepest(&sound) * 3 / 2, "{rate}: {}", steepest(&all));
        }
    }

    #[test]
    fn a_long_loss_is_silence_after_60_ms() {
        let mut concealer = Concealer::new(8_000);
        concealer.heard(&mut tone(8_000, 0, 800));
        let mut lost = vec![0; 1_600];
        concealer.conceal(&mut lost);
        assert!(lost[..80].iter().any(|sample| sample.abs() > 7_000));
        assert!(lost[480..].iter().all(|&sample| sample == 0));
    }

    #[test]
    fn any_lengths_are_survived() {
        let mut concealer = Concealer::new(16_000);
        for length in [0usize, 1, 7, 399, 400, 401, 5_000, 3] {
            concealer.heard(&mut vec![i16::MIN; length]);
            concealer.conceal(&mut vec![0; length]);
        }
    }
}
