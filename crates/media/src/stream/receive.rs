//! What comes from a leg's peer: sound for whoever listens, keys for the owner and the bridge.
//!
//! Shape: one datagram a call; sound goes to the other leg of the bridge, keys to [`super::keys`].
//! Errors: packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3264 section 6.1 (the codec that the peer chose); RFC 3711 section 3.3.

use super::RtpStream;
use super::control::ticks;
use crate::codec::Codec;
use crate::event::Events;
use crate::jitter::CAP;
use crate::latch::Source;
use crate::reading::Content;
use crate::rtp::packet::Packet;
use crate::rtp::reception::Arrival;
use std::net::SocketAddr;
use std::time::Instant;

/// The static payload type of comfort noise (RFC 3551 table 4).
const COMFORT_NOISE: u8 = 13;

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
        let sound = self.codec_of(packet.payload_type);
        if sound.is_some() || Some(packet.payload_type) == self.negotiated.telephone_event {
            self.receive_known(now, (from, &packet, sound), peer, events);
        } else {
            self.receive_unknown(now, from, &packet);
        }
        sound.map_or(Content::Aside, |_| Content::Sound)
    }

    /// Takes a packet of sound, or of a key where it is in no codec.
    fn receive_known(
        &mut self,
        now: Instant,
        (from, packet, sound): (SocketAddr, &Packet<'_>, Option<Codec>),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        if self.latch.hear(now, from, packet.ssrc, packet.sequence) == Source::Stranger {
            self.totals.dropped.foreign_source += 1;
            self.control.stranger = Some(from);
            return;
        }
        if sound.is_some() && packet.payload.len() > CAP as usize {
            self.totals.dropped.oversize += 1;
            return;
        }
        self.totals.received += 1;
        self.last_heard = Some(now);
        self.comfort = false;
        if self.reception.note(packet.ssrc, packet.sequence) != Arrival::Duplicate && sound.is_some() {
            self.reception.time(packet.timestamp, ticks(now.saturating_duration_since(self.opened), self.clock_rate()));
        }
        if let (Some(listeners), Some(codec)) = (&mut self.listeners, sound) {
            listeners.take(packet, codec);
        }
        match (sound, peer) {
            (None, peer) => self.receive_keys(now, packet, peer, events),
            // A peer that sends the tone of a key beside its event would have the key heard twice.
            (Some(codec), Some(peer)) if !self.is_under_a_key(packet) => peer.hear(packet, codec),
            (Some(_), _) => {}
        }
    }

    /// Counts a packet of a payload type that was not agreed on. Comfort noise is none either, but says that the peer is there and
    /// has nothing to say (RFC 3389).
    fn receive_unknown(&mut self, now: Instant, from: SocketAddr, packet: &Packet<'_>) {
        self.totals.dropped.unknown_payload += 1;
        self.control.unknown_payload = Some(packet.payload_type);
        let comfort = packet.payload_type == self.negotiated.comfort_noise.unwrap_or(COMFORT_NOISE);
        if comfort && self.latch.remote() == Some(from) {
            self.comfort = true;
            self.last_heard = Some(now);
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
