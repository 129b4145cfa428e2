//! A set of keys.
//!
//! Shape: one bit an event code.

use super::event::Digit;

/// Some of the 16 keys.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash)]
pub struct Keys(u16);

impl Keys {
    /// No key.
    pub const NONE: Self = Self(0);
    /// Every key.
    pub const ALL: Self = Self(u16::MAX);

    /// Whether the key is one of them.
    pub const fn contains(self, key: Digit) -> bool {
        self.0 & (1 << key.event()) != 0
    }
}

impl FromIterator<Digit> for Keys {
    fn from_iter<I: IntoIterator<Item = Digit>>(keys: I) -> Self {
        Self(keys.into_iter().fold(0, |bits, key| bits | 1 << key.event()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_keys_and_no_other() {
        let keys: Keys = "05#D".chars().filter_map(Digit::from_char).collect();
        let held: String =
            (0..16).filter_map(Digit::from_event).filter(|key| keys.contains(*key)).map(Digit::as_char).collect();
        assert_eq!(held, "05#D");
        assert!((0..16).filter_map(Digit::from_event).all(|key| Keys::ALL.contains(key) && !Keys::NONE.contains(key)));
    }
}
