//! Keys that the owner sends to a leg's peer, one after the other, with pauses.
//!
//! Shape: a list of [`KeyStep`]s; at each packet time of the leg, at most one report to say, as telephone event or as tone.
//! Time: the leg's packet times. The list waits while nothing may be sent.
//! Sources: RFC 4733 section 2.5.1.4 (three ends).

use super::Digit;
use super::relay::{Relay, Relayed, Saying};
use std::time::Duration;

/// One thing to do.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum KeyStep {
    /// Press a key for so long.
    Press(Digit, Duration),
    /// Say nothing of keys for so long; the sound goes on.
    Pause(Duration),
}

/// What to do in a packet time.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// Say this of a key.
    Say(Relayed),
    /// Let the sound pass.
    Sound,
    /// Nothing is left; told once.
    Done,
}

/// A list under way.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    steps: Vec<KeyStep>,
    next: usize,
    relay: Relay,
    /// Ticks of the pause that is left.
    pause: u64,
}

impl Sending {
    pub(crate) fn new(steps: Vec<KeyStep>) -> Self {
        Self { steps, next: 0, relay: Relay::new(), pause: 0 }
    }

    /// What to do in the packet time that begins at `timestamp`.
    pub(crate) fn step(&mut self, timestamp: u32, saying: Saying) -> Step {
        // Ends: each turn takes a step, and a pause or a press ends it.
        loop {
            if let Some(relayed) = self.relay.next(timestamp, saying) {
                return Step::Say(relayed);
            }
            if self.pause > 0 {
                self.pause = self.pause.saturating_sub(u64::from(saying.ticks));
                return Step::Sound;
            }
            match self.steps.get(self.next) {
                None => return Step::Done,
                Some(KeyStep::Press(digit, held)) => {
                    self.relay.press(*digit, *held);
                }
                Some(KeyStep::Pause(length)) => {
                    self.pause = length.as_millis() as u64 * u64::from(saying.clock) / 1_000;
                }
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_pauses_take_their_time_and_then_it_is_done() {
        let (ms, key) = (Duration::from_millis, |key| Digit::from_char(key).unwrap());
        let steps = vec![
            KeyStep::Press(key('1'), ms(100)),
            KeyStep::Pause(ms(100)),
            KeyStep::Pause(ms(0)),
            KeyStep::Press(key('#'), ms(40)),
        ];
        for clock in [8_000, 48_000] {
            let mut sending = Sending::new(steps.clone());
            let mut told = String::new();
            for frame in 0.. {
                match sending.step(frame * clock / 50, Saying::events(clock, clock / 50)) {
                    Step::Say(said) => {
                        let key = Digit::from_event(said.event.code).unwrap().as_char();
                        told.push(if said.event.end { 'e' } else { key });
                    }
                    Step::Sound => told.push('.'),
                    Step::Done => break,
                }
            }
            assert_eq!(told, "1111eee.....#eee", "{clock}");
        }
        assert_eq!(Sending::new(Vec::new()).step(0, Saying::events(8_000, 160)), Step::Done);
    }
}
