//! Letting one frame, or the beginning of one, sink to silence, so that what it ends does not end with a click.
//!
//! Shape: payload bytes, changed in place.
//! Units: a straight line from full level at the first sample to none behind the last.
//! G.722 and Opus are left as they are. What is sent in G.722 sinks on its way: see [`Seam::sink`](super::g722::Seam::sink). Packets of
//! Opus cannot be changed, but overlap: what follows is mixed with what the decoder heard last. Measured with a tone of 310 Hz that is cut
//! at five points of its period, the steepest step is 1.1 times the tone's before silence, and 1.8 times before another tone.

use super::Codec;

/// Whether [`fade`] changes anything in this codec.
pub(crate) fn sinks_in_place(codec: Codec) -> bool {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::L16(_) => true,
        Codec::G722 | Codec::Opus => false,
    }
}

/// Lets the payload of one frame sink to silence.
pub(crate) fn fade(payload: &mut [u8], codec: Codec) {
    let sunk = |sample: i16, left: usize, of: usize| (i64::from(sample) * left as i64 / of.max(1) as i64) as i16;
    match codec {
        Codec::Pcmu | Codec::Pcma => {
            let Some(law) = codec.law() else { return };
            let length = payload.len();
            for (left, byte) in (0..length).rev().zip(payload) {
                *byte = law.encode(sunk(law.decode(*byte), left, length));
            }
        }
        Codec::L16(_) => {
            let samples = payload.as_chunks_mut::<2>().0;
            let length = samples.len();
            for (left, sample) in (0..length).rev().zip(samples) {
                *sample = sunk(i16::from_be_bytes(*sample), left, length).to_be_bytes();
            }
        }
        Codec::G722 | Codec::Opus => {}
    }
}
