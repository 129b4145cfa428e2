//! Conferences of a pool's streams: who sits in which room.
//!
//! Shape: orders, like the others of the pool; what an order needs is made here, so that a frame needs nothing more.
//! Errors: [`SeatError`]; orders for a stream without a seat do nothing.

use super::{StreamId, StreamPool};
use crate::config::Negotiated;
use crate::room::{Announcement, RoomId, Seat, SeatOptions, Voice};
use crate::slots::Slot;
use std::time::Instant;
use thiserror::Error;

/// Why a stream got no seat.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum SeatError {
    /// The stream is not open.
    #[error("the stream is not open")]
    NoStream,
    /// As many conferences as the pool was made for are open.
    #[error("no conference is free")]
    Full,
}

impl StreamPool {
    /// Seats a stream in a conference, out of its bridge or the conference it was in. The first member opens the room; a member whose
    /// codec has a higher rate raises the room's.
    ///
    /// # Errors
    /// [`SeatError`].
    pub fn seat(
        &mut self,
        now: Instant,
        id: StreamId,
        (room, announcement): (RoomId, Announcement),
        options: SeatOptions,
    ) -> Result<(), SeatError> {
        self.unbridge(id);
        self.unseat(id);
        let slot = self.slot(id).ok_or(SeatError::NoStream)?;
        let Some(Some(entry)) = self.entries.get(slot.index()) else { return Err(SeatError::NoStream) };
        let Negotiated { codec, direction, .. } = *entry.stream.negotiated();
        let place = self.rooms.open(now, room, codec.sample_rate()).ok_or(SeatError::Full)?;
        self.raise(place, codec.sample_rate());
        let Some(room) = self.rooms.at(place) else { return Err(SeatError::Full) };
        room.enter(announcement);
        let mut seat = Box::new(Seat::new(room, place, codec, options));
        seat.announcement = announcement;
        seat.set_direction(direction);
        if let Some(Some(entry)) = self.entries.get_mut(slot.index()) {
            entry.stream.listen(|listeners| listeners.seat = Some(seat));
        }
        tracing::debug!(stream = id.0, "seated");
        Ok(())
    }

    /// Takes a stream out of its conference. The room is gone with its last member.
    pub fn unseat(&mut self, id: StreamId) {
        let mut left = None;
        if let Some(entry) = self.entry(id).filter(|entry| entry.stream.room().is_some()) {
            entry.stream.listen(|listeners| left = listeners.seat.take());
        }
        if let Some(seat) = left {
            self.rooms.leave(seat.room, seat.announcement);
        }
    }

    /// Whether the others of its conference hear a stream, from its next frame on.
    pub fn set_voice(&mut self, id: StreamId, voice: Voice) {
        if let Some(seat) = self.entry(id).and_then(|entry| entry.stream.seat()) {
            seat.set_voice(voice);
        }
    }

    /// How many conferences are open.
    pub fn open_rooms(&self) -> usize {
        self.rooms.open_rooms()
    }

    /// Goes on with a codec and a direction that may be new.
    pub(super) fn tune(&mut self, slot: Slot) {
        let Some(Some(entry)) = self.entries.get_mut(slot.index()) else { return };
        let Negotiated { codec, direction, .. } = *entry.stream.negotiated();
        if let Some(seat) = entry.stream.seat() {
            seat.set_direction(direction);
        }
        let Some(place) = entry.stream.room() else { return };
        self.raise(place, codec.sample_rate());
        let (Some(Some(entry)), Some(room)) = (self.entries.get_mut(slot.index()), self.rooms.at(place)) else {
            return;
        };
        if let Some(seat) = entry.stream.seat().filter(|seat| seat.codec() != codec) {
            seat.tune(room, codec);
        }
    }

    /// Raises the rate of a room, where it is lower, and tunes those who sit in it.
    fn raise(&mut self, place: usize, rate: u32) {
        let Some(room) = self.rooms.at(place).filter(|room| room.rate() < rate) else { return };
        room.change_rate(rate);
        for entry in self.entries.iter_mut().flatten() {
            let codec = entry.stream.negotiated().codec;
            if let Some(seat) = entry.stream.seat().filter(|seat| seat.room == place) {
                seat.tune(room, codec);
            }
        }
    }
}
