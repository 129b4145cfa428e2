//! Digits in SIP INFO (RFC 6086, and what phones make of it).
//!
//! Shape: a body in, at most one digit out. `application/dtmf-relay` carries lines of which `Signal=` is one, `application/dtmf` the key
//! alone. Both write a key as its character or as its event code, 10 for `*` and 11 for `#`.
//! Errors: a body of another type, or without a key, is no digit.

use antiphon_ivr::Digit;

/// The digit that an INFO carries.
pub(super) fn digit(content_type: &str, body: &[u8]) -> Option<Digit> {
    let text = std::str::from_utf8(body).ok()?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/dtmf-relay" => text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("signal") { key(value.trim()) } else { None }
        }),
        "application/dtmf" => key(text.trim()),
        _ => None,
    }
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
            let found = digit(content_type, body.as_bytes()).map(Digit::as_char);
            assert_eq!(found, expected, "{content_type} {body:?}");
        }
    }
}
