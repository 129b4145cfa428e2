//! Sound made a little longer or shorter, so that it is not heard.
//!
//! Shape: one period of what is said is left out or said twice, and the ends are faded into each other.
//! Units: samples; a period lasts [`SHORTEST`] to [`LONGEST`].
//! Sources: Verhelst and Roelands 1993 (overlap-add by likeness of waveforms).

/// The shortest and the longest period, in samples of 8 kHz: 400 and 80 Hz.
const SHORTEST: usize = 20;
const LONGEST: usize = 100;
/// Over how many samples of 8 kHz likeness is measured.
const COMPARED: usize = 40;

/// The least that can be left out or added, in samples of `rate`.
pub(crate) const fn least(rate: u32) -> usize {
    SHORTEST * scale(rate)
}

/// The most that is left out or added at once.
pub(crate) const fn most(rate: u32) -> usize {
    LONGEST * scale(rate)
}

const fn scale(rate: u32) -> usize {
    let scale = rate as usize / 8_000;
    if scale == 0 { 1 } else { scale }
}

/// Leaves up to `at_most` samples out and answers how many; the rest moves up.
pub(crate) fn shorten(pcm: &mut [i16], rate: u32, at_most: usize) -> usize {
    let Some(period) = period(pcm, rate, at_most) else { return 0 };
    let overlap = period.min(pcm.len() - period);
    for at in 0..overlap {
        pcm[at] = faded(pcm[at], pcm[period + at], at, overlap);
    }
    pcm.copy_within(period + overlap.., overlap);
    period
}

/// Says up to `at_most` samples of the first `length` twice and answers how many; what lies behind them moves on.
pub(crate) fn lengthen(pcm: &mut [i16], length: usize, rate: u32, at_most: usize) -> usize {
    let room = pcm.len().saturating_sub(length);
    let Some(period) = pcm.get(..length).and_then(|sound| period(sound, rate, at_most.min(room))) else { return 0 };
    let overlap = period.min(length - period);
    // The first period stays; then all is said again, and fades in from what came after that period.
    pcm.copy_within(..length, period);
    for at in 0..overlap {
        // What was at `period + at` lies at `2 x period + at` now.
        let went_on = pcm.get(2 * period + at).copied().unwrap_or(pcm[period + at]);
        pcm[period + at] = faded(went_on, pcm[period + at], at, overlap);
    }
    period
}

/// The length after which the sound is most like itself; `None` where there is too little of it.
fn period(pcm: &[i16], rate: u32, at_most: usize) -> Option<usize> {
    let scale = scale(rate);
    let longest = (LONGEST * scale).min(at_most).min(pcm.len() / 2);
    let compared = (COMPARED * scale).min(pcm.len() - pcm.len() / 2);
    let likeness = |lag: usize| {
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for (&here, &there) in pcm.iter().zip(pcm.get(lag..)?).take(compared).step_by(scale) {
            product += f32::from(here) * f32::from(there);
            energy += f32::from(there) * f32::from(there);
        }
        Some(product / energy.sqrt())
    };
    let lags = SHORTEST * scale..=longest;
    lags.filter_map(|lag| Some((lag, likeness(lag)?)))
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .map(|(lag, _)| lag)
}

fn faded(from: i16, to: i16, at: usize, length: usize) -> i16 {
    let (at, length) = (at as i32, length as i32);
    ((i32::from(from) * (length - at) + i32::from(to) * at) / length.max(1)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(rate: u32, hertz: f64, samples: usize) -> Vec<i16> {
        (0..samples).map(|at| (8_000.0 * (TAU * hertz * at as f64 / f64::from(rate)).sin()) as i16).collect()
    }

    /// The largest step from sample to sample: a click is a step that the tone itself does not make.
    fn steepest(pcm: &[i16]) -> i32 {
        pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
    }

    #[test]
    fn a_tone_is_shortened_and_lengthened_without_a_click_or_a_dip() {
        for rate in [8_000, 16_000, 48_000] {
            for hertz in [150.0, 310.0, 440.0, 1_004.0] {
                let samples = rate as usize / 25;
                let plain = tone(rate, hertz, samples);
                let mut shorter = plain.clone();
                let gone = shorten(&mut shorter, rate, usize::MAX);
                shorter.truncate(samples - gone);
                let mut longer = plain.clone();
                longer.resize(samples + most(rate), 0);
                let added = lengthen(&mut longer, samples, rate, usize::MAX);
                longer.truncate(samples + added);
                for (pcm, by) in [(&shorter, gone), (&longer, added)] {
                    assert!((least(rate)..=most(rate)).contains(&by), "{rate} {hertz}: {by}");
                    assert!(steepest(pcm) <= steepest(&plain) * 11 / 10 + 2, "{rate} {hertz}: {}", steepest(pcm));
                    let quarter = (f64::from(rate) / hertz) as usize + 1;
                    let dip = pcm.windows(quarter).map(|part| part.iter().max().copied().unwrap()).min().unwrap();
                    assert!(dip > 7_000, "{rate} {hertz}: {dip}");
                }
                assert_eq!(shorter.last(), plain.last());
                assert_eq!(longer.last(), plain.last());
            }
        }
    }

    #[test]
    fn too_little_sound_or_room_changes_nothing() {
        assert_eq!(shorten(&mut [5; 30], 8_000, 100), 0);
        assert_eq!(shorten(&mut [5; 300], 8_000, 10), 0);
        assert_eq!(lengthen(&mut [5; 300], 300, 8_000, 100), 0);
        assert_eq!(lengthen(&mut [5; 300], 400, 8_000, 100), 0);
        assert_eq!(shorten(&mut [], 8_000, 100), 0);
    }
}
