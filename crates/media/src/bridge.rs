//! The end of a bridge that stands in one leg: what the other leg says, waiting to be sent to this one.
//!
//! Shape: sound goes through a [`JitterBuffer`] where its bytes can pass, else through a [`Transcoder`]; keys go through a [`Relay`].
//! A peer that may choose among several codecs, and speaks one whose bytes cannot pass, is given a transcoder when it first does: once
//! in a bridge, at a packet that is not like those before.
//! All leave at this leg's own packet times, with this leg's own source, sequence and timestamp.
//! Units: a frame is as long as this leg's packets.
//! Sources: RFC 4733 section 2.6 (events passed on by a gateway), RFC 7667 section 3.2.1 (a mixer of its own source).

use crate::codec::Codec;
use crate::comfort::Silence;
use crate::dtmf::event::{Digit, TelephoneEvent};
use crate::dtmf::receiver::Sighting;
use crate::dtmf::relay::{Admission, Relay, Relayed, Saying};
use crate::jitter::JitterBuffer;
use crate::rtp::packet::Packet;
use crate::transcoder::Transcoder;
use std::time::Duration;

/// One leg's end of a bridge.
#[derive(Debug)]
pub(crate) struct BridgeEnd {
    terms: Terms,
    /// How long the packets of this leg are.
    ptime: Duration,
    sound: Passage,
    keys: Relay,
}

/// Between what the sound passes.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    /// The codec that the other leg agreed on.
    pub(crate) from: Codec,
    /// That of this leg.
    pub(crate) to: Codec,
    /// What becomes of the tones of keys.
    pub(crate) tones: Tones,
}

/// What becomes of the tones of keys in the sound of the other leg.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Tones {
    /// They are sound like any other.
    Passed,
    /// They are taken out, because this leg is told of the keys in its own way.
    TakenOut,
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
    fn between(Terms { from, to, tones }: Terms) -> Self {
        if tones == Tones::Passed && JitterBuffer::joins(from, to) {
            Self::Bytes(JitterBuffer::new(to))
        } else {
            Self::Linear(Box::new(Transcoder::new(from, to, tones)))
        }
    }
}

impl BridgeEnd {
    pub(crate) fn new(terms: Terms, ptime: Duration) -> Self {
        let mut end = Self { terms, ptime, sound: Passage::between(terms), keys: Relay::new() };
        end.reconfigure(terms, ptime);
        end
    }

    /// Goes on under other terms. What waits of the sound is lost when they differ from those before; keys are not.
    pub(crate) fn reconfigure(&mut self, terms: Terms, ptime: Duration) {
        if self.terms != terms {
            self.terms = terms;
            self.sound = Passage::between(terms);
        }
        self.ptime = ptime;
        self.expect();
    }

    fn expect(&mut self) {
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.expect(self.ptime),
            Passage::Linear(transcoder) => transcoder.expect(self.ptime),
        }
    }

    /// Takes sound of the other leg; answers how many ticks this dropped.
    pub(crate) fn hear(&mut self, packet: &Packet<'_>, codec: Codec) -> u32 {
        if matches!(self.sound, Passage::Bytes(_)) && !JitterBuffer::joins(codec, self.terms.to) {
            let Terms { to, tones, .. } = self.terms;
            self.sound = Passage::Linear(Box::new(Transcoder::new(codec, to, tones)));
            self.expect();
        }
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.push(packet.ssrc, codec, packet.timestamp, packet.payload),
            Passage::Linear(transcoder) => transcoder.hear(packet, codec),
        }
    }

    /// Takes a report of silence of the other leg.
    pub(crate) fn hear_silence(&mut self, silence: Silence) {
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.hear_silence(silence),
            Passage::Linear(transcoder) => transcoder.hear_silence(silence),
        }
    }

    /// While a key of the other leg is pressed, nothing is made up in place of its sound.
    pub(crate) fn hush(&mut self, timestamp: u32, ticks: u32) {
        match &mut self.sound {
            Passage::Bytes(buffer) => buffer.hush(),
            Passage::Linear(transcoder) => transcoder.hear_key(timestamp, ticks),
        }
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

    /// The key to say in place of sound in the frame at `timestamp`.
    pub(crate) fn next_key(&mut self, timestamp: u32, saying: Saying) -> Option<Relayed> {
        self.keys.next(timestamp, saying)
    }

    /// Forgets keys, because this leg has no telephone events any more.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Decoder, Encoder};

    #[test]
    fn a_peer_that_speaks_another_codec_than_the_first_of_its_answer_is_heard() {
        for (agreed, spoken) in [(Codec::Pcma, Codec::G722), (Codec::G722, Codec::Pcmu)] {
            let terms = Terms { from: agreed, to: agreed, tones: Tones::Passed };
            let ptime = Duration::from_millis(20);
            let mut end = BridgeEnd::new(terms, ptime);
            let mut encoder = Encoder::new(spoken);
            let mut decoder = Decoder::new(agreed);
            let samples = spoken.sample_rate() as usize / 50;
            let sound: Vec<i16> = (0..samples).map(|at| if at % 16 < 8 { 8_000 } else { -8_000 }).collect();
            let mut loudest = 0;
            for count in 0..50u16 {
                let mut payload = [0; 160];
                let length = encoder.encode(&sound, &mut payload);
                let packet = Packet {
                    marker: false,
                    payload_type: spoken.payload_type(),
                    sequence: count,
                    timestamp: u32::from(count) * 160,
                    ssrc: 7,
                    payload: &payload[..length],
                };
                assert_eq!(end.hear(&packet, spoken), 0, "{spoken:?}");
                let (mut frame, mut pcm) = ([0; 160], [0; 320]);
                let length = end.fill(&mut frame, ptime);
                let heard = decoder.decode(&frame[..length], &mut pcm).unwrap();
                loudest = pcm[..heard].iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0).max(loudest);
            }
            assert!(loudest > 4_000, "{spoken:?} to {agreed:?}: {loudest}");
        }
    }
}
