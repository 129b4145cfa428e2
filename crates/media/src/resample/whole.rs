//! A whole sound at another rate.
//!
//! Shape: each output sample is a filter of the input at its instant, so the output is not late.
//! Errors: none; equal rates, or none at all, return the sound as it is.
//!
//! Down to 8 kHz the filter is flat to 3.3 kHz and lets nothing above 4 kHz fold back by more than -60 dB. Up the same filter is
//! scaled to the band of the input.

use super::Ratio;
use super::kernel::Kernel;

/// About 70 dB, and a slope of an eighth of the band.
const KERNEL: Kernel = Kernel { half: 32.0, cutoff: 0.92, beta: 7.0 };
/// Points of the filter's curve in a period; between them it is a straight line, which errs by less than -90 dB.
const RESOLUTION: usize = 512;
/// Filters of all phases are kept up to this many weights, 16 MB; beyond, they are made for each sample.
const MAX_WEIGHTS: usize = 4 << 20;

/// Converts a sound from one rate to another.
pub(crate) fn resample(samples: Vec<i16>, from: u32, to: u32) -> Vec<i16> {
    let Some(ratio) = Ratio::of(from, to).filter(|_| from != to) else { return samples };
    let filter = Filter::new(ratio);
    let length = (samples.len() * ratio.up).div_ceil(ratio.down);
    let phases = filter.phases();
    let mut scratch = Vec::new();
    let at = |output: usize| {
        let instant = output * ratio.down;
        let (input, phase) = (instant / ratio.up, instant % ratio.up);
        match phases.get(phase) {
            Some(taps) => filter.apply(taps, &samples, input),
            None => {
                filter.taps(phase, &mut scratch);
                filter.apply(&scratch, &samples, input)
            }
        }
    };
    (0..length).map(at).collect()
}

struct Filter {
    ratio: Ratio,
    /// Input samples in a period of the slower rate.
    stretch: f64,
    /// Input samples before and after the instant that count.
    half_taps: usize,
    /// The filter from its middle to its end.
    curve: Vec<f64>,
}

impl Filter {
    fn new(ratio: Ratio) -> Self {
        let stretch = ratio.stretch();
        let points = KERNEL.half as usize * RESOLUTION;
        let curve = (0..=points).map(|point| KERNEL.at(point as f64 / RESOLUTION as f64)).chain([0.0]).collect();
        Self { ratio, stretch, half_taps: (KERNEL.half * stretch).ceil() as usize, curve }
    }

    /// The weights of every phase, unless they are too many to keep.
    fn phases(&self) -> Vec<Vec<f32>> {
        if self.ratio.up * 2 * self.half_taps > MAX_WEIGHTS {
            return Vec::new();
        }
        let of = |phase| {
            let mut weights = Vec::new();
            self.taps(phase, &mut weights);
            weights
        };
        (0..self.ratio.up).map(of).collect()
    }

    /// The weights of the inputs around an instant that is `phase / up` after an input sample.
    fn taps(&self, phase: usize, weights: &mut Vec<f32>) {
        let fraction = phase as f64 / self.ratio.up as f64;
        let first = 1.0 - self.half_taps as f64;
        let distance = |tap: usize| (first + tap as f64 - fraction).abs() / self.stretch;
        weights.clear();
        weights.extend((0..2 * self.half_taps).map(|tap| self.weight(distance(tap)) as f32));
        // Each phase passes a constant unchanged, so that silence with an offset has no ripple.
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }

    /// The filter at a distance in periods.
    fn weight(&self, distance: f64) -> f64 {
        let point = distance * RESOLUTION as f64;
        let below = point as usize;
        match self.curve.get(below..below + 2) {
            Some(&[here, next]) => here + (next - here) * point.fract(),
            _ => 0.0,
        }
    }

    fn apply(&self, taps: &[f32], samples: &[i16], input: usize) -> i16 {
        // Before and after the sound there is silence.
        let missing = self.half_taps.saturating_sub(input + 1);
        let begin = (input + 1).saturating_sub(self.half_taps);
        let taps = taps.get(missing..).unwrap_or(&[]);
        let present = samples.get(begin..).unwrap_or(&[]);
        let sum: f32 = taps.iter().zip(present).map(|(tap, &sample)| tap * f32::from(sample)).sum();
        // A float becomes the nearest integer within the bounds of 16 bits.
        sum.round() as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn tone(rate: u32, hertz: f64) -> Vec<i16> {
        let step = 2.0 * PI * hertz / f64::from(rate);
        (0..rate / 2).map(|at| (10_000.0 * (step * f64::from(at)).sin()) as i16).collect()
    }

    /// The level of the middle of a sound against the tone's own, in dB.
    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let power = middle.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / middle.len() as f64;
        10.0 * (power / (10_000.0f64.powi(2) / 2.0)).max(1e-12).log10()
    }

    #[test]
    fn speech_passes_and_what_would_fold_back_does_not() {
        for rate in [11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000] {
            for hertz in [300.0, 1_000.0, 3_000.0] {
                let heard = level(&resample(tone(rate, hertz), rate, 8_000));
                assert!(heard.abs() < 0.2, "{hertz} Hz at {rate}: {heard:.2} dB");
            }
            for hertz in [4_100.0, 4_800.0, 5_300.0] {
                let heard = level(&resample(tone(rate, hertz), rate, 8_000));
                assert!(heard < -40.0, "{hertz} Hz at {rate}: {heard:.2} dB");
            }
        }
    }

    #[test]
    fn a_tone_is_the_same_tone_at_eight_kilohertz() {
        let want = tone(8_000, 440.0);
        for rate in [6_000, 11_025, 44_100, 47_999, 191_999] {
            let heard = resample(tone(rate, 440.0), rate, 8_000);
            let error = heard.iter().zip(&want).skip(200).take(3_000).map(|(a, b)| (a - b).abs()).max().unwrap();
            assert!(error < 100, "{rate}: {error}");
        }
    }

    #[test]
    fn a_slower_sound_gets_no_images() {
        // Of 1 kHz at 4 kHz the image is at 3 kHz: the sound must equal a clean tone.
        let heard = resample(tone(4_000, 1_000.0), 4_000, 8_000);
        let want = tone(8_000, 1_000.0);
        assert!(heard.iter().zip(&want).skip(200).take(3_000).all(|(a, b)| (a - b).abs() < 100));
    }

    #[test]
    fn lengths_and_extremes() {
        for (rate, length, expect) in [(8_000, 5, 5), (16_000, 5, 3), (48_000, 1, 1), (1_000, 3, 24), (44_100, 441, 80)]
        {
            assert_eq!(resample(vec![i16::MIN; length], rate, 8_000).len(), expect, "{rate}");
        }
        assert!(resample(Vec::new(), 44_100, 8_000).is_empty());
        assert!(resample(vec![1_000; 4_000], 16_000, 8_000)[500..1_500].iter().all(|&sample| sample == 1_000));
    }
}
