//! A file of sound, whichever of the formats it is in.
//!
//! Shape: the bytes of a file in, mono samples at the file's own rate out. What it is, its first bytes say; a name or a
//! content type is never asked.
//! Units: samples are 16-bit linear; channels are averaged.
//! Errors: [`FileError`] names the format and what was wrong in it. No length that a file claims makes room for anything:
//! what is kept grows with what was decoded, up to [`MAX_SAMPLES`] and [`MAX_DURATION`].
//! Sources: the magic numbers of each format's own description.

use super::mixing::Mixing;
use super::mp3::{self, Mp3Error};
use super::ogg::OggError;
use super::vorbis;
use super::wav::{self, MAX_DURATION, WavError};
use thiserror::Error;

/// The most samples that are kept of a file: 128 MB of them, 23 minutes at 48 kHz and an hour at 16 kHz.
pub const MAX_SAMPLES: usize = 1 << 26;
/// The loudest value of a sample.
const FULL_SCALE: f32 = 32_768.0;

/// What a file was written as.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Format {
    /// RIFF WAVE.
    Wav,
    /// MPEG audio, layer III.
    Mp3,
    /// Vorbis in Ogg.
    Vorbis,
}

impl Format {
    /// Its short name, which is also how its files' names end.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Vorbis => "ogg",
        }
    }
}

/// Why a file is not a sound that can be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum FileError {
    /// A WAV file with something wrong.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// An MP3 file with something wrong.
    #[error("MP3: {0}")]
    Mp3(#[from] Mp3Error),
    /// An Ogg file with something wrong.
    #[error("Ogg: {0}")]
    Ogg(#[from] OggError),
    /// A format that is known and not read.
    #[error("a file in the format {0} is not read; send WAV, MP3 or Ogg Vorbis")]
    Unread(&'static str),
    /// None of the formats.
    #[error("neither a WAV file nor MP3 nor Ogg")]
    Unknown,
}

/// More sound than is kept.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
#[error("the sound is longer than an hour, or than {MAX_SAMPLES} samples; send it in parts or at a lower sample rate")]
pub struct TooLong;

/// The sound of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decoded {
    /// What the file was written as.
    pub format: Format,
    /// Samples a second.
    pub rate: u32,
    /// How many channels it had; where that changes in its middle, at its beginning.
    pub channels: u16,
    /// All channels mixed into one.
    pub samples: Vec<i16>,
    /// By how many decibels the mix is softer than unrelated channels would make it: much where they are each other's opposite.
    pub cancelled: u8,
}

/// Reads a file.
///
/// # Errors
/// One [`FileError`] for each thing that can be wrong.
pub fn read(file: &[u8]) -> Result<Decoded, FileError> {
    if file.starts_with(b"RIFF") {
        return Ok(wav::read(file)?.into());
    }
    if file.starts_with(b"OggS") {
        return Ok(vorbis::read(file)?);
    }
    if let Some(name) = unread(file) {
        return Err(FileError::Unread(name));
    }
    if mp3::begins(file) {
        return Ok(mp3::read(file)?);
    }
    Err(FileError::Unknown)
}

impl From<wav::Wav> for Decoded {
    fn from(wav: wav::Wav) -> Self {
        let wav::Wav { rate, channels, samples, cancelled } = wav;
        Self { format: Format::Wav, rate, channels, samples, cancelled }
    }
}

/// The name of a format that people send and that is not read.
fn unread(file: &[u8]) -> Option<&'static str> {
    match file {
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("MPEG-4 (M4A, AAC)"),
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Some("AIFF"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Some("AMR"),
        [b'.', b's', b'n', b'd', ..] => Some("Sun audio"),
        [0x30, 0x26, 0xB2, 0x75, ..] => Some("Windows Media"),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => Some("Matroska or WebM"),
        [b'R', b'F', b'6', b'4', ..] => Some("RF64"),
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => Some("AAC"),
        _ => None,
    }
}

/// What was decoded so far, mixed to one channel, and never more than a file may hold.
pub(super) struct Mono {
    samples: Vec<i16>,
    mixing: Mixing,
    most: usize,
}

impl Mono {
    pub(super) fn at(rate: u32) -> Self {
        let hour = MAX_DURATION.as_secs().saturating_mul(rate.into());
        let mixing = Mixing::default();
        Self { samples: Vec::new(), mixing, most: usize::try_from(hour).unwrap_or(usize::MAX).min(MAX_SAMPLES) }
    }

    /// Adds the average of channels, each in `-1.0..1.0`; what is louder is cut to full scale.
    pub(super) fn mix(&mut self, channels: &[&[f32]]) -> Result<(), TooLong> {
        let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        self.room_for(frames)?;
        if channels.len() > 1 {
            (0..frames).for_each(|frame| self.mixing.note(channels.iter().map(|channel| channel[frame])));
        }
        let scale = FULL_SCALE / channels.len().max(1) as f32;
        let sample = |frame: usize| channels.iter().map(|channel| channel[frame]).sum::<f32>() * scale;
        // A float becomes the nearest integer within the bounds of 16 bits, and no number at all becomes 0.
        self.samples.extend((0..frames).map(|frame| sample(frame).round() as i16));
        Ok(())
    }

    /// Adds what could not be decoded.
    pub(super) fn silence(&mut self, frames: usize) -> Result<(), TooLong> {
        self.room_for(frames)?;
        self.samples.resize(self.samples.len() + frames, 0);
        Ok(())
    }

    /// What the mixing took away, in decibels.
    pub(super) fn cancelled(&self) -> u8 {
        self.mixing.cancelled(1.0)
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The sound without samples of its beginning and its end that are the encoder's own.
    pub(super) fn trimmed(mut self, start: usize, end: usize) -> Vec<i16> {
        self.samples.truncate(self.samples.len().saturating_sub(end));
        self.samples.drain(..start.min(self.samples.len()));
        self.samples
    }

    /// Whether so much more may be kept.
    pub(super) fn room_for(&self, frames: usize) -> Result<(), TooLong> {
        if self.samples.len() + frames > self.most { Err(TooLong) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(in crate::source) mod tests;
