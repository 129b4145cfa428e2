//! Sounds that are known again after codecs, jitter buffers and resampling: pure tones.
//!
//! Shape: 16-bit mono WAV files at 8 kHz, written for those who speak and read while they grow from those who record.
//! Sources: G. Goertzel, "An algorithm for the evaluation of finite trigonometric series", 1958.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::scene::{PATIENCE, wait_for};

/// Samples a second.
const RATE: usize = 8_000;
/// How much of a tone has to be heard.
const ENOUGH: usize = RATE * 4 / 10;
/// How long nothing may be heard for silence.
pub(crate) const QUIET: Duration = Duration::from_millis(600);
/// Amplitudes below this are silence: a coded zero is not always zero.
const SILENT: i16 = 64;
/// The part of the energy that a tone has in what is heard of it.
const PURE: f64 = 0.7;
/// The head of a WAV file as all programs here write it.
const HEAD: usize = 44;

/// Writes a tone of this frequency, so many seconds long.
pub(crate) fn write(path: &Path, hz: u32, seconds: usize) {
    let sample = |at: usize| (TAU * f64::from(hz) * at as f64 / RATE as f64).sin() * 9_000.0;
    let samples = (0..RATE * seconds).flat_map(|at| (sample(at) as i16).to_le_bytes());
    let length = u32::try_from(RATE * seconds * 2).expect("the tones are short");
    let numbers = [16, 0x0001_0001, 8_000, 16_000, 0x0010_0002];
    let mut file = [*b"RIFF", (36 + length).to_le_bytes(), *b"WAVE", *b"fmt "].concat();
    file.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
    file.extend([*b"data", length.to_le_bytes()].concat());
    file.extend(samples);
    std::fs::write(path, file).expect("the folder takes a file");
}

/// A recording that may still grow, or not yet be there.
#[derive(Clone, Debug)]
pub(crate) struct Recording(pub(crate) PathBuf);

impl Recording {
    /// All samples so far.
    fn samples(&self) -> Vec<i16> {
        let file = std::fs::read(&self.0).unwrap_or_default();
        let samples = file.get(HEAD..).unwrap_or_default().chunks_exact(2);
        samples.map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
    }

    /// Waits until this tone, and nothing else, is heard from now on.
    #[track_caller]
    pub(crate) fn hears(&self, hz: u32) {
        let before = self.samples().len();
        wait_for(&format!("{} holds {hz} Hz", self.0.display()), PATIENCE, || {
            let samples = self.samples();
            let last = samples.get(before.max(samples.len().saturating_sub(ENOUGH))..)?;
            (last.len() == ENOUGH && purity(last, hz) > PURE).then_some(())
        });
    }

    /// Waits until anything is heard from now on.
    #[track_caller]
    pub(crate) fn hears_something(&self) {
        let before = self.samples().len();
        wait_for(&format!("{} holds a sound", self.0.display()), PATIENCE, || {
            let samples = self.samples();
            let loud = samples.get(before..)?.iter().filter(|sample| sample.saturating_abs() > SILENT).count();
            (loud > ENOUGH).then_some(())
        });
    }

    /// Waits until nothing is heard for a while.
    #[track_caller]
    pub(crate) fn hears_nothing(&self) {
        let mut since = (Instant::now(), self.samples().len());
        wait_for(&format!("{} holds silence", self.0.display()), PATIENCE, || {
            let samples = self.samples();
            if samples.get(since.1..)?.iter().any(|sample| sample.saturating_abs() > SILENT) {
                since = (Instant::now(), samples.len());
            }
            (since.0.elapsed() > QUIET).then_some(())
        });
    }
}

/// What part of the energy of these samples is at this frequency.
fn purity(samples: &[i16], hz: u32) -> f64 {
    let turn = 2.0 * (TAU * f64::from(hz) / RATE as f64).cos();
    let (mut energy, mut last, mut before) = (0.0, 0.0, 0.0);
    for sample in samples.iter().map(|sample| f64::from(*sample)) {
        energy += sample * sample;
        (last, before) = (sample + turn * last - before, last);
    }
    if energy == 0.0 {
        return 0.0;
    }
    2.0 * (last * last + before * before - turn * last * before) / (energy * samples.len() as f64)
}

#[test]
fn a_tone_is_told_from_another_and_from_silence() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("tone.wav");
    write(&path, 440, 1);
    let samples = Recording(path).samples();
    assert!(purity(&samples, 440) > 0.99, "{}", purity(&samples, 440));
    assert!(purity(&samples, 620) < 0.01, "{}", purity(&samples, 620));
    assert_eq!(purity(&[0; 800], 440), 0.0);
}
