//! One leg's sound, both ways.
//!
//! Shape: one source, one unbroken sequence and one unbroken timestamp line from open to close, through prompts,
//! silence, ringing and bridge. [`receive`] is what comes, [`keys`] what of it is pressed, [`transmit`] what goes.
//! Units: timestamps count in the clock of the codec, 8,000 a second for G.711.
//! Time: told. Frames pass also while nothing may be sent (hold, no address), so that a playlist ends in its time;
//! the timestamp goes on with them and the sequence does not. Frames that a late service skips are a gap in the
//! timestamp; the playlist waits for them, so that no word of a prompt is lost.
//! Errors: received packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3551 section 4.1 (marker); RFC 4733 section 2.5.1.

mod keys;
mod receive;
mod transmit;

pub use transmit::{MAX_PACKET, Transmit};

use crate::bridge::BridgeEnd;
use crate::config::{Frame, Negotiated, StreamConfig, packet_time};
use crate::dtmf::Keys;
use crate::dtmf::receiver::Receiver;
use crate::dtmf::ways::Ways;
use crate::latch::Latch;
use crate::listen::Listeners;
use crate::pacer::Pacer;
use crate::pool::{PlaybackId, Senders, StreamId};
use crate::rtp::sequence::ReceivedSequence;
use crate::source::playlist::{Playlist, Remains};
use crate::summary::StreamSummary;
use crate::totals::StreamTotals;
use std::time::Instant;

#[derive(Debug)]
struct Playback {
    id: PlaybackId,
    playlist: Playlist,
    /// A playlist that ended is kept until the next order, so that nothing is freed while frames are serviced.
    remains: Remains,
    stopped_by: Keys,
}

/// Whether the next packet of sound is the first after nothing was sent, which its marker says (RFC 3551 section 4.1).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Spurt {
    Begins,
    GoesOn,
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
    spurt: Spurt,
    pacer: Pacer,
    latch: Latch,
    playback: Option<Playback>,
    /// Apart, because keys are rare and what was pressed is long.
    keys: Box<Receiver>,
    /// For keys that come by signalling as well.
    ways: Box<Ways>,
    received: ReceivedSequence,
    bridge: Option<Box<BridgeEnd>>,
    /// Who listens to this leg, if anybody does.
    listeners: Option<Box<Listeners>>,
    last_heard: Option<Instant>,
    totals: StreamTotals,
}

impl RtpStream {
    pub(crate) fn new(id: StreamId, config: &StreamConfig, first: Instant) -> Self {
        let mut negotiated = config.negotiated;
        negotiated.ptime = packet_time(negotiated.codec, negotiated.ptime);
        Self {
            id,
            negotiated,
            frame: Frame::of(negotiated.codec, negotiated.ptime),
            ssrc: config.ssrc,
            sequence: config.first_sequence,
            timestamp: config.first_timestamp,
            spurt: Spurt::Begins,
            pacer: Pacer::new(first, negotiated.ptime),
            latch: Latch::new(negotiated.remote),
            playback: None,
            keys: Box::default(),
            ways: Box::default(),
            received: ReceivedSequence::default(),
            bridge: None,
            listeners: None,
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
        negotiated.ptime = packet_time(negotiated.codec, negotiated.ptime);
        self.pacer.change_ptime(negotiated.ptime);
        self.latch.renegotiate(negotiated.remote);
        if let (Some(bridge), None) = (&mut self.bridge, negotiated.telephone_event) {
            bridge.forget_keys();
        }
        if let Some(listeners) = &mut self.listeners {
            listeners.reconfigure(negotiated.codec);
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

    /// Changes who listens to this leg.
    #[allow(dead_code, reason = "listeners come one by one")]
    pub(crate) fn listen(&mut self, change: impl FnOnce(&mut Listeners)) {
        let codec = self.negotiated.codec;
        let mut listeners = self.listeners.take().unwrap_or_else(|| Box::new(Listeners::new(codec)));
        change(&mut listeners);
        self.listeners = Some(listeners).filter(|listeners| listeners.is_needed());
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

    /// Whom its socket need hear.
    pub(crate) fn senders(&self) -> Senders {
        self.latch.settled().map_or(Senders::Anybody, Senders::Only)
    }

    /// When the last packet came that was used.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        self.last_heard
    }
}
