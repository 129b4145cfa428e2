//! One press that comes by several ways is one press.
//!
//! Shape: each key heard, with the way it came, in; whether it is a press of its own or the echo of one that came by another
//! way, out. Each press answers for one echo by each other way, so that a key pressed twice is two keys whichever order
//! their reports come in.
//! Time: told. A press waits for its echoes from when it was last heard of, because a message of signalling often says a
//! key when it is let go, and comes again over UDP until it is answered: it may be seconds late. Tones come as fast as sound.
//! Errors: of more than [`REMEMBERED`] presses in that time the oldest are forgotten.
//! Sources: RFC 4733, RFC 6086 (phones that send more than one, whatever was agreed).
//!
//! | heard by | echoes a press heard by    | that was there at most |
//! |----------|----------------------------|------------------------|
//! | event    | message, tone              | 5 s ago; a tone 1 s    |
//! | message  | event, tone                | 5 s ago                |
//! | tone     | event, message             | 1 s ago; a message 5 s |

use super::Digit;
use std::time::{Duration, Instant};

/// How long a press waits for its echo in signalling, or one heard there for the others.
const SIGNALLED: Duration = Duration::from_secs(5);
/// How far apart the two may be that come with the sound.
const SOUNDED: Duration = Duration::from_secs(1);
/// Rows of a log.
const ROWS: usize = 32;
/// Presses remembered.
const REMEMBERED: usize = 16;

/// How a key came.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum KeyWay {
    /// As telephone-events in RTP.
    Event,
    /// In a message of signalling.
    Message,
    /// As tones in the sound.
    Tone,
}

impl KeyWay {
    const COUNT: usize = 3;

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What became of a key that was heard.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It is a press of its own.
    Taken,
    /// It is a press that came by another way already.
    Echo,
    /// It is a press, but nobody can be told: too many events wait.
    Refused,
}

/// One key that was heard, without saying which.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct KeyRow {
    /// When.
    pub at: Instant,
    /// How it came.
    pub way: KeyWay,
    /// What became of it.
    pub decision: Decision,
}

/// The last keys of a leg's peer, by whatever way they came.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyLog {
    rows: [Option<KeyRow>; ROWS],
    noted: u64,
}

impl KeyLog {
    pub(crate) fn note(&mut self, row: KeyRow) {
        let at = (self.noted % ROWS as u64) as usize;
        self.rows[at] = Some(row);
        self.noted += 1;
    }

    /// The rows, oldest first.
    pub fn rows(&self) -> impl Iterator<Item = KeyRow> {
        let (newer, older) = self.rows.split_at((self.noted % ROWS as u64) as usize);
        older.iter().chain(newer).flatten().copied()
    }

    /// How many fell out, because only the last 32 are kept.
    pub fn omitted(&self) -> u64 {
        self.noted.saturating_sub(ROWS as u64)
    }
}

#[derive(Copy, Clone, Debug)]
struct Press {
    digit: Digit,
    /// The way that it came by first.
    first: KeyWay,
    /// The ways that it has come by.
    ways: u8,
    at: Instant,
}

impl Press {
    fn is_echoed(&self, now: Instant, digit: Digit, way: KeyWay) -> bool {
        let patience = match (self.first, way) {
            (KeyWay::Message, _) | (_, KeyWay::Message) => SIGNALLED,
            (KeyWay::Event | KeyWay::Tone, KeyWay::Event | KeyWay::Tone) => SOUNDED,
        };
        self.digit == digit && self.ways & way.bit() == 0 && now.saturating_duration_since(self.at) <= patience
    }
}

/// The presses of one peer that may still have an echo.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    presses: [Option<Press>; REMEMBERED],
    next: usize,
    /// What was decided, for people.
    pub(crate) log: KeyLog,
}

impl Ways {
    /// Notes a key; whether it is an echo.
    pub(crate) fn is_echo(&mut self, now: Instant, digit: Digit, way: KeyWay) -> bool {
        // The oldest first, as the echoes come in the order of the presses.
        let order = (self.next..REMEMBERED).chain(0..self.next);
        for at in order {
            let Some(press) = &mut self.presses[at] else { continue };
            if press.is_echoed(now, digit, way) {
                press.ways |= way.bit();
                if press.ways.count_ones() as usize == KeyWay::COUNT {
                    self.presses[at] = None;
                }
                return true;
            }
        }
        self.presses[self.next] = Some(Press { digit, first: way, ways: way.bit(), at: now });
        self.next = (self.next + 1) % REMEMBERED;
        false
    }

    /// A key that was heard is still held: its echoes may come as much later.
    pub(crate) fn still_held(&mut self, now: Instant, digit: Digit, way: KeyWay) {
        let order = (0..self.next).rev().chain((self.next..REMEMBERED).rev());
        for at in order {
            if let Some(press) = self.presses[at].as_mut().filter(|press| press.digit == digit)
                && press.ways & way.bit() != 0
            {
                press.at = now;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these keys are new: `r` and a key in RTP, `i` and a key in INFO, `t` and a key as tones, one every so many
    /// milliseconds; `R` and `T` say that it is still held.
    fn fresh(keys: &str, every: u64) -> String {
        let (mut ways, begin) = (Ways::default(), crate::test_start());
        let heard = keys.split(' ').enumerate().filter(|(number, key)| {
            let (way, key) = key.split_at(1);
            let now = begin + Duration::from_millis(every) * *number as u32;
            let digit = key.chars().next().and_then(Digit::from_char).unwrap();
            match way {
                "r" => !ways.is_echo(now, digit, KeyWay::Event),
                "i" => !ways.is_echo(now, digit, KeyWay::Message),
                "t" => !ways.is_echo(now, digit, KeyWay::Tone),
                held => {
                    ways.still_held(now, digit, if held == "R" { KeyWay::Event } else { KeyWay::Tone });
                    false
                }
            }
        });
        heard.map(|(_, key)| key).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_key_counts_once_whichever_way_is_first() {
        assert_eq!(fresh("r5 i5", 100), "r5");
        assert_eq!(fresh("i5 r5", 100), "i5");
        assert_eq!(fresh("r5 r5 i5 i5", 100), "r5 r5");
        assert_eq!(fresh("r1 i1 i2 r2 r1 i1", 100), "r1 i2 r1");
        assert_eq!(fresh("r1 r2 i2 i1", 100), "r1 r2");
    }

    #[test]
    fn a_key_that_comes_by_all_three_ways_counts_once_in_every_order() {
        for order in ["r5 i5 t5", "r5 t5 i5", "i5 r5 t5", "i5 t5 r5", "t5 i5 r5", "t5 r5 i5"] {
            let first = &order[..2];
            assert_eq!(fresh(order, 100), first);
            assert_eq!(fresh(&format!("{order} {order}"), 100), format!("{first} {first}"), "pressed again");
        }
        assert_eq!(fresh("r5 t5 r5 t5 i5 i5", 100), "r5 r5");
        assert_eq!(fresh("t5 r5 t5 i5 r5 i5", 50), "t5 t5");
    }

    #[test]
    fn keys_by_one_way_are_all_heard() {
        assert_eq!(fresh("r5 r5 r5", 100), "r5 r5 r5");
        assert_eq!(fresh("i5 i5 i5", 100), "i5 i5 i5");
        assert_eq!(fresh("t5 t5 t5", 100), "t5 t5 t5");
        assert_eq!(fresh("r5 i6 t7", 100), "r5 i6 t7");
    }

    #[test]
    fn what_comes_much_later_is_a_press_of_its_own() {
        assert_eq!(fresh("r5 i5", 5_001), "r5 i5");
        assert_eq!(fresh("r5 t5", 1_001), "r5 t5");
        assert_eq!(fresh("t5 r5", 1_001), "t5 r5");
        assert_eq!(fresh("t5 i5", 1_001), "t5");
    }

    #[test]
    fn a_key_that_is_held_for_long_waits_for_its_message() {
        assert_eq!(fresh("r5 R5 R5 R5 i5", 3_000), "r5");
        assert_eq!(fresh("t5 T5 T5 T5 i5", 3_000), "t5");
        assert_eq!(fresh("r5 R6 R6 R6 i5", 3_000), "r5 i5");
    }

    #[test]
    fn a_flood_of_keys_forgets_the_oldest_and_no_more() {
        let many = "r1 ".repeat(40);
        assert_eq!(fresh(&format!("{many}i1"), 1), many.trim_end());
    }

    #[test]
    fn a_log_keeps_the_last_rows_in_their_order() {
        let (mut log, begin) = (KeyLog::default(), crate::test_start());
        assert_eq!((log.rows().count(), log.omitted()), (0, 0));
        for number in 0..40 {
            let at = begin + Duration::from_millis(number);
            log.note(KeyRow { at, way: KeyWay::Tone, decision: Decision::Taken });
        }
        let times: Vec<_> = log.rows().map(|row| (row.at - begin).as_millis()).collect();
        assert_eq!(times, (8..40).collect::<Vec<_>>());
        assert_eq!(log.omitted(), 8);
    }
}
