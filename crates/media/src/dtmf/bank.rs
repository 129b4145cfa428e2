//! The eight frequencies of a key, as they stand in one hop of sound.
//!
//! Shape: five milliseconds of samples in; for each frequency the complex sum that Goertzel's recursion would end with, and
//! the energy of the hop, out. It is computed as a product with a table, because that goes over several samples at once.
//! Units: hertz; sums and energies are of samples of 16 bits.
//! Sources: ITU-T Q.23 (the frequencies).

use super::Digit;
use std::f64::consts::TAU;
use std::ops::{Add, Mul};
use std::sync::{Arc, OnceLock};

/// The low group, then the high group.
pub(super) const FREQUENCIES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// Hops in a second.
pub(super) const HOPS: u32 = 200;

/// The keys as they stand on the keypad: a row of the low group, a column of the high group.
const KEYPAD: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The key of a row (0 to 3) and a column (4 to 7).
pub(super) fn key(row: usize, column: usize) -> Option<Digit> {
    Digit::from_char(*KEYPAD.get(row)?.get(column.checked_sub(4)?)?)
}

/// The row (0 to 3) and the column (4 to 7) of a key.
pub(super) fn place(key: Digit) -> (usize, usize) {
    let at = KEYPAD.iter().flatten().position(|&known| known == key.as_char()).unwrap_or(0);
    (at / 4, 4 + at % 4)
}

/// A complex number.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub(super) struct Complex {
    pub(super) re: f32,
    pub(super) im: f32,
}

impl Complex {
    pub(super) fn turn(angle: f32) -> Self {
        Self { re: angle.cos(), im: angle.sin() }
    }

    pub(super) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    pub(super) fn conjugate(self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    pub(super) fn angle(self) -> f32 {
        self.im.atan2(self.re)
    }

    pub(super) fn scaled(self, by: f32) -> Self {
        Self { re: self.re * by, im: self.im * by }
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }
}

/// What one hop holds.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Hop {
    pub(super) sums: [Complex; 8],
    pub(super) energy: f32,
}

/// The table of one rate, shared by all who listen at that rate.
#[derive(Debug)]
pub(super) struct Bank {
    /// Samples of a hop.
    pub(super) hop: usize,
    /// Cosines of each frequency over a hop, then its sines without their sign.
    waves: [(Box<[f32]>, Box<[f32]>); 8],
}

impl Bank {
    /// The table of a rate, which is made once for each of the rates of our codecs.
    pub(super) fn of(rate: u32) -> Arc<Self> {
        static KEPT: [OnceLock<Arc<Bank>>; 3] = [const { OnceLock::new() }; 3];
        let kept = [8_000, 16_000, 48_000].iter().position(|&known| known == rate);
        match kept.and_then(|at| KEPT.get(at)) {
            Some(bank) => Arc::clone(bank.get_or_init(|| Arc::new(Self::new(rate)))),
            None => Arc::new(Self::new(rate)),
        }
    }

    fn new(rate: u32) -> Self {
        let hop = (rate / HOPS).max(1) as usize;
        let wave = |frequency: f32, of: fn(f64) -> f64| {
            let step = TAU * f64::from(frequency) / f64::from(rate);
            (0..hop).map(|at| of(step * at as f64) as f32).collect::<Box<[f32]>>()
        };
        Self { hop, waves: FREQUENCIES.map(|frequency| (wave(frequency, f64::cos), wave(frequency, f64::sin))) }
    }

    /// Sums one hop, which is as long as [`Bank::hop`].
    pub(super) fn sum(&self, samples: &[f32]) -> Hop {
        let mut found = Hop { energy: product(samples, samples), ..Hop::default() };
        for (sum, (cosines, sines)) in found.sums.iter_mut().zip(&self.waves) {
            *sum = Complex { re: product(samples, cosines), im: -product(samples, sines) };
        }
        found
    }
}

/// The sum of products, in eight lanes.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let (ones, rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..8 {
            lanes[lane] += one[lane] * other[lane];
        }
    }
    let last: f32 = rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
    lanes.iter().sum::<f32>() + last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_place_on_the_keypad() {
        for code in 0..16 {
            let digit = Digit::from_event(code).unwrap();
            let (row, column) = place(digit);
            assert_eq!(key(row, column), Some(digit));
        }
        assert_eq!((key(4, 4), key(0, 3), key(0, 8)), (None, None, None));
        assert_eq!(place(Digit::from_char('#').unwrap()), (3, 6));
    }

    #[test]
    fn a_tone_stands_at_its_own_frequency_with_half_its_amplitude() {
        for rate in [8_000, 16_000, 48_000] {
            let bank = Bank::of(rate);
            assert_eq!(bank.hop, rate as usize / 200);
            let step = TAU * 1_633.0 / f64::from(rate);
            let tone: Vec<f32> = (0..bank.hop).map(|at| (1_000.0 * (step * at as f64).cos()) as f32).collect();
            let heard = bank.sum(&tone).sums[7].power().sqrt() / bank.hop as f32;
            assert!((heard - 500.0).abs() < 50.0, "{rate}: {heard}");
        }
    }
}
