//! One press that comes by two ways is one press.
//!
//! Shape: each key heard, with the way it came, in; whether it is the echo of one that came by the other way, out. Each press
//! answers for one echo, so that a key pressed twice is two keys whichever order their reports come in.
//! Time: told. An INFO says a key when it is let go, and comes again over UDP until it is answered, so an echo may be seconds late.
//! Errors: of more than [`REMEMBERED`] presses in that time the oldest are forgotten.
//! Sources: RFC 4733, RFC 6086 (phones that send both, whatever was agreed).

use super::Digit;
use std::time::{Duration, Instant};

/// How long a press waits for its echo.
const ECHO: Duration = Duration::from_secs(5);
/// Presses remembered.
const REMEMBERED: usize = 16;

/// How a key came.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeyWay {
    /// In RTP.
    Event,
    /// In a message of signalling.
    Message,
}

#[derive(Copy, Clone, Debug)]
struct Press {
    digit: Digit,
    way: KeyWay,
    at: Instant,
}

/// The presses of one peer that may still have an echo.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    presses: [Option<Press>; REMEMBERED],
    next: usize,
}

impl Ways {
    /// Notes a key; whether it is an echo.
    pub(crate) fn is_echo(&mut self, now: Instant, digit: Digit, way: KeyWay) -> bool {
        let echoes =
            |press: &Press| press.digit == digit && press.way != way && now.saturating_duration_since(press.at) <= ECHO;
        // The oldest first, as the echoes come in the order of the presses.
        let order = (self.next..REMEMBERED).chain(0..self.next);
        for at in order {
            if self.presses[at].as_ref().is_some_and(echoes) {
                self.presses[at] = None;
                return true;
            }
        }
        self.presses[self.next] = Some(Press { digit, way, at: now });
        self.next = (self.next + 1) % REMEMBERED;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these keys are new: `r` and a key in RTP, `i` and a key in INFO, one every so many milliseconds.
    fn fresh(keys: &str, every: u64) -> String {
        let (mut ways, begin) = (Ways::default(), crate::test_start());
        let heard = keys.split(' ').enumerate().filter(|(number, key)| {
            let (way, key) = key.split_at(1);
            let way = if way == "r" { KeyWay::Event } else { KeyWay::Message };
            let digit = key.chars().next().and_then(Digit::from_char).unwrap();
            !ways.is_echo(begin + Duration::from_millis(every) * *number as u32, digit, way)
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
    fn keys_by_one_way_are_all_heard() {
        assert_eq!(fresh("r5 r5 r5", 100), "r5 r5 r5");
        assert_eq!(fresh("i5 i5 i5", 100), "i5 i5 i5");
        assert_eq!(fresh("r5 i6", 100), "r5 i6");
    }

    #[test]
    fn what_comes_much_later_is_a_press_of_its_own() {
        assert_eq!(fresh("r5 i5", 5_001), "r5 i5");
    }

    #[test]
    fn a_flood_of_keys_forgets_the_oldest_and_no_more() {
        let many = "r1 ".repeat(40);
        assert_eq!(fresh(&format!("{many}i1"), 1), many.trim_end());
    }
}
