//! Passes the keys of one leg of a bridge on to the other, as telephone events of its own.
//!
//! Shape: what is heard of keys on one leg in; at each packet time of the other leg, at most one block to say. A leg without
//! telephone events says the same as tones (`say`).
//! Units: inside, ticks of 48 kHz, of which every clock of telephone events has a whole part; outside, ticks of the leg's clock.
//! Time: the other leg's packet times. A press whose end is lost ends [`GIVE_UP`] after its last report.
//! Errors: more than [`PENDING`] presses at once are not passed on, and counted by the caller.
//! Sources: RFC 4733 sections 2.5.1.2 (updates), 2.5.1.3 (long events), 2.5.1.4 (three ends).

use super::event::{Digit, TelephoneEvent};
use super::receiver::Sighting;
use std::collections::VecDeque;
use std::time::Duration;

/// Presses that wait behind the one being sent.
const PENDING: usize = 16;
/// Ticks in a second.
const CLOCK: u32 = 48_000;
/// Ticks without a report after which a press is over: 200 ms, ten lost packets.
const GIVE_UP: u32 = CLOCK / 5;
/// How loud a key is of which nobody says how loud it was: -10 dBm0, as phones have it.
const VOLUME: u8 = 10;
/// How often the end is said.
const ENDS: u32 = 3;
/// What a press is known by of which no report goes on.
const TOLD: u32 = 0;

#[derive(Copy, Clone, Debug)]
struct Press {
    heard_timestamp: u32,
    heard_duration: u32,
    heard_before: u32,
    since_heard: u32,
    ended: bool,
    code: u8,
    volume: u8,
    said: u32,
    sent: Option<Segment>,
}

/// What was sent of a press: its present segment.
#[derive(Copy, Clone, Debug)]
struct Segment {
    timestamp: u32,
    duration: u16,
    ends: u32,
}

/// One packet to send in place of sound.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Relayed {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) event: TelephoneEvent,
}

/// How a leg says keys, and one packet time of it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Saying {
    /// Ticks of its telephone events in a second; a multiple of 8,000.
    pub(crate) clock: u32,
    /// Ticks of a packet time.
    pub(crate) ticks: u32,
    /// How long a key is held at least.
    pub(crate) shortest: Duration,
    /// How long it is silent behind a key at least.
    pub(crate) pause: Duration,
}

impl Saying {
    /// As telephone events, each as long as it was heard.
    pub(crate) fn events(clock: u32, ticks: u32) -> Self {
        Self { clock, ticks, shortest: Duration::ZERO, pause: Duration::ZERO }
    }

    /// How many packets say that a key is over. Of tones, the first of them still sounds.
    fn ends(self) -> u32 {
        let packet = self.ticks * (CLOCK / self.clock.clamp(1, CLOCK)).max(1);
        let silent = ticks(self.pause).div_ceil(packet.max(1));
        ENDS.max(silent + 1)
    }
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

    /// Notes a report of the other leg, whose events count `clock` ticks a second, and what its receiver made of it.
    pub(crate) fn note(&mut self, timestamp: u32, event: TelephoneEvent, sighting: Sighting, clock: u32) -> Admission {
        let scale = (CLOCK / clock.clamp(1, CLOCK)).max(1);
        let duration = u32::from(event.duration) * scale;
        match sighting {
            Sighting::New(_) => return self.begin(timestamp, event, duration),
            Sighting::Known => {
                if let Some(press) = self.presses.iter_mut().find(|press| press.heard_timestamp == timestamp) {
                    press.hear(event.end, duration);
                }
            }
            Sighting::Continued => {
                if let Some(press) = self.presses.iter_mut().rev().find(|press| press.code == event.code) {
                    press.heard_before += timestamp.wrapping_sub(press.heard_timestamp).min(0xFFFF) * scale;
                    press.heard_timestamp = timestamp;
                    press.hear(event.end, duration);
                }
            }
            Sighting::Foreign => {}
        }
        Admission::Taken
    }

    /// Takes a press of which somebody told when it was over, and how long it was.
    pub(crate) fn press(&mut self, key: Digit, held: Duration) -> Admission {
        let event = TelephoneEvent { code: key.event(), end: true, volume: VOLUME, duration: 0 };
        // No report of RTP goes on with it, so any timestamp does.
        self.begin(TOLD, event, ticks(held))
    }

    /// A key is held that is heard as a tone. Say so in each frame, or it is given up.
    pub(crate) fn hold(&mut self, key: Digit, held: Duration) {
        if let Some(press) = self.told(key) {
            press.hear(false, ticks(held));
        }
    }

    /// A key begins that is heard as a tone.
    pub(crate) fn begin_tone(&mut self, key: Digit, held: Duration) -> Admission {
        let event = TelephoneEvent { code: key.event(), end: false, volume: VOLUME, duration: 0 };
        self.begin(TOLD, event, ticks(held))
    }

    /// A key that was heard as a tone is over.
    pub(crate) fn end_tone(&mut self, key: Digit, held: Duration) {
        if let Some(press) = self.told(key) {
            press.hear(true, ticks(held));
        }
    }

    fn told(&mut self, key: Digit) -> Option<&mut Press> {
        let newest = self.presses.iter_mut().rev().find(|press| press.code == key.event());
        newest.filter(|press| press.heard_timestamp == TOLD && !press.ended)
    }

    fn begin(&mut self, timestamp: u32, event: TelephoneEvent, duration: u32) -> Admission {
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
            said: 0,
            sent: None,
        };
        press.hear(event.end, duration);
        self.presses.push_back(press);
        Admission::Taken
    }

    /// The packet of this packet time, which begins at `timestamp` of this leg.
    pub(crate) fn next(&mut self, timestamp: u32, saying: Saying) -> Option<Relayed> {
        let press = self.presses.front_mut()?;
        let relayed = press.advance(timestamp, saying);
        if press.sent.is_some_and(|segment| segment.ends >= saying.ends()) {
            self.presses.pop_front();
        }
        Some(relayed)
    }
}

fn ticks(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX).saturating_mul(CLOCK / 1_000)
}

impl Press {
    fn hear(&mut self, end: bool, duration: u32) {
        self.heard_duration = self.heard_duration.max(self.heard_before.saturating_add(duration));
        self.since_heard = 0;
        self.ended |= end;
    }

    fn advance(&mut self, timestamp: u32, saying: Saying) -> Relayed {
        let marker = self.sent.is_none();
        let mut segment = self.sent.unwrap_or(Segment { timestamp, duration: 0, ends: 0 });
        let own = saying.ticks * (CLOCK / saying.clock.clamp(1, CLOCK)).max(1);
        self.since_heard += own;
        if segment.ends == 0 {
            if u32::from(segment.duration) + saying.ticks > 0xFFFF {
                // A report cannot say more, so the next segment begins where this one stops.
                segment.timestamp = segment.timestamp.wrapping_add(u32::from(segment.duration));
                segment.duration = 0;
            }
            segment.duration += saying.ticks as u16;
            self.said += own;
        }
        // The key is held here as long as it was held there, even when its first reports were lost.
        let long_enough = self.said >= self.heard_duration.max(ticks(saying.shortest));
        let over = segment.ends > 0 || (self.ended && long_enough) || self.since_heard > GIVE_UP;
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

    const EVENTS: Saying = Saying { clock: 8_000, ticks: 160, shortest: Duration::ZERO, pause: Duration::ZERO };

    fn report(end: bool, duration: u16) -> TelephoneEvent {
        TelephoneEvent { code: 4, end, volume: 10, duration }
    }

    fn new_press() -> Sighting {
        Sighting::New(Digit::from_event(4).unwrap())
    }

    #[test]
    fn a_press_is_held_at_its_own_timestamp_and_ends_three_times() {
        let mut relay = Relay::new();
        relay.note(77, report(false, 160), new_press(), 8_000);
        let mut sent = Vec::new();
        for frame in 0..6u32 {
            if frame == 2 {
                relay.note(77, report(true, 480), Sighting::Known, 8_000);
            }
            sent.extend(relay.next(1_000 + frame * 160, EVENTS));
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
        relay.note(77, report(true, 800), new_press(), 8_000);
        let ends: Vec<_> = (0..8).map_while(|frame| relay.next(frame * 160, EVENTS)).map(|one| one.event.end).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
    }

    #[test]
    fn a_press_told_by_signalling_is_as_long_as_told() {
        let mut relay = Relay::new();
        assert_eq!(relay.press(Digit::from_event(11).unwrap(), Duration::from_millis(100)), Admission::Taken);
        let said: Vec<_> = (0..9).map_while(|frame| relay.next(frame * 160, EVENTS)).map(|one| one.event).collect();
        assert_eq!(said.iter().filter(|event| event.end).count(), 3);
        assert!(said.iter().all(|event| event.code == 11));
        assert_eq!(said.last().map(|event| event.duration), Some(800));
    }

    #[test]
    fn a_press_without_an_end_gives_up() {
        let mut relay = Relay::new();
        relay.note(77, report(false, 160), new_press(), 8_000);
        let frames = (0..100).map_while(|frame| relay.next(frame * 160, EVENTS)).count();
        assert_eq!(frames, 13);
    }

    #[test]
    fn a_press_longer_than_a_report_can_say_goes_on_in_the_next_segment() {
        let mut relay = Relay::new();
        relay.note(0, report(false, 160), new_press(), 8_000);
        let mut last = None;
        for frame in 0..420u32 {
            relay.note(0, report(false, 160), Sighting::Known, 8_000);
            last = relay.next(frame * 160, EVENTS);
        }
        let last = last.unwrap();
        assert_eq!((last.timestamp, u32::from(last.event.duration)), (409 * 160, 11 * 160));
    }

    #[test]
    fn presses_beyond_the_bound_are_refused() {
        let mut relay = Relay::new();
        let admitted =
            (0..40).filter(|&at| relay.note(at, report(true, 160), new_press(), 8_000) == Admission::Taken).count();
        assert_eq!(admitted, PENDING);
    }

    #[test]
    fn a_press_keeps_its_length_from_any_clock_to_any_other() {
        for heard in [8_000u32, 16_000, 48_000] {
            for said in [8_000u32, 16_000, 48_000] {
                let mut relay = Relay::new();
                let tenth = u16::try_from(heard / 10).unwrap();
                relay.note(77, report(true, tenth), new_press(), heard);
                let saying = Saying::events(said, said / 50);
                let events: Vec<_> = (0..20).map_while(|_| relay.next(0, saying)).map(|one| one.event).collect();
                assert_eq!(events.len(), 7, "{heard} to {said}");
                assert_eq!(events.last().map(|event| u32::from(event.duration)), Some(said / 10), "{heard} to {said}");
            }
        }
    }

    #[test]
    fn a_press_of_eight_seconds_is_one_at_48_khz() {
        let mut relay = Relay::new();
        relay.note(0, report(false, 960), new_press(), 48_000);
        let saying = Saying::events(48_000, 960);
        let (mut held, mut last, mut markers) = (0u32, 0, 0);
        for frame in 1..=400u32 {
            let (segment, within) = (frame / 68, frame % 68 + 1);
            let sighting = if segment > 0 && within == 1 { Sighting::Continued } else { Sighting::Known };
            let event = report(frame == 400, u16::try_from(within * 960).unwrap());
            relay.note(segment * 65_280, event, sighting, 48_000);
            let said = relay.next(frame * 960, saying).unwrap();
            markers += u32::from(said.marker);
            if said.timestamp != last {
                last = said.timestamp;
                held += 1;
            }
        }
        assert_eq!((markers, held), (1, 6), "one press, in six segments");
    }

    #[test]
    fn a_tone_is_held_until_it_is_over_and_given_up_when_nobody_says_so() {
        let key = Digit::from_event(4).unwrap();
        let (mut relay, ms) = (Relay::new(), Duration::from_millis);
        assert_eq!(relay.begin_tone(key, ms(40)), Admission::Taken);
        for frame in 1..=20 {
            relay.hold(key, ms(40 + 20 * frame));
            assert!(!relay.next(0, EVENTS).unwrap().event.end);
        }
        relay.end_tone(key, ms(450));
        let rest: Vec<_> = (0..30).map_while(|_| relay.next(0, EVENTS)).map(|one| one.event).collect();
        assert_eq!(rest.iter().filter(|event| event.end).count(), 3);
        assert_eq!(rest.last().map(|event| event.duration), Some(23 * 160), "450 ms, in whole packets");
        relay.begin_tone(key, ms(40));
        assert_eq!((0..30).map_while(|_| relay.next(0, EVENTS)).count(), 13);
    }

    #[test]
    fn what_is_said_as_tones_has_a_least_length_and_a_pause() {
        for (packet, keyed, silent) in [(10, 6, 7), (20, 3, 4), (60, 1, 3)] {
            let mut relay = Relay::new();
            relay.press(Digit::from_event(4).unwrap(), Duration::from_millis(10));
            let (shortest, pause) = (Duration::from_millis(60), Duration::from_millis(60));
            let saying = Saying { clock: 8_000, ticks: packet * 8, shortest, pause };
            let said: Vec<_> = (0..40).map_while(|_| relay.next(0, saying)).map(|one| one.event.end).collect();
            let ends = said.iter().filter(|end| **end).count();
            assert_eq!((said.len() + 1 - ends, ends), (keyed, silent), "{packet} ms");
        }
    }
}
