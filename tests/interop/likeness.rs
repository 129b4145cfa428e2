//! How well a recording matches what was said, sample by sample.
//!
//! Shape: [`Likeness::of`] finds the place of the known sound in the recording by cross-correlation, fits one gain, and looks at what
//! is left: as a whole, in every 5 ms, and for the three ways in which sound breaks (nothing, the same again, a jump).
//! Units: decibels of power; samples of 16 bits.

/// The windows in which a break is looked for, a second.
const WINDOWS: usize = 200;
/// Instants at which a place is first compared.
const PROBES: usize = 500;
/// How far around the best of them each sample is compared.
const AROUND: usize = 160;
/// A window with less of its expected power is a gap.
const GONE: f64 = 0.02;
/// A window that differs from an earlier one by less of its power is that one again.
const SAME: f64 = 0.000_3;
/// How far back that may be, in windows: packets have 10 to 60 ms.
const BACK: usize = 12;
/// A jump may be so much greater than the greatest of the known sound.
const JUMP: f64 = 1.5;

/// How like two sounds are.
#[derive(Clone, Debug)]
pub(crate) struct Likeness {
    /// Which sample of the recording is the first of the known sound.
    pub(crate) place: usize,
    /// The coefficient of correlation.
    pub(crate) correlation: f64,
    /// The power of the known sound over that of the difference.
    pub(crate) snr: f64,
    /// The same of the worst 5 ms.
    pub(crate) worst: f64,
    /// How loud it is, where 0 is as loud as it was.
    pub(crate) gain: f64,
    /// Windows of 5 ms with next to nothing in them.
    pub(crate) gaps: usize,
    /// Windows of 5 ms that say again what was said up to 60 ms before.
    pub(crate) repeats: usize,
    /// Samples further from their neighbour than any of the known sound.
    pub(crate) clicks: usize,
}

impl Likeness {
    /// Compares a part of this recording with a sound at the same rate; the recording must be the longer one.
    pub(crate) fn of(sound: &[f64], recording: &[f64], rate: u32) -> Self {
        let place = find(sound, recording);
        let heard = &recording[place..place + sound.len()];
        let gain = product(sound, heard) / power(sound);
        let expected: Vec<f64> = sound.iter().map(|sample| sample * gain).collect();
        let window = rate as usize / WINDOWS;
        let windows = || expected.chunks_exact(window).zip(heard.chunks_exact(window));
        let mean = power(&expected) / expected.len() as f64 * window as f64;
        // Where the sound itself is faint there is nothing to miss.
        let loud = |known: &[f64]| power(known) > mean / 100.0;
        let worst = windows().filter(|(known, _)| loud(known)).map(|(known, heard)| ratio(known, heard));
        let gaps = windows().filter(|(known, heard)| loud(known) && power(heard) < GONE * power(known)).count();
        let jump = JUMP * jumps(&expected).fold(0.0, f64::max);
        Self {
            place,
            correlation: product(&expected, heard) / (power(&expected) * power(heard)).sqrt(),
            snr: ratio(&expected, heard),
            worst: worst.fold(f64::INFINITY, f64::min),
            gain: 20.0 * gain.abs().log10(),
            gaps,
            repeats: repeats(heard, window).saturating_sub(repeats(&expected, window)),
            clicks: jumps(heard).filter(|step| *step > jump).count(),
        }
    }

    /// That nothing is missing, said twice, or torn.
    #[track_caller]
    pub(crate) fn is_whole(&self) {
        assert_eq!((self.gaps, self.repeats, self.clicks), (0, 0, 0), "gaps, repeats, clicks: {self:?}");
    }
}

/// Where a sound is in a recording.
fn find(sound: &[f64], recording: &[f64]) -> usize {
    let last = recording.len().checked_sub(sound.len()).expect("the recording is long enough");
    // Not evenly spread, so that no tone is in step with them.
    let probes: Vec<usize> = (0..PROBES).map(|at| at * 7_919 * 31 % sound.len()).collect();
    let likeness = |place: usize, at: &mut dyn Iterator<Item = usize>| {
        let (mut both, mut heard) = (0.0, 1.0);
        for at in at {
            both += sound[at] * recording[place + at];
            heard += recording[place + at] * recording[place + at];
        }
        both / f64::sqrt(heard)
    };
    let best = |places: std::ops::RangeInclusive<usize>, at: &dyn Fn() -> Box<dyn Iterator<Item = usize>>| {
        let found = places.map(|place| (place, likeness(place, &mut at())));
        found.max_by(|one, other| one.1.total_cmp(&other.1)).expect("there is a place").0
    };
    let rough = best(0..=last, &|| Box::new(probes.clone().into_iter()));
    let length = sound.len();
    best(rough.saturating_sub(AROUND)..=(rough + AROUND).min(last), &|| Box::new(0..length))
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn power(samples: &[f64]) -> f64 {
    product(samples, samples)
}

/// The known sound over the difference, in decibels.
fn ratio(known: &[f64], heard: &[f64]) -> f64 {
    let difference: f64 = known.iter().zip(heard).map(|(known, heard)| (known - heard).powi(2)).sum();
    10.0 * (power(known) / difference.max(1.0)).log10()
}

fn jumps(samples: &[f64]) -> impl Iterator<Item = f64> + '_ {
    samples.windows(2).map(|pair| (pair[1] - pair[0]).abs())
}

/// Windows that are an earlier one again.
fn repeats(samples: &[f64], window: usize) -> usize {
    let windows: Vec<&[f64]> = samples.chunks_exact(window).collect();
    let same = |one: &[f64], other: &[f64]| {
        let difference: f64 = one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum();
        difference < SAME * power(one)
    };
    let before = |at: usize| windows[at.saturating_sub(BACK)..at].iter();
    (0..windows.len()).filter(|&at| before(at).any(|earlier| same(windows[at], earlier))).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::NARROW;

    const RATE: u32 = 8_000;
    const START: usize = 3_000;

    /// The likeness of the prompt from second 1 on with a recording of all of it, to which this happened.
    fn after(fault: impl FnOnce(&mut Vec<f64>)) -> Likeness {
        let mut recording = vec![0.0; START];
        recording.extend(NARROW.samples(RATE, 0.0, 4.0).into_iter().map(|sample| (sample * 0.5).round()));
        fault(&mut recording);
        Likeness::of(&NARROW.samples(RATE, 1.0, 2.5), &recording, RATE)
    }

    #[test]
    fn a_copy_at_half_the_level_is_whole() {
        let copy = after(|_| {});
        copy.is_whole();
        assert_eq!(copy.place, START + 8_000);
        assert!((copy.gain + 6.02).abs() < 0.01 && copy.snr > 60.0 && copy.worst > 40.0, "{copy:?}");
    }

    #[test]
    fn a_gap_is_found() {
        let copy = after(|recording| recording[20_000..20_080].fill(0.0));
        assert!(copy.gaps == 2 && copy.worst < 1.0, "{copy:?}");
    }

    #[test]
    fn a_packet_said_twice_is_found() {
        let copy = after(|recording| recording.copy_within(20_000..20_160, 20_160));
        assert!(copy.repeats >= 3 && copy.worst < 10.0, "{copy:?}");
    }

    #[test]
    fn a_click_is_found() {
        let copy = after(|recording| recording[20_000] += 16_000.0);
        assert!(copy.clicks >= 1 && copy.worst < 10.0, "{copy:?}");
    }

    #[test]
    fn a_packet_left_out_is_found() {
        let copy = after(|recording| drop(recording.drain(20_000..20_160)));
        assert!(copy.snr < 10.0, "{copy:?}");
    }
}
