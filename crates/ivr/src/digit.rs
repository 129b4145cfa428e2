//! Keys of a telephone, and sets of them.
//!
//! Shape: sixteen keys, `0-9 * # A-D`; a set is a bit a key.
//! Sources: RFC 4733 §3.2 (the event table).

use std::fmt;

/// The keys in the order of their RFC 4733 event codes.
const KEYS: &str = "0123456789*#ABCD";

/// One key of a telephone: `0-9`, `*`, `#`, `A-D`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Digit(u8);

impl Digit {
    /// The key written as this character (`a`-`d` count as capitals), or `None` for any other.
    pub fn from_char(key: char) -> Option<Self> {
        let position = KEYS.find(key.to_ascii_uppercase())?;
        u8::try_from(position).ok().map(Self)
    }

    /// The key with this RFC 4733 event code, or `None` above 15.
    pub fn from_event(code: u8) -> Option<Self> {
        (code < 16).then_some(Self(code))
    }

    /// The key's character.
    pub fn as_char(self) -> char {
        char::from(KEYS.as_bytes()[usize::from(self.0)])
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_char().fmt(f)
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.as_char())
    }
}

/// A set of keys.
#[derive(Copy, Clone, Eq, PartialEq, Default)]
pub struct DigitSet(u16);

impl DigitSet {
    /// Every key.
    pub const ALL: Self = Self(u16::MAX);
    /// No key.
    pub const NONE: Self = Self(0);

    /// The set of this one key.
    pub fn only(digit: Digit) -> Self {
        Self(1 << digit.0)
    }

    /// Whether the set holds the key.
    pub fn contains(self, digit: Digit) -> bool {
        self.0 & (1 << digit.0) != 0
    }

    /// The set with this key.
    #[must_use]
    pub fn with(self, digit: Digit) -> Self {
        Self(self.0 | 1 << digit.0)
    }

    /// Whether the set holds no key.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Digit> for DigitSet {
    fn from_iter<I: IntoIterator<Item = Digit>>(digits: I) -> Self {
        Self(digits.into_iter().fold(0, |bits, digit| bits | 1 << digit.0))
    }
}

impl fmt::Debug for DigitSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: String = (0..16).map(Digit).filter(|digit| self.contains(*digit)).map(Digit::as_char).collect();
        write!(f, "DigitSet({keys})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_character_and_one_event_code() {
        for (code, key) in (0u8..).zip(KEYS.chars()) {
            assert_eq!(Digit::from_char(key), Digit::from_event(code), "{key}");
            assert_eq!(Digit::from_char(key).unwrap().as_char(), key);
        }
        assert_eq!(Digit::from_event(16), None);
        assert_eq!(Digit::from_char('x'), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: DigitSet = "1#".chars().filter_map(Digit::from_char).collect();
        assert!(set.contains(Digit::from_char('#').unwrap()));
        assert!(!set.contains(Digit::from_char('2').unwrap()));
        assert_eq!(format!("{set:?}"), "DigitSet(1#)");
    }
}
