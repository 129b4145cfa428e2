//! A prompt, decoded once and kept as payload bytes of each codec.
//!
//! Shape: whole and unframed, one byte a sample, so that a frame of any packet length is a slice of it.
//! Units: 8,000 samples a second, mono.
//! Errors: [`WavError`] of the reader.

use crate::codec::{Codec, Law, SAMPLE_RATE, duration_of};
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
        let encode = |law: Law| samples.iter().map(|&sample| law.encode(sample)).collect();
        Self { pcmu: encode(Law::Mu), pcma: encode(Law::A) }
    }

    /// Reads a WAV file: linear PCM, A-law or mu-law, 1 to 192 kHz, 1 to 8 channels, mixed down and resampled.
    ///
    /// # Errors
    /// [`WavError`] when the file is not one of these, is empty, or lasts longer than [`wav::MAX_DURATION`].
    pub fn from_wav(file: &[u8]) -> Result<Self, WavError> {
        let wav = wav::read(file)?;
        Ok(Self::from_pcm(&resample(wav.samples, wav.rate, SAMPLE_RATE)))
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

    /// The whole prompt as payload bytes, one a sample; of a codec other than G.711 there are none yet.
    pub fn payload(&self, codec: Codec) -> &[u8] {
        match codec.law() {
            Some(Law::Mu) => &self.pcmu,
            Some(Law::A) => &self.pcma,
            None => &[],
        }
    }
}

impl Audio {
    /// The same as [`Audio::payload`], to be kept by somebody who reads it often.
    pub(crate) fn shared_payload(&self, codec: Codec) -> Arc<[u8]> {
        match codec.law() {
            Some(Law::Mu) => Arc::clone(&self.pcmu),
            Some(Law::A) => Arc::clone(&self.pcma),
            None => Arc::from([]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, channels: u16, sample_format: hound::SampleFormat, seconds: u32) -> Vec<u8> {
        let bits_per_sample = if sample_format == hound::SampleFormat::Float { 32 } else { 16 };
        let spec = hound::WavSpec { channels, sample_rate: rate, bits_per_sample, sample_format };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for _ in 0..seconds * rate * u32::from(channels) {
            match sample_format {
                hound::SampleFormat::Int => writer.write_sample(1_000i16).unwrap(),
                hound::SampleFormat::Float => writer.write_sample(0.5f32).unwrap(),
            }
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    #[test]
    fn a_file_becomes_the_same_sound_in_both_laws() {
        for (rate, channels) in [(8_000, 1), (44_100, 2), (4_000, 3)] {
            let audio = Audio::from_wav(&wav(rate, channels, hound::SampleFormat::Int, 1)).unwrap();
            assert_eq!(audio.duration(), Duration::from_secs(1), "{rate}");
            for (codec, law) in [(Codec::Pcmu, Law::Mu), (Codec::Pcma, Law::A)] {
                let middle = &audio.payload(codec)[2_000..6_000];
                assert!(middle.iter().all(|&byte| byte == law.encode(1_000)), "{rate} in {}", codec.name());
            }
        }
    }

    #[test]
    fn a_file_of_another_format_is_refused() {
        let refused = Audio::from_wav(&wav(8_000, 1, hound::SampleFormat::Float, 1));
        assert_eq!(refused, Err(WavError::UnsupportedFormat { tag: 3 }));
    }
}
