//! From payload bytes to linear sound.
//!
//! Shape: one [`Decoder`] for each source and codec; packets in the order of their sequence, [`Decoder::conceal`] for each that is
//! missing. Made once; neither decoding nor concealing allocates.
//! Units: samples at the codec's [`sample_rate`](Codec::sample_rate).
//! Errors: [`CodecError`]; what was heard before stays as it was.
//! Sources: RFC 3551 section 4.5.

use super::conceal::Concealer;
use super::{Codec, Law, g722};
use thiserror::Error;

/// Why a payload was not decoded.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum CodecError {
    /// The sound is longer than the place for it.
    #[error("the sound of the payload is longer than its place")]
    NoRoom,
    /// The payload is not what its codec says.
    #[error("the payload is malformed")]
    Malformed,
    /// This build does not have the codec.
    #[error("the codec is not built in")]
    NotBuilt,
}

/// Turns payloads of one codec into linear sound.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    coder: Coder,
}

#[derive(Debug)]
enum Coder {
    Law(Law, Box<Concealer>),
    G722(Box<g722::Decoder>, Box<Concealer>),
    L16(Box<Concealer>),
    #[cfg(feature = "opus")]
    Opus(super::opus::Decoder),
    Missing,
}

impl Decoder {
    /// A decoder that has heard nothing. One for a codec that is not built answers every payload with an error.
    pub fn new(codec: Codec) -> Self {
        let concealer = || Box::new(Concealer::new(codec.sample_rate()));
        let coder = match codec {
            Codec::Pcmu => Coder::Law(Law::Mu, concealer()),
            Codec::Pcma => Coder::Law(Law::A, concealer()),
            Codec::G722 => Coder::G722(Box::default(), concealer()),
            Codec::L16(_) => Coder::L16(concealer()),
            #[cfg(feature = "opus")]
            Codec::Opus => super::opus::Decoder::new().map_or(Coder::Missing, Coder::Opus),
            #[cfg(not(feature = "opus"))]
            Codec::Opus => Coder::Missing,
        };
        Self { codec, coder }
    }

    /// What it decodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes a payload into the beginning of `pcm` and answers how many samples it has.
    ///
    /// # Errors
    /// [`CodecError`]; `pcm` may then hold anything.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let length = match self.coder {
            Coder::Law(..) => payload.len(),
            Coder::G722(..) => payload.len() * 2,
            Coder::L16(_) => payload.len() / 2,
            #[cfg(feature = "opus")]
            Coder::Opus(ref mut opus) => return opus.decode(payload, pcm),
            Coder::Missing => return Err(CodecError::NotBuilt),
        };
        let pcm = pcm.get_mut(..length).ok_or(CodecError::NoRoom)?;
        match &mut self.coder {
            Coder::Law(law, concealer) => {
                law.decode_all(payload, pcm);
                concealer.heard(pcm);
            }
            Coder::G722(decoder, concealer) => {
                for (samples, &code) in pcm.as_chunks_mut::<2>().0.iter_mut().zip(payload) {
                    *samples = decoder.decode(code);
                }
                concealer.heard(pcm);
            }
            Coder::L16(concealer) => {
                if !payload.len().is_multiple_of(2) {
                    return Err(CodecError::Malformed);
                }
                for (sample, &bytes) in pcm.iter_mut().zip(payload.as_chunks::<2>().0) {
                    *sample = i16::from_be_bytes(bytes);
                }
                concealer.heard(pcm);
            }
            #[cfg(feature = "opus")]
            Coder::Opus(_) => {}
            Coder::Missing => {}
        }
        Ok(length)
    }

    /// Fills `pcm` with what may have been said in a packet that did not come.
    pub fn conceal(&mut self, pcm: &mut [i16]) {
        match &mut self.coder {
            Coder::Law(_, concealer) | Coder::L16(concealer) | Coder::G722(_, concealer) => concealer.conceal(pcm),
            #[cfg(feature = "opus")]
            Coder::Opus(opus) => opus.conceal(pcm),
            Coder::Missing => pcm.fill(0),
        }
    }
}
