//! Who listens to a leg: the one place where what it hears and what it is sent are handed on, frame by frame.
//!
//! Shape: made with the first listener and gone with the last, so that a leg to which nobody listens pays one comparison a frame.
//! In each packet time of the leg there are two calls: [`Listeners::hear`] before the frame to send is filled, and
//! [`Listeners::say`] with the payload that it got. A new kind of listener is a field, a line in [`Listeners::is_needed`], and a line
//! in one of the two.
//! Units: linear samples at [`Frame::rate`], one frame as long as the leg's packets.
//! Time: one frame for each packet time, also on hold, also for those that a late service skips: a listener's time line has no hole.
//! Errors: after [`MOST_SKIPPED`] frames that were skipped at once the rest of them is not handed on.

use crate::codec::{Codec, Decoder};
use crate::comfort::Silence;
use crate::config::MAX_PTIME;
use crate::dtmf::tone_ear::ToneEar;
use crate::ear::Ear;
use crate::live::Live;
use crate::record::Recorders;
use crate::room::{Mixing, Seat};
use crate::rtp::packet::Packet;
use crate::utterances::Utterances;
use std::time::Duration;

/// The most skipped frames that are handed on at one service; more than this is a machine that slept.
pub(crate) const MOST_SKIPPED: u32 = 500;

/// One packet time of a leg, as its listeners get it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Frame<'f> {
    /// What the peer said.
    pub(crate) heard: &'f [i16],
    /// What the peer was sent; as long as `heard`, and empty where nobody asked for it.
    pub(crate) said: &'f [i16],
    /// Samples in a second of both.
    pub(crate) rate: u32,
}

/// The listeners of one leg.
#[derive(Debug)]
pub(crate) struct Listeners {
    ear: Ear,
    mouth: Mouth,
    pub(crate) recorders: Recorders,
    /// Keys in the sound.
    pub(crate) tones: Option<Box<ToneEar>>,
    /// A place in a conference.
    pub(crate) seat: Option<Box<Seat>>,
    /// Somebody who understands speech.
    pub(crate) utterances: Option<Box<Utterances>>,
    /// Somebody outside whom the leg hears.
    pub(crate) live: Option<Box<Live>>,
    #[cfg(test)]
    pub(crate) witness: Option<Witness>,
}

impl Listeners {
    /// Nobody yet; the leg agreed on `codec`, and on packets of `ptime`.
    pub(crate) fn new(codec: Codec, ptime: Duration) -> Self {
        let mut ear = Ear::new(codec);
        ear.expect(ptime);
        Self {
            ear,
            mouth: Mouth::new(codec),
            recorders: Recorders::default(),
            tones: None,
            seat: None,
            utterances: None,
            live: None,
            #[cfg(test)]
            witness: None,
        }
    }

    /// Whether anybody listens.
    pub(crate) fn is_needed(&self) -> bool {
        #[cfg(test)]
        if self.witness.is_some() {
            return true;
        }
        let hears = !self.recorders.is_empty() || self.tones.is_some() || self.utterances.is_some();
        hears || self.seat.is_some() || self.live.is_some()
    }

    /// Whether anybody wants what the leg is sent.
    fn wants_said(&self) -> bool {
        #[cfg(test)]
        if self.witness.is_some() {
            return true;
        }
        self.recorders.want_said()
    }

    /// Goes on under a new agreement. What waits is lost when the codec is another one.
    pub(crate) fn reconfigure(&mut self, codec: Codec, ptime: Duration) {
        if self.mouth.decoder.codec() != codec {
            self.ear = Ear::new(codec);
            self.mouth = Mouth::new(codec);
            self.recorders.follow(codec.sample_rate());
            if let Some(utterances) = &mut self.utterances {
                utterances.follow(codec.sample_rate());
            }
            if let Some(live) = &mut self.live {
                live.follow(codec);
            }
        }
        self.ear.expect(ptime);
    }

    /// Takes a packet of the peer's sound.
    pub(crate) fn take(&mut self, packet: &Packet<'_>, codec: Codec) {
        self.ear.hear(packet, codec);
    }

    /// Takes a report of a key of the peer, so that its tone is not heard beside it.
    pub(crate) fn take_key(&mut self, timestamp: u32, ticks: u32) {
        self.ear.hear_key(timestamp, ticks);
    }

    /// Takes a report of silence of the peer.
    pub(crate) fn take_silence(&mut self, silence: Silence) {
        self.ear.hear_silence(silence);
    }

    /// One packet time begins: what the peer said in it. A frame that is skipped is none of a conference.
    pub(crate) fn hear(&mut self, ptime: Duration, mixing: Option<Mixing<'_>>) {
        let rate = self.ear.rate();
        self.ear.frame(ptime);
        let heard = self.ear.last();
        let frame = Frame { heard, said: &[], rate };
        // Listeners that only hear, one line each.
        self.recorders.hear(&frame);
        if let Some(utterances) = &mut self.utterances {
            utterances.hear(&frame);
        }
        if let Some(tones) = &mut self.tones {
            tones.hear(frame.heard, self.ear.made_up());
        }
        if let (Some(seat), Some(mixing)) = (&mut self.seat, mixing) {
            seat.say(mixing, frame.heard);
        }
    }

    /// The same packet time ends: what the peer was sent in it; `None` where that was no sound.
    pub(crate) fn say(&mut self, payload: Option<&[u8]>) {
        if !self.wants_said() {
            return;
        }
        let rate = self.ear.rate();
        let heard = self.ear.last();
        let frame = Frame { heard, said: self.mouth.say(payload, heard.len()), rate };
        // Listeners that want both, one line each.
        self.recorders.say(&frame);
        #[cfg(test)]
        if let Some(witness) = &mut self.witness {
            witness.take(&frame);
        }
    }
}

/// What a leg is sent, as sound again.
#[derive(Debug)]
struct Mouth {
    decoder: Decoder,
    pcm: Box<[i16]>,
}

impl Mouth {
    fn new(codec: Codec) -> Self {
        let longest = codec.sample_rate() as usize / 1_000 * MAX_PTIME.as_millis() as usize;
        Self { decoder: Decoder::new(codec), pcm: vec![0; longest].into_boxed_slice() }
    }

    /// A frame of `length` samples.
    fn say(&mut self, payload: Option<&[u8]>, length: usize) -> &[i16] {
        let said = payload.and_then(|payload| self.decoder.decode(payload, &mut self.pcm).ok()).unwrap_or(0);
        let length = length.min(self.pcm.len());
        self.pcm[said.min(length)..length].fill(0);
        &self.pcm[..length]
    }
}

/// A listener that keeps everything, for tests.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness {
    pub(crate) heard: Vec<i16>,
    pub(crate) said: Vec<i16>,
}

#[cfg(test)]
impl Witness {
    fn take(&mut self, frame: &Frame<'_>) {
        self.heard.extend(frame.heard);
        self.said.extend(frame.said);
    }
}
