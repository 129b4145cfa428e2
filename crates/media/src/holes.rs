//! The parts of a line of sound that did not come.
//!
//! Shape: a few ranges of timestamps, in no order; empty nearly always.
//! Units: ticks.
//! Errors: of more than [`MOST`] ranges two become one, and what lies between them is missing too.

/// Ranges that are told apart.
const MOST: usize = 8;

/// From one tick up to, and without, another.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Range {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Range {
    pub(crate) fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    fn is_empty(self) -> bool {
        self.end.wrapping_sub(self.start) as i32 <= 0
    }

    /// What of `self` lies before and behind `other`.
    fn without(self, other: Self) -> [Self; 2] {
        [Self::new(self.start, earlier(self.end, other.start)), Self::new(later(self.start, other.end), self.end)]
    }
}

fn earlier(one: u32, other: u32) -> u32 {
    if (one.wrapping_sub(other) as i32) < 0 { one } else { other }
}

fn later(one: u32, other: u32) -> u32 {
    if (one.wrapping_sub(other) as i32) < 0 { other } else { one }
}

/// What is missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holes {
    ranges: [Range; MOST],
    count: usize,
}

impl Holes {
    pub(crate) fn are_none(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// Something is missing.
    pub(crate) fn add(&mut self, range: Range) {
        if range.is_empty() {
            return;
        }
        if let Some(place) = self.ranges.get_mut(self.count) {
            *place = range;
            self.count += 1;
        } else if let Some(last) = self.ranges.last_mut() {
            *last = Range::new(earlier(last.start, range.start), later(last.end, range.end));
        }
    }

    /// Something came, or is over.
    pub(crate) fn remove(&mut self, range: Range) {
        let before = std::mem::take(self);
        for hole in before.ranges.into_iter().take(before.count) {
            if Self::meet(hole, range) {
                hole.without(range).into_iter().for_each(|rest| self.add(rest));
            } else {
                self.add(hole);
            }
        }
    }

    fn meet(one: Range, other: Range) -> bool {
        !Range::new(later(one.start, other.start), earlier(one.end, other.end)).is_empty()
    }

    /// The hole that holds this tick, as far as it goes; or the tick at which the next hole begins, within `range`.
    pub(crate) fn next(&self, range: Range) -> Next {
        let holes = || self.ranges.iter().take(self.count).filter(|&&hole| Self::meet(hole, range));
        let first = holes().min_by_key(|hole| hole.start.wrapping_sub(range.start) as i32);
        match first {
            None => Next::Sound(range.end),
            Some(hole) if hole.start.wrapping_sub(range.start) as i32 > 0 => Next::Sound(hole.start),
            Some(hole) => Next::Hole(earlier(hole.end, range.end)),
        }
    }
}

/// What a range begins with, and where that ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Sound(u32),
    Hole(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of 0 to 20 is missing, as characters, across the wrap of timestamps.
    fn drawn(holes: &Holes, base: u32) -> String {
        let at = |tick: u32| match holes.next(Range::new(base.wrapping_add(tick), base.wrapping_add(tick + 1))) {
            Next::Sound(_) => '#',
            Next::Hole(_) => '.',
        };
        (0..20).map(at).collect()
    }

    #[test]
    fn what_comes_late_makes_holes_smaller() {
        for base in [0, u32::MAX - 9] {
            let range = |start: u32, end: u32| Range::new(base.wrapping_add(start), base.wrapping_add(end));
            let mut holes = Holes::default();
            holes.add(range(2, 12));
            holes.add(range(15, 18));
            holes.add(range(19, 19));
            assert_eq!(drawn(&holes, base), "##..........###...##");
            assert_eq!(holes.next(range(0, 20)), Next::Sound(base.wrapping_add(2)));
            assert_eq!(holes.next(range(4, 8)), Next::Hole(base.wrapping_add(8)));
            holes.remove(range(4, 6));
            assert_eq!(drawn(&holes, base), "##..##......###...##");
            holes.remove(range(0, 16));
            assert_eq!(drawn(&holes, base), "################..##");
            holes.remove(range(16, 18));
            assert!(holes.are_none());
        }
    }

    #[test]
    fn more_holes_than_are_told_apart_hide_sound_and_never_show_what_is_missing() {
        let mut holes = Holes::default();
        for at in 0..12 {
            holes.add(Range::new(3 * at, 3 * at + 1));
        }
        for at in 0..36 {
            let is_hole = matches!(holes.next(Range::new(at, at + 1)), Next::Hole(_));
            assert!(is_hole || at % 3 != 0, "{at}");
        }
    }
}
