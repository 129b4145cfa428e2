//! From linear sound to payload bytes.
//!
//! Shape: one [`Encoder`] for each stream of sound; made once, and encoding does not allocate.
//! Units: samples at the codec's [`sample_rate`](Codec::sample_rate). Opus takes 10, 20, 40 or 60 ms at once, the others any length
//! (G.722 an even number of samples).
//! Errors: none; sound of another length is not encoded, and the payload is empty.
//! Sources: RFC 3551 section 4.5.

use super::{Codec, Law, g722};

/// Turns linear sound into payloads of one codec.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    coder: Coder,
}

#[derive(Debug)]
enum Coder {
    Law(Law),
    G722(Box<g722::Encoder>),
    L16,
    #[cfg(feature = "opus")]
    Opus(super::opus::Encoder),
    Missing,
}

impl Encoder {
    /// An encoder that has heard nothing. One for a codec that is not built makes empty payloads.
    pub fn new(codec: Codec) -> Self {
        let coder = match codec {
            Codec::Pcmu => Coder::Law(Law::Mu),
            Codec::Pcma => Coder::Law(Law::A),
            Codec::G722 => Coder::G722(Box::default()),
            Codec::L16(_) => Coder::L16,
            #[cfg(feature = "opus")]
            Codec::Opus => super::opus::Encoder::new().map_or(Coder::Missing, Coder::Opus),
            #[cfg(not(feature = "opus"))]
            Codec::Opus => Coder::Missing,
        };
        Self { codec, coder }
    }

    /// What it encodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Encodes sound into the beginning of `payload` and answers how many bytes that is. Sound that finds no room is left out.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> usize {
        match &mut self.coder {
            Coder::Law(law) => law.encode_all(pcm, payload),
            Coder::G722(encoder) => {
                let pairs = pcm.as_chunks::<2>().0;
                for (byte, &[first, second]) in payload.iter_mut().zip(pairs) {
                    *byte = encoder.encode(first, second);
                }
                pairs.len().min(payload.len())
            }
            Coder::L16 => {
                let places = payload.as_chunks_mut::<2>().0;
                for (bytes, sample) in places.iter_mut().zip(pcm) {
                    *bytes = sample.to_be_bytes();
                }
                2 * places.len().min(pcm.len())
            }
            #[cfg(feature = "opus")]
            Coder::Opus(opus) => opus.encode(pcm, payload),
            Coder::Missing => 0,
        }
    }
}
