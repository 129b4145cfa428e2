//! Sound of one codec for a leg that is sent another, or sound out of which the tones of keys are taken.
//!
//! Shape: the other leg's packets in; at each packet time of this leg, one payload of its codec.
//! Units: linear sound between the two, at the rate of each in turn.
//! Time: this leg's packet times.
//! Errors: none; what cannot be encoded is an empty payload.

use crate::bridge::Tones;
use crate::codec::{Codec, Encoder};
use crate::config::MAX_PTIME;
use crate::dtmf::strip::Strip;
use crate::ear::{Ear, samples};
use crate::resample::Streaming;
use crate::rtp::packet::Packet;
use std::time::Duration;

/// What stands between two codecs, in one direction. All of it is made when a bridge is.
#[derive(Debug)]
pub(crate) struct Transcoder {
    ear: Ear,
    conversion: Streaming,
    encoder: Encoder,
    pcm: Box<[i16]>,
    strip: Option<Box<Strip>>,
}

impl Transcoder {
    /// From one codec to another, or to the same.
    pub(crate) fn new(from: Codec, to: Codec, tones: Tones) -> Self {
        let ear = Ear::new(from);
        let conversion = Streaming::new(ear.rate(), to.sample_rate());
        let pcm = vec![0; samples(to.sample_rate(), MAX_PTIME)].into_boxed_slice();
        let strip = (tones == Tones::TakenOut).then(|| Box::new(Strip::new(to.sample_rate())));
        Self { ear, conversion, encoder: Encoder::new(to), pcm, strip }
    }

    /// Says how long the frames are that are filled from now on.
    pub(crate) fn expect(&mut self, frame: Duration) {
        self.ear.expect(frame);
    }

    /// Takes sound of the other leg; answers how many ticks this dropped.
    pub(crate) fn hear(&mut self, packet: &Packet<'_>, codec: Codec) -> u32 {
        self.ear.hear(packet, codec)
    }

    /// Takes a report of a key of the other leg.
    pub(crate) fn hear_key(&mut self, timestamp: u32, ticks: u32) {
        self.ear.hear_key(timestamp, ticks);
    }

    /// Writes a payload of so long and answers how many bytes it has.
    pub(crate) fn fill(&mut self, payload: &mut [u8], ptime: Duration) -> usize {
        let wanted = samples(self.encoder.codec().sample_rate(), ptime).min(self.pcm.len());
        let written = self.conversion.run(self.ear.frame(ptime), &mut self.pcm[..wanted]);
        // All rates divide each other, so a frame of one is a frame of the other, and nothing is left to fill.
        self.pcm[written..wanted].fill(0);
        if let Some(strip) = &mut self.strip {
            let made_up = self.ear.made_up() * wanted / self.ear.last().len().max(1);
            strip.pass(&mut self.pcm[..wanted], made_up);
        }
        self.encoder.encode(&self.pcm[..wanted], payload)
    }
}
