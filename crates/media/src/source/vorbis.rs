//! A reader of Ogg Vorbis files.
//!
//! Shape: the three headers make the decoder, which is symphonia's; each further packet is a block of sound.
//! Units: mono samples of 16 bits; the last page says where the sound ends.
//! Errors: [`OggError`]. A packet that cannot be decoded is left out, a file of nothing else is refused.
//! Sources: Xiph.Org, Vorbis I specification, 4.2 (headers), 4.3 (audio), A.2 (the end in Ogg).

use super::file::{Decoded, Format, Mono};
use super::ogg::{self, OggError};
use super::vorbis_setup;
use symphonia_codec_vorbis::VorbisDecoder;
use symphonia_core::audio::{Audio as _, GenericAudioBufferRef};
use symphonia_core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

/// The first header's bytes.
const IDENTIFICATION: usize = 30;
/// Where a header's own part begins: after its type and `vorbis`.
const AFTER_NAME: usize = 7;
const MAX_CHANNELS: usize = 8;
/// Samples of the longest block; the last page may take no more than that away.
const LONGEST_BLOCK: u64 = 8_192;

/// Reads a file.
pub(super) fn read(file: &[u8]) -> Result<Decoded, OggError> {
    let mut stage = Stage::Identification;
    let end = ogg::packets(file, |packet| stage.take(packet))?;
    let Stage::Sound(sound) = stage else { return Err(OggError::Headers) };
    sound.finish(end)
}

/// Which packet comes next.
enum Stage {
    Identification,
    /// The titles and pictures, which nobody reads here.
    Comment([u8; IDENTIFICATION]),
    Setup([u8; IDENTIFICATION]),
    Sound(Box<Sound>),
}

impl Stage {
    fn take(&mut self, packet: &[u8]) -> Result<(), OggError> {
        let next = match self {
            Self::Identification if packet.starts_with(b"\x01vorbis") => {
                Self::Comment(*packet.first_chunk().ok_or(OggError::Headers)?)
            }
            Self::Comment(first) if packet.starts_with(b"\x03vorbis") => Self::Setup(*first),
            Self::Setup(first) if packet.starts_with(b"\x05vorbis") => {
                Self::Sound(Box::new(Sound::new(first, packet)?))
            }
            Self::Sound(sound) => return sound.take(packet),
            Self::Identification | Self::Comment(_) | Self::Setup(_) => return Err(OggError::Headers),
        };
        *self = next;
        Ok(())
    }
}

struct Sound {
    decoder: VorbisDecoder,
    rate: u32,
    channels: u8,
    samples: Mono,
    /// Packets that could be decoded.
    heard: usize,
}

impl Sound {
    fn new(identification: &[u8; IDENTIFICATION], setup: &[u8]) -> Result<Self, OggError> {
        let (channels, rate) = (identification[11], &identification[12..16]);
        let rate = u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]]);
        if !(1..=MAX_CHANNELS).contains(&usize::from(channels)) {
            return Err(OggError::UnsupportedChannels { found: channels });
        }
        if !(1_000..=192_000).contains(&rate) {
            return Err(OggError::UnsupportedRate { found: rate });
        }
        vorbis_setup::check(&setup[AFTER_NAME..])?;
        let mut parameters = AudioCodecParameters::new();
        let headers = [&identification[..], setup].concat();
        parameters.for_codec(CODEC_ID_VORBIS).with_extra_data(headers.into_boxed_slice());
        let decoder = VorbisDecoder::try_new(&parameters, &AudioDecoderOptions::default());
        let decoder = decoder.map_err(|_| OggError::Headers)?;
        Ok(Self { decoder, rate, channels, samples: Mono::at(rate), heard: 0 })
    }

    fn take(&mut self, packet: &[u8]) -> Result<(), OggError> {
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet);
        if let Ok(GenericAudioBufferRef::F32(audio)) = self.decoder.decode_ref(&packet) {
            let mut planes: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
            planes.iter_mut().zip(audio.iter_planes()).for_each(|(place, plane)| *place = plane);
            self.samples.mix(&planes[..usize::from(self.channels)])?;
            self.heard += 1;
        }
        Ok(())
    }

    fn finish(self, end: Option<u64>) -> Result<Decoded, OggError> {
        if self.heard == 0 {
            return Err(OggError::Broken);
        }
        let decoded = self.samples.len() as u64;
        let surplus = end.map_or(0, |end| decoded.saturating_sub(end));
        let surplus = if surplus < LONGEST_BLOCK { surplus as usize } else { 0 };
        let cancelled = self.samples.cancelled();
        let samples = self.samples.trimmed(0, surplus);
        if samples.is_empty() {
            return Err(OggError::Empty);
        }
        let (rate, channels) = (self.rate, self.channels.into());
        Ok(Decoded { format: Format::Vorbis, rate, channels, samples, cancelled })
    }
}

#[cfg(test)]
mod tests;
