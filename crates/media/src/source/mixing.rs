//! What channels lose when they are mixed into one.
//!
//! Shape: [`Mixing::note`] is told of each moment's channels; [`Mixing::cancelled`] says how much of them is gone.
//! Units: any for samples, as long as full scale is told in the same; whole decibels for the loss. Channels that have nothing to do with
//! each other lose nothing in this count, the same sound in each gains; opposite ones lose all.

/// The least mean power, of full scale, of which a loss is told: -50 dB.
const AUDIBLE: f64 = 1e-5;
/// The most that is told.
const ALL: f64 = 96.0;

/// What went in and what came out.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Mixing {
    /// The squares of all channels.
    parts: f64,
    /// The squares of their sums.
    sums: f64,
    moments: u64,
}

impl Mixing {
    /// Takes one moment: a sample of each channel.
    pub(super) fn note(&mut self, channels: impl Iterator<Item = f32>) {
        let (parts, sum) = channels.fold((0.0, 0.0), |(parts, sum), sample| {
            let sample = f64::from(sample);
            (parts + sample * sample, sum + sample)
        });
        // What is no number is none of the sound either.
        if f64::is_finite(parts) {
            self.parts += parts;
            self.sums += sum * sum;
        }
        self.moments += 1;
    }

    /// How much softer the mix is than unrelated channels would make it, in decibels; 0 where it is not.
    pub(super) fn cancelled(&self, full_scale: f64) -> u8 {
        if self.parts <= AUDIBLE * full_scale * full_scale * self.moments as f64 {
            return 0;
        }
        let decibels = 10.0 * (self.parts / self.sums.max(f64::MIN_POSITIVE)).log10();
        decibels.clamp(0.0, ALL).round() as u8
    }
}
