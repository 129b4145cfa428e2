//! Digits to send, as their author writes them.
//!
//! Shape: `0-9 * # A-D` are keys, `w` is a pause of half a second, `W` of a second, `,` of two; blanks and `-` mean nothing.
//! Units: every key is held equally long and followed by [`GAP`].
//! Errors: [`DigitsError`]; nothing is sent of digits that are not all keys and pauses.
//! Sources: `kazoo-pivot.md` 3.4 (`send_dtmf`: `w`, `W`, 40 to 6,000 ms); ITU-T Q.24 (40 ms of tone and of pause are enough).

use std::time::Duration;

use crate::Digit;

/// How long a key is held where nobody says otherwise.
pub const HELD: Duration = Duration::from_millis(100);
/// The silence behind a key.
pub const GAP: Duration = Duration::from_millis(100);
/// The shortest and the longest time that a key is held.
const BOUNDS: (Duration, Duration) = (Duration::from_millis(40), Duration::from_millis(6_000));
/// Keys and pauses at once.
pub const MOST: usize = 128;

/// Digits and pauses to send, in their order.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SendDigits {
    /// What to do, one after the other.
    pub steps: Vec<DigitStep>,
}

/// One thing to do.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum DigitStep {
    /// Press a key for so long; [`GAP`] follows.
    Press(Digit, Duration),
    /// Wait.
    Pause(Duration),
}

/// How a [`SendDigits`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Sent {
    /// All were sent.
    All,
    /// The far end takes digits in no way that its setting allows, or may not be sent to; none or not all were sent.
    Unsent,
}

/// Why a text is no digits.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum DigitsError {
    /// A character is neither a key nor a pause.
    #[error("\"{0}\" is no key and no pause: 0-9, *, #, A-D, w (0.5 s), W (1 s) and , (2 s) are")]
    Unknown(char),
    /// No key.
    #[error("there is no key in it")]
    Empty,
    /// More than [`MOST`] keys and pauses.
    #[error("more than {MOST} keys and pauses")]
    TooMany,
}

impl SendDigits {
    /// Reads digits and pauses; each key is held for `held`, within 40 ms and 6 s.
    ///
    /// # Errors
    /// [`DigitsError`] when anything in the text is not one of them, or there is no key, or too much.
    pub fn parse(text: &str, held: Duration) -> Result<Self, DigitsError> {
        let held = held.clamp(BOUNDS.0, BOUNDS.1);
        let mut steps = Vec::new();
        for character in text.chars() {
            let pause = |milliseconds| DigitStep::Pause(Duration::from_millis(milliseconds));
            let step = match character {
                ' ' | '-' => continue,
                'w' => pause(500),
                'W' => pause(1_000),
                ',' => pause(2_000),
                key => DigitStep::Press(Digit::from_char(key).ok_or(DigitsError::Unknown(key))?, held),
            };
            if steps.len() == MOST {
                return Err(DigitsError::TooMany);
            }
            steps.push(step);
        }
        if !steps.iter().any(|step| matches!(step, DigitStep::Press(..))) {
            return Err(DigitsError::Empty);
        }
        Ok(Self { steps })
    }

    /// How long it takes to send them.
    pub fn duration(&self) -> Duration {
        let each = self.steps.iter().map(|step| match step {
            DigitStep::Press(_, held) => *held + GAP,
            DigitStep::Pause(length) => *length,
        });
        each.sum()
    }

    /// The keys and pauses without saying which keys: for logs and transcripts of calls.
    pub fn count(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, DigitStep::Press(..))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_pauses_are_read_in_their_order() {
        let digits = SendDigits::parse("1w-#, Wd", HELD).unwrap();
        let key = |key| DigitStep::Press(Digit::from_char(key).unwrap(), HELD);
        let pause = |milliseconds| DigitStep::Pause(Duration::from_millis(milliseconds));
        assert_eq!(digits.steps, [key('1'), pause(500), key('#'), pause(2_000), pause(1_000), key('D')]);
        assert_eq!(digits.duration(), Duration::from_millis(3 * 200 + 3_500));
        assert_eq!(digits.count(), 3);
    }

    #[test]
    fn a_key_is_held_within_bounds() {
        for (asked, held) in [(0, 40), (100, 100), (2_000, 2_000), (60_000, 6_000)] {
            let digits = SendDigits::parse("5", Duration::from_millis(asked)).unwrap();
            let five = Digit::from_char('5').unwrap();
            assert_eq!(digits.steps, [DigitStep::Press(five, Duration::from_millis(held))]);
        }
    }

    #[test]
    fn what_is_no_key_is_said() {
        assert_eq!(SendDigits::parse("12x", HELD), Err(DigitsError::Unknown('x')));
        assert_eq!(SendDigits::parse("", HELD), Err(DigitsError::Empty));
        assert_eq!(SendDigits::parse("w,", HELD), Err(DigitsError::Empty));
        assert_eq!(SendDigits::parse(&"1".repeat(129), HELD), Err(DigitsError::TooMany));
        assert!(SendDigits::parse(&"1".repeat(128), HELD).is_ok());
    }
}
