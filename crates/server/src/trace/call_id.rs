//! Finding the Call-ID in the bytes of a message, without parsing it.
//!
//! Shape: bytes in, the value out, spelt as the endpoint's own parser spells it. One pass over the header section at most.
//! Errors: bytes without a usable Call-ID have none.
//! Sources: RFC 3261 §7.3.1 (folding), §7.3.3 and §20.8 (the compact form `i`).

use std::borrow::Cow;

/// A longer Call-ID is not looked up: it would be a key of the size its sender chose.
const LONGEST: usize = 512;

/// The Call-ID of a message, or `None` where there is none that could name a call.
pub(super) fn find(message: &[u8]) -> Option<Cow<'_, str>> {
    let lead = message.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut rest = &message[lead..];
    // The first line is no header.
    rest = after_line(rest)?;
    loop {
        match rest {
            [] | [b'\n', ..] | [b'\r', b'\n', ..] => return None,
            _ => {}
        }
        if let Some(begin) = value_begin(rest) {
            return usable(value(&rest[begin..]));
        }
        rest = after_line(rest)?;
    }
}

/// What follows the first line end.
fn after_line(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(&bytes[end + 1..])
}

/// Where the value begins, when this line is a Call-ID.
fn value_begin(line: &[u8]) -> Option<usize> {
    let name = match line {
        [b'i' | b'I', b' ' | b'\t' | b':', ..] => 1,
        _ if line.len() > 7 && line[..7].eq_ignore_ascii_case(b"Call-ID") => 7,
        _ => return None,
    };
    let blanks = line[name..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    (line.get(name + blanks) == Some(&b':')).then_some(name + blanks + 1)
}

/// The value from here to the end of its last continuation line, without the blanks around it.
fn value(bytes: &[u8]) -> &[u8] {
    let mut end = 0;
    loop {
        let Some(line_end) = bytes[end..].iter().position(|byte| *byte == b'\n').map(|at| end + at + 1) else {
            return bytes.trim_ascii();
        };
        end = line_end;
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            return bytes[..end].trim_ascii();
        }
    }
}

/// A value that the endpoint's parser would take too: printable and without blanks.
fn usable(value: &[u8]) -> Option<Cow<'_, str>> {
    if value.is_empty() || value.len() > LONGEST {
        return None;
    }
    let text: Cow<'_, str> = match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value.iter().copied().map(char::from).collect::<String>().into(),
    };
    (!text.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_header_is_found() {
        let long = format!("OPTIONS sip:a SIP/2.0\r\nCall-ID: {}\r\n\r\n", "x".repeat(LONGEST + 1));
        let cases: [(&[u8], Option<&str>); 18] = [
            (b"INVITE sip:a SIP/2.0\r\nVia: x\r\nCall-ID: a@b\r\n\r\n", Some("a@b")),
            (b"\r\n\r\nSIP/2.0 200 OK\r\ncall-id:a\r\n\r\n", Some("a")),
            (b"SIP/2.0 200 OK\ni: a\n\n", Some("a")),
            (b"SIP/2.0 200 OK\r\nI \t : a \t\r\nTo: b\r\n\r\n", Some("a")),
            (b"SIP/2.0 200 OK\r\nCall-ID:\r\n  a\r\n\r\n", Some("a")),
            (b"SIP/2.0 200 OK\r\nCall-ID: a\r\n \r\nTo: b\r\n\r\n", Some("a")),
            (b"SIP/2.0 200 OK\r\nCall-ID: a\r\n b\r\n\r\n", None),
            (b"SIP/2.0 200 OK\r\nSubject: x\r\n Call-ID: no\r\ni: yes\r\n\r\n", Some("yes")),
            (b"SIP/2.0 200 OK\r\nIdentity: x\r\nCall-IDs: x\r\n\r\n", None),
            (b"SIP/2.0 200 OK\r\nTo: x\r\n\r\nCall-ID: in the body\r\n", None),
            (b"SIP/2.0 200 OK\r\nCall-ID: a", Some("a")),
            (b"SIP/2.0 200 OK\r\nCall-ID:\r\n\r\n", None),
            (b"SIP/2.0 200 OK\r\nCall-ID: caf\xe9\r\n\r\n", Some("caf\u{e9}")),
            (b"SIP/2.0 200 OK\r\nCall-ID: a\0b\r\n\r\n", None),
            (b"Call-ID: a", None),
            (b"\r\n\r\n", None),
            (b"", None),
            (long.as_bytes(), None),
        ];
        for (message, expect) in cases {
            assert_eq!(find(message).as_deref(), expect, "{}", String::from_utf8_lossy(message));
        }
    }

    #[test]
    fn bytes_cut_anywhere_are_no_fault() {
        let whole = b"\r\nINVITE sip:a SIP/2.0\r\nCall-ID \t:\r\n\t a@b\r\n \r\nTo: \xff\r\n\r\nbody";
        for end in 0..whole.len() {
            for begin in 0..end {
                find(&whole[begin..end]);
            }
        }
    }
}
