//! What comes from a leg's peer: sound for whoever listens, keys for the owner and the bridge.
//!
//! Shape: one datagram a call; sound goes to the other leg of the bridge, keys to [`super::keys`].
//! Errors: packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3264 section 6.1 (the codec that the peer chose); RFC 3711 section 3.3; RFC 3389.

use super::RtpStream;
use super::control::ticks;
use crate::codec::Codec;
use crate::comfort::{Level, Silence};
use crate::event::Events;
use crate::latch::Source;
use crate::reading::Content;
use crate::rtp::packet::Packet;
use crate::rtp::reception::Arrival;
use std::net::SocketAddr;
use std::time::Instant;

/// The static payload type of comfort noise (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;
/// More than any Opus packet that fits into a datagram of 1,500 bytes.
const MOST_OPUS: usize = 1_600;

/// What a packet holds.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Kind {
    Sound(Codec),
    Keys,
    Silence,
}

/// The most bytes of sound in one packet: 200 ms.
fn longest(codec: Codec) -> usize {
    codec.bytes_per_ms().map_or(MOST_OPUS, |bytes| 200 * bytes)
}

impl RtpStream {
    /// Takes a datagram of this leg, and answers what it was; `peer` is the other leg of its bridge.
    ///
    /// A protected stream takes nothing that is not authentic, not even to learn where its peer is.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        (from, datagram): (SocketAddr, &[u8]),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) -> Content {
        let Some(mut protection) = self.protection.take() else {
            return self.receive_plain(now, (from, datagram), peer, events);
        };
        let content = match protection.unprotect_rtp(datagram) {
            Ok(plain) => self.receive_plain(now, (from, plain), peer, events),
            Err(error) => {
                self.totals.dropped.count(error);
                Content::Aside
            }
        };
        self.protection = Some(protection);
        content
    }

    fn receive_plain(
        &mut self,
        now: Instant,
        (from, datagram): (SocketAddr, &[u8]),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) -> Content {
        let Ok(packet) = Packet::parse(datagram) else {
            self.totals.dropped.malformed += 1;
            return Content::Aside;
        };
        let Some(kind) = self.kind_of(packet.payload_type) else {
            self.totals.dropped.unknown_payload += 1;
            self.control.unknown_payload = Some(packet.payload_type);
            return Content::Aside;
        };
        self.receive_known(now, (from, &packet, kind), peer, events);
        if matches!(kind, Kind::Sound(_)) { Content::Sound } else { Content::Aside }
    }

    /// Takes a packet of something that was agreed on.
    fn receive_known(
        &mut self,
        now: Instant,
        (from, packet, kind): (SocketAddr, &Packet<'_>, Kind),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        if self.latch.hear(now, from, packet.ssrc, packet.sequence) == Source::Stranger {
            self.totals.dropped.foreign_source += 1;
            self.control.stranger = Some(from);
            return;
        }
        if let Kind::Sound(codec) = kind
            && packet.payload.len() > longest(codec)
        {
            self.totals.dropped.oversize += 1;
            return;
        }
        self.totals.received += 1;
        self.last_heard = Some(now);
        self.comfort = kind == Kind::Silence;
        if self.reception.note(packet.ssrc, packet.sequence) != Arrival::Duplicate && matches!(kind, Kind::Sound(_)) {
            self.reception.time(packet.timestamp, ticks(now.saturating_duration_since(self.opened), self.clock_rate()));
        }
        match (kind, peer) {
            (Kind::Sound(codec), peer) => self.receive_sound(packet, codec, peer),
            (Kind::Keys, peer) => self.receive_keys(now, packet, peer, events),
            (Kind::Silence, peer) => self.receive_silence(packet, peer),
        }
    }

    fn receive_sound(&mut self, packet: &Packet<'_>, codec: Codec, peer: Option<&mut Self>) {
        if let Some(listeners) = &mut self.listeners {
            listeners.take(packet, codec);
        }
        // A peer that sends the tone of a key beside its event would have the key heard twice.
        if let Some(peer) = peer.filter(|_| !self.is_under_a_key(packet)) {
            peer.hear(packet, codec);
        }
    }

    /// Takes comfort noise: the peer is there and has nothing to say (RFC 3389).
    fn receive_silence(&mut self, packet: &Packet<'_>, peer: Option<&mut Self>) {
        let Some(level) = Level::parse(packet.payload) else { return };
        let silence = Silence { from: packet.timestamp, level };
        if let Some(listeners) = &mut self.listeners {
            listeners.take_silence(silence);
        }
        if let Some(bridge) = peer.and_then(|peer| peer.bridge.as_mut()) {
            bridge.hear_silence(silence);
        }
    }

    /// What packets of a payload type hold. Comfort noise of the static type is understood also where nobody spoke of it: many send it so.
    fn kind_of(&self, payload_type: u8) -> Option<Kind> {
        match self.codec_of(payload_type) {
            Some(codec) => Some(Kind::Sound(codec)),
            None if Some(payload_type) == self.negotiated.telephone_event => Some(Kind::Keys),
            None if payload_type == self.negotiated.comfort_noise.unwrap_or(COMFORT_NOISE) => Some(Kind::Silence),
            None => None,
        }
    }

    /// What a received payload type says. The codec that we send is not always the one that the peer sends: an answer
    /// that names both lets each side choose, and the peer should choose what our offer preferred (RFC 3264 section 6.1).
    fn codec_of(&self, payload_type: u8) -> Option<Codec> {
        let agreed = &self.negotiated;
        match payload_type {
            number if number == agreed.payload_type => Some(agreed.codec),
            number if Some(number) == agreed.telephone_event => None,
            number => match agreed.others.iter().flatten().find(|(other, _)| *other == number) {
                Some((_, codec)) => Some(*codec),
                None => Codec::of_static_payload_type(number),
            },
        }
    }

    /// Whether the peer has said a key as event in the place of this sound, or is about to.
    fn is_under_a_key(&self, packet: &Packet<'_>) -> bool {
        // Packets overtake one another, so the report of this packet time may be behind its sound.
        self.keys.covers(packet.ssrc, packet.timestamp, self.frame.ticks * 3)
    }

    /// Takes sound of the other leg of the bridge.
    fn hear(&mut self, packet: &Packet<'_>, codec: Codec) {
        if let Some(bridge) = &mut self.bridge {
            let dropped = bridge.hear(packet, codec);
            self.totals.bridge_dropped_samples += u64::from(dropped);
        }
    }
}
