//! One leg's sound, both ways.
//!
//! Shape: one source, one unbroken sequence and one unbroken timestamp line from open to close, through prompts,
//! silence, ringing and bridge. [`receive`] is what comes, [`keys`] what of it is pressed, [`transmit`] what goes, [`say_keys`]
//! what of that is keys.
//! Units: timestamps count in the clock of the codec, 8,000 a second for G.711.
//! Time: told. Frames pass also while nothing may be sent (hold, no address), so that a playlist ends in its time;
//! the timestamp goes on with them and the sequence does not. Frames that a late service skips are a gap in the
//! timestamp; the playlist waits for them, so that no word of a prompt is lost.
//! Errors: received packets that are not used are counted by reason.
//! Sources: RFC 3550 section 5.1; RFC 3551 section 4.1 (marker); RFC 4733 section 2.5.1.

mod control;
mod hear_tones;
mod keys;
mod receive;
mod say_keys;
mod transmit;

pub use control::{Channel, ControlTransmit};
pub use transmit::{MAX_PACKET, Transmit};

use self::control::Control;
use crate::bridge::{BridgeEnd, Terms, Tones};
use crate::codec::g722::Seam;
use crate::config::{Frame, Negotiated, StreamConfig, packet_time};
use crate::dtmf::receiver::Receiver;
use crate::dtmf::ways::Ways;
use crate::dtmf::{Inband, Keys};
use crate::latch::Latch;
use crate::listen::Listeners;
use crate::live::Live;
use crate::pacer::Pacer;
use crate::pool::{PlaybackId, Senders, StreamId};
use crate::room::Seat;
use crate::rtp::reception::Reception;
use crate::source::playlist::{Playlist, Remains};
use crate::srtp::{Keying, Protection};
use crate::summary::StreamSummary;
use crate::totals::StreamTotals;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[derive(Debug)]
struct Playback {
    id: PlaybackId,
    playlist: Playlist,
    /// A playlist that ended is kept until the next order, so that nothing is freed while frames are serviced.
    remains: Remains,
    stopped_by: Keys,
    ending: Ending,
}

/// How a playlist goes on.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Ending {
    /// To its end.
    Natural,
    /// With one more frame, which sinks to silence, and is told of.
    Fading,
    /// At once: it sinks in the first milliseconds of the next frame, and nobody is told.
    Cut,
}

impl Playback {
    /// Whether something of it was said and something is left.
    fn is_heard(&self) -> bool {
        self.remains == Remains::More && self.playlist.has_begun()
    }
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
    /// What another has taken the place of, until it has sunk; apart, because that is rare.
    leaving: Option<Box<Playback>>,
    /// Apart, because keys are rare and what was pressed is long.
    keys: Box<Receiver>,
    /// For keys that come by signalling as well.
    ways: Box<Ways>,
    /// What keys have to do with the sound.
    inband: Inband,
    keys_out: Option<Box<say_keys::KeysOut>>,
    /// What the peer's decoder of G.722 has heard.
    seam: Option<Box<Seam>>,
    reception: Reception,
    /// From when arrivals are counted.
    opened: Instant,
    /// Payload bytes sent; they wrap.
    octets: u32,
    /// Whether the last packet used was comfort noise.
    comfort: bool,
    /// Apart, because reports are rare.
    control: Box<Control>,
    /// Just behind the socket and just before it; `None` while packets are plain.
    protection: Option<Box<Protection>>,
    bridge: Option<Box<BridgeEnd>>,
    /// Who listens to this leg, if anybody does.
    listeners: Option<Box<Listeners>>,
    last_heard: Option<Instant>,
    totals: StreamTotals,
}

impl RtpStream {
    pub(crate) fn new(now: Instant, id: StreamId, config: &StreamConfig, first: Instant) -> Self {
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
            leaving: None,
            keys: Box::default(),
            ways: Box::default(),
            inband: Inband::Unused,
            keys_out: None,
            seam: Seam::of(negotiated.codec),
            reception: Reception::default(),
            opened: now,
            octets: 0,
            comfort: false,
            control: Box::new(Control::new(now, config)),
            protection: None,
            bridge: None,
            listeners: None,
            last_heard: None,
            totals: StreamTotals::default(),
        }
    }

    /// Tells who sent to the stream's port in a call before.
    pub(crate) fn shun(&mut self, sender: (SocketAddr, u32)) {
        self.latch.shun(sender);
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
        self.control.renegotiate(&self.negotiated, &negotiated);
        if negotiated.codec.clock_rate() != self.clock_rate() {
            self.reception.change_clock();
        }
        let by_events = self.negotiated.telephone_event.is_some();
        if let (Some(bridge), true) = (&mut self.bridge, by_events != negotiated.telephone_event.is_some()) {
            bridge.forget_keys();
        }
        if let Some(listeners) = &mut self.listeners {
            listeners.reconfigure(negotiated.codec, negotiated.ptime);
        }
        self.frame = Frame::of(negotiated.codec, negotiated.ptime);
        self.keys_in(negotiated.codec);
        if self.negotiated.codec != negotiated.codec {
            self.seam = Seam::of(negotiated.codec);
        }
        self.negotiated = negotiated;
        self.listen_for_tones();
    }

    /// Follows what an offer and answer agreed on about SRTP; `None` is plain.
    ///
    /// Before the first packet the sequence number loses its highest bit, so that a peer that misses the first packets
    /// does not miss a wrap (RFC 3711 section 3.3.1).
    pub(crate) fn protect(&mut self, keying: Option<&Keying>) {
        if self.totals.sent == 0 && keying.is_some() {
            self.sequence &= 0x7FFF;
        }
        match (keying, &mut self.protection) {
            (None, protection) => *protection = None,
            (Some(keying), Some(protection)) => protection.rekey(keying),
            (Some(keying), None) => self.protection = Some(Box::new(Protection::new(keying))),
        }
    }

    pub(crate) fn play(&mut self, id: PlaybackId, playlist: Playlist, stopped_by: Keys) {
        let (remains, ending) = (Remains::More, Ending::Natural);
        let before = self.playback.replace(Playback { id, playlist, remains, stopped_by, ending });
        // One that nothing was said of yet need not have sunk for another.
        let sinks = before.filter(Playback::is_heard).map(Box::new);
        self.leaving = sinks.or_else(|| self.leaving.take().filter(|leaving| leaving.remains == Remains::More));
    }

    pub(crate) fn stop_playback(&mut self) {
        self.playback = self.playback.take().filter(Playback::is_heard);
        self.cut();
    }

    /// What was played last, and how long of it was said.
    pub(crate) fn position(&self) -> Option<(PlaybackId, Duration)> {
        self.playback.as_ref().map(|playback| (playback.id, playback.playlist.position()))
    }

    /// Ends what plays, within the next frame. The playlist stays until the next order, because nothing is freed while frames are serviced.
    fn cut(&mut self) {
        if let Some(playback) = &mut self.playback {
            match playback.is_heard() {
                true => playback.ending = Ending::Cut,
                false => playback.remains = Remains::Nothing,
            }
        }
    }

    pub(crate) fn fade_playback(&mut self) {
        if let Some(playback) = &mut self.playback {
            playback.ending = Ending::Fading;
        }
    }

    /// Joins another leg.
    pub(crate) fn join(&mut self, from: &Self) {
        self.bridge = Some(Box::new(BridgeEnd::new(self.terms(from), self.negotiated.ptime)));
    }

    /// Stays joined with another leg after one of the two agreed on something else.
    pub(crate) fn stay_joined(&mut self, from: &Self) {
        let terms = self.terms(from);
        if let Some(bridge) = &mut self.bridge {
            bridge.reconfigure(terms, self.negotiated.ptime);
        }
    }

    fn terms(&self, from: &Self) -> Terms {
        // What nobody would be told of otherwise stays in the sound.
        let is_told = self.negotiated.telephone_event.is_some() || self.inband != Inband::Unused;
        let tones = if from.hears_tones() && is_told { Tones::TakenOut } else { Tones::Passed };
        Terms { from: from.negotiated.codec, to: self.negotiated.codec, tones }
    }

    pub(crate) fn leave(&mut self) {
        self.bridge = None;
    }

    /// Changes who listens to this leg.
    pub(crate) fn listen(&mut self, change: impl FnOnce(&mut Listeners)) {
        let Negotiated { codec, ptime, .. } = self.negotiated;
        let mut listeners = self.listeners.take().unwrap_or_else(|| Box::new(Listeners::new(codec, ptime)));
        change(&mut listeners);
        self.listeners = Some(listeners).filter(|listeners| listeners.is_needed());
    }

    /// Its place in a conference.
    pub(crate) fn seat(&mut self) -> Option<&mut Seat> {
        self.listeners.as_mut()?.seat.as_deref_mut()
    }

    /// Somebody outside whom it hears.
    pub(crate) fn live(&mut self) -> Option<&mut Live> {
        self.listeners.as_mut()?.live.as_deref_mut()
    }

    /// Where the room of its conference stands.
    pub(crate) fn room(&self) -> Option<usize> {
        self.listeners.as_ref()?.seat.as_ref().map(|seat| seat.room)
    }

    pub(crate) fn totals(&self) -> StreamTotals {
        StreamTotals { lost: self.reception.counts().lost, ..self.totals }
    }

    pub(crate) fn summary(&self) -> StreamSummary {
        let rate = self.clock_rate();
        let (jitter, worst_jitter) = self.reception.jitter();
        StreamSummary {
            negotiated: self.negotiated,
            ssrc: self.ssrc,
            peer_ssrc: self.reception.ssrc(),
            source: self.latch.learned(),
            stranger: self.control.stranger,
            unknown_payload: self.control.unknown_payload,
            suite: self.protection.as_ref().map(|protection| protection.suite()),
            totals: self.totals(),
            keys: self.ways.log,
            reception: self.reception.counts(),
            jitter: control::time_of(jitter, rate),
            worst_jitter: control::time_of(worst_jitter, rate),
            peer: self.peer_report(),
        }
    }

    /// Ticks of the RTP clock in a second.
    fn clock_rate(&self) -> u32 {
        self.negotiated.codec.clock_rate()
    }

    /// Whom its socket need hear.
    pub(crate) fn senders(&self) -> Senders {
        self.latch.settled().map_or(Senders::Anybody, Senders::Only)
    }

    /// When the last packet came that was used, or the last report.
    pub(crate) fn last_heard(&self) -> Option<Instant> {
        self.last_heard.max(self.control.last_report())
    }
}
