//! A prompt in the codecs that remember: G.722 and Opus, whose coders know what came before.
//!
//! Shape: each prompt is encoded from rest, though any other may come before it: the receiver's decoder hears them as one stream. Opus,
//! in the mode that is used here, needs nothing for that. For G.722 the first bytes of a prompt are fitted to what was sent before them
//! when they are sent: see [`g722::Seam`].
//! Units: packets of Opus are of 20 ms; the last one is filled up with silence.
//! Sources: RFC 6716 section 4.3 (the mode of the transform).

use crate::codec::g722;
use std::sync::Arc;

/// The bytes of a sound at 16 kHz.
pub(super) fn g722(wide: &[i16]) -> Arc<[u8]> {
    let mut encoder = g722::Encoder::rested();
    wide.as_chunks::<2>().0.iter().map(|&[first, second]| encoder.encode(first, second)).collect()
}

/// Samples in network order.
pub(super) fn l16(samples: &[i16]) -> Arc<[u8]> {
    samples.iter().flat_map(|sample| sample.to_be_bytes()).collect()
}

/// A prompt as packets of 20 ms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets {
    bytes: Box<[u8]>,
    /// Where each packet stops, and the next begins.
    ends: Box<[u32]>,
}

impl Packets {
    /// The packets of a sound at 48 kHz.
    #[cfg(feature = "opus")]
    pub(super) fn opus(samples: &[i16]) -> Self {
        use crate::codec::opus::{Encoder, FRAME};
        let Some(mut encoder) = Encoder::of_prompts() else { return Self::default() };
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut packet = [0; crate::config::MAX_PAYLOAD];
        for (number, part) in samples.chunks(FRAME).enumerate() {
            let mut frame = [0; FRAME];
            frame[..part.len()].copy_from_slice(part);
            let length = encoder.encode_of_prompt(number, &frame, &mut packet);
            bytes.extend_from_slice(&packet[..length]);
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        Self { bytes: bytes.into(), ends: ends.into() }
    }

    /// None, because there is no encoder.
    #[cfg(not(feature = "opus"))]
    pub(super) fn opus(_samples: &[i16]) -> Self {
        Self::default()
    }

    /// A packet by its number from the beginning.
    pub(crate) fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(start..end)
    }
}
