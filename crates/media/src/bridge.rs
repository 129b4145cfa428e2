//! The end of a bridge that stands in one leg: what the other leg says, waiting to be sent to this one.
//!
//! Shape: sound goes through a [`JitterBuffer`] where its bytes can pass, else through a [`Transcoder`]; keys go through a [`Relay`].
//! All leave at this leg's own packet times, with this leg's own source, sequence and timestamp.
//! Units: a frame is as long as this leg's packets.
//! Sources: RFC 4733 section 2.6 (events passed on by a gateway), RFC 7667 section 3.2.1 (a mixer of its own source).

use crate::codec::Codec;
use crate::dtmf::event::{Digit, TelephoneEvent};
use crate::dtmf::receiver::Sighting;
use crate::dtmf::relay::{Admission, Relay, Relayed};
use crate::jitter::JitterBuffer;
use crate::rtp::packet::Packet;
use crate::transcoder::Transcoder;
use std::time::Duration;

/// One leg's end of a bridge.
#[derive(Debug)]
pub(crate) struct BridgeEnd {
    codecs: Codecs,
    sound: Passage,
    keys: Relay,
}

/// The codecs that the two legs agreed on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Codecs {
    /// The other leg's.
    pub(crate) from: Codec,
    /// This leg's.
    pub(crate) to: Codec,
}

/// How sound passes.
#[derive(Debug)]
enum Passage {
    /// As it is, or by a table.
    Bytes(JitterBuffer),
    /// Decoded and encoded again.
    Linear(Box<Transcoder>),
}

impl Passage {
    fn between(codecs: Codecs) -> Self {
        if JitterBuffer::joins(codecs.from, codecs.to) {
            Self::Bytes(JitterBuffer::new(codecs.to))
        } else {
            Self::Linear(Box::new(Transcoder::new(codecs.from, codecs.to)))
        }
    }
}

impl BridgeEnd {
    pub(crate) fn new(codecs: Codecs, ptime: Duration) -> Self {
        let mut end = Self { codecs, sound: Passage::between(codecs), keys: Relay::new() };
        end.reconfigure(codecs, ptime);
        end
    }

    /// Goes on between other codecs. What waits of the sound is lost when they differ from those before; keys are not.
    pub(crate) fn reconfigure(&mut self, codecs: Codecs, ptime: Duration) {
        if self.codecs != codecs {
            self.codecs = codecs;
            self.sound = Passage::between(codecs);
        }
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.expect(ptime),
            Passage::Linear(transcoder) => transcoder.expect(ptime),
        }
    }

    /// Takes sound of the other leg; answers how many ticks this dropped.
    pub(crate) fn hear(&mut self, packet: &Packet<'_>, codec: Codec) -> u32 {
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.push(packet.ssrc, codec, packet.timestamp, packet.payload),
            Passage::Linear(transcoder) => transcoder.hear(packet, codec),
        }
    }

    /// While a key of the other leg is pressed, nothing is made up in place of its sound.
    pub(crate) fn hush(&mut self, timestamp: u32, ticks: u32) {
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.hush(),
            Passage::Linear(transcoder) => transcoder.hear_key(timestamp, ticks),
        }
    }

    /// Takes a report of a key of the other leg.
    pub(crate) fn hear_key(&mut self, timestamp: u32, event: TelephoneEvent, sighting: Sighting) -> Admission {
        self.keys.note(timestamp, event, sighting)
    }

    /// Takes a key of the other leg that signalling brought.
    pub(crate) fn press(&mut self, key: Digit, ticks: u16) -> Admission {
        self.keys.press(key, ticks)
    }

    /// Writes the sound of a frame and answers how many bytes it has.
    pub(crate) fn fill(&mut self, frame: &mut [u8], ptime: Duration) -> usize {
        match &mut self.sound {
            Passage::Bytes(buffer) => {
                buffer.pull(frame);
                frame.len()
            }
            Passage::Linear(transcoder) => transcoder.fill(frame, ptime),
        }
    }

    /// The key to say in place of sound in the frame at `timestamp`, which is `samples` long.
    pub(crate) fn next_key(&mut self, timestamp: u32, samples: u32) -> Option<Relayed> {
        self.keys.next(timestamp, samples)
    }

    /// Forgets keys, because this leg has no telephone events any more.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }
}
