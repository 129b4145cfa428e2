//! The key of an option: what leads to it.
//!
//! Shape: the three built-ins `start`, `timeout`, `invalid`, or dialled digits of `0-9 * #`.
//! Errors: [`BadOptionKey`].
//! Sources: `ringme-ivr.md` 1.4.

use std::{fmt, str::FromStr};

/// Most digits of an option's key.
pub const MAX_OPTION_DIGITS: usize = 32;

/// What leads to an option of a context. Sorted, the built-ins come first.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub enum OptionKey {
    /// The context was entered.
    Start,
    /// Nothing was pressed in time.
    Timeout,
    /// What was pressed leads nowhere.
    Invalid,
    /// These digits were pressed.
    Digits(OptionDigits),
}

/// 1 to [`MAX_OPTION_DIGITS`] of `0-9 * #`.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct OptionDigits(String);

/// A text that is not the key of an option.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("must be start, timeout, invalid, or 1 to {MAX_OPTION_DIGITS} of 0-9 * #")]
pub struct BadOptionKey;

impl OptionKey {
    /// The options that every context has (`ringme-ivr.md` 1.4).
    pub const BUILT_IN: [Self; 3] = [Self::Start, Self::Timeout, Self::Invalid];

    /// The option that these collected digits would lead to, which need not exist; never a built-in one.
    pub fn dialled(digits: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_digit() || c == '*' || c == '#';
        let fits = (1..=MAX_OPTION_DIGITS).contains(&digits.len());
        (fits && digits.chars().all(allowed)).then(|| Self::Digits(OptionDigits(digits.to_owned())))
    }

    /// Whether every context has this option, so that it can neither be made nor deleted.
    pub fn is_built_in(&self) -> bool {
        !matches!(self, Self::Digits(_))
    }

    /// The key as the API writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Start => "start",
            Self::Timeout => "timeout",
            Self::Invalid => "invalid",
            Self::Digits(digits) => &digits.0,
        }
    }
}

impl FromStr for OptionKey {
    type Err = BadOptionKey;

    fn from_str(text: &str) -> Result<Self, BadOptionKey> {
        let built_in = Self::BUILT_IN.into_iter().find(|key| key.as_str() == text);
        built_in.or_else(|| Self::dialled(text)).ok_or(BadOptionKey)
    }
}

impl fmt::Display for OptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for OptionKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for OptionKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_built_in_or_dialled_digits() {
        let long = "1".repeat(33);
        for (text, good) in [
            ("start", true),
            ("timeout", true),
            ("invalid", true),
            ("0", true),
            ("*#9", true),
            (&long[..32], true),
            (&long, false),
            ("", false),
            ("Start", false),
            ("1a", false),
            ("A", false),
            ("1 2", false),
            ("١", false),
        ] {
            let key = text.parse::<OptionKey>();
            assert_eq!(key.is_ok(), good, "{text}");
            if let Ok(key) = key {
                assert_eq!(key.to_string(), text);
            }
        }
    }

    #[test]
    fn a_built_in_cannot_be_dialled() {
        assert_eq!(OptionKey::dialled("start"), None);
        assert_eq!(OptionKey::dialled(""), None);
    }
}
