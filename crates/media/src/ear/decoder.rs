//! G.711 only, until every codec has a decoder.

use crate::codec::Codec;

#[derive(Debug)]
pub(super) struct Decoder {
    codec: Codec,
}

impl Decoder {
    pub(super) fn new(codec: Codec) -> Self {
        Self { codec }
    }

    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, ()> {
        let pcm = pcm.get_mut(..payload.len()).ok_or(())?;
        for (sample, &byte) in pcm.iter_mut().zip(payload) {
            *sample = self.codec.decode(byte);
        }
        Ok(payload.len())
    }

    pub(super) fn conceal(&mut self, pcm: &mut [i16]) {
        pcm.fill(0);
    }
}
