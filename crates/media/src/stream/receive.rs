//! What comes from a leg's peer: sound for whoever listens, keys for the owner and the bridge.
//!
//! Shape: one datagram a call; sound goes to the other leg of the bridge, keys to [`super::keys`].
//! Errors: packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3264 section 6.1 (the codec that the peer chose).

use super::RtpStream;
use crate::codec::Codec;
use crate::event::Events;
use crate::jitter::CAP;
use crate::latch::Source;
use crate::rtp::packet::Packet;
use std::net::SocketAddr;
use std::time::Instant;

impl RtpStream {
    /// Takes a datagram of this leg; `peer` is the other leg of its bridge.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        (from, datagram): (SocketAddr, &[u8]),
        peer: Option<&mut Self>,
        events: &mut Events,
    ) {
        let Ok(packet) = Packet::parse(datagram) else {
            self.totals.dropped.malformed += 1;
            return;
        };
        let sound = self.codec_of(packet.payload_type);
        if sound.is_none() && Some(packet.payload_type) != self.negotiated.telephone_event {
            self.totals.dropped.unknown_payload += 1;
            return;
        }
        if self.latch.hear(now, from, packet.ssrc, packet.sequence) == Source::Stranger {
            self.totals.dropped.foreign_source += 1;
            return;
        }
        if sound.is_some() && packet.payload.len() > CAP as usize {
            self.totals.dropped.oversize += 1;
            return;
        }
        self.totals.received += 1;
        self.last_heard = Some(now);
        self.received.note(packet.ssrc, packet.sequence);
        if let (Some(listeners), Some(codec)) = (&mut self.listeners, sound) {
            listeners.take(&packet, codec);
        }
        match (sound, peer) {
            (None, peer) => self.receive_keys(now, &packet, peer, events),
            (Some(codec), Some(peer)) => peer.hear(codec, &packet),
            (Some(_), None) => {}
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

    /// Takes sound of the other leg of the bridge.
    fn hear(&mut self, codec: Codec, packet: &Packet<'_>) {
        if let Some(bridge) = &mut self.bridge {
            let dropped = bridge.hear(packet.ssrc, codec, packet.timestamp, packet.payload);
            self.totals.bridge_dropped_samples += u64::from(dropped);
        }
    }
}
