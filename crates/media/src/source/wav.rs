//! A reader of WAV files that trusts no length.
//!
//! Shape: the bytes of a file in, mono samples at the file's own rate out.
//! Units: samples are 16-bit linear; channels are averaged.
//! Errors: [`WavError`] names what was found. A length that says more than is there means what is there; nothing is
//! allocated by a claimed length.
//! Sources: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE); Multiple Channel
//! Audio Data and WAVE Files (extensible format); RFC 2361 (format tags).
//!
//! Programs that write to a pipe do not know the length of the sound and say 0, 0x7ffff000 or 0xffffffff. Some forget
//! the pad byte after a chunk of odd length. Both are read.

use super::mixing::Mixing;
use crate::codec::g711::{decode_alaw, decode_ulaw};
use std::time::Duration;
use thiserror::Error;

/// The longest sound that is read: one hour. A longer one is a mistake, or an attack on the memory.
pub const MAX_DURATION: Duration = Duration::from_secs(3_600);
const MIN_RATE: u32 = 1_000;
const MAX_RATE: u32 = 192_000;
const MAX_CHANNELS: u16 = 8;
const FULL_SCALE: f64 = 32_768.0;

const TAG_PCM: u16 = 1;
const TAG_ALAW: u16 = 6;
const TAG_ULAW: u16 = 7;
const TAG_EXTENSIBLE: u16 = 0xFFFE;
/// Where the true tag of an extensible format is.
const EXTENSIBLE_TAG_AT: usize = 24;
/// The rest of the identifier that begins with a tag.
const EXTENSIBLE_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Why a file is not a sound that can be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum WavError {
    /// Not a RIFF file with a WAVE inside.
    #[error("not a WAV file")]
    NotWav,
    /// No `fmt ` chunk.
    #[error("the fmt chunk is missing")]
    MissingFormat,
    /// A `fmt ` chunk of fewer bytes than its format needs.
    #[error("the fmt chunk has {found} bytes, which is too few")]
    ShortFormat {
        /// Its bytes.
        found: usize,
    },
    /// No `data` chunk.
    #[error("the data chunk is missing")]
    MissingData,
    /// A format other than PCM, A-law and mu-law.
    #[error("format tag {tag:#06x} ({}) is not PCM, A-law or mu-law", tag_name(*.tag))]
    UnsupportedFormat {
        /// The format tag; 3 is floating point.
        tag: u16,
    },
    /// An extensible format that is identified by something else than a tag.
    #[error("the extensible format is not one of the tagged ones")]
    UnsupportedSubformat,
    /// A sample size that its format does not have.
    #[error("{bits} bits a sample are not supported in format tag {tag:#06x}")]
    UnsupportedBits {
        /// The format tag.
        tag: u16,
        /// Bits a sample.
        bits: u16,
    },
    /// Not 1 to 8 channels.
    #[error("{found} channels are not 1 to 8")]
    UnsupportedChannels {
        /// The channels.
        found: u16,
    },
    /// Not 1,000 to 192,000 samples a second.
    #[error("{found} samples a second are not 1000 to 192000")]
    UnsupportedRate {
        /// Samples a second.
        found: u32,
    },
    /// Not one whole sample.
    #[error("the file holds no sound")]
    Empty,
    /// Longer than [`MAX_DURATION`].
    #[error("the sound is longer than an hour")]
    TooLong,
}

/// The sound of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wav {
    /// Samples a second.
    pub rate: u32,
    /// How many channels the file has.
    pub channels: u16,
    /// All channels mixed into one.
    pub samples: Vec<i16>,
    /// By how many decibels the mix is softer than unrelated channels would make it.
    pub cancelled: u8,
}

#[derive(Copy, Clone)]
enum Encoding {
    Unsigned8,
    Signed16,
    Signed24,
    Signed32,
    Alaw,
    Ulaw,
}

struct Format {
    encoding: Encoding,
    channels: u16,
    rate: u32,
}

/// Reads a file.
///
/// # Errors
/// One [`WavError`] for each thing that can be wrong.
pub fn read(file: &[u8]) -> Result<Wav, WavError> {
    let riff = file.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or(WavError::NotWav)?;
    let chunks = riff.strip_prefix(b"WAVE").ok_or(WavError::NotWav)?;
    let (format, data) = find_chunks(chunks);
    let format = Format::parse(format.ok_or(WavError::MissingFormat)?)?;
    let data = data.ok_or(WavError::MissingData)?;
    let frame = format.encoding.bytes() * usize::from(format.channels);
    let frames = data.len() / frame;
    if frames == 0 {
        return Err(WavError::Empty);
    }
    if frames as u64 > MAX_DURATION.as_secs() * u64::from(format.rate) {
        return Err(WavError::TooLong);
    }
    let mut mixing = Mixing::default();
    let samples = data.chunks_exact(frame).map(|frame| format.mix(frame, &mut mixing)).collect();
    let cancelled = mixing.cancelled(FULL_SCALE);
    Ok(Wav { rate: format.rate, channels: format.channels, samples, cancelled })
}

/// The first `fmt ` and the first `data`, in either order.
fn find_chunks(mut rest: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let (mut format, mut data) = (None, None);
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let claimed = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let is_data = &head[..4] == b"data";
        let present = usize::try_from(claimed).unwrap_or(usize::MAX).min(body.len());
        // A writer that could not know the length said 0.
        let length = if is_data && claimed == 0 { body.len() } else { present };
        let (chunk, after) = body.split_at(length);
        match &head[..4] {
            b"fmt " if format.is_none() => format = Some(chunk),
            b"data" if data.is_none() => data = Some(chunk),
            _ => {}
        }
        rest = skip_pad(length, after);
    }
    (format, data)
}

/// Leaves the pad byte of an odd chunk out, unless the next chunk begins in its place.
fn skip_pad(length: usize, after: &[u8]) -> &[u8] {
    let begins_here = after.get(..4).is_some_and(|name| name.iter().all(|byte| matches!(byte, b' '..=b'~')));
    match after.split_first() {
        Some((_, padded)) if length % 2 == 1 && !begins_here => padded,
        _ => after,
    }
}

impl Format {
    fn parse(chunk: &[u8]) -> Result<Self, WavError> {
        let short = || WavError::ShortFormat { found: chunk.len() };
        let fixed = chunk.first_chunk::<16>().ok_or_else(short)?;
        let word = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let (channels, bits) = (word(2), word(14));
        let rate = u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let mut tag = word(0);
        if tag == TAG_EXTENSIBLE {
            let guid = chunk.get(EXTENSIBLE_TAG_AT..EXTENSIBLE_TAG_AT + 16).ok_or_else(short)?;
            if guid[2..] != EXTENSIBLE_TAIL {
                return Err(WavError::UnsupportedSubformat);
            }
            tag = u16::from_le_bytes([guid[0], guid[1]]);
        }
        let encoding = Encoding::of(tag, bits)?;
        if !(1..=MAX_CHANNELS).contains(&channels) {
            return Err(WavError::UnsupportedChannels { found: channels });
        }
        if !(MIN_RATE..=MAX_RATE).contains(&rate) {
            return Err(WavError::UnsupportedRate { found: rate });
        }
        Ok(Self { encoding, channels, rate })
    }

    fn mix(&self, frame: &[u8], mixing: &mut Mixing) -> i16 {
        let samples = || frame.chunks_exact(self.encoding.bytes()).map(|sample| self.encoding.decode(sample));
        if self.channels > 1 {
            mixing.note(samples().map(|sample| sample as f32));
        }
        let sum: i32 = samples().sum();
        // The average of 16-bit samples is a 16-bit sample.
        (sum / i32::from(self.channels)) as i16
    }
}

impl Encoding {
    fn of(tag: u16, bits: u16) -> Result<Self, WavError> {
        match (tag, bits) {
            (TAG_PCM, 8) => Ok(Self::Unsigned8),
            (TAG_PCM, 16) => Ok(Self::Signed16),
            (TAG_PCM, 24) => Ok(Self::Signed24),
            (TAG_PCM, 32) => Ok(Self::Signed32),
            (TAG_ALAW, 8) => Ok(Self::Alaw),
            (TAG_ULAW, 8) => Ok(Self::Ulaw),
            (TAG_PCM | TAG_ALAW | TAG_ULAW, _) => Err(WavError::UnsupportedBits { tag, bits }),
            _ => Err(WavError::UnsupportedFormat { tag }),
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::Alaw | Self::Ulaw => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 => 4,
        }
    }

    /// One sample of [`Self::bytes`] bytes; wider ones keep their upper 16 bits.
    fn decode(self, sample: &[u8]) -> i32 {
        let sample = match (self, sample) {
            (Self::Unsigned8, &[byte]) => (i16::from(byte) - 128) << 8,
            (Self::Alaw, &[byte]) => decode_alaw(byte),
            (Self::Ulaw, &[byte]) => decode_ulaw(byte),
            (_, &[.., low, high]) => i16::from_le_bytes([low, high]),
            _ => 0,
        };
        i32::from(sample)
    }
}

fn tag_name(tag: u16) -> &'static str {
    match tag {
        2 => "Microsoft ADPCM",
        3 => "floating point",
        0x11 => "IMA ADPCM",
        0x31 => "GSM 6.10",
        0x55 => "MPEG layer 3",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests;
