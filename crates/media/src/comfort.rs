//! Comfort noise: what is heard while a peer sends no sound but says how loud its silence is.
//!
//! Shape: a payload in, a [`Level`] out; [`ComfortNoise`] makes as much noise of a level as is wanted. The spectrum that a payload may
//! describe is left out: the noise is white.
//! Units: levels in decibels below the loudest that can be said, 0 to 127.
//! Errors: a payload of no bytes says nothing.
//! Sources: RFC 3389 section 3 (payload), appendix II of G.711 (the level).

/// How loud silence is, in -dBov.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Level(u8);

impl Level {
    /// Reads a payload of payload type 13; bytes after the first describe the spectrum.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        payload.first().map(|first| Self(first & 0x7F))
    }

    /// The greatest sample of white noise of this level.
    fn peak(self) -> i32 {
        // Evenly spread samples have a third of the power of their square. Above -30 it is a mistake, or mischief.
        let below = f32::from(self.0.max(30));
        (32_768.0 * 10f32.powf(-below / 20.0) * 1.732) as i32
    }
}

/// That a peer says nothing from some moment on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Silence {
    /// The RTP timestamp of that moment.
    pub(crate) from: u32,
    pub(crate) level: Level,
}

impl Silence {
    /// Whether it has begun at a tick.
    pub(crate) fn has_begun(&self, tick: u32) -> bool {
        tick.wrapping_sub(self.from) as i32 >= 0
    }

    /// Whether it is over with sound of this timestamp.
    pub(crate) fn ends_with(&self, timestamp: u32) -> bool {
        timestamp.wrapping_sub(self.from) as i32 > 0
    }
}

/// White noise from a seed: the same for the same seed.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    state: u32,
}

impl ComfortNoise {
    /// Noise of this seed.
    pub fn new(seed: u32) -> Self {
        Self { state: seed | 1 }
    }

    /// Fills `pcm` with noise of a level.
    pub fn fill(&mut self, level: Level, pcm: &mut [i16]) {
        let peak = level.peak();
        for sample in pcm {
            // Marsaglia's generator with the shifts 13, 17 and 5.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            *sample = ((i32::from((self.state >> 16) as i16) * peak) >> 15) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_loud_as_the_payload_says_and_the_same_for_the_same_seed() {
        for (byte, expect) in [(40, -40.0), (0x80 | 60, -60.0), (30, -30.0), (5, -30.0)] {
            let mut pcm = [0; 8_000];
            let level = Level::parse(&[byte, 1, 2]).unwrap();
            ComfortNoise::new(9).fill(level, &mut pcm);
            let power = pcm.iter().map(|&sample| (f64::from(sample) / 32_768.0).powi(2)).sum::<f64>() / 8_000.0;
            assert!((10.0 * power.log10() - expect).abs() < 1.0, "{byte}: {:.1}", 10.0 * power.log10());
            let mut again = [0; 8_000];
            ComfortNoise::new(9).fill(level, &mut again);
            assert_eq!(pcm, again);
        }
        assert_eq!(Level::parse(&[]), None);
        let mut pcm = [7; 10];
        ComfortNoise::new(0).fill(Level(127), &mut pcm);
        assert!(pcm.iter().all(|sample| sample.abs() <= 1));
    }
}
