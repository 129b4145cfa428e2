//! The end of a bridge that stands in one leg: what the other leg says, waiting to be sent to this one.
//!
//! Shape: sound goes through a [`JitterBuffer`], keys through a [`Relay`]; both leave at this leg's own packet times,
//! with this leg's own source, sequence and timestamp.
//! Units: samples of 8 kHz; codecs that differ are rewritten by table as the sound leaves.
//! Sources: RFC 4733 section 2.6 (events passed on by a gateway), RFC 7667 section 3.2.1 (a mixer of its own source).

use crate::codec::Codec;
use crate::dtmf::event::{Digit, TelephoneEvent};
use crate::dtmf::receiver::Sighting;
use crate::dtmf::relay::{Admission, Relay, Relayed, Saying};
use crate::jitter::JitterBuffer;
use std::time::Duration;

/// One leg's end of a bridge.
#[derive(Debug)]
pub(crate) struct BridgeEnd {
    sound: JitterBuffer,
    keys: Relay,
}

impl BridgeEnd {
    pub(crate) fn new() -> Self {
        Self { sound: JitterBuffer::new(), keys: Relay::new() }
    }

    /// Takes sound of the other leg; answers how many samples this dropped.
    pub(crate) fn hear(&mut self, ssrc: u32, codec: Codec, timestamp: u32, payload: &[u8]) -> u32 {
        self.sound.push(ssrc, codec, timestamp, payload)
    }

    /// Takes a report of a key of the other leg, whose events count so many ticks a second.
    pub(crate) fn hear_key(
        &mut self,
        timestamp: u32,
        event: TelephoneEvent,
        sighting: Sighting,
        clock: u32,
    ) -> Admission {
        self.keys.note(timestamp, event, sighting, clock)
    }

    /// Takes a key of the other leg that signalling brought.
    pub(crate) fn press(&mut self, key: Digit, held: Duration) -> Admission {
        self.keys.press(key, held)
    }

    /// A key of the other leg begins that is heard as tones, and has lasted so long.
    pub(crate) fn begin_tone(&mut self, key: Digit, held: Duration) -> Admission {
        self.keys.begin_tone(key, held)
    }

    /// It goes on; say so in each packet time.
    pub(crate) fn hold_tone(&mut self, key: Digit, held: Duration) {
        self.keys.hold(key, held);
    }

    /// It is over.
    pub(crate) fn end_tone(&mut self, key: Digit, held: Duration) {
        self.keys.end_tone(key, held);
    }

    /// Fills a frame that holds silence; answers how many samples were dropped to be less late.
    pub(crate) fn fill(&mut self, frame: &mut [u8], codec: Codec) -> u32 {
        self.sound.pull(frame, codec)
    }

    /// The key to say in place of sound in the frame at `timestamp`.
    pub(crate) fn next_key(&mut self, timestamp: u32, saying: Saying) -> Option<Relayed> {
        self.keys.next(timestamp, saying)
    }

    /// Forgets keys, because this leg has no telephone events any more.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }
}
