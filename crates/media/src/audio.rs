//! A prompt, decoded once and kept as payload of each codec, ready to send.
//!
//! Shape: whole and unframed, a fixed number of bytes for each moment, so that a frame of any packet length is a slice of it; Opus is a
//! list of packets of 20 ms. G.711 is there from the beginning; the others are made by [`Audio::prepare`], once for all callers, and
//! never on a media thread. A sound that came with more than 8,000 samples a second is kept at 16,000 as well, which is what they are
//! made of.
//! Units: linear sound is mono, of 8,000 or 16,000 samples a second.
//! Errors: [`WavError`] of the reader.

mod ready;

pub(crate) use ready::Packets;

use crate::codec::{Band, Codec, Law, SAMPLE_RATE, duration_of};
use crate::resample::resample;
use crate::source::wav::{self, WavError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Samples in a second of wide sound.
const WIDE_RATE: u32 = 16_000;

/// A prompt ready to send, shared by all the streams that play it.
#[derive(Clone, Debug)]
pub struct Audio {
    pcmu: Arc<[u8]>,
    pcma: Arc<[u8]>,
    /// Twice as many samples, where the sound came with more than the telephone's.
    wide: Option<Arc<[i16]>>,
    made: Made,
}

/// What is made when it is first wanted.
#[derive(Clone, Debug, Default)]
struct Made {
    g722: OnceLock<Arc<[u8]>>,
    l16_narrow: OnceLock<Arc<[u8]>>,
    l16_wide: OnceLock<Arc<[u8]>>,
    opus: OnceLock<Arc<Packets>>,
}

impl Audio {
    /// Encodes linear samples at 8 kHz.
    pub fn from_pcm(samples: &[i16]) -> Self {
        let encode = |law: Law| samples.iter().map(|&sample| law.encode(sample)).collect();
        Self { pcmu: encode(Law::Mu), pcma: encode(Law::A), wide: None, made: Made::default() }
    }

    /// Encodes linear samples at any rate; those above 8 kHz keep up to 8 kHz of their sound for codecs that can carry it.
    pub fn at_rate(samples: Vec<i16>, rate: u32) -> Self {
        if rate <= SAMPLE_RATE {
            return Self::from_pcm(&resample(samples, rate, SAMPLE_RATE));
        }
        let wide = resample(samples, rate, WIDE_RATE);
        Self::from_pcm(&resample(wide.clone(), WIDE_RATE, SAMPLE_RATE)).with_wide(wide)
    }

    /// Reads a WAV file: linear PCM, A-law or mu-law, 1 to 192 kHz, 1 to 8 channels, mixed down and resampled.
    ///
    /// # Errors
    /// [`WavError`] when the file is not one of these, is empty, or lasts longer than [`wav::MAX_DURATION`].
    pub fn from_wav(file: &[u8]) -> Result<Self, WavError> {
        let wav = wav::read(file)?;
        Ok(Self::at_rate(wav.samples, wav.rate))
    }

    /// Takes back what [`Audio::payload`] gave of G.711, for a store that keeps prompts encoded.
    ///
    /// `None` when the two are not of one length.
    pub fn from_payloads(pcmu: &[u8], pcma: &[u8]) -> Option<Self> {
        let made = Made::default();
        (pcmu.len() == pcma.len()).then(|| Self { pcmu: pcmu.into(), pcma: pcma.into(), wide: None, made })
    }

    /// The same prompt with its sound at 16 kHz, as [`Audio::wide`] gives it; cut or filled up to the same length.
    #[must_use]
    pub fn with_wide(mut self, mut samples: Vec<i16>) -> Self {
        samples.resize(2 * self.pcmu.len(), 0);
        self.wide = Some(samples.into());
        self.made = Made::default();
        self
    }

    /// The sound at 16 kHz, where the prompt came with more than 8 kHz.
    pub fn wide(&self) -> Option<&[i16]> {
        self.wide.as_deref()
    }

    /// How long the prompt lasts.
    pub fn duration(&self) -> Duration {
        duration_of(self.samples())
    }

    /// How many samples of 8 kHz it lasts.
    pub(crate) fn samples(&self) -> u64 {
        self.pcmu.len() as u64
    }

    /// The whole prompt as payload bytes; none of a codec that was not prepared, and none of Opus, which has packets.
    pub fn payload(&self, codec: Codec) -> &[u8] {
        self.bytes(codec).map_or(&[][..], |bytes| &bytes[..])
    }

    /// Whether the prompt can be sent in a codec now. What cannot be is silent.
    pub fn is_prepared(&self, codec: Codec) -> bool {
        self.bytes(codec).is_some() || (codec == Codec::Opus && self.packets().is_some())
    }

    /// Encodes the prompt, unless that was done; whoever comes meanwhile waits for the same. It takes about a thousandth of the prompt's
    /// duration, five thousandths for Opus: never do it where others are waiting for their packets.
    pub fn prepare(&self, codec: Codec) {
        match codec {
            Codec::Pcmu | Codec::Pcma => {}
            Codec::G722 => {
                self.made.g722.get_or_init(|| ready::g722(&self.at(WIDE_RATE)));
            }
            Codec::L16(Band::Narrow) => {
                self.made.l16_narrow.get_or_init(|| ready::l16(&self.at(SAMPLE_RATE)));
            }
            Codec::L16(Band::Wide) => {
                self.made.l16_wide.get_or_init(|| ready::l16(&self.at(WIDE_RATE)));
            }
            Codec::Opus => {
                self.made.opus.get_or_init(|| Arc::new(Packets::opus(&self.at(Codec::Opus.sample_rate()))));
            }
        }
    }

    /// Payload bytes, to be kept by somebody who reads them often.
    pub(crate) fn bytes(&self, codec: Codec) -> Option<&Arc<[u8]>> {
        match codec {
            Codec::Pcmu => Some(&self.pcmu),
            Codec::Pcma => Some(&self.pcma),
            Codec::G722 => self.made.g722.get(),
            Codec::L16(Band::Narrow) => self.made.l16_narrow.get(),
            Codec::L16(Band::Wide) => self.made.l16_wide.get(),
            Codec::Opus => None,
        }
    }

    /// The packets of Opus.
    pub(crate) fn packets(&self) -> Option<&Arc<Packets>> {
        self.made.opus.get()
    }

    /// The best linear sound there is, at a rate; that of A-law where nothing else was kept.
    fn at(&self, rate: u32) -> Vec<i16> {
        match &self.wide {
            Some(wide) => resample(wide.to_vec(), WIDE_RATE, rate),
            None => {
                let mut narrow = vec![0; self.pcma.len()];
                Law::A.decode_all(&self.pcma, &mut narrow);
                resample(narrow, SAMPLE_RATE, rate)
            }
        }
    }
}

/// The same sound, whatever was made of it already.
impl PartialEq for Audio {
    fn eq(&self, other: &Self) -> bool {
        self.pcmu == other.pcmu && self.pcma == other.pcma && self.wide == other.wide
    }
}

impl Eq for Audio {}

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
    fn narrow_linear_sound_is_made_of_the_wide_one_and_not_of_a_law() {
        let wide: Vec<i16> = (0..16_000).map(|at| ((f64::from(at) * 0.3).sin() * 9_000.0) as i16).collect();
        let audio = Audio::at_rate(wide.clone(), WIDE_RATE);
        audio.prepare(Codec::L16(Band::Narrow));
        let sent =
            audio.payload(Codec::L16(Band::Narrow)).as_chunks::<2>().0.iter().map(|&bytes| i16::from_be_bytes(bytes));
        assert!(sent.eq(resample(wide, WIDE_RATE, SAMPLE_RATE)));
    }

    #[test]
    fn a_file_of_another_format_is_refused() {
        let refused = Audio::from_wav(&wav(8_000, 1, hound::SampleFormat::Float, 1));
        assert_eq!(refused, Err(WavError::UnsupportedFormat { tag: 3 }));
    }
}
