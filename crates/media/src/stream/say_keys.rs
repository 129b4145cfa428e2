//! Keys that a leg's peer is told of: those of the other leg of its bridge, and those that the owner sends.
//!
//! Shape: in each packet time at most one report of a key, which is said as telephone-event where those were agreed on, else as
//! tones in place of the sound, else not at all.
//! Time: keys of the owner wait while nothing may be sent; those of the other leg pass, as its sound does.
//! Sources: RFC 4733 section 2.5.1.1; ITU-T Q.23.

use super::RtpStream;
use crate::codec::{Codec, Encoder};
use crate::config::MAX_PTIME;
use crate::dtmf::outlet::ToneOutlet;
use crate::dtmf::relay::{Relayed, Saying};
use crate::dtmf::sending::{Sending, Step};
use crate::dtmf::{Inband, KeyStep};
use crate::event::{EventKind, Events, Queued};

/// What saying keys takes; made with the first order that needs it.
#[derive(Debug)]
pub(super) struct KeysOut {
    /// Kept to the next order when it is done, so that nothing is freed while frames are serviced.
    sending: Option<Sending>,
    progress: Progress,
    tones: ToneOutlet,
    encoder: Encoder,
    pcm: Box<[i16]>,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Progress {
    UnderWay,
    Done,
}

impl KeysOut {
    fn new(codec: Codec) -> Self {
        let longest = codec.sample_rate() as usize / 1_000 * MAX_PTIME.as_millis() as usize;
        Self {
            sending: None,
            progress: Progress::Done,
            tones: ToneOutlet::default(),
            encoder: Encoder::new(codec),
            pcm: vec![0; longest].into_boxed_slice(),
        }
    }
}

impl RtpStream {
    /// Presses these keys towards the peer, in place of those that are being sent.
    pub(crate) fn send_keys(&mut self, steps: Vec<KeyStep>) {
        self.prepare_keys();
        if let Some(out) = &mut self.keys_out {
            out.progress = if steps.is_empty() { Progress::Done } else { Progress::UnderWay };
            out.sending = Some(Sending::new(steps));
        }
    }

    /// Makes what saying keys takes.
    pub(super) fn prepare_keys(&mut self) {
        let codec = self.negotiated.codec;
        self.keys_out.get_or_insert_with(|| Box::new(KeysOut::new(codec)));
    }

    /// Whether keys reach the peer with the sound.
    pub(super) fn says_keys(&self) -> bool {
        self.negotiated.telephone_event.is_some() || self.inband == Inband::Spoken
    }

    /// What to say of a key in the packet time at `timestamp`, `ticks` long.
    pub(super) fn next_key(&mut self, timestamp: u32, ticks: u32, events: &mut Events) -> Option<Relayed> {
        let (agreed, clock) = (&self.negotiated, self.negotiated.codec.clock_rate());
        let saying = match (agreed.telephone_event, agreed.telephone_event_clock) {
            (Some(_), event_clock) => Saying::events(event_clock, ticks * (event_clock / 1_000) / (clock / 1_000)),
            (None, _) => Saying::tones(clock, ticks),
        };
        self.own_key(timestamp, saying, events)
            .or_else(|| self.bridge.as_mut().and_then(|bridge| bridge.next_key(timestamp, saying)))
    }

    /// The key that the owner sends.
    fn own_key(&mut self, timestamp: u32, saying: Saying, events: &mut Events) -> Option<Relayed> {
        if !self.negotiated.direction.sends() || !self.says_keys() {
            return None;
        }
        let out = self.keys_out.as_mut().filter(|out| out.progress == Progress::UnderWay)?;
        match out.sending.as_mut()?.step(timestamp, saying) {
            Step::Say(key) => Some(key),
            Step::Sound => None,
            Step::Done => {
                out.progress = Progress::Done;
                if events.push(self.id, EventKind::KeysSent) == Queued::Full {
                    self.totals.refused_events += 1;
                }
                None
            }
        }
    }

    /// Writes a key as tones in place of the sound of a frame; answers the length of the payload, when keys go so.
    pub(super) fn say_as_tone(&mut self, key: Relayed, payload: &mut [u8]) -> Option<usize> {
        let (codec, ptime) = (self.negotiated.codec, self.negotiated.ptime);
        let out = self.keys_out.as_mut().filter(|_| self.inband == Inband::Spoken)?;
        let samples = codec.sample_rate() / 1_000 * u32::try_from(ptime.as_millis()).unwrap_or(20);
        let pcm = out.pcm.get_mut(..samples as usize)?;
        out.tones.say(key, codec.sample_rate(), pcm);
        Some(out.encoder.encode(pcm, payload))
    }

    /// The codec is another one now.
    pub(super) fn keys_in(&mut self, codec: Codec) {
        if let Some(out) = self.keys_out.as_mut().filter(|out| out.encoder.codec() != codec) {
            let KeysOut { sending, progress, .. } = std::mem::replace(&mut **out, KeysOut::new(codec));
            (out.sending, out.progress) = (sending, progress);
        }
    }
}
