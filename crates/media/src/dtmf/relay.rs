//! Passes the keys of one leg of a bridge on to the other, as telephone events of its own.
//!
//! Shape: reports heard on one leg in; at each packet time of the other leg, at most one block to send.
//! Units: ticks of 8 kHz.
//! Time: the other leg's packet times. A press whose end is lost ends [`GIVE_UP`] after its last report.
//! Errors: more than [`PENDING`] presses at once are not passed on, and counted by the caller.
//! Sources: RFC 4733 sections 2.5.1.2 (updates), 2.5.1.3 (long events), 2.5.1.4 (three ends).

use super::event::{Digit, TelephoneEvent};
use super::receiver::Sighting;
use std::collections::VecDeque;

/// Presses that wait behind the one being sent.
const PENDING: usize = 16;
/// Ticks without a report after which a press is over: 200 ms, ten lost packets.
const GIVE_UP: u32 = 1_600;
/// How loud a key is of which nobody says how loud it was: -10 dBm0, as phones have it.
const VOLUME: u8 = 10;
/// How often the end is said.
const ENDS: u8 = 3;

#[derive(Copy, Clone, Debug)]
struct Press {
    heard_timestamp: u32,
    heard_duration: u32,
    heard_before: u32,
    since_heard: u32,
    ended: bool,
    code: u8,
    volume: u8,
    sent: Option<Segment>,
}

/// What was sent of a press: its present segment.
#[derive(Copy, Clone, Debug)]
struct Segment {
    timestamp: u32,
    duration: u16,
    before: u32,
    ends: u8,
}

/// One packet to send in place of sound.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Relayed {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) event: TelephoneEvent,
}

/// The presses to pass on to one leg.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    presses: VecDeque<Press>,
}

/// Whether a press found room.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Admission {
    Taken,
    Refused,
}

impl Relay {
    pub(crate) fn new() -> Self {
        Self { presses: VecDeque::with_capacity(PENDING) }
    }

    /// Forgets all presses; an event under way is left without an end, which a receiver survives.
    pub(crate) fn clear(&mut self) {
        self.presses.clear();
    }

    /// Notes a report of the other leg and what its receiver made of it.
    pub(crate) fn note(&mut self, timestamp: u32, event: TelephoneEvent, sighting: Sighting) -> Admission {
        match sighting {
            Sighting::New(_) => return self.begin(timestamp, event),
            Sighting::Known => {
                if let Some(press) = self.presses.iter_mut().find(|press| press.heard_timestamp == timestamp) {
                    press.hear(event);
                }
            }
            Sighting::Continued => {
                if let Some(press) = self.presses.iter_mut().rev().find(|press| press.code == event.code) {
                    press.heard_before += timestamp.wrapping_sub(press.heard_timestamp).min(0xFFFF);
                    press.heard_timestamp = timestamp;
                    press.hear(event);
                }
            }
            Sighting::Foreign => {}
        }
        Admission::Taken
    }

    /// Takes a press of which signalling told when it was over, and how long it was.
    pub(crate) fn press(&mut self, key: Digit, ticks: u16) -> Admission {
        let event = TelephoneEvent { code: key.event(), end: true, volume: VOLUME, duration: ticks };
        // No report of RTP goes on with it, so any timestamp does.
        self.begin(0, event)
    }

    fn begin(&mut self, timestamp: u32, event: TelephoneEvent) -> Admission {
        if self.presses.len() == PENDING {
            return Admission::Refused;
        }
        let mut press = Press {
            heard_timestamp: timestamp,
            heard_duration: 0,
            heard_before: 0,
            since_heard: 0,
            ended: false,
            code: event.code,
            volume: event.volume,
            sent: None,
        };
        press.hear(event);
        self.presses.push_back(press);
        Admission::Taken
    }

    /// The packet of this packet time, which begins at `timestamp` of this leg and lasts `ticks`.
    pub(crate) fn next(&mut self, timestamp: u32, ticks: u32) -> Option<Relayed> {
        let press = self.presses.front_mut()?;
        let relayed = press.advance(timestamp, ticks);
        if press.sent.is_some_and(|segment| segment.ends >= ENDS) {
            self.presses.pop_front();
        }
        Some(relayed)
    }
}

impl Press {
    fn hear(&mut self, event: TelephoneEvent) {
        self.heard_duration = self.heard_before + u32::from(event.duration);
        self.since_heard = 0;
        self.ended |= event.end;
    }

    fn advance(&mut self, timestamp: u32, ticks: u32) -> Relayed {
        let marker = self.sent.is_none();
        let mut segment = self.sent.unwrap_or(Segment { timestamp, duration: 0, before: 0, ends: 0 });
        self.since_heard += ticks;
        if segment.ends == 0 {
            if u32::from(segment.duration) + ticks > 0xFFFF {
                // A report cannot say more, so the next segment begins where this one stops.
                segment.timestamp = segment.timestamp.wrapping_add(u32::from(segment.duration));
                segment.before += u32::from(segment.duration);
                segment.duration = 0;
            }
            segment.duration += ticks as u16;
        }
        // The key is held here as long as it was held there, even when its first reports were lost.
        let long_enough = segment.before + u32::from(segment.duration) >= self.heard_duration;
        let over = (self.ended && long_enough) || self.since_heard > GIVE_UP;
        if over {
            segment.ends += 1;
        }
        self.sent = Some(segment);
        let event = TelephoneEvent { code: self.code, end: over, volume: self.volume, duration: segment.duration };
        Relayed { marker, timestamp: segment.timestamp, event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(end: bool, duration: u16) -> TelephoneEvent {
        TelephoneEvent { code: 4, end, volume: 10, duration }
    }

    fn new_press() -> Sighting {
        Sighting::New(Digit::from_event(4).unwrap())
    }

    #[test]
    fn a_press_is_held_at_its_own_timestamp_and_ends_three_times() {
        let mut relay = Relay::new();
        relay.note(77, report(false, 160), new_press());
        let mut sent = Vec::new();
        for frame in 0..6u32 {
            if frame == 2 {
                relay.note(77, report(true, 480), Sighting::Known);
            }
            sent.extend(relay.next(1_000 + frame * 160, 160));
        }
        let told: Vec<_> =
            sent.iter().map(|one| (one.marker, one.timestamp, one.event.end, one.event.duration)).collect();
        let expect = [
            (true, 1_000, false, 160),
            (false, 1_000, false, 320),
            (false, 1_000, true, 480),
            (false, 1_000, true, 480),
            (false, 1_000, true, 480),
        ];
        assert_eq!(told, expect);
    }

    #[test]
    fn a_press_seen_only_at_its_end_is_held_for_its_length() {
        let mut relay = Relay::new();
        relay.note(77, report(true, 800), new_press());
        let ends: Vec<_> = (0..8).map_while(|frame| relay.next(frame * 160, 160)).map(|one| one.event.end).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
    }

    #[test]
    fn a_press_told_by_signalling_is_as_long_as_told() {
        let mut relay = Relay::new();
        assert_eq!(relay.press(Digit::from_event(11).unwrap(), 800), Admission::Taken);
        let said: Vec<_> = (0..9).map_while(|frame| relay.next(frame * 160, 160)).map(|one| one.event).collect();
        assert_eq!(said.iter().filter(|event| event.end).count(), 3);
        assert!(said.iter().all(|event| event.code == 11));
        assert_eq!(said.last().map(|event| event.duration), Some(800));
    }

    #[test]
    fn a_press_without_an_end_gives_up() {
        let mut relay = Relay::new();
        relay.note(77, report(false, 160), new_press());
        let frames = (0..100).map_while(|frame| relay.next(frame * 160, 160)).count();
        assert_eq!(frames, 13);
    }

    #[test]
    fn a_press_longer_than_a_report_can_say_goes_on_in_the_next_segment() {
        let mut relay = Relay::new();
        relay.note(0, report(false, 160), new_press());
        let mut last = None;
        for frame in 0..420u32 {
            relay.note(0, report(false, 160), Sighting::Known);
            last = relay.next(frame * 160, 160);
        }
        let last = last.unwrap();
        assert_eq!((last.timestamp, u32::from(last.event.duration)), (409 * 160, 11 * 160));
    }

    #[test]
    fn presses_beyond_the_bound_are_refused() {
        let mut relay = Relay::new();
        let admitted = (0..40).filter(|&at| relay.note(at, report(true, 160), new_press()) == Admission::Taken).count();
        assert_eq!(admitted, PENDING);
    }
}
