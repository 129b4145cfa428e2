//! A reader of MP3 files.
//!
//! Shape: frames are found here and decoded by symphonia. Its own reader of whole files believes what a file says of its
//! length, so none of it is used.
//! Units: mono samples of 16 bits, without the silence that the encoder says it has added.
//! Errors: [`Mp3Error`]. A damaged frame is as much silence, a file of nothing else is refused. Mono and stereo may
//! alternate; another sample rate in the middle may not.
//! Sources: as in [`super::mpeg`].

use super::file::{Decoded, Format, Mono, TooLong};
use super::mpeg::{Frames, Header, Sync, Tag, after_tags};
use symphonia_bundle_mp3::MpaDecoder;
use symphonia_core::audio::{Audio as _, GenericAudioBufferRef};
use symphonia_core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};
use thiserror::Error;

/// Why an MP3 file is not a sound that can be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum Mp3Error {
    /// Nothing in it is a frame.
    #[error("there is no frame of MPEG layer III in it")]
    NoFrame,
    /// It is of another layer.
    #[error("it is of MPEG layer {found}; only layer 3 is read")]
    Layer {
        /// 1 or 2.
        found: u8,
    },
    /// Its frames do not say how long they are.
    #[error("a free bit rate is not read; save it with a fixed or variable one")]
    FreeRate,
    /// Its sample rate changes.
    #[error("the sample rate changes in the middle, from {from} to {to}")]
    RateChanges {
        /// Samples a second at the beginning.
        from: u32,
        /// And later.
        to: u32,
    },
    /// No frame could be decoded.
    #[error("none of its frames can be decoded")]
    Broken,
    /// Nothing is left beside the encoder's own silence.
    #[error("the file holds no sound")]
    Empty,
    /// Too much sound.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// Whether a file looks like one: a tag, or the sync word of MPEG audio.
pub(super) fn begins(file: &[u8]) -> bool {
    file.starts_with(b"ID3") || Sync::of(file).is_some()
}

/// Reads a file.
pub(super) fn read(file: &[u8]) -> Result<Decoded, Mp3Error> {
    let stream = after_tags(file);
    let mut frames = Frames::of(stream).peekable();
    let &(first, bytes) = frames.peek().ok_or_else(|| no_frame(stream))?;
    let tag = Tag::find(&first, bytes);
    if tag.is_some() {
        frames.next();
    }
    let mut decoder = Layer3::new(first)?;
    // Told before anything is decoded: to decode an hour takes a core for seconds.
    decoder.sound.room_for(frames.clone().map(|(header, _)| header.samples).sum())?;
    for (header, frame) in frames {
        if header.rate != first.rate {
            return Err(Mp3Error::RateChanges { from: first.rate, to: header.rate });
        }
        decoder.take(header, frame)?;
    }
    if decoder.heard == 0 {
        return Err(if decoder.sound.len() == 0 { Mp3Error::Empty } else { Mp3Error::Broken });
    }
    let Tag { start, end } = tag.unwrap_or_default();
    let cancelled = decoder.sound.cancelled();
    let samples = decoder.sound.trimmed(start, end);
    if samples.is_empty() {
        return Err(Mp3Error::Empty);
    }
    Ok(Decoded { format: Format::Mp3, rate: first.rate, channels: first.channels, samples, cancelled })
}

fn no_frame(stream: &[u8]) -> Mp3Error {
    match Sync::of(stream) {
        Some(Sync::Layer(found)) => Mp3Error::Layer { found },
        Some(Sync::FreeRate) => Mp3Error::FreeRate,
        Some(Sync::Frame(_)) | None => Mp3Error::NoFrame,
    }
}

/// The decoder, and what it has decoded.
struct Layer3 {
    decoder: MpaDecoder,
    /// What the decoder has been made for.
    channels: u16,
    sound: Mono,
    /// Frames that could be decoded.
    heard: usize,
}

impl Layer3 {
    fn new(first: Header) -> Result<Self, Mp3Error> {
        Ok(Self { decoder: decoder()?, channels: first.channels, sound: Mono::at(first.rate), heard: 0 })
    }

    fn take(&mut self, header: Header, frame: &[u8]) -> Result<(), Mp3Error> {
        if header.channels != self.channels {
            // The decoder keeps to the channels that it began with.
            (self.decoder, self.channels) = (decoder()?, header.channels);
        }
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, frame);
        match self.decoder.decode_ref(&packet) {
            Ok(GenericAudioBufferRef::F32(audio)) => {
                let channels = [audio.plane(0), audio.plane(1)];
                let present = if self.channels == 2 { 2 } else { 1 };
                let planes: [&[f32]; 2] = channels.map(Option::unwrap_or_default);
                self.sound.mix(&planes[..present])?;
                self.heard += 1;
            }
            // The first frames of a stream cut from a longer one need what was before them.
            Ok(_) | Err(_) => self.sound.silence(header.samples)?,
        }
        Ok(())
    }
}

fn decoder() -> Result<MpaDecoder, Mp3Error> {
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_MP3);
    MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|_| Mp3Error::Broken)
}

#[cfg(test)]
mod tests;
