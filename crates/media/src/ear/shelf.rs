//! Packets that wait for their time.
//!
//! Shape: payloads as they came, each under its RTP timestamp, in a store of fixed size; taken in the order of their timestamps.
//! Units: ticks of the codec's clock.
//! Errors: a payload for which there is no room takes that of the oldest one stored; a second packet of a timestamp is refused.
//! Sources: RFC 3550 section 5.1 (the timestamp places sound, whatever order packets come in).

use crate::codec::Codec;

/// Packets that wait at most: over half a second in the shortest packets.
const SLOTS: usize = 64;
/// Bytes for all payloads that wait: 600 ms of the widest codec that has no compression.
const BYTES: usize = 19_200;

#[derive(Copy, Clone, Debug)]
struct Slot {
    timestamp: u32,
    codec: Codec,
    start: usize,
    length: usize,
}

/// A packet taken from the shelf.
#[derive(Copy, Clone, Debug)]
pub(super) struct Taken<'s> {
    pub(super) timestamp: u32,
    pub(super) codec: Codec,
    pub(super) payload: &'s [u8],
}

/// Whether a packet found its place.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Stored {
    Yes,
    Duplicate,
}

/// The packets that wait.
#[derive(Debug)]
pub(super) struct Shelf {
    slots: Box<[Option<Slot>; SLOTS]>,
    bytes: Box<[u8]>,
    /// Where the next payload is laid.
    cursor: usize,
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self { slots: Box::new([None; SLOTS]), bytes: vec![0; BYTES].into_boxed_slice(), cursor: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(None);
    }

    /// Lays a packet down.
    pub(super) fn store(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) -> Stored {
        if self.slots.iter().flatten().any(|slot| slot.timestamp == timestamp) {
            return Stored::Duplicate;
        }
        let length = payload.len().min(BYTES);
        if self.cursor + length > BYTES {
            self.cursor = 0;
        }
        let (start, end) = (self.cursor, self.cursor + length);
        for place in self.slots.iter_mut() {
            if place.is_some_and(|slot| slot.start < end && start < slot.start + slot.length) {
                *place = None;
            }
        }
        self.bytes[start..end].copy_from_slice(&payload[..length]);
        self.cursor = end;
        let place = self.slots.iter().position(Option::is_none).or_else(|| self.oldest());
        if let Some(place) = place {
            self.slots[place] = Some(Slot { timestamp, codec, start, length });
        }
        Stored::Yes
    }

    /// The timestamp that comes first.
    pub(super) fn first(&self) -> Option<u32> {
        Some(self.slots[self.oldest()?]?.timestamp)
    }

    /// Takes the packet that comes first.
    pub(super) fn take(&mut self) -> Option<Taken<'_>> {
        let slot = self.slots[self.oldest()?].take()?;
        let payload = self.bytes.get(slot.start..slot.start + slot.length)?;
        Some(Taken { timestamp: slot.timestamp, codec: slot.codec, payload })
    }

    /// All that wait lie close together, so the difference to any one of them orders them.
    fn oldest(&self) -> Option<usize> {
        let base = self.slots.iter().flatten().next()?.timestamp;
        let slots = self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, (*slot)?)));
        let (place, _) = slots.min_by_key(|(_, slot)| slot.timestamp.wrapping_sub(base) as i32)?;
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: Codec = Codec::Pcma;

    fn taken(shelf: &mut Shelf) -> Vec<(u32, u8)> {
        std::iter::from_fn(|| shelf.take().map(|taken| (taken.timestamp, taken.payload[0]))).collect()
    }

    #[test]
    fn packets_are_taken_in_the_order_of_their_timestamps_also_over_the_wrap() {
        let mut shelf = Shelf::new();
        for (timestamp, byte) in [(u32::MAX - 100, 1), (220, 3), (60, 2), (u32::MAX - 260, 0)] {
            assert_eq!(shelf.store(timestamp, SOUND, &[byte; 160]), Stored::Yes);
        }
        assert_eq!(shelf.store(60, SOUND, &[9; 160]), Stored::Duplicate);
        assert_eq!(shelf.first(), Some(u32::MAX - 260));
        assert_eq!(taken(&mut shelf), [(u32::MAX - 260, 0), (u32::MAX - 100, 1), (60, 2), (220, 3)]);
    }

    #[test]
    fn more_than_fits_takes_the_place_of_the_oldest() {
        let mut shelf = Shelf::new();
        for count in 0..200u32 {
            shelf.store(count * 160, SOUND, &[count as u8; 160]);
        }
        let kept = taken(&mut shelf);
        assert_eq!(kept.len(), SLOTS);
        assert_eq!(kept.last(), Some(&(199 * 160, 199)));
        for count in 0..200u32 {
            shelf.store(count * 480, SOUND, &[count as u8; 1_920]);
        }
        let kept = taken(&mut shelf);
        assert_eq!(kept, (190..200u32).map(|count| (count * 480, count as u8)).collect::<Vec<_>>());
    }
}
