//! A sound at another rate while it is being said.
//!
//! Shape: parts of any length in, what they make out; the parts together are one unbroken sound.
//! Units: the output is 16 periods of the slower rate late: 2 ms between 8 kHz and any faster rate.
//! Errors: none; output that finds no room is left out, so give [`Streaming::most`] samples.

use super::Ratio;
use super::kernel::Kernel;

/// About 60 dB; flat to four fifths of the slower rate's band.
const KERNEL: Kernel = Kernel { half: 16.0, cutoff: 0.9, beta: 6.0 };
/// Input samples that are worked on at once: 20 ms at 48 kHz.
const PART: usize = 960;

/// Converts between two rates, a part at a time. Nothing is allocated after [`Streaming::new`].
#[derive(Clone, Debug)]
pub struct Streaming {
    ratio: Ratio,
    /// Weights of each phase, those of the oldest sample first; empty when the rates are equal.
    phases: Vec<Box<[f32]>>,
    taps: usize,
    /// The samples before the part, then the part.
    line: Box<[f32]>,
    /// Where in a period of the input the next output sample lies.
    phase: usize,
}

impl Streaming {
    /// A converter between any two rates; made for 8,000, 16,000 and 48,000. A rate of zero converts nothing.
    pub fn new(from: u32, to: u32) -> Self {
        let Some(ratio) = Ratio::of(from, to).filter(|_| from != to) else {
            let ratio = Ratio { up: 1, down: 1 };
            return Self { ratio, phases: Vec::new(), taps: 0, line: Box::new([]), phase: 0 };
        };
        let half = (KERNEL.half * ratio.stretch()).ceil() as usize;
        let taps = 2 * half;
        let phases = (0..ratio.up).map(|phase| weights(ratio, half, phase)).collect();
        Self { ratio, phases, taps, line: vec![0.0; taps - 1 + PART].into_boxed_slice(), phase: 0 }
    }

    /// The most samples that an input of this length makes.
    pub fn most(&self, input: usize) -> usize {
        (input * self.ratio.up).div_ceil(self.ratio.down)
    }

    /// Converts a part and answers how many samples were written.
    pub fn run(&mut self, input: &[i16], output: &mut [i16]) -> usize {
        if self.phases.is_empty() {
            let count = input.len().min(output.len());
            output[..count].copy_from_slice(&input[..count]);
            return count;
        }
        let before = self.taps - 1;
        let mut room = output.iter_mut();
        let mut written = 0;
        for part in input.chunks(PART) {
            for (place, &sample) in self.line[before..].iter_mut().zip(part) {
                *place = f32::from(sample);
            }
            for at in 0..part.len() {
                while self.phase < self.ratio.up {
                    if let Some(place) = room.next() {
                        *place = dot(&self.phases[self.phase], &self.line[at..at + self.taps]);
                        written += 1;
                    }
                    self.phase += self.ratio.down;
                }
                self.phase -= self.ratio.up;
            }
            self.line.copy_within(part.len()..part.len() + before, 0);
        }
        written
    }

    /// Forgets what was said, as after a silence.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
        self.phase = 0;
    }
}

/// The weights of a phase, whose output lies `half` samples before the newest, and `phase / up` after that.
fn weights(ratio: Ratio, half: usize, phase: usize) -> Box<[f32]> {
    let fraction = phase as f64 / ratio.up as f64;
    let last = half as f64 + 1.0 - 2.0 * half as f64;
    let distance = |tap: usize| ((last + tap as f64 - fraction) / ratio.stretch()).abs();
    let weights: Vec<f64> = (0..2 * half).map(|tap| KERNEL.at(distance(tap))).collect();
    // Each phase passes a constant unchanged, so that silence with an offset has no ripple.
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

/// Eight sums at a time, which a processor adds at once.
fn dot(weights: &[f32], samples: &[f32]) -> i16 {
    let (weights, weights_rest) = weights.as_chunks::<8>();
    let (samples, samples_rest) = samples.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (weights, samples) in weights.iter().zip(samples) {
        for lane in 0..8 {
            sums[lane] += weights[lane] * samples[lane];
        }
    }
    let rest: f32 = weights_rest.iter().zip(samples_rest).map(|(weight, sample)| weight * sample).sum();
    // A float becomes the nearest integer within the bounds of 16 bits.
    (sums.iter().sum::<f32>() + rest).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    const RATES: [u32; 3] = [8_000, 16_000, 48_000];

    fn tone(rate: u32, hertz: f64) -> Vec<i16> {
        let step = 2.0 * PI * hertz / f64::from(rate);
        (0..rate / 2).map(|at| (10_000.0 * (step * f64::from(at)).sin()) as i16).collect()
    }

    fn run(from: u32, to: u32, input: &[i16], part: usize) -> Vec<i16> {
        let mut streaming = Streaming::new(from, to);
        let mut heard = Vec::new();
        for part in input.chunks(part) {
            let mut output = vec![0; streaming.most(part.len())];
            let count = streaming.run(part, &mut output);
            heard.extend_from_slice(&output[..count]);
        }
        heard
    }

    fn level(samples: &[i16]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let power = middle.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / middle.len() as f64;
        10.0 * (power / (10_000.0f64.powi(2) / 2.0)).max(1e-12).log10()
    }

    #[test]
    fn a_tone_stays_the_same_tone_between_all_rates() {
        for from in RATES {
            for to in RATES {
                let heard = run(from, to, &tone(from, 1_000.0), from as usize / 50);
                assert_eq!(heard.len(), to as usize / 2, "{from} to {to}");
                let late = if from == to { 0.0 } else { 16.0 / f64::from(from.min(to)) };
                let step = 2.0 * PI * 1_000.0;
                let settled = heard.iter().enumerate().skip(to as usize / 20);
                let error = settled.map(|(at, &sample)| {
                    let want = 10_000.0 * (step * (at as f64 / f64::from(to) - late)).sin();
                    (f64::from(sample) - want).abs()
                });
                let worst = error.fold(0.0, f64::max);
                assert!(worst < 60.0, "{from} to {to}: {worst}");
            }
        }
    }

    #[test]
    fn speech_passes_and_what_would_fold_back_or_mirror_does_not() {
        for (from, to) in [(16_000, 8_000), (48_000, 8_000), (48_000, 16_000)] {
            let band = f64::from(to) / 8_000.0;
            for hertz in [300.0, 3_000.0 * band] {
                let heard = level(&run(from, to, &tone(from, hertz), 320));
                assert!(heard.abs() < 0.2, "{hertz} Hz, {from} to {to}: {heard:.2} dB");
            }
            let heard = level(&run(from, to, &tone(from, 4_300.0 * band), 320));
            assert!(heard < -40.0, "{from} to {to}: {heard:.2} dB");
        }
    }

    #[test]
    fn the_length_of_the_parts_does_not_matter() {
        for (from, to) in [(8_000, 48_000), (48_000, 8_000), (16_000, 8_000), (44_100, 8_000)] {
            let input = tone(from, 700.0);
            let whole = run(from, to, &input, input.len());
            for part in [1, 7, 160, 1_000] {
                assert!(run(from, to, &input, part) == whole, "{from} to {to} by {part}");
            }
        }
    }

    #[test]
    fn output_without_room_is_left_out_and_extremes_are_bounded() {
        let mut streaming = Streaming::new(8_000, 48_000);
        assert_eq!(streaming.run(&[i16::MAX; 160], &mut [0; 100]), 100);
        let mut output = [0; 960];
        assert_eq!(streaming.run(&[i16::MIN; 160], &mut output), 960);
        assert_eq!(output[959], i16::MIN);
        assert_eq!(Streaming::new(0, 8_000).run(&[5], &mut [0]), 1);
    }
}
