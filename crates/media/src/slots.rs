//! Which place a new stream gets: neighbours in the calendar are neighbours in memory.
//!
//! Shape: the places are split evenly into one region a position of the calendar's lap. A stream gets the lowest place that was
//! never used, or the one that was left last, of the region of its position; when that is full, of the emptiest other one. So one
//! tick walks through memory in a line, which the processor foresees.
//! Errors: none; a full table has no place.

use crate::wheel::LAP;

/// Where an open stream stands in its pool, from its opening to its closing: an index for what the owner keeps a stream.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The number, below the pool's capacity.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The places that are free.
#[derive(Debug)]
pub(crate) struct Slots {
    regions: [Vec<u32>; LAP],
    region_len: u32,
}

impl Slots {
    pub(crate) fn new(capacity: u32) -> Self {
        let region_len = capacity.div_ceil(LAP as u32).max(1);
        let mut regions: [Vec<u32>; LAP] = Default::default();
        for place in (0..capacity).rev() {
            regions[(place / region_len) as usize].push(place);
        }
        Self { regions, region_len }
    }

    /// A place for a stream at this position of the lap.
    pub(crate) fn take(&mut self, position: usize) -> Option<Slot> {
        let own = self.regions.get_mut(position).and_then(Vec::pop);
        own.or_else(|| self.regions.iter_mut().max_by_key(|region| region.len())?.pop()).map(Slot)
    }

    pub(crate) fn give_back(&mut self, slot: Slot) {
        if let Some(region) = self.regions.get_mut((slot.0 / self.region_len) as usize) {
            region.push(slot.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_position_are_neighbours() {
        let mut slots = Slots::new(1_000);
        let given: Vec<u32> = std::iter::from_fn(|| slots.take(3)).take(50).map(|slot| slot.0).collect();
        assert_eq!(given, (150..200).collect::<Vec<_>>());
    }

    #[test]
    fn every_place_is_given_once_wherever_it_is_asked_for() {
        for capacity in [0, 1, 7, 20, 41, 1_000] {
            let mut slots = Slots::new(capacity);
            let mut given: Vec<u32> = std::iter::from_fn(|| slots.take(3)).map(|slot| slot.0).collect();
            given.sort_unstable();
            assert_eq!(given, (0..capacity).collect::<Vec<_>>());
            for place in given {
                slots.give_back(Slot(place));
            }
            assert_eq!(std::iter::from_fn(|| slots.take(19)).count(), capacity as usize);
        }
    }
}
