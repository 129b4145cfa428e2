//! Keys that a leg's peer says as tones.
//!
//! Shape: in each packet time, after the leg was listened to: a press is raised to the owner once and goes on to the other leg
//! of the bridge, for as long as it is heard.
//! Time: a press is known some 40 ms after it begins, and its end some 30 ms after it ends.
//! Sources: ITU-T Q.24.

use super::RtpStream;
use crate::dtmf::inband::{Edge, ToneEdge};
use crate::dtmf::relay::Admission;
use crate::dtmf::tone_ear::{HeldTone, ToneEar};
use crate::dtmf::{Decision, Inband, KeyWay};
use crate::event::Events;
use std::time::{Duration, Instant};

impl RtpStream {
    /// Says what keys have to do with the sound of this leg.
    pub(crate) fn use_inband(&mut self, inband: Inband) {
        self.inband = inband;
        if inband == Inband::Spoken {
            self.prepare_keys();
        }
        self.listen_for_tones();
    }

    /// Whether the peer's keys are looked for in its sound.
    pub(super) fn hears_tones(&self) -> bool {
        matches!(self.inband, Inband::Heard | Inband::Spoken) && self.negotiated.telephone_event.is_none()
    }

    /// Begins to listen for tones, or stops, as was agreed.
    pub(super) fn listen_for_tones(&mut self) {
        let wanted = self.hears_tones();
        if !wanted && self.listeners.is_none() {
            return;
        }
        let rate = self.negotiated.codec.sample_rate();
        self.listen(|listeners| {
            let fits = listeners.tones.as_ref().is_some_and(|ear| ear.rate() == rate);
            listeners.tones = match (wanted, fits) {
                (false, _) => None,
                (true, true) => listeners.tones.take(),
                (true, false) => Some(Box::new(ToneEar::new(rate))),
            };
        });
    }

    /// Takes up what was heard of tones; `peer` is the other leg of the bridge.
    pub(super) fn note_tones(&mut self, now: Instant, mut peer: Option<&mut Self>, events: &mut Events) {
        let Some(ear) = self.listeners.as_mut().and_then(|listeners| listeners.tones.as_mut()) else { return };
        let (edges, mut held, position) = (ear.take(), ear.held, ear.position());
        if edges[0].is_none() && held.is_none() {
            return;
        }
        for edge in edges.into_iter().flatten() {
            held = match edge.edge {
                Edge::Began => Some(self.tone_began(now, edge, position, peer.as_deref_mut(), events)),
                Edge::Ended => {
                    if let Some(HeldTone { digit, began, passed_on: true }) = held
                        && let Some((bridge, _)) = peer.as_deref_mut().and_then(Self::takes_keys)
                    {
                        bridge.end_tone(digit, self.sound_between(began, edge.at));
                    }
                    None
                }
            };
        }
        if let Some(HeldTone { digit, began, passed_on }) = held {
            self.ways.still_held(now, digit, KeyWay::Tone);
            if passed_on && let Some((bridge, _)) = peer.and_then(Self::takes_keys) {
                bridge.hold_tone(digit, self.sound_between(began, position));
            }
        }
        if let Some(ear) = self.listeners.as_mut().and_then(|listeners| listeners.tones.as_mut()) {
            ear.held = held;
        }
    }

    fn tone_began(
        &mut self,
        now: Instant,
        ToneEdge { digit, at, .. }: ToneEdge,
        position: u64,
        peer: Option<&mut Self>,
        events: &mut Events,
    ) -> HeldTone {
        let mut held = HeldTone { digit, began: at, passed_on: false };
        if self.hear_key(now, digit, KeyWay::Tone, events) == Decision::Echo {
            return held;
        }
        let length = self.sound_between(at, position);
        if let Some((bridge, totals)) = peer.and_then(Self::takes_keys) {
            match bridge.begin_tone(digit, length) {
                Admission::Taken => held.passed_on = true,
                Admission::Refused => totals.refused_relays += 1,
            }
        }
        held
    }

    fn sound_between(&self, from: u64, to: u64) -> Duration {
        let ear = self.listeners.as_ref().and_then(|listeners| listeners.tones.as_ref());
        ear.map(|ear| ear.between(from, to)).unwrap_or_default()
    }
}
