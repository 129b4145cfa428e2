//! The filter of a resampler: the ideal low-pass under a Kaiser window.
//!
//! Units: distances are in periods of the slower of the two rates.
//! Sources: Kaiser and Schafer 1980.

use std::f64::consts::PI;

/// How sharp a filter is.
#[derive(Copy, Clone, Debug)]
pub(super) struct Kernel {
    /// Half of the filter.
    pub(super) half: f64,
    /// The middle of the filter's slope, as a part of the slower rate's band.
    pub(super) cutoff: f64,
    /// The window's shape.
    pub(super) beta: f64,
}

impl Kernel {
    /// The weight at a distance.
    pub(super) fn at(self, distance: f64) -> f64 {
        let angle = PI * self.cutoff * distance;
        let sinc = if angle == 0.0 { 1.0 } else { angle.sin() / angle };
        let edge = distance / self.half;
        sinc * bessel(self.beta * (1.0 - edge * edge).max(0.0).sqrt()) / bessel(self.beta)
    }
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for order in 1..40 {
        term *= quarter / f64::from(order * order);
        sum += term;
    }
    sum
}
