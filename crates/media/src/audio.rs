//! A prompt, decoded once and kept as payload bytes of each codec.
//!
//! Shape: whole and unframed, one byte a sample, so that a frame of any packet length is a slice of it.
//! Units: 8,000 samples a second, mono.
//! Errors: [`WavError`] of the reader.

use crate::codec::{Codec, duration_of};
use crate::resample::resample;
use crate::source::wav::{self, WavError};
use std::sync::Arc;
use std::time::Duration;

/// A prompt ready to send, shared by all the streams that play it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audio {
    pcmu: Arc<[u8]>,
    pcma: Arc<[u8]>,
}

impl Audio {
    /// Encodes linear samples at 8 kHz.
    pub fn from_pcm(samples: &[i16]) -> Self {
        let encode = |codec: Codec| samples.iter().map(|&sample| codec.encode(sample)).collect();
        Self { pcmu: encode(Codec::Pcmu), pcma: encode(Codec::Pcma) }
    }

    /// Reads a WAV file: linear PCM, A-law or mu-law, 1 to 192 kHz, 1 to 8 channels, mixed down and resampled.
    ///
    /// # Errors
    /// [`WavError`] when the file is not one of these, is empty, or lasts longer than [`wav::MAX_DURATION`].
    pub fn from_wav(file: &[u8]) -> Result<Self, WavError> {
        let wav = wav::read(file)?;
        Ok(Self::from_pcm(&resample(wav.samples, wav.rate)))
    }

    /// Takes back what [`Audio::payload`] gave, for a store that keeps prompts encoded.
    ///
    /// `None` when the two are not of one length.
    pub fn from_payloads(pcmu: &[u8], pcma: &[u8]) -> Option<Self> {
        (pcmu.len() == pcma.len()).then(|| Self { pcmu: pcmu.into(), pcma: pcma.into() })
    }

    /// How long the prompt lasts.
    pub fn duration(&self) -> Duration {
        duration_of(self.pcmu.len() as u64)
    }

    /// The whole prompt as payload bytes, one a sample.
    pub fn payload(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcmu => &self.pcmu,
            Codec::Pcma => &self.pcma,
        }
    }
}
