//! The keys of a leg's peer, whichever way they come.
//!
//! Shape: a press is raised to the owner once, may stop what plays, and goes on to the other leg of the bridge.
//! Errors: a key for which there is no room is counted.
//! Sources: RFC 4733 section 2.5.1.

use super::RtpStream;
use crate::bridge::BridgeEnd;
use crate::dtmf::event::{Digit, blocks};
use crate::dtmf::receiver::Sighting;
use crate::dtmf::relay::Admission;
use crate::dtmf::ways::{Decision, KeyRow, KeyWay};
use crate::event::{EventKind, Events, Queued};
use crate::rtp::packet::Packet;
use crate::totals::StreamTotals;
use std::time::{Duration, Instant};

impl RtpStream {
    pub(super) fn receive_keys(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        mut peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        let clock = self.negotiated.telephone_event_clock;
        for (timestamp, event) in blocks(packet.timestamp, packet.payload) {
            if let Some(listeners) = &mut self.listeners {
                listeners.take_key(timestamp, u32::from(event.duration));
            }
            if let Some(bridge) = peer.as_deref_mut().and_then(|peer| peer.bridge.as_mut()) {
                bridge.hush(timestamp, u32::from(event.duration));
            }
            let sighting = self.keys.note(packet.ssrc, packet.marker, timestamp, event);
            match (sighting, Digit::from_event(event.code)) {
                (Sighting::New(digit), _) => {
                    if self.hear_key(now, digit, KeyWay::Event, events) == Decision::Echo {
                        // Nobody has begun to pass it on, so its later reports go nowhere.
                        continue;
                    }
                }
                (Sighting::Known | Sighting::Continued, Some(digit)) => {
                    self.ways.still_held(now, digit, KeyWay::Event);
                }
                (Sighting::Known | Sighting::Continued | Sighting::Foreign, _) => {}
            }
            if let Some((bridge, totals)) = peer.as_deref_mut().and_then(Self::takes_keys)
                && bridge.hear_key(timestamp, event, sighting, clock) == Admission::Refused
            {
                totals.refused_relays += 1;
            }
        }
    }

    /// Takes a key of this leg that signalling brought, held for so long; `peer` is the other leg of its bridge.
    pub(crate) fn press(
        &mut self,
        now: Instant,
        (digit, held): (Digit, Duration),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        if self.hear_key(now, digit, KeyWay::Message, events) == Decision::Echo {
            return;
        }
        if let Some((bridge, totals)) = peer.and_then(Self::takes_keys)
            && bridge.press(digit, held) == Admission::Refused
        {
            totals.refused_relays += 1;
        }
    }

    /// Where keys of the other leg go, and what counts those that find no room, when they go with the sound.
    pub(super) fn takes_keys(&mut self) -> Option<(&mut BridgeEnd, &mut StreamTotals)> {
        if !self.says_keys() {
            return None;
        }
        Some((self.bridge.as_mut()?, &mut self.totals))
    }

    /// Takes a key that came by this way, and tells the owner of it unless it came by another way already.
    pub(super) fn hear_key(&mut self, now: Instant, digit: Digit, way: KeyWay, events: &mut Events) -> Decision {
        let decision = match self.ways.is_echo(now, digit, way) {
            true => Decision::Echo,
            false => match events.push(self.id, EventKind::Digit(digit)) {
                Queued::Yes => Decision::Taken,
                // Nobody learns of the key, so nobody would go on after the prompt: it plays to its end.
                Queued::Full => Decision::Refused,
            },
        };
        match decision {
            Decision::Taken => self.barge_in(digit),
            Decision::Echo => {}
            Decision::Refused => self.totals.refused_events += 1,
        }
        self.ways.log.note(KeyRow { at: now, way, decision });
        decision
    }

    /// Stops what plays if the key does.
    fn barge_in(&mut self, key: Digit) {
        if self.playback.as_ref().is_some_and(|playback| playback.stopped_by.contains(key)) {
            self.cut();
        }
    }
}
