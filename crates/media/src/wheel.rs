//! A calendar of 20 slots of 1 ms: which stream is to be serviced when.
//!
//! Shape: streams are numbers; a stream every 20 ms stands in one slot, a stream every 10 ms in two.
//! Units: ticks of 1 ms from the start, which do not wrap.
//! Time: told. A service that comes more than a lap late visits each slot once and goes on from now.
//! Sources: Varghese and Lauck 1987, scheme 4 (hashed timing wheels), here with a fixed period.

use std::time::{Duration, Instant};

/// The slots of a lap.
pub(crate) const LAP: usize = 20;
const TICK: Duration = Duration::from_millis(1);

/// How often a stream is serviced.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Interval {
    TenMs,
    TwentyMs,
}

impl Interval {
    /// The longest interval on whose grid every packet of this length falls.
    pub(crate) fn of(ptime: Duration) -> Self {
        if ptime.as_millis().is_multiple_of(20) { Self::TwentyMs } else { Self::TenMs }
    }

    fn slots(self) -> usize {
        match self {
            Self::TenMs => LAP / 2,
            Self::TwentyMs => LAP,
        }
    }
}

/// Where a new stream is to stand, as its first tick.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Position(u64);

impl Position {
    /// The slot of the lap, from 0.
    pub(crate) fn in_lap(self) -> usize {
        slot_of(self.0)
    }
}

/// A lap that is being caught up: visited to its end, then the present.
#[derive(Copy, Clone, Debug)]
struct LateLap {
    end: u64,
    resume: u64,
}

#[derive(Debug)]
pub(crate) struct Wheel {
    start: Instant,
    /// The tick being visited or the next to visit.
    cursor: u64,
    /// Entries of the cursor's slot not yet visited; they are visited from the back, so that a removal disturbs none.
    unvisited: Option<usize>,
    late: Option<LateLap>,
    slots: [Vec<u32>; LAP],
    entries: usize,
}

impl Wheel {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, cursor: 0, unvisited: None, late: None, slots: Default::default(), entries: 0 }
    }

    fn tick_of(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    fn instant_of(&self, tick: u64) -> Instant {
        let ticks = Duration::from_secs(tick / 1_000) + TICK * u32::try_from(tick % 1_000).unwrap_or(0);
        self.start + ticks
    }

    /// Where in the lap a new stream is to stand: in the emptiest slot; after `now`.
    pub(crate) fn emptiest(&mut self, now: Instant, interval: Interval) -> Position {
        let present = self.tick_of(now);
        if self.entries == 0 {
            self.cursor = present + 1;
            self.unvisited = None;
            self.late = None;
        }
        let period = interval.slots() as u64;
        let first =
            (present + 1..=present + period).min_by_key(|&tick| self.load(tick, interval)).unwrap_or(present + 1);
        Position(first)
    }

    /// Places a new stream there and answers its first service instant.
    pub(crate) fn place(&mut self, position: Position, stream: u32, interval: Interval) -> Instant {
        self.insert(position.0, stream, interval);
        self.instant_of(position.0)
    }

    /// Moves a stream to another interval, so that it is serviced at `due`, which is one of its service instants.
    pub(crate) fn change(&mut self, stream: u32, due: Instant, interval: Interval) {
        self.remove(stream);
        self.insert(self.not_earlier(due), stream, interval);
    }

    /// The first tick at which what is due at `due` can be sent.
    fn not_earlier(&self, due: Instant) -> u64 {
        let tick = self.tick_of(due);
        if self.instant_of(tick) < due { tick + 1 } else { tick }
    }

    /// Where a stream that is due at `due` is to stand: never before it, for then nothing could be sent yet.
    pub(crate) fn not_before(&mut self, now: Instant, due: Instant) -> Position {
        if self.entries == 0 {
            self.cursor = self.tick_of(now) + 1;
            self.unvisited = None;
            self.late = None;
        }
        Position(self.not_earlier(due))
    }

    pub(crate) fn remove(&mut self, stream: u32) {
        for slot in &mut self.slots {
            if let Some(at) = slot.iter().position(|&entry| entry == stream) {
                slot.swap_remove(at);
                self.entries -= 1;
            }
        }
    }

    fn load(&self, tick: u64, interval: Interval) -> usize {
        let here = self.slots[slot_of(tick)].len();
        match interval {
            Interval::TwentyMs => here,
            Interval::TenMs => here + self.slots[slot_of(tick + LAP as u64 / 2)].len(),
        }
    }

    fn insert(&mut self, tick: u64, stream: u32, interval: Interval) {
        self.slots[slot_of(tick)].push(stream);
        self.entries += 1;
        if interval == Interval::TenMs {
            self.slots[slot_of(tick + LAP as u64 / 2)].push(stream);
            self.entries += 1;
        }
    }

    /// The instant of the next slot that holds a stream.
    pub(crate) fn next_service(&self) -> Option<Instant> {
        if self.entries == 0 {
            return None;
        }
        let begin = match self.unvisited {
            Some(0) => self.cursor + 1,
            _ => self.cursor,
        };
        let tick = (begin..begin + LAP as u64).find(|&tick| !self.slots[slot_of(tick)].is_empty())?;
        Some(self.instant_of(tick))
    }

    /// The next stream whose slot has come at `now`, and the instant of the slot.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(u32, Instant)> {
        if self.entries == 0 || now < self.start {
            return None;
        }
        let present = self.tick_of(now);
        while self.cursor <= present {
            if self.late.is_none() && present - self.cursor > LAP as u64 {
                self.late = Some(LateLap { end: self.cursor + LAP as u64, resume: present + 1 });
            }
            let slot = &self.slots[slot_of(self.cursor)];
            let unvisited = self.unvisited.unwrap_or(slot.len()).min(slot.len());
            if let Some(entry) = unvisited.checked_sub(1) {
                self.unvisited = Some(entry);
                return Some((slot[entry], self.instant_of(self.cursor)));
            }
            self.advance();
        }
        None
    }

    fn advance(&mut self) {
        self.unvisited = None;
        self.cursor += 1;
        if let Some(late) = self.late.filter(|late| self.cursor >= late.end) {
            self.cursor = self.cursor.max(late.resume);
            self.late = None;
        }
    }
}

fn slot_of(tick: u64) -> usize {
    (tick % LAP as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn place(wheel: &mut Wheel, now: Instant, stream: u32, interval: Interval) -> Instant {
        let position = wheel.emptiest(now, interval);
        wheel.place(position, stream, interval)
    }

    fn popped(wheel: &mut Wheel, now: Instant) -> Vec<u32> {
        std::iter::from_fn(|| wheel.pop(now)).map(|(stream, _)| stream).collect()
    }

    #[test]
    fn streams_opened_together_are_spread_over_the_lap() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        let firsts: Vec<_> = (0..20).map(|stream| place(&mut wheel, start, stream, Interval::TwentyMs)).collect();
        let expect: Vec<_> = (1..=20).map(|at| start + ms(at)).collect();
        assert_eq!(firsts, expect);
        assert_eq!(wheel.next_service(), Some(start + ms(1)));
        assert_eq!(popped(&mut wheel, start + ms(3)), [0, 1, 2]);
        assert_eq!(wheel.next_service(), Some(start + ms(4)));
    }

    #[test]
    fn a_stream_from_another_calendar_is_never_serviced_before_it_is_due() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        let (now, due) = (start + ms(7), start + ms(9) + Duration::from_micros(300));
        let position = wheel.not_before(now, due);
        assert_eq!(wheel.place(position, 4, Interval::TwentyMs), start + ms(10));
        let visits = (8..=50).filter(|&at| !popped(&mut wheel, start + ms(at)).is_empty());
        assert_eq!(visits.collect::<Vec<_>>(), [10, 30, 50]);
    }

    #[test]
    fn a_stream_from_another_calendar_is_not_a_lap_late_when_its_interval_changes() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        let due = start + ms(9) + Duration::from_micros(300);
        let position = wheel.not_before(start + ms(7), due);
        wheel.place(position, 4, Interval::TwentyMs);
        wheel.change(4, due, Interval::TenMs);
        let visits = (8..=30).filter(|&at| !popped(&mut wheel, start + ms(at)).is_empty());
        assert_eq!(visits.collect::<Vec<_>>(), [10, 20, 30]);
    }

    #[test]
    fn a_stream_of_ten_ms_comes_twice_a_lap() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        let first = place(&mut wheel, start + ms(5), 9, Interval::TenMs);
        assert_eq!(first, start + ms(6));
        let visits = (0..=46).filter(|&at| !popped(&mut wheel, start + ms(at)).is_empty());
        assert_eq!(visits.collect::<Vec<_>>(), [6, 16, 26, 36, 46]);
    }

    #[test]
    fn a_pause_of_an_hour_costs_one_lap() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        place(&mut wheel, start, 1, Interval::TwentyMs);
        place(&mut wheel, start, 2, Interval::TwentyMs);
        let late = start + ms(3_600_000);
        assert_eq!(popped(&mut wheel, late), [1, 2]);
        assert!(wheel.next_service().unwrap() > late);
    }

    #[test]
    fn a_removal_in_the_middle_of_a_slot_leaves_nobody_out() {
        let start = crate::test_start();
        for removed in 0..3 {
            let mut wheel = Wheel::new(start);
            for stream in 0..60 {
                place(&mut wheel, start, stream, Interval::TwentyMs);
            }
            // Streams 0, 20 and 40 share the first slot.
            let (first, _) = wheel.pop(start + ms(1)).unwrap();
            wheel.remove(removed * 20);
            let mut seen = popped(&mut wheel, start + ms(1));
            seen.push(first);
            for stream in [0, 20, 40] {
                assert!(stream == removed * 20 || seen.contains(&stream), "{stream} without {removed}");
            }
        }
    }

    #[test]
    fn an_empty_wheel_waits_for_nothing() {
        let start = crate::test_start();
        let mut wheel = Wheel::new(start);
        place(&mut wheel, start, 1, Interval::TenMs);
        wheel.remove(1);
        assert_eq!(wheel.next_service(), None);
        assert!(wheel.pop(start + ms(100)).is_none());
        assert_eq!(place(&mut wheel, start + ms(100), 2, Interval::TenMs), start + ms(101));
        assert!(wheel.pop(start + ms(100)).is_none());
    }
}
