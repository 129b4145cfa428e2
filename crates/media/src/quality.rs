//! How good a connection sounds, as the E-model estimates it.
//!
//! Shape: loss, delay and codec in, a rating from 0 to 100 or a mean opinion score from 1 to 4.5 out. Computed when somebody asks.
//! Units: loss as a part of 1; delay from mouth to ear.
//! Sources: ITU-T G.107 (2015) sections 7.4 (delay, loss) and annex B (score), with every other parameter at its default, so that
//! a connection without fault rates 93.2; ITU-T G.113 appendix I (codecs).
//!
//! The scale is the narrow-band one for every codec, on which a wide-band codec is without fault: what is wanted is what the network
//! did, comparable between calls.

use crate::codec::Codec;
use std::time::Duration;

/// The rating of a connection with all parameters at their defaults.
const BEST: f64 = 93.2;

/// What a connection suffers from.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Impairment {
    /// The codec.
    pub codec: Codec,
    /// The part of the packets that is lost, at random.
    pub loss: f64,
    /// The delay from mouth to ear.
    pub delay: Duration,
}

impl Impairment {
    /// The transmission rating R, from 0 to 93.2.
    pub fn rating(&self) -> f64 {
        (BEST - delay_impairment(self.delay) - self.equipment_impairment()).clamp(0.0, BEST)
    }

    /// The mean opinion score of a listening and talking person, from 1 to 4.41.
    pub fn mos(&self) -> f64 {
        let rating = self.rating();
        (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).clamp(1.0, 4.5)
    }

    /// What codec and loss take from the rating: Ie,eff for losses without bursts.
    fn equipment_impairment(&self) -> f64 {
        let Robustness { impairment, robustness } = Robustness::of(self.codec);
        let percent = 100.0 * self.loss.clamp(0.0, 1.0);
        impairment + (95.0 - impairment) * percent / (percent + robustness)
    }
}

/// What a codec is without loss (Ie), and how well it bears it (Bpl).
struct Robustness {
    impairment: f64,
    robustness: f64,
}

impl Robustness {
    const fn of(codec: Codec) -> Self {
        match codec {
            // G.711 with concealment; without it Bpl would be 4.3. Who listens conceals, and so do telephones.
            Codec::Pcmu | Codec::Pcma => Self { impairment: 0.0, robustness: 25.1 },
            // The recommendation has no figures for these on this scale. Their concealment is of the same kind.
            Codec::G722 | Codec::L16(_) | Codec::Opus => Self { impairment: 0.0, robustness: 25.1 },
        }
    }
}

/// What delay takes from the rating without echo (Idd): nothing up to 100 ms.
fn delay_impairment(delay: Duration) -> f64 {
    let ratio = delay.as_secs_f64() / 0.1;
    if ratio <= 1.0 {
        return 0.0;
    }
    let x = ratio.log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(loss: f64, delay_ms: u64, rating: f64, mos: f64) {
        let impaired = Impairment { codec: Codec::Pcmu, loss, delay: Duration::from_millis(delay_ms) };
        let got = (impaired.rating(), impaired.mos());
        assert!((got.0 - rating).abs() < 0.05 && (got.1 - mos).abs() < 0.005, "{loss} {delay_ms}: {got:?}");
    }

    /// The scores of G.107 annex B for some ratings, and what loss and delay leave of them.
    #[test]
    fn scores_are_those_of_the_recommendation() {
        check(0.0, 0, 93.2, 4.409);
        check(0.0, 100, 93.2, 4.409);
        // 95 * 1/(1+25.1) = 3.64, 95 * 5/30.1 = 15.78, 95 * 25.1/50.2 = 47.5.
        check(0.01, 0, 89.56, 4.328);
        check(0.05, 0, 77.42, 3.923);
        check(0.251, 0, 45.7, 2.351);
        // X = log2(4) = 2: 25 * (65^(1/6) - 3 (1 + (2/3)^6)^(1/6) + 2).
        check(0.0, 400, 69.13, 3.556);
        check(1.0, 60_000, 0.0, 1.0);
        check(f64::MAX, 0, 17.26, 1.177);
    }

    #[test]
    fn more_loss_and_more_delay_never_sound_better() {
        let mos = |loss: u32, delay: u32| {
            let delay = Duration::from_millis(u64::from(delay) * 25);
            Impairment { codec: Codec::Pcma, loss: f64::from(loss) / 50.0, delay }.mos()
        };
        for (loss, delay) in (0..50).flat_map(|loss| (0..50).map(move |delay| (loss, delay))) {
            assert!(mos(loss + 1, delay) <= mos(loss, delay) && mos(loss, delay + 1) <= mos(loss, delay) + 1e-9);
        }
    }
}
