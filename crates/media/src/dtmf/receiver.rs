//! RFC 4733 digit receiver.
//!
//! Shape: telephone-event reports of one stream in, at most one [`Sighting::New`] a key press out.
//! Units: durations and timestamps are in ticks of the events' own clock, which is that of the codec: 8, 16 or 48 kHz.
//! Time: none; identity is source, timestamp and event, so reordering and repeats need no clock.
//! Sources: RFC 4733 sections 2.5.1.3 (long events), 2.5.1.4 (repeated ends).
//!
//! | report         | marker | timestamp | end | result  |
//! |----------------|--------|-----------|-----|---------|
//! | first of a key | any    | new       | any | the key |
//! | update, repeat | any    | same      | any | nothing |
//! | next segment   | 0      | prev+dur  | any | nothing |
//!
//! A report can say 8.2 s at 8 kHz, 4.1 s at 16 kHz and 1.4 s at 48 kHz; a longer press is several segments at any of them.
//! A segment whose last update was lost begins later than the receiver expects. It is still the same key when that
//! key was held for half of what a report can say and its end was not seen.

use super::event::{Digit, TelephoneEvent};

/// Presses remembered, so that a packet that comes late is known.
const REMEMBERED: usize = 16;
/// A press that reported this much, half of what a report can say, may be in its first segment of several.
const LONG: u16 = 0x8000;

/// What a report says about a key.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Sighting {
    /// The first report of a press: this is the digit.
    New(Digit),
    /// Another report of a known press.
    Known,
    /// The first report of a later segment of a known press.
    Continued,
    /// An event that is no key.
    Foreign,
}

#[derive(Copy, Clone, Debug)]
struct Press {
    ssrc: u32,
    timestamp: u32,
    code: u8,
    duration: u16,
    ended: bool,
}

impl Press {
    fn is_continued_by(&self, ssrc: u32, marker: bool, timestamp: u32, code: u8) -> bool {
        if self.ended || marker || self.ssrc != ssrc || self.code != code {
            return false;
        }
        let gap = timestamp.wrapping_sub(self.timestamp);
        let heard = u32::from(self.duration);
        heard > 0 && (gap == heard || (self.duration >= LONG && (heard..=0xFFFF).contains(&gap)))
    }
}

/// The presses of one stream, the newest 16 of them.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    presses: [Option<Press>; REMEMBERED],
    oldest: usize,
}

impl Receiver {
    /// Whether sound of this source at this time lies under its newest press, of which another report may come within `margin` ticks:
    /// such sound is the key's own tone, if anything.
    pub(crate) fn covers(&self, ssrc: u32, timestamp: u32, margin: u32) -> bool {
        let newest = (self.oldest + REMEMBERED - 1) % REMEMBERED;
        let within = |press: &Press| {
            let margin = if press.ended { 0 } else { margin };
            timestamp.wrapping_sub(press.timestamp) < u32::from(press.duration) + margin
        };
        self.presses[newest].as_ref().is_some_and(|press| press.ssrc == ssrc && within(press))
    }

    /// Notes a report and says whether it is a new key press. `marker` is the packet's marker bit.
    pub fn note(&mut self, ssrc: u32, marker: bool, timestamp: u32, event: TelephoneEvent) -> Sighting {
        let Some(digit) = Digit::from_event(event.code) else { return Sighting::Foreign };
        let same = |press: &&mut Press| press.ssrc == ssrc && press.timestamp == timestamp && press.code == event.code;
        if let Some(press) = self.presses.iter_mut().flatten().find(same) {
            press.duration = press.duration.max(event.duration);
            press.ended |= event.end;
            return Sighting::Known;
        }
        let continued =
            self.presses.iter().flatten().any(|press| press.is_continued_by(ssrc, marker, timestamp, event.code));
        let press = Press { ssrc, timestamp, code: event.code, duration: event.duration, ended: event.end };
        self.presses[self.oldest] = Some(press);
        self.oldest = (self.oldest + 1) % REMEMBERED;
        if continued { Sighting::Continued } else { Sighting::New(digit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report: marker, timestamp, key, end, duration.
    type Report = (bool, u32, char, bool, u16);

    fn check(name: &str, reports: &[Report], expect: &str) {
        let mut receiver = Receiver::default();
        let heard: String = reports
            .iter()
            .filter_map(|&(marker, timestamp, key, end, duration)| {
                let code = Digit::from_char(key).unwrap().event();
                let event = TelephoneEvent { code, end, volume: 10, duration };
                match receiver.note(7, marker, timestamp, event) {
                    Sighting::New(digit) => Some(digit.as_char()),
                    Sighting::Known | Sighting::Continued | Sighting::Foreign => None,
                }
            })
            .collect();
        assert_eq!(heard, expect, "{name}");
    }

    #[test]
    fn a_press_is_one_digit_whatever_is_lost_repeated_or_late() {
        check("whole", &[(true, 0, '5', false, 160), (false, 0, '5', false, 320), (false, 0, '5', true, 480)], "5");
        check("three ends", &[(true, 0, '5', false, 160), (false, 0, '5', true, 320), (false, 0, '5', true, 320)], "5");
        check("start lost", &[(false, 0, '#', false, 320), (false, 0, '#', true, 480)], "#");
        check("only one end came", &[(false, 0, 'D', true, 480)], "D");
        check(
            "end before update",
            &[(true, 0, '1', false, 160), (false, 0, '1', true, 480), (false, 0, '1', false, 320)],
            "1",
        );
        check("same key twice", &[(true, 0, '1', true, 480), (true, 1_600, '1', true, 480)], "11");
        check("ends lost, same key again", &[(true, 0, '1', false, 480), (true, 1_600, '1', false, 160)], "11");
        check("next key at once", &[(true, 0, '1', false, 480), (true, 480, '2', false, 160)], "12");
    }

    #[test]
    fn a_packet_of_an_earlier_press_that_comes_late_is_not_a_digit() {
        check(
            "late end",
            &[(true, 0, '1', false, 160), (true, 800, '2', false, 160), (false, 0, '1', true, 480)],
            "12",
        );
        check(
            "late end behind the same key",
            &[
                (true, 0, '1', false, 160),
                (true, 800, '1', false, 160),
                (false, 0, '1', true, 480),
                (false, 800, '1', true, 320),
            ],
            "11",
        );
    }

    #[test]
    fn a_long_press_in_segments_is_one_digit() {
        let long = 0xFFFF_u32;
        check(
            "two more segments",
            &[
                (true, 0, '0', false, 160),
                (false, 0, '0', false, 0xFFFF),
                (false, long, '0', false, 160),
                (false, long, '0', false, 0xFFFF),
                (false, 2 * long, '0', false, 160),
                (false, 2 * long, '0', true, 800),
            ],
            "0",
        );
        check("update lost", &[(true, 0, '0', false, 65_000), (false, long, '0', false, 320)], "0");
        check(
            "late packet of a segment",
            &[(true, 0, '0', false, 0xFFFF), (false, long, '0', false, 160), (false, 0, '0', false, 65_000)],
            "0",
        );
        check("ended before", &[(true, 0, '0', true, 480), (false, 480, '0', false, 160)], "00");
        check("marker says new", &[(true, 0, '0', false, 480), (true, 480, '0', false, 160)], "00");
    }

    #[test]
    fn a_press_of_eight_seconds_is_one_digit_at_every_clock() {
        for (clock, segments) in [(8_000u32, 1), (16_000, 2), (48_000, 6)] {
            let (step, mut began, mut within, mut heard, mut seen) = (clock / 50, 0u32, 0u32, 0, 1);
            let mut receiver = Receiver::default();
            for packet in 0..400 {
                if within + step > 0xFFFF {
                    began += within;
                    within = 0;
                    seen += 1;
                }
                within += step;
                // Every seventh packet is lost.
                if packet % 7 == 6 {
                    continue;
                }
                let event = TelephoneEvent { code: 5, end: false, volume: 10, duration: within as u16 };
                heard += usize::from(matches!(receiver.note(1, packet == 0, began, event), Sighting::New(_)));
                assert!(receiver.covers(1, began + within - 1, 0) && !receiver.covers(1, began + within, 0));
                assert!(receiver.covers(1, began + within, 1) && !receiver.covers(2, began, 1));
            }
            assert_eq!((heard, seen), (1, segments), "{clock}");
        }
    }

    #[test]
    fn a_new_source_is_a_new_press_and_other_tones_are_none() {
        let mut receiver = Receiver::default();
        let event = TelephoneEvent { code: 3, end: false, volume: 0, duration: 160 };
        let three = Digit::from_char('3').unwrap();
        assert_eq!(receiver.note(1, true, 0, event), Sighting::New(three));
        assert_eq!(receiver.note(2, true, 0, event), Sighting::New(three));
        assert_eq!(receiver.note(1, true, 0, TelephoneEvent { code: 16, ..event }), Sighting::Foreign);
    }
}
