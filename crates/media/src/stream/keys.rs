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
use crate::dtmf::ways::KeyWay;
use crate::event::{EventKind, Events, Queued};
use crate::rtp::packet::Packet;
use crate::source::playlist::Remains;
use crate::totals::StreamTotals;
use std::time::Instant;

impl RtpStream {
    pub(super) fn receive_keys(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        mut peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        for (timestamp, event) in blocks(packet.timestamp, packet.payload) {
            if let Some(listeners) = &mut self.listeners {
                listeners.take_key(timestamp, u32::from(event.duration));
            }
            if let Some(bridge) = peer.as_deref_mut().and_then(|peer| peer.bridge.as_mut()) {
                bridge.hush(timestamp, u32::from(event.duration));
            }
            let sighting = self.keys.note(packet.ssrc, packet.marker, timestamp, event);
            if let Sighting::New(digit) = sighting {
                if self.ways.is_echo(now, digit, KeyWay::Event) {
                    // Nobody has begun to pass it on, so its later reports go nowhere.
                    continue;
                }
                self.raise(digit, events);
            }
            if let Some((bridge, totals)) = peer.as_deref_mut().and_then(Self::takes_keys)
                && bridge.hear_key(timestamp, event, sighting) == Admission::Refused
            {
                totals.refused_relays += 1;
            }
        }
    }

    /// Takes a key of this leg that signalling brought, `ticks` long; `peer` is the other leg of its bridge.
    pub(crate) fn press(
        &mut self,
        now: Instant,
        (digit, ticks): (Digit, u16),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        if self.ways.is_echo(now, digit, KeyWay::Message) {
            return;
        }
        self.raise(digit, events);
        if let Some((bridge, totals)) = peer.and_then(Self::takes_keys)
            && bridge.press(digit, ticks) == Admission::Refused
        {
            totals.refused_relays += 1;
        }
    }

    /// Where keys of the other leg go, and what counts those that find no room, when they go as telephone-events.
    fn takes_keys(&mut self) -> Option<(&mut BridgeEnd, &mut StreamTotals)> {
        self.negotiated.telephone_event?;
        Some((self.bridge.as_mut()?, &mut self.totals))
    }

    /// Tells the owner of a key.
    fn raise(&mut self, digit: Digit, events: &mut Events) {
        match events.push(self.id, EventKind::Digit(digit)) {
            Queued::Yes => self.barge_in(digit),
            // Nobody learns of the key, so nobody would go on after the prompt: it plays to its end.
            Queued::Full => self.totals.refused_events += 1,
        }
    }

    /// Stops what plays if the key does. The playlist stays until the next order, because nothing is freed here.
    fn barge_in(&mut self, key: Digit) {
        if let Some(playback) = &mut self.playback
            && playback.stopped_by.contains(key)
        {
            playback.remains = Remains::Nothing;
        }
    }
}
