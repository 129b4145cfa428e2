//! From one sample rate to another, band-limited.
//!
//! Shape: `whole` converts a sound that is there from its beginning to its end, [`Streaming`] one that is still being said; both
//! are windowed-sinc filters, `kernel` says which.
//! Units: samples of 16 bits; the ratio is reduced to integers, so no phase drifts.
//! Sources: Smith, Digital Audio Resampling (CCRMA); Kaiser and Schafer 1980 (the window).

mod kernel;
mod streaming;
mod whole;

pub use streaming::Streaming;
pub(crate) use whole::resample;

/// Output samples for input samples, in lowest terms.
#[derive(Copy, Clone, Debug)]
struct Ratio {
    up: usize,
    down: usize,
}

impl Ratio {
    /// `None` when one of the rates is zero.
    fn of(from: u32, to: u32) -> Option<Self> {
        let divisor = gcd(from, to);
        (from > 0 && to > 0).then(|| Self { up: (to / divisor) as usize, down: (from / divisor) as usize })
    }

    /// Input samples in a period of the slower rate.
    fn stretch(self) -> f64 {
        (self.down as f64 / self.up as f64).max(1.0)
    }
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 { one } else { gcd(other, one % other) }
}
