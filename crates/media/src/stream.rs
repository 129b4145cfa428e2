//! One leg's sound, both ways.
//!
//! Shape: one source, one unbroken sequence and one unbroken timestamp line from open to close, through prompts,
//! silence, ringing and bridge. What fills a frame is, in this order: a key passed on over the bridge, the playlist,
//! the bridge, silence.
//! Units: timestamps count in the clock of the codec, 8,000 a second for G.711.
//! Time: told. Frames pass also while nothing may be sent (hold, no address), so that a playlist ends in its time;
//! the timestamp goes on with them and the sequence does not. Frames that a late service skips are a gap in the
//! timestamp; the playlist waits for them, so that no word of a prompt is lost.
//! Errors: received packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3551 section 4.1 (marker); RFC 4733 section 2.5.1.

use crate::bridge::BridgeEnd;
use crate::codec::Codec;
use crate::config::{Frame, MAX_PAYLOAD, Negotiated, StreamConfig, nearest_ptime};
use crate::dtmf::Keys;
use crate::dtmf::event::{BLOCK_LEN, Digit, blocks};
use crate::dtmf::receiver::{Receiver, Sighting};
use crate::dtmf::relay::{Admission, Relayed};
use crate::dtmf::ways::{KeyWay, Ways};
use crate::event::{EventKind, Events, Queued};
use crate::jitter::CAP;
use crate::latch::{Latch, Source};
use crate::pacer::{Due, Pacer, Punctuality};
use crate::pool::{PlaybackId, StreamId};
use crate::rtp::packet::{HEADER_LEN, Header, Packet};
use crate::rtp::sequence::ReceivedSequence;
use crate::source::playlist::{Playlist, Remains};
use crate::summary::StreamSummary;
use crate::totals::StreamTotals;
use std::net::SocketAddr;
use std::time::Instant;

/// The buffer that any packet of ours fits into.
pub const MAX_PACKET: usize = HEADER_LEN + MAX_PAYLOAD;

/// A packet to send now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Transmit<'a> {
    /// Where it goes.
    pub to: SocketAddr,
    /// The whole datagram.
    pub payload: &'a [u8],
}

#[derive(Debug)]
struct Playback {
    id: PlaybackId,
    playlist: Playlist,
    /// A playlist that ended is kept until the next order, so that nothing is freed while frames are serviced.
    remains: Remains,
    stopped_by: Keys,
}

/// One leg's sound.
#[derive(Debug)]
pub(crate) struct RtpStream {
    pub(crate) id: StreamId,
    negotiated: Negotiated,
    frame: Frame,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    pacer: Pacer,
    latch: Latch,
    playback: Option<Playback>,
    /// Apart, because keys are rare and what was pressed is long.
    keys: Box<Receiver>,
    /// For keys that come by signalling as well.
    ways: Box<Ways>,
    received: ReceivedSequence,
    bridge: Option<Box<BridgeEnd>>,
    last_heard: Option<Instant>,
    totals: StreamTotals,
}

impl RtpStream {
    pub(crate) fn new(id: StreamId, config: &StreamConfig, first: Instant) -> Self {
        let mut negotiated = config.negotiated;
        negotiated.ptime = nearest_ptime(negotiated.ptime);
        Self {
            id,
            negotiated,
            frame: Frame::of(negotiated.codec, negotiated.ptime),
            ssrc: config.ssrc,
            sequence: config.first_sequence,
            timestamp: config.first_timestamp,
            pacer: Pacer::new(first, negotiated.ptime),
            latch: Latch::new(negotiated.remote),
            playback: None,
            keys: Box::default(),
            ways: Box::default(),
            received: ReceivedSequence::default(),
            bridge: None,
            last_heard: None,
            totals: StreamTotals::default(),
        }
    }

    pub(crate) fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    pub(crate) fn next_due(&self) -> Instant {
        self.pacer.next_due()
    }

    pub(crate) fn reconfigure(&mut self, mut negotiated: Negotiated) {
        negotiated.ptime = nearest_ptime(negotiated.ptime);
        self.pacer.change_ptime(negotiated.ptime);
        self.latch.renegotiate(negotiated.remote);
        if let (Some(bridge), None) = (&mut self.bridge, negotiated.telephone_event) {
            bridge.forget_keys();
        }
        self.frame = Frame::of(negotiated.codec, negotiated.ptime);
        self.negotiated = negotiated;
    }

    pub(crate) fn play(&mut self, id: PlaybackId, playlist: Playlist, stopped_by: Keys) {
        self.playback = Some(Playback { id, playlist, remains: Remains::More, stopped_by });
    }

    pub(crate) fn stop_playback(&mut self) {
        self.playback = None;
    }

    pub(crate) fn join(&mut self) {
        self.bridge = Some(Box::new(BridgeEnd::new()));
    }

    pub(crate) fn leave(&mut self) {
        self.bridge = None;
    }

    pub(crate) fn totals(&self) -> StreamTotals {
        StreamTotals { lost: self.received.lost(), ..self.totals }
    }

    pub(crate) fn summary(&self) -> StreamSummary {
        StreamSummary {
            negotiated: self.negotiated,
            ssrc: self.ssrc,
            peer_ssrc: self.received.ssrc(),
            source: self.latch.learned(),
            totals: self.totals(),
        }
    }

    /// When the last packet came that was used.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        self.last_heard
    }

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
            number => Codec::of_static_payload_type(number),
        }
    }

    fn receive_keys(&mut self, now: Instant, packet: &Packet<'_>, mut peer: Option<&mut Self>, events: &mut Events) {
        for (timestamp, event) in blocks(packet.timestamp, packet.payload) {
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

    /// Takes sound of the other leg of the bridge.
    fn hear(&mut self, codec: Codec, packet: &Packet<'_>) {
        if let Some(bridge) = &mut self.bridge {
            let dropped = bridge.hear(packet.ssrc, codec, packet.timestamp, packet.payload);
            self.totals.bridge_dropped_samples += u64::from(dropped);
        }
    }

    /// The next packet due at `now`, written into `buffer`, which must hold [`MAX_PACKET`] bytes.
    pub(crate) fn transmit<'a>(
        &mut self,
        now: Instant,
        buffer: &'a mut [u8],
        events: &mut Events,
    ) -> Option<Transmit<'a>> {
        let (head, body) = buffer.split_first_chunk_mut::<HEADER_LEN>()?;
        let Frame { ticks, bytes } = self.frame;
        let body = body.get_mut(..bytes)?;
        // Ends: each turn takes one due frame, and at most four are due after the skipped ones.
        let (to, length) = loop {
            let due = self.pacer.take(now)?;
            self.count(due);
            self.timestamp = self.timestamp.wrapping_add(due.skipped.wrapping_mul(ticks));
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(ticks);
            self.fill(body, events);
            let key = self.bridge.as_mut().and_then(|bridge| bridge.next_key(timestamp, ticks));
            let Some(to) = self.latch.remote().filter(|_| self.negotiated.direction.sends()) else { continue };
            break (to, self.write(head, body, timestamp, key));
        };
        self.totals.sent += 1;
        let payload = buffer.get(..HEADER_LEN + length)?;
        Some(Transmit { to, payload })
    }

    fn count(&mut self, due: Due) {
        self.totals.skipped_frames += u64::from(due.skipped);
        if due.punctuality == Punctuality::CaughtUp {
            self.totals.caught_up_frames += 1;
        }
    }

    /// Fills one frame. The bridge is read also under a playlist, so that it is up to date when the playlist ends.
    fn fill(&mut self, frame: &mut [u8], events: &mut Events) {
        let codec = self.negotiated.codec;
        frame.fill(codec.silence());
        if let Some(bridge) = &mut self.bridge {
            self.totals.bridge_dropped_samples += u64::from(bridge.fill(frame, codec));
        }
        let Some(playback) = self.playback.as_mut().filter(|playback| playback.remains == Remains::More) else {
            return;
        };
        frame.fill(codec.silence());
        playback.remains = playback.playlist.fill(frame, codec);
        if playback.remains == Remains::Nothing {
            let ended = EventKind::PlaybackEnded { playback: playback.id };
            if events.push(self.id, ended) == Queued::Full {
                self.totals.refused_events += 1;
            }
        }
    }

    /// Writes the header, and the key over the sound if there is one; answers the length of the payload.
    fn write(&mut self, head: &mut [u8; HEADER_LEN], body: &mut [u8], timestamp: u32, key: Option<Relayed>) -> usize {
        let mut header = Header {
            marker: self.totals.sent == 0,
            payload_type: self.negotiated.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        let mut length = body.len();
        if let (Some(key), Some(payload_type), Some((block, _))) =
            (key, self.negotiated.telephone_event, body.split_first_chunk_mut::<BLOCK_LEN>())
        {
            header.marker |= key.marker;
            header.payload_type = payload_type;
            header.timestamp = key.timestamp;
            *block = key.event.to_bytes();
            length = BLOCK_LEN;
        }
        header.write(head);
        self.sequence = self.sequence.wrapping_add(1);
        length
    }
}
