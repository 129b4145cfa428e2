//! What can be the values of properties.
//!
//! Shape: [`property`] says what is wrong with one, before any call has it.
//! Errors: [`Unfit`]. A call on which a value is none goes on as if it were missing.
//! Sources: VoiceXML 2.0 §6.3; `voicexml-customizers.md` 3.5.

use std::fmt;

use super::one_way;
use crate::{Digit, vxml::wire::time};

/// Why a property is of no use.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Unfit {
    /// There is no such property, or none that changes anything.
    Name,
    /// We know one way alone, and it is not this one.
    Unknown(&'static str),
    /// The value is none, for it would have to be this.
    Value(&'static str),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "changes nothing here"),
            Self::Unknown(text) => write!(f, "{text}"),
            Self::Value(wanted) => write!(f, "must be {wanted}"),
        }
    }
}

/// What a value can be.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Kind {
    Time,
    /// `true` or `false`.
    Flag,
    /// A number from 0 to 1.
    Share,
    /// Whole seconds.
    Seconds,
    /// Some of `dtmf` and `voice`.
    Modes,
    /// A key, or nothing.
    Key,
    /// An address, relative to the page.
    Address,
}

/// Properties that are run.
const PROPERTIES: [(&str, Kind); 21] = [
    ("bargein", Kind::Flag),
    ("completetimeout", Kind::Time),
    ("confidencelevel", Kind::Share),
    ("documentmaxage", Kind::Seconds),
    ("documentmaxstale", Kind::Seconds),
    ("datamaxage", Kind::Seconds),
    ("datamaxstale", Kind::Seconds),
    ("fetchaudio", Kind::Address),
    ("fetchaudiodelay", Kind::Time),
    ("fetchaudiominimum", Kind::Time),
    ("fetchtimeout", Kind::Time),
    ("grammarmaxage", Kind::Seconds),
    ("grammarmaxstale", Kind::Seconds),
    ("inputmodes", Kind::Modes),
    ("interdigittimeout", Kind::Time),
    ("maxspeechtimeout", Kind::Time),
    ("scriptmaxage", Kind::Seconds),
    ("scriptmaxstale", Kind::Seconds),
    ("termchar", Kind::Key),
    ("termtimeout", Kind::Time),
    ("timeout", Kind::Time),
];

/// Whether a property can have a value.
///
/// # Errors
/// [`Unfit`].
pub fn property(name: &str, value: &str) -> Result<(), Unfit> {
    let value = value.trim();
    if let Some(way) = one_way(name, value) {
        return way.map_err(Unfit::Unknown);
    }
    let known = PROPERTIES.iter().find(|(known, _)| *known == name);
    let kind = known.map(|(_, kind)| *kind).ok_or(Unfit::Name)?;
    let (fits, wanted) = match kind {
        Kind::Time => (time(value).is_some(), "a time, such as 3s or 500ms"),
        Kind::Flag => (matches!(value, "true" | "false"), "true or false"),
        Kind::Share => {
            (value.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)), "a number from 0.0 to 1.0")
        }
        Kind::Seconds => (value.parse::<i64>().is_ok_and(|seconds| seconds >= 0), "a whole number of seconds"),
        Kind::Modes => {
            let mut modes = value.split_whitespace().peekable();
            let fits = modes.peek().is_some() && modes.all(|mode| matches!(mode, "dtmf" | "voice"));
            (fits, "dtmf, voice or both, with a blank between")
        }
        Kind::Key => {
            let mut keys = value.chars();
            let fits = keys.next().is_none_or(|key| Digit::from_char(key).is_some()) && keys.next().is_none();
            (fits, "one key, or nothing")
        }
        Kind::Address => (true, "an address"),
    };
    if fits { Ok(()) } else { Err(Unfit::Value(wanted)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_where_a_call_would_read_it() {
        for (name, value) in [
            ("timeout", "3s"),
            ("timeout", " 500ms "),
            ("interdigittimeout", "1.5"),
            ("bargein", "false"),
            ("confidencelevel", "0.4"),
            ("documentmaxage", "60"),
            ("fetchaudio", "wait.wav"),
            ("inputmodes", "dtmf voice"),
            ("termchar", "*"),
            ("termchar", ""),
            ("bargeintype", "speech"),
            ("maxnbest", "1"),
        ] {
            assert_eq!(property(name, value), Ok(()), "{name} {value}");
        }
        for (name, value) in [
            ("timeout", "3 parsecs"),
            ("timeout", "-3s"),
            ("timeout", ""),
            ("bargein", "no"),
            ("confidencelevel", "1.1"),
            ("confidencelevel", "NaN"),
            ("documentmaxage", "60s"),
            ("documentmaxage", "-1"),
            ("inputmodes", "touch"),
            ("inputmodes", ""),
            ("termchar", "##"),
            ("termchar", "x"),
        ] {
            assert!(matches!(property(name, value), Err(Unfit::Value(_))), "{name} {value}");
        }
        assert_eq!(property("sensitivity", "0.5"), Err(Unfit::Name));
        assert!(matches!(property("bargeintype", "hotword"), Err(Unfit::Unknown(_))));
    }
}
