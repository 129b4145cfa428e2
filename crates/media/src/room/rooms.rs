//! The conferences of a pool.
//!
//! Shape: a room is opened by its first member and is gone with its last.
//! Errors: a room that finds no place is not opened.

use super::{Announcement, Room, RoomId};
use std::collections::HashMap;
use std::time::Instant;

/// The rooms of one pool.
#[derive(Debug)]
pub(crate) struct Rooms {
    index: HashMap<RoomId, usize>,
    rooms: Vec<Option<(RoomId, Room)>>,
    most: usize,
}

impl Rooms {
    /// No room yet, and at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { index: HashMap::new(), rooms: Vec::new(), most }
    }

    /// The place of a room, opened at this rate where it is not yet; `None` when there is no place left.
    pub(crate) fn open(&mut self, now: Instant, id: RoomId, rate: u32) -> Option<usize> {
        if let Some(place) = self.index.get(&id) {
            return Some(*place);
        }
        let free = self.rooms.iter().position(Option::is_none).unwrap_or(self.rooms.len());
        if free >= self.most {
            return None;
        }
        if free == self.rooms.len() {
            self.rooms.push(None);
        }
        self.rooms[free] = Some((id, Room::new(now, rate)));
        self.index.insert(id, free);
        Some(free)
    }

    /// The room at a place.
    pub(crate) fn at(&mut self, place: usize) -> Option<&mut Room> {
        self.rooms.get_mut(place)?.as_mut().map(|(_, room)| room)
    }

    /// A member leaves; the last one closes the room.
    pub(crate) fn leave(&mut self, place: usize, announcement: Announcement) {
        let Some(Some((id, room))) = self.rooms.get_mut(place) else { return };
        room.leave(announcement);
        if room.members() == 0 {
            self.index.remove(id);
            self.rooms[place] = None;
        }
    }

    /// How many rooms are open.
    pub(crate) fn open_rooms(&self) -> usize {
        self.index.len()
    }
}
