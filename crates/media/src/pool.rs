//! Many streams, one calendar, no input or output of its own.
//!
//! Shape: the owner asks [`StreamPool::poll_due`] which streams are to be serviced, hands each the datagrams that its
//! socket holds, sends what [`StreamPool::poll_transmit`] gives, and drains [`StreamPool::poll_event`]. Orders name a stream by its
//! [`StreamId`], which is looked up; packets by its [`Slot`], which is an index.
//! Time: told. A stream is serviced every 20 ms when its packet length is a multiple of 20 ms, else every 10 ms.
//! Errors: [`PoolError`] of opening; orders for a stream that is not open do nothing, because its end and an order
//! may cross.
//! Sources: RFC 3550 section 5.1; the order of work is that of the crate's contract.

mod conference;
mod control;

pub use conference::SeatError;
pub use control::ControlTurn;

use crate::config::{Negotiated, RtcpPath, StreamConfig, packet_time};
use crate::dtmf::{Digit, Inband, KeyStep, Keys};
use crate::event::{Event, Events};
use crate::histogram::Histogram;
use crate::reading::{Reader, Reading};
use crate::room::Rooms;
use crate::rtcp::{NtpClock, is_rtcp};
use crate::slots::{Slot, Slots};
use crate::source::playlist::{Playlist, Repeat, Segment};
use crate::srtp::Keying;
use crate::stream::{RtpStream, Transmit};
use crate::summary::StreamSummary;
use crate::totals::StreamTotals;
use crate::watch::Patience;
use crate::wheel::{Interval, Wheel};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use thiserror::Error;

mod recording;
mod utterances;

/// A stream, as its owner names it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct StreamId(pub u64);

/// A playback, as its owner names it.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct PlaybackId(pub u64);

/// Why a stream was not opened.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum PoolError {
    /// As many streams as the pool was made for are open.
    #[error("the pool is full")]
    Full,
    /// A stream of this name is open.
    #[error("the stream is open already")]
    Duplicate,
}

/// A stream that is to be serviced now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Due {
    /// Its name.
    pub stream: StreamId,
    /// Where it stands.
    pub slot: Slot,
    /// How much of its socket is to be read.
    pub reading: Reading,
    /// Said when it has changed: whom its socket need hear.
    pub senders: Option<Senders>,
    /// Whether its socket of RTCP is to be read, and [`StreamPool::poll_control`] asked.
    pub control: ControlTurn,
}

/// Whom a stream's socket need hear. Everything of anybody else would be refused, so a socket that can be told so saves work for
/// each packet both ways.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Senders {
    /// Anybody: the peer may still prove to be elsewhere.
    Anybody,
    /// This address alone.
    Only(SocketAddr),
}

#[derive(Debug)]
struct Entry {
    stream: RtpStream,
    /// The stream it is bridged with.
    peer: Option<Slot>,
    interval: Interval,
    /// When the stream was last given to the owner; a slot at or before this is served.
    serviced: Instant,
    reader: Reader,
    /// Whom the owner was told that the socket need hear.
    senders: Senders,
    /// When RTCP is looked at next.
    control: Instant,
}

/// A stream between two pools.
#[derive(Debug)]
pub struct Departed(Box<Entry>);

/// The streams of one owner.
#[derive(Debug)]
pub struct StreamPool {
    wheel: Wheel,
    entries: Vec<Option<Entry>>,
    free: Slots,
    index: HashMap<StreamId, Slot>,
    rooms: Rooms,
    events: Events,
    lateness: Histogram,
    closed: StreamTotals,
    ntp: NtpClock,
    patience: Patience,
}

impl StreamPool {
    /// A pool for up to `capacity` streams, whose calendar begins at `start`.
    pub fn new(start: Instant, capacity: usize) -> Self {
        let capacity = capacity.min(u32::MAX as usize);
        Self {
            wheel: Wheel::new(start),
            entries: (0..capacity).map(|_| None).collect(),
            free: Slots::new(capacity as u32),
            index: HashMap::with_capacity(capacity),
            rooms: Rooms::new(capacity),
            events: Events::new(capacity),
            lateness: Histogram::default(),
            closed: StreamTotals::default(),
            ntp: NtpClock::since(start),
            patience: Patience::default(),
        }
    }

    /// Opens a stream, whose first frame is due within 20 ms after `now`, and answers where it stands.
    ///
    /// # Errors
    /// [`PoolError::Duplicate`] when the name is in use, [`PoolError::Full`] at capacity.
    pub fn open(&mut self, now: Instant, id: StreamId, config: StreamConfig) -> Result<Slot, PoolError> {
        if self.index.contains_key(&id) {
            return Err(PoolError::Duplicate);
        }
        let interval = Interval::of(packet_time(config.negotiated.codec, config.negotiated.ptime));
        let position = self.wheel.emptiest(now, interval);
        let slot = self.free.take(position.in_lap()).ok_or(PoolError::Full)?;
        let first = self.wheel.place(position, slot.0, interval);
        let stream = RtpStream::new(now, id, &config, first);
        self.entries[slot.index()] = Some(Entry {
            stream,
            peer: None,
            interval,
            serviced: now,
            reader: Reader::new(now),
            senders: Senders::Anybody,
            control: now + control::EVERY,
        });
        self.index.insert(id, slot);
        tracing::debug!(stream = id.0, ssrc = config.ssrc, codec = config.negotiated.codec.name(), "stream opened");
        Ok(slot)
    }

    /// Tells a stream who sent to its port in a call before, as address and SSRC: unless the SDP names that address, it is not heard.
    pub fn shun(&mut self, id: StreamId, sender: (SocketAddr, u32)) {
        if let Some(entry) = self.entry(id) {
            entry.stream.shun(sender);
        }
    }

    /// Goes on under a new offer and answer: source, sequence and timestamp do not change.
    ///
    /// A new packet length counts from the next frame on, which stays due when it was.
    pub fn reconfigure(&mut self, _now: Instant, id: StreamId, negotiated: Negotiated) {
        let Some(&slot) = self.index.get(&id) else { return };
        let Some(entry) = &mut self.entries[slot.index()] else { return };
        entry.stream.reconfigure(negotiated);
        let interval = Interval::of(entry.stream.negotiated().ptime);
        if interval != entry.interval {
            entry.interval = interval;
            self.wheel.change(slot.0, entry.stream.next_due(), interval);
        }
        if let Some(peer) = entry.peer
            && let Ok([Some(entry), Some(peer)]) = self.entries.get_disjoint_mut([slot.index(), peer.index()])
        {
            entry.stream.stay_joined(&peer.stream);
            peer.stream.stay_joined(&entry.stream);
        }
        self.tune(slot);
        tracing::debug!(stream = id.0, codec = negotiated.codec.name(), "stream reconfigured");
    }

    /// Protects a stream as an offer and answer agreed, or no longer. To be told with [`Self::open`] and
    /// [`Self::reconfigure`], before the next service, so that nothing goes out otherwise.
    pub fn protect(&mut self, id: StreamId, keying: Option<&Keying>) {
        if let Some(entry) = self.entry(id) {
            entry.stream.protect(keying);
        }
    }

    /// Ends a stream and its bridge; answers what was counted, or `None` when it is not open.
    pub fn close(&mut self, id: StreamId) -> Option<StreamTotals> {
        self.unbridge(id);
        self.unseat(id);
        let slot = self.index.remove(&id)?;
        let entry = self.entries[slot.index()].take()?;
        self.wheel.remove(slot.0);
        self.free.give_back(slot);
        let totals = entry.stream.totals();
        self.closed += totals;
        tracing::debug!(stream = id.0, sent = totals.sent, received = totals.received, "stream closed");
        Some(totals)
    }

    /// Gives a stream away, out of its bridge, to another pool: nothing that a peer can see is interrupted.
    pub fn depart(&mut self, id: StreamId) -> Option<Departed> {
        self.unbridge(id);
        self.unseat(id);
        let slot = self.index.remove(&id)?;
        let entry = self.entries[slot.index()].take()?;
        self.wheel.remove(slot.0);
        self.free.give_back(slot);
        Some(Departed(Box::new(entry)))
    }

    /// Takes a stream of another pool, whose next frame stays due when it was, and answers where it stands.
    ///
    /// # Errors
    /// [`PoolError::Full`] at capacity: the stream is closed.
    pub fn arrive(&mut self, now: Instant, departed: Departed) -> Result<Slot, PoolError> {
        let mut entry = *departed.0;
        let id = entry.stream.id;
        if self.index.contains_key(&id) {
            return Err(PoolError::Duplicate);
        }
        let position = self.wheel.not_before(now, entry.stream.next_due());
        let Some(slot) = self.free.take(position.in_lap()) else {
            self.closed += entry.stream.totals();
            return Err(PoolError::Full);
        };
        self.wheel.place(position, slot.0, entry.interval);
        entry.serviced = now;
        self.entries[slot.index()] = Some(entry);
        self.index.insert(id, slot);
        Ok(slot)
    }

    /// Plays a list from the next frame on, in place of what plays; no end is raised for that.
    ///
    /// The first press of one of the keys `stopped_by` silences the stream as [`Self::stop_playback`] does, in the frame that
    /// goes out after the key was read, without waiting for the owner. The digit is raised as always. What was said so far sinks in the
    /// first milliseconds of a frame, whatever takes its place, so that nobody hears a click.
    pub fn play(
        &mut self,
        id: StreamId,
        playback: PlaybackId,
        segments: Vec<Segment>,
        repeat: Repeat,
        stopped_by: Keys,
    ) {
        if let Some(entry) = self.entry(id) {
            entry.stream.play(playback, Playlist::new(segments, repeat), stopped_by);
        }
    }

    /// Stops what plays: it sinks in the first milliseconds of the next frame, and no end is raised.
    pub fn stop_playback(&mut self, id: StreamId) {
        if let Some(entry) = self.entry(id) {
            entry.stream.stop_playback();
        }
    }

    /// What a stream was played last, and how long of it was taken for sending; also of what has ended or was stopped by a key, as long as
    /// its owner has not stopped it.
    pub fn position(&mut self, id: StreamId) -> Option<(PlaybackId, Duration)> {
        self.entry(id)?.stream.position()
    }

    /// Ends what plays with one more frame, which sinks to silence; its end is raised as if it had come by itself.
    pub fn fade_playback(&mut self, id: StreamId) {
        if let Some(entry) = self.entry(id) {
            entry.stream.fade_playback();
        }
    }

    /// Says what keys have to do with a stream's sound where no telephone-events are agreed on; nothing, until this is said.
    pub fn use_inband(&mut self, id: StreamId, inband: Inband) {
        if let Some(entry) = self.entry(id) {
            entry.stream.use_inband(inband);
        }
    }

    /// Presses keys towards the peer, from the next frame on: as telephone-events where those were agreed on, else as tones. They go out
    /// in place of what else would; that goes on meanwhile. In place of keys that are being sent; no end is raised for those.
    /// Without a step, what is being sent is given up.
    pub fn send_keys(&mut self, id: StreamId, steps: Vec<KeyStep>) {
        if let Some(entry) = self.entry(id) {
            entry.stream.send_keys(steps);
        }
    }

    /// Joins two streams, each of which leaves the bridge it was in. A stream does not join itself.
    pub fn bridge(&mut self, a: StreamId, b: StreamId) {
        let (Some(&one), Some(&other)) = (self.index.get(&a), self.index.get(&b)) else { return };
        let joined = self.entries[one.index()].as_ref().is_some_and(|entry| entry.peer == Some(other));
        // Two that hear each other already go on without a break.
        if one == other || joined {
            return;
        }
        for stream in [a, b] {
            self.unbridge(stream);
            self.unseat(stream);
        }
        let both = self.entries.get_disjoint_mut([one.index(), other.index()]);
        let Ok([Some(first), Some(second)]) = both else { return };
        first.stream.join(&second.stream);
        second.stream.join(&first.stream);
        first.peer = Some(other);
        second.peer = Some(one);
    }

    /// Parts a stream from the one it is joined with; both go on alone.
    pub fn unbridge(&mut self, id: StreamId) {
        let Some(entry) = self.entry(id) else { return };
        entry.stream.leave();
        let Some(peer) = entry.peer.take() else { return };
        if let Some(peer) = &mut self.entries[peer.index()] {
            peer.peer = None;
            peer.stream.leave();
        }
    }

    /// When a stream is to be serviced next; `None` when none is open.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wheel.next_service()
    }

    /// The next stream whose service instant has come at `now`, each once, however late `now` is.
    ///
    /// The owner then reads the stream's socket into [`Self::handle_datagram`], when it is to be read, and calls [`Self::poll_transmit`] until
    /// it answers `None`.
    pub fn poll_due(&mut self, now: Instant) -> Option<Due> {
        while let Some((slot, due)) = self.wheel.pop(now) {
            let Some(entry) = &mut self.entries[slot as usize] else { continue };
            if due > entry.serviced {
                entry.serviced = now;
                self.lateness.record(now.saturating_duration_since(due));
                let (reading, senders) = (entry.reader.next(now), entry.stream.senders());
                let changed = std::mem::replace(&mut entry.senders, senders) != senders;
                let senders = changed.then_some(senders);
                let control = if now >= entry.control { ControlTurn::Now } else { ControlTurn::Later };
                return Some(Due { stream: entry.stream.id, slot: Slot(slot), reading, senders, control });
            }
        }
        None
    }

    /// Takes a datagram that came for the stream in this slot.
    pub fn handle_datagram(&mut self, now: Instant, slot: Slot, from: SocketAddr, datagram: &[u8]) {
        let Some(Some(entry)) = self.entries.get_mut(slot.index()) else {
            self.closed.dropped.unknown_stream += 1;
            return;
        };
        if is_rtcp(datagram) && entry.stream.negotiated().rtcp == RtcpPath::Muxed {
            // Not noted as sound, of which one more packet then waits.
            entry.stream.hear_control((now, self.ntp.at(now)), from, datagram);
            return;
        }
        let Some(peer) = entry.peer else {
            let content = entry.stream.receive(now, (from, datagram), None, &mut self.events);
            entry.reader.note(now, content);
            return;
        };
        if let Ok([Some(entry), Some(peer)]) = self.entries.get_disjoint_mut([slot.index(), peer.index()]) {
            let content = entry.stream.receive(now, (from, datagram), Some(&mut peer.stream), &mut self.events);
            entry.reader.note(now, content);
        }
    }

    /// Takes a key that the peer of a stream pressed and signalling brought, held for `held`. It is heard, stops a playback and
    /// passes over a bridge as if it had come in RTP; when it comes in RTP as well, it is one key.
    pub fn press(&mut self, now: Instant, id: StreamId, digit: Digit, held: Duration) {
        let Some(&slot) = self.index.get(&id) else { return };
        let Some(Some(entry)) = self.entries.get_mut(slot.index()) else { return };
        let Some(peer) = entry.peer else {
            entry.stream.press(now, (digit, held), None, &mut self.events);
            return;
        };
        if let Ok([Some(entry), Some(peer)]) = self.entries.get_disjoint_mut([slot.index(), peer.index()]) {
            entry.stream.press(now, (digit, held), Some(&mut peer.stream), &mut self.events);
        }
    }

    /// The next packet of the stream in this slot that is due at `now`, written into `buffer`.
    ///
    /// `buffer` must hold [`MAX_PACKET`](crate::MAX_PACKET) bytes; into a smaller one nothing is written and the
    /// frame stays due.
    pub fn poll_transmit<'a>(&mut self, now: Instant, slot: Slot, buffer: &'a mut [u8]) -> Option<Transmit<'a>> {
        let (peer, room) = {
            let entry = self.entries.get(slot.index())?.as_ref()?;
            (entry.peer, entry.stream.room())
        };
        let room = room.and_then(|place| self.rooms.at(place));
        let Some(peer) = peer else {
            let entry = self.entries.get_mut(slot.index())?.as_mut()?;
            return entry.stream.transmit(now, buffer, (None, room), &mut self.events);
        };
        let both = self.entries.get_disjoint_mut([slot.index(), peer.index()]);
        let Ok([Some(entry), Some(peer)]) = both else { return None };
        entry.stream.transmit(now, buffer, (Some(&mut peer.stream), room), &mut self.events)
    }

    /// The oldest event that was not yet taken.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// Where a stream stands; `None` when it is not open.
    pub fn slot(&self, id: StreamId) -> Option<Slot> {
        self.index.get(&id).copied()
    }

    /// Whether a stream's peer is meant to send: not while the stream is on hold or closed.
    pub fn expects_sound(&self, id: StreamId) -> bool {
        let entry = self.index.get(&id).and_then(|slot| self.entries.get(slot.index())?.as_ref());
        entry.is_some_and(|entry| entry.stream.negotiated().direction.receives())
    }

    /// When the last packet of a stream's peer came that was used, or its last report; `None` before the first.
    pub fn last_heard(&self, id: StreamId) -> Option<Instant> {
        let slot = self.slot(id)?;
        self.entries.get(slot.index())?.as_ref()?.stream.last_heard()
    }

    /// What a stream was up to now; `None` when it is not open.
    pub fn summary(&self, id: StreamId) -> Option<StreamSummary> {
        let slot = self.slot(id)?;
        Some(self.entries.get(slot.index())?.as_ref()?.stream.summary())
    }

    /// How late services came.
    pub fn lateness(&self) -> &Histogram {
        &self.lateness
    }

    /// The counters of all streams together, open and closed.
    pub fn totals(&self) -> StreamTotals {
        let mut totals = self.closed;
        for entry in self.entries.iter().flatten() {
            totals += entry.stream.totals();
        }
        totals
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.index.len()
    }

    fn entry(&mut self, id: StreamId) -> Option<&mut Entry> {
        let slot = self.slot(id)?;
        self.entries.get_mut(slot.index())?.as_mut()
    }
}

#[cfg(test)]
mod tests;
