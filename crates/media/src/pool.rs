//! Many streams, one calendar, no input or output of its own.
//!
//! Shape: the owner asks [`StreamPool::poll_due`] which streams are to be serviced, hands each the datagrams that its
//! socket holds, sends what [`StreamPool::poll_transmit`] gives, and drains [`StreamPool::poll_event`].
//! Time: told. A stream is serviced every 20 ms when its packet length is a multiple of 20 ms, else every 10 ms.
//! Errors: [`PoolError`] of opening; orders for a stream that is not open do nothing, because its end and an order
//! may cross.
//! Sources: RFC 3550 section 5.1; the order of work is that of the crate's contract.

use crate::config::{Negotiated, StreamConfig, nearest_ptime};
use crate::event::{Event, Events};
use crate::histogram::Histogram;
use crate::source::playlist::{Repeat, Segment};
use crate::stream::{RtpStream, Transmit};
use crate::totals::StreamTotals;
use crate::wheel::{Interval, Wheel};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;
use thiserror::Error;

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

#[derive(Debug)]
struct Entry {
    stream: RtpStream,
    peer: Option<u32>,
    interval: Interval,
    /// When the stream was last given to the owner; a slot at or before this is served.
    serviced: Instant,
}

/// The streams of one owner.
#[derive(Debug)]
pub struct StreamPool {
    wheel: Wheel,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    index: HashMap<StreamId, u32>,
    events: Events,
    lateness: Histogram,
    closed: StreamTotals,
}

impl StreamPool {
    /// A pool for up to `capacity` streams, whose calendar begins at `start`.
    pub fn new(start: Instant, capacity: usize) -> Self {
        let capacity = capacity.min(u32::MAX as usize);
        Self {
            wheel: Wheel::new(start),
            entries: (0..capacity).map(|_| None).collect(),
            free: (0..capacity as u32).rev().collect(),
            index: HashMap::with_capacity(capacity),
            events: Events::new(capacity),
            lateness: Histogram::default(),
            closed: StreamTotals::default(),
        }
    }

    /// Opens a stream; its first frame is due within 20 ms after `now`.
    ///
    /// # Errors
    /// [`PoolError::Duplicate`] when the name is in use, [`PoolError::Full`] at capacity.
    pub fn open(&mut self, now: Instant, id: StreamId, config: StreamConfig) -> Result<(), PoolError> {
        if self.index.contains_key(&id) {
            return Err(PoolError::Duplicate);
        }
        let slot = self.free.pop().ok_or(PoolError::Full)?;
        let interval = Interval::of(nearest_ptime(config.negotiated.ptime));
        let first = self.wheel.place(now, slot, interval);
        let stream = RtpStream::new(id, &config, first);
        self.entries[slot as usize] = Some(Entry { stream, peer: None, interval, serviced: now });
        self.index.insert(id, slot);
        tracing::debug!(stream = id.0, ssrc = config.ssrc, codec = config.negotiated.codec.name(), "stream opened");
        Ok(())
    }

    /// Goes on under a new offer and answer: source, sequence and timestamp do not change.
    ///
    /// A new packet length counts from the next frame on, which stays due when it was.
    pub fn reconfigure(&mut self, _now: Instant, id: StreamId, negotiated: Negotiated) {
        let Some(&slot) = self.index.get(&id) else { return };
        let Some(entry) = &mut self.entries[slot as usize] else { return };
        entry.stream.reconfigure(negotiated);
        let interval = Interval::of(entry.stream.negotiated().ptime);
        if interval != entry.interval {
            entry.interval = interval;
            self.wheel.change(slot, entry.stream.next_due(), interval);
        }
        tracing::debug!(stream = id.0, codec = negotiated.codec.name(), "stream reconfigured");
    }

    /// Ends a stream and its bridge; answers what was counted, or `None` when it is not open.
    pub fn close(&mut self, id: StreamId) -> Option<StreamTotals> {
        self.unbridge(id);
        let slot = self.index.remove(&id)?;
        let entry = self.entries[slot as usize].take()?;
        self.wheel.remove(slot);
        self.free.push(slot);
        let totals = entry.stream.totals();
        self.closed += totals;
        tracing::debug!(stream = id.0, sent = totals.sent, received = totals.received, "stream closed");
        Some(totals)
    }

    /// Plays a list from the next frame on, in place of what plays; no end is raised for that.
    pub fn play(&mut self, id: StreamId, playback: PlaybackId, segments: Vec<Segment>, repeat: Repeat) {
        if let Some(entry) = self.entry(id) {
            entry.stream.play(playback, segments, repeat);
        }
    }

    /// Stops what plays: the next frame has none of it, and no end is raised.
    pub fn stop_playback(&mut self, id: StreamId) {
        if let Some(entry) = self.entry(id) {
            entry.stream.stop_playback();
        }
    }

    /// Joins two streams, each of which leaves the bridge it was in. A stream does not join itself.
    pub fn bridge(&mut self, a: StreamId, b: StreamId) {
        let (Some(&one), Some(&other)) = (self.index.get(&a), self.index.get(&b)) else { return };
        if one == other {
            return;
        }
        self.unbridge(a);
        self.unbridge(b);
        let both = self.entries.get_disjoint_mut([one as usize, other as usize]);
        let Ok([Some(first), Some(second)]) = both else { return };
        first.stream.join();
        second.stream.join();
        first.peer = Some(other);
        second.peer = Some(one);
    }

    /// Parts a stream from the one it is joined with; both go on alone.
    pub fn unbridge(&mut self, id: StreamId) {
        let Some(entry) = self.entry(id) else { return };
        entry.stream.leave();
        let Some(peer) = entry.peer.take() else { return };
        if let Some(peer) = &mut self.entries[peer as usize] {
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
    /// The owner then reads the stream's socket into [`Self::handle_datagram`] and calls [`Self::poll_transmit`] until
    /// it answers `None`.
    pub fn poll_due(&mut self, now: Instant) -> Option<StreamId> {
        while let Some((slot, due)) = self.wheel.pop(now) {
            let Some(entry) = &mut self.entries[slot as usize] else { continue };
            if due > entry.serviced {
                entry.serviced = now;
                self.lateness.record(now.saturating_duration_since(due));
                return Some(entry.stream.id);
            }
        }
        None
    }

    /// Takes a datagram that came for a stream.
    pub fn handle_datagram(&mut self, now: Instant, id: StreamId, from: SocketAddr, datagram: &[u8]) {
        let entry = self.index.get(&id).map(|&slot| slot as usize);
        let peer = entry.and_then(|slot| self.entries.get(slot)?.as_ref()?.peer);
        match (entry, peer) {
            (Some(slot), Some(peer)) => {
                if let Ok([Some(entry), Some(peer)]) = self.entries.get_disjoint_mut([slot, peer as usize]) {
                    entry.stream.receive(now, (from, datagram), Some(&mut peer.stream), &mut self.events);
                }
            }
            (Some(slot), None) => {
                if let Some(entry) = &mut self.entries[slot] {
                    entry.stream.receive(now, (from, datagram), None, &mut self.events);
                }
            }
            (None, _) => self.closed.dropped.unknown_stream += 1,
        }
    }

    /// The next packet of a stream that is due at `now`, written into `buffer`.
    ///
    /// `buffer` must hold [`MAX_PACKET`](crate::MAX_PACKET) bytes; into a smaller one nothing is written and the
    /// frame stays due.
    pub fn poll_transmit<'a>(&mut self, now: Instant, id: StreamId, buffer: &'a mut [u8]) -> Option<Transmit<'a>> {
        let slot = *self.index.get(&id)?;
        let entry = self.entries[slot as usize].as_mut()?;
        entry.stream.transmit(now, buffer, &mut self.events)
    }

    /// The oldest event that was not yet taken.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// When the last packet of a stream's peer came that was used; `None` before the first.
    pub fn last_heard(&self, id: StreamId) -> Option<Instant> {
        let slot = *self.index.get(&id)?;
        self.entries.get(slot as usize)?.as_ref()?.stream.last_heard()
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
        let slot = *self.index.get(&id)?;
        self.entries[slot as usize].as_mut()
    }
}

#[cfg(test)]
mod tests;
