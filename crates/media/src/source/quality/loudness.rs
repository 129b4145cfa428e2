//! The integrated loudness of a sound.
//!
//! Shape: two filters that hear as people do, the power of blocks of 400 ms, and two gates that leave pauses out.
//! Units: LUFS of one channel. A block begins every 100 ms.
//! Errors: none; where nothing is above the gate there is no loudness. A sound of less than a block is one block.
//! Sources: ITU-R BS.1770-5 annex 1; its filters are given for 48 kHz, and for other rates the same analogue ones are
//! brought to the rate by the bilinear transform.

use std::f64::consts::PI;

const MIN_RATE: u32 = 4_000;
/// What stands between power and loudness.
const OFFSET: f64 = -0.691;
const ABSOLUTE_GATE: f64 = -70.0;
/// Below the loudness of what is above the first gate.
const RELATIVE_GATE: f64 = -10.0;
/// Hops of 100 ms in a block.
const BLOCK: usize = 4;

/// The loudness of samples at a rate.
pub(super) fn integrated(samples: &[i16], rate: u32) -> Option<f64> {
    if rate < MIN_RATE {
        return None;
    }
    let blocks = blocks(samples, rate);
    let above = |gate: f64| {
        let (sum, count) = blocks
            .iter()
            .filter(|&&power| loudness(power) > gate)
            .fold((0.0, 0_u32), |(sum, count), power| (sum + power, count + 1));
        (count > 0).then(|| loudness(sum / f64::from(count)))
    };
    above((above(ABSOLUTE_GATE)? + RELATIVE_GATE).max(ABSOLUTE_GATE))
}

fn loudness(power: f64) -> f64 {
    OFFSET + 10.0 * power.log10()
}

/// The mean power of each block.
fn blocks(samples: &[i16], rate: u32) -> Vec<f64> {
    let length = (rate / 10) as usize;
    let (mut shelf, mut high_pass) = (Section::shelf(rate), Section::high_pass(rate));
    let mut heard = |&sample: &i16| high_pass.run(shelf.run(f64::from(sample) / 32_768.0)).powi(2);
    let mut power = |hop: &[i16]| hop.iter().map(&mut heard).sum::<f64>();
    if samples.len() < BLOCK * length {
        return if samples.is_empty() { Vec::new() } else { vec![power(samples) / samples.len() as f64] };
    }
    let hops: Vec<f64> = samples.chunks_exact(length).map(power).collect();
    hops.windows(BLOCK).map(|block| block.iter().sum::<f64>() / (BLOCK * length) as f64).collect()
}

/// A filter of second order.
struct Section {
    forward: [f64; 3],
    back: [f64; 2],
    state: [f64; 2],
}

impl Section {
    /// What the head does to a sound: some 4 dB more from 1.7 kHz on.
    fn shelf(rate: u32) -> Self {
        let (frequency, quality, gain) = (1_681.974_450_955_533, 0.707_175_236_955_419_6, 3.999_843_853_973_347);
        let (k, high) = ((PI * frequency / f64::from(rate)).tan(), 10.0_f64.powf(gain / 20.0));
        let band = high.powf(0.499_666_774_154_541_6) * k / quality;
        let whole = 1.0 + k / quality + k * k;
        let forward = [(high + band + k * k) / whole, 2.0 * (k * k - high) / whole, (high - band + k * k) / whole];
        Self { forward, back: back(k, quality), state: [0.0; 2] }
    }

    /// What the ear hears little of: below 40 Hz.
    fn high_pass(rate: u32) -> Self {
        let (frequency, quality) = (38.135_470_876_024_44, 0.500_327_037_323_877_3);
        let k = (PI * frequency / f64::from(rate)).tan();
        Self { forward: [1.0, -2.0, 1.0], back: back(k, quality), state: [0.0; 2] }
    }

    fn run(&mut self, input: f64) -> f64 {
        let output = self.forward[0] * input + self.state[0];
        self.state[0] = self.forward[1] * input - self.back[0] * output + self.state[1];
        self.state[1] = self.forward[2] * input - self.back[1] * output;
        output
    }
}

fn back(k: f64, quality: f64) -> [f64; 2] {
    let whole = 1.0 + k / quality + k * k;
    [2.0 * (k * k - 1.0) / whole, (1.0 - k / quality + k * k) / whole]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], wanted: &[f64]) {
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?} {wanted:?}");
    }

    #[test]
    fn at_48_khz_the_filters_are_those_of_the_recommendation() {
        let shelf = Section::shelf(48_000);
        close(&shelf.forward, &[1.535_124_859_586_97, -2.691_696_189_406_38, 1.198_392_810_852_85]);
        close(&shelf.back, &[-1.690_659_293_182_41, 0.732_480_774_215_85]);
        close(&Section::high_pass(48_000).back, &[-1.990_047_454_833_98, 0.990_072_250_366_21]);
    }
}
