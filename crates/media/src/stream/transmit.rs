//! What a leg is sent: one frame after another, each from the source that comes first.
//!
//! Shape: a key that the owner sends, one passed on over the bridge, the playlist, somebody outside, the conference, the bridge, silence; in
//! this order.
//! Time: a frame passes also while nothing may be sent, and the timestamp with it.
//! Sources: RFC 3550 section 5.1; RFC 3551 section 4.1 (marker); RFC 4733 section 2.5.1.1.

use super::{Ending, RtpStream, Spurt};
use crate::codec::{Codec, OPUS_SILENCE, fade, sinks_in_place};
use crate::config::{Frame, MAX_PAYLOAD};
use crate::dtmf::event::BLOCK_LEN;
use crate::dtmf::relay::Relayed;
use crate::event::{EventKind, Events, Queued};
use crate::listen::{Listeners, MOST_SKIPPED};
use crate::pacer::{Due, Punctuality};
use crate::pool::StreamId;
use crate::room::{Mixing, Room};
use crate::rtp::packet::{HEADER_LEN, Header};
use crate::source::playlist::{Remains, write_packet};
use crate::srtp::MAX_TAG;
use crate::totals::StreamTotals;
use std::net::SocketAddr;
use std::time::Instant;

/// The buffer that any packet of ours fits into, with what protects it.
pub const MAX_PACKET: usize = HEADER_LEN + MAX_PAYLOAD + MAX_TAG;

/// In how many milliseconds a sound sinks that is cut off: long enough that nobody hears a click, and short enough that nobody hears it.
const SINKING_MS: usize = 5;

/// A packet to send now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Transmit<'a> {
    /// Where it goes.
    pub to: SocketAddr,
    /// The whole datagram.
    pub payload: &'a [u8],
}

impl RtpStream {
    /// The next packet due at `now`, written into `buffer`, which must hold [`MAX_PACKET`] bytes. `peer` is the other
    /// leg of its bridge, `room` that of its conference.
    pub(crate) fn transmit<'a>(
        &mut self,
        now: Instant,
        buffer: &'a mut [u8],
        (mut peer, mut room): (Option<&mut Self>, Option<&mut Room>),
        events: &mut Events,
    ) -> Option<Transmit<'a>> {
        let (head, body) = buffer.split_first_chunk_mut::<HEADER_LEN>()?;
        let Frame { ticks, bytes } = self.frame;
        let body = body.get_mut(..bytes)?;
        // Ends: each turn takes one due frame, and at most four are due after the skipped ones.
        let (to, length) = loop {
            let due = self.pacer.take(now)?;
            let at = self.pacer.next_due() - self.negotiated.ptime;
            self.count(due);
            self.pass_over(due.skipped, body);
            self.timestamp = self.timestamp.wrapping_add(due.skipped.wrapping_mul(ticks));
            let timestamp = self.timestamp;
            self.timestamp = timestamp.wrapping_add(ticks);
            if let Some(listeners) = &mut self.listeners {
                listeners.hear(self.negotiated.ptime, Mixing::at(&mut room, at));
                self.note_tones(now, peer.as_deref_mut(), events);
            }
            let mut length = self.fill(body, Mixing::at(&mut room, at), events);
            let key = self.next_key(timestamp, ticks, events);
            let event = key.filter(|_| self.negotiated.telephone_event.is_some());
            if let (Some(key), None) = (key, event) {
                length = self.say_as_tone(key, body).unwrap_or(length);
            }
            let to = self.latch.remote().filter(|_| self.negotiated.direction.sends());
            if let Some(listeners) = &mut self.listeners {
                listeners.say(body.get(..length).filter(|_| to.is_some() && event.is_none()));
                tell_ended(listeners, (self.id, &mut self.totals), events);
            }
            let Some(to) = to else {
                self.spurt = Spurt::Begins;
                continue;
            };
            break (to, self.write(head, (body, length), timestamp, event));
        };
        let octets = length as u32;
        let mut length = HEADER_LEN + length;
        if let Some(protection) = &mut self.protection {
            // It fails when the key is used up, after more packets than a call has.
            length = protection.protect_rtp(buffer, length).ok()?;
        }
        self.totals.sent += 1;
        self.octets = self.octets.wrapping_add(octets);
        let payload = buffer.get(..length)?;
        Some(Transmit { to, payload })
    }

    /// Lets frames pass that nobody sends: those who listen get them, and the bridge does not keep what belonged into them.
    fn pass_over(&mut self, skipped: u32, scratch: &mut [u8]) {
        let ptime = self.negotiated.ptime;
        for _ in 0..skipped.min(MOST_SKIPPED) {
            if let Some(listeners) = &mut self.listeners {
                listeners.hear(ptime, None);
                listeners.say(None);
            }
            if let Some(bridge) = &mut self.bridge {
                bridge.fill(scratch, ptime);
            }
        }
    }

    fn count(&mut self, due: Due) {
        self.totals.skipped_frames += u64::from(due.skipped);
        if due.punctuality == Punctuality::CaughtUp {
            self.totals.caught_up_frames += 1;
        }
    }

    /// Fills one frame and answers how many bytes it has. The bridge is read also under a playlist, so that it is up to date when the
    /// playlist ends.
    fn fill(&mut self, frame: &mut [u8], mixing: Option<Mixing<'_>>, events: &mut Events) -> usize {
        let codec = self.negotiated.codec;
        let mut length = match &mut self.bridge {
            Some(bridge) => bridge.fill(frame, self.negotiated.ptime),
            None => rest(frame, codec),
        };
        let ptime = self.negotiated.ptime;
        if let (Some(seat), Some(mixing)) = (self.seat(), mixing) {
            length = seat.fill(mixing, ptime, frame);
        }
        if let Some(live) = self.live() {
            length = live.fill(ptime, frame);
        }
        let sunk = self.sink(frame);
        let Some(playback) = self.playback.as_mut().filter(|playback| playback.remains == Remains::More) else {
            if let (Some(seam), Some(sound)) = (&mut self.seam, frame.get(sunk..length)) {
                seam.note(sound);
            }
            return length;
        };
        let length = if codec == Codec::Opus {
            let (length, remains) = playback.playlist.fill_packet(frame);
            playback.remains = remains;
            length
        } else {
            let place = frame.get_mut(sunk..).unwrap_or_default();
            codec.fill_silence(place);
            if let (Some(seam), Ending::Fading) = (&mut self.seam, playback.ending) {
                seam.sink(place.len());
            }
            playback.remains = playback.playlist.fill(place, codec, self.seam.as_deref_mut());
            frame.len()
        };
        if playback.ending == Ending::Fading {
            playback.remains = Remains::Nothing;
            if let Some(sound) = frame.get_mut(..length) {
                fade(sound, codec);
            }
        }
        if playback.remains == Remains::Nothing {
            let ended = EventKind::PlaybackEnded { playback: playback.id };
            if events.push(self.id, ended) == Queued::Full {
                self.totals.refused_events += 1;
            }
        }
        length
    }

    /// Lets what was cut off, or gives way to another, sink at the beginning of a frame, and answers how many bytes of it that took. It has
    /// no word left after that.
    fn sink(&mut self, frame: &mut [u8]) -> usize {
        let codec = self.negotiated.codec;
        let cut = self.playback.as_mut().filter(|playback| playback.ending == Ending::Cut);
        let sinking = cut.or(self.leaving.as_deref_mut()).filter(|playback| playback.remains == Remains::More);
        let Some(sinking) = sinking else { return 0 };
        sinking.remains = Remains::Nothing;
        if !sinks_in_place(codec) && self.seam.is_none() {
            return 0;
        }
        let length = codec.bytes_per_ms().map_or(0, |bytes| bytes * SINKING_MS).min(frame.len());
        let Some(place) = frame.get_mut(..length) else { return 0 };
        codec.fill_silence(place);
        if let Some(seam) = &mut self.seam {
            seam.sink(length);
        }
        sinking.playlist.fill(place, codec, self.seam.as_deref_mut());
        fade(place, codec);
        length
    }

    /// Writes the header, and the key over the sound if there is one; answers the length of the payload.
    fn write(
        &mut self,
        head: &mut [u8; HEADER_LEN],
        (body, mut length): (&mut [u8], usize),
        timestamp: u32,
        key: Option<Relayed>,
    ) -> usize {
        let mut header = Header {
            marker: self.spurt == Spurt::Begins,
            payload_type: self.negotiated.payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        if let (Some(key), Some(payload_type), Some((block, _))) =
            (key, self.negotiated.telephone_event, body.split_first_chunk_mut::<BLOCK_LEN>())
        {
            // On a key the mark means the beginning of the key.
            header.marker = key.marker;
            header.payload_type = payload_type;
            header.timestamp = key.timestamp;
            *block = key.event.to_bytes();
            length = BLOCK_LEN;
        } else {
            self.spurt = Spurt::GoesOn;
        }
        header.write(head);
        self.sequence = self.sequence.wrapping_add(1);
        length
    }
}

/// Fills a frame with silence and answers how many bytes it has.
fn rest(frame: &mut [u8], codec: Codec) -> usize {
    if codec == Codec::Opus {
        return write_packet(frame, &OPUS_SILENCE);
    }
    codec.fill_silence(frame);
    frame.len()
}

/// Tells the owner of recordings that have ended by themselves, and of what a peer to whom somebody listens does.
fn tell_ended(listeners: &mut Listeners, (id, totals): (StreamId, &mut StreamTotals), events: &mut Events) {
    while let Some((seat, why)) = listeners.recorders.next_ended() {
        if events.push(id, EventKind::RecordingEnded { seat, why }) == Queued::Full {
            totals.refused_events += 1;
        }
    }
    while let Some(turn) = listeners.utterances.as_mut().and_then(|utterances| utterances.next_turn()) {
        if events.push(id, EventKind::Spoke(turn)) == Queued::Full {
            totals.refused_events += 1;
        }
    }
}
