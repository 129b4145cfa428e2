//! The decoders of one ear: one for each codec that the peer may send without a word.
//!
//! Shape: the codec agreed on, and those of static payload types; each gives sound at the rate of the ear.
//! Units: samples of the ear's rate.
//! Sources: RFC 3264 section 6.1 (the peer may choose another codec of an answer), RFC 3551 table 4, RFC 6716 section 3.1.

use crate::codec::{Codec, Decoder};
use crate::resample::Streaming;
use std::time::Duration;

/// The longest sound of one packet.
pub(super) const LONGEST: Duration = Duration::from_millis(200);

/// A decoder, and what brings its sound to the rate of the ear where it has another.
#[derive(Debug)]
pub(super) struct Voice {
    decoder: Decoder,
    conversion: Option<(Streaming, Box<[i16]>)>,
}

impl Voice {
    /// The voices of an ear for a leg that agreed on `codec`.
    pub(super) fn of(codec: Codec) -> Box<[Self]> {
        let others = [Codec::Pcmu, Codec::Pcma, Codec::G722].into_iter().filter(|&other| other != codec);
        std::iter::once(codec).chain(others).map(|one| Self::new(one, codec.sample_rate())).collect()
    }

    fn new(codec: Codec, rate: u32) -> Self {
        let own = codec.sample_rate();
        let most = super::samples(own, LONGEST);
        let conversion = (own != rate).then(|| (Streaming::new(own, rate), vec![0; most].into_boxed_slice()));
        Self { decoder: Decoder::new(codec), conversion }
    }

    pub(super) fn codec(&self) -> Codec {
        self.decoder.codec()
    }

    /// Decodes a payload into the beginning of `pcm` and answers how many samples it is; none where it cannot be decoded.
    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> usize {
        match &mut self.conversion {
            None => self.decoder.decode(payload, pcm).unwrap_or(0),
            Some((conversion, own)) => {
                let length = self.decoder.decode(payload, own).unwrap_or(0);
                conversion.run(own.get(..length).unwrap_or(&[]), pcm)
            }
        }
    }

    /// Fills `pcm`, which lasts `ticks` of the codec's clock, with what may have been said.
    pub(super) fn conceal(&mut self, pcm: &mut [i16], ticks: usize) {
        let codec = self.codec();
        match &mut self.conversion {
            None => self.decoder.conceal(pcm),
            Some((conversion, own)) => {
                let length = ticks * (codec.sample_rate() / codec.clock_rate()) as usize;
                let own = own.get_mut(..length).unwrap_or(&mut []);
                self.decoder.conceal(own);
                let written = conversion.run(own, pcm);
                pcm[written..].fill(0);
            }
        }
    }
}

/// How long a payload sounds, in ticks of its codec's clock.
pub(super) fn ticks_of(codec: Codec, payload: &[u8]) -> u32 {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => payload.len() as u32,
        Codec::L16(_) => payload.len() as u32 / 2,
        Codec::Opus => opus_ticks(payload),
    }
}

/// The table of contents of an Opus packet: how long each frame is, and how many there are (RFC 6716 section 3.1).
fn opus_ticks(payload: &[u8]) -> u32 {
    let Some(&contents) = payload.first() else { return 0 };
    let frame = match (contents >> 3, (contents >> 3) & 3) {
        (0..12, 0) => 480,
        (0..12, 1) => 960,
        (0..12, 2) => 1_920,
        (0..12, _) => 2_880,
        (12..16, size) => 480 << (size & 1),
        (_, size) => 120 << size,
    };
    let frames = match contents & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => payload.get(1).map_or(0, |count| u32::from(count & 0x3F)),
    };
    frame * frames
}
