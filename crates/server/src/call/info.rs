//! Digits in SIP INFO (RFC 6086, and what phones make of it).
//!
//! Shape: a body in, at most one [`Press`] out; and the other way round. `application/dtmf-relay` carries lines of which `Signal=` is one,
//! `application/dtmf` the key alone. Both write a key as its character or as its event code, 10 for `*` and 11 for `#`.
//! Units: `Duration=` is in milliseconds.
//! Errors: a body of another type, or without a key, is no digit.

use std::time::Duration;

use antiphon_ivr::Digit;
use bytes::Bytes;

/// How long a key is held of which nobody says how long it was.
pub(super) const HELD: Duration = Duration::from_millis(160);
/// Shorter ones are not recognised further on; longer ones would hold up the keys behind them.
const SHORTEST: Duration = Duration::from_millis(60);
const LONGEST: Duration = Duration::from_millis(2_000);

/// A key that signalling brought.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Press {
    /// The key.
    pub digit: Digit,
    /// How long it was held.
    pub held: Duration,
}

/// The key that an INFO carries.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Press> {
    let text = std::str::from_utf8(body).ok()?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/dtmf-relay" => {
            let digit = key(line(text, "signal")?)?;
            let held = line(text, "duration").and_then(|value| value.parse().ok()).map(Duration::from_millis);
            Some(Press { digit, held: held.unwrap_or(HELD).clamp(SHORTEST, LONGEST) })
        }
        "application/dtmf" => Some(Press { digit: key(text.trim())?, held: HELD }),
        _ => None,
    }
}

/// The INFO that carries a key, held for so long: its `Content-Type` and its body.
pub(super) fn write(digit: Digit, held: Duration) -> (&'static str, Bytes) {
    let body = format!("Signal={}\r\nDuration={}\r\n", digit.as_char(), held.as_millis());
    ("application/dtmf-relay", body.into())
}

/// The value of the line that begins with this name and `=`.
fn line<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then_some(value.trim())
    })
}

fn key(text: &str) -> Option<Digit> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Digit::from_char(character),
        _ => Digit::from_event(text.parse().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_phones_write_them() {
        let cases = [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5')),
            ("application/dtmf-relay", "Signal= *\nDuration= 250", Some('*')),
            ("Application/DTMF-Relay; charset=utf-8", "signal=11", Some('#')),
            ("application/dtmf", "7", Some('7')),
            ("application/dtmf", "10\r\n", Some('*')),
            ("application/dtmf", "16", None),
            ("application/dtmf", "", None),
            ("application/dtmf-relay", "Duration=160", None),
            ("text/plain", "5", None),
        ];
        for (content_type, body, expected) in cases {
            let found = read(content_type, body.as_bytes()).map(|press| press.digit.as_char());
            assert_eq!(found, expected, "{content_type} {body:?}");
        }
    }
    #[test]
    fn a_key_is_held_as_long_as_told_within_reason() {
        for (body, expected) in [
            ("Signal=5\r\nDuration=250\r\n", 250),
            ("Signal=5\r\nDuration=5\r\n", 60),
            ("Signal=5\r\nDuration=99999999999999\r\n", 2_000),
            ("Signal=5\r\nDuration=long\r\n", 160),
            ("Signal=5", 160),
        ] {
            let press = read("application/dtmf-relay", body.as_bytes()).unwrap();
            assert_eq!(press.held, Duration::from_millis(expected), "{body:?}");
        }
    }

    #[test]
    fn every_key_is_read_as_it_is_written() {
        for code in 0..16 {
            let digit = Digit::from_event(code).unwrap();
            let (content_type, body) = write(digit, HELD);
            assert_eq!(read(content_type, &body), Some(Press { digit, held: HELD }));
        }
    }
}
