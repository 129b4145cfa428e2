//! Sounds that are known again after codecs, jitter buffers and resampling: pure tones.
//!
//! Shape: 16-bit WAV files, written for those who speak, mono at 8 kHz, and read at any rate while they grow from those who record.
//! Sources: G. Goertzel, "An algorithm for the evaluation of finite trigonometric series", 1958.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::scene::{PATIENCE, wait_for};

/// Samples a second.
const RATE: usize = 8_000;
/// How much of a tone has to be heard: so many tenths of a second.
const ENOUGH: usize = 4;
/// The amplitude of every tone.
const AMPLITUDE: f64 = 9_000.0;
/// A tone may be so much softer or louder after all that it went through, as a factor: 1 dB.
const LOUDNESS: std::ops::Range<f64> = 0.89..1.12;
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
    let sample = |at: usize| (TAU * f64::from(hz) * at as f64 / RATE as f64).sin() * AMPLITUDE;
    write_samples(path, RATE as u32, (0..RATE * seconds).map(|at| sample(at) as i16));
}

/// Writes samples of one channel.
pub(crate) fn write_samples(path: &Path, rate: u32, samples: impl Iterator<Item = i16>) {
    let samples: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let length = u32::try_from(samples.len()).expect("the sounds are short");
    let numbers = [16, 0x0001_0001, rate, 2 * rate, 0x0010_0002];
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
    /// Its rate, and its first channel so far.
    fn read(&self) -> Option<(u32, Vec<i16>)> {
        let file = std::fs::read(&self.0).ok()?;
        let channels = usize::from(u16::from_le_bytes(file.get(22..24)?.try_into().ok()?)).max(1);
        // linphone writes the head when the file ends; with G.711 it is 8 kHz.
        let rate = match u32::from_le_bytes(file.get(24..28)?.try_into().ok()?) {
            0 => RATE as u32,
            rate => rate,
        };
        let frames = file.get(HEAD..)?.chunks_exact(2 * channels);
        Some((rate, frames.map(|frame| i16::from_le_bytes([frame[0], frame[1]])).collect()))
    }

    /// All samples of its first channel so far.
    fn samples(&self) -> Vec<i16> {
        self.read().map(|(_, samples)| samples).unwrap_or_default()
    }

    /// Waits until it is so many seconds long; its rate, and all samples of its first channel.
    #[track_caller]
    pub(crate) fn all_of(&self, seconds: f64) -> (u32, Vec<f64>) {
        wait_for(&format!("{} is {seconds} s long", self.0.display()), PATIENCE, || {
            let (rate, samples) = self.read()?;
            let long = samples.len() as f64 > seconds * f64::from(rate);
            long.then(|| (rate, samples.into_iter().map(f64::from).collect()))
        })
    }

    /// Waits until this tone is heard from now on, at the level at which it was said.
    #[track_caller]
    pub(crate) fn hears_as_loud(&self, hz: u32) {
        self.waits_for(hz, |samples| {
            let power = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64;
            LOUDNESS.contains(&((2.0 * power).sqrt() / AMPLITUDE))
        });
    }

    /// Waits until this tone, and nothing else, is heard from now on.
    #[track_caller]
    pub(crate) fn hears(&self, hz: u32) {
        self.waits_for(hz, |_| true);
    }

    /// Waits until the last that is heard is this tone, in a way that is wanted.
    #[track_caller]
    fn waits_for(&self, hz: u32, wanted: impl Fn(&[i16]) -> bool) {
        let before = self.samples().len();
        wait_for(&format!("{} holds {hz} Hz", self.0.display()), PATIENCE, || {
            let (rate, samples) = self.read()?;
            let enough = rate as usize * ENOUGH / 10;
            let last = samples.get(before.max(samples.len().saturating_sub(enough))..)?;
            (last.len() == enough && purity(last, hz, rate) > PURE && wanted(last)).then_some(())
        });
    }

    /// Waits until anything is heard from now on.
    #[track_caller]
    pub(crate) fn hears_something(&self) {
        let before = self.samples().len();
        wait_for(&format!("{} holds a sound", self.0.display()), PATIENCE, || {
            let samples = self.samples();
            let loud = samples.get(before..)?.iter().filter(|sample| sample.saturating_abs() > SILENT).count();
            (loud > RATE * ENOUGH / 10).then_some(())
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
fn purity(samples: &[i16], hz: u32, rate: u32) -> f64 {
    let turn = 2.0 * (TAU * f64::from(hz) / f64::from(rate)).cos();
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
    assert!(purity(&samples, 440, 8_000) > 0.99, "{}", purity(&samples, 440, 8_000));
    assert!(purity(&samples, 620, 8_000) < 0.01, "{}", purity(&samples, 620, 8_000));
    assert_eq!(purity(&[0; 800], 440, 8_000), 0.0);
}
