//! Pieces of SIP messages, as NOTIFY carries them to tell how a transfer goes.
//!
//! Shape: a body in, the status of its first line out; and back.
//! Errors: a body that does not begin with a status line says nothing.
//! Sources: RFC 3420 (message/sipfrag), RFC 3515 §2.4.5 (the body of such a NOTIFY).

use super::StatusCode;

/// The content type.
pub(crate) const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// Only so many bytes are looked at.
const MAX_LOOK: usize = 512;

/// The status that a `message/sipfrag` body begins with. Empty lines before it and a missing reason phrase are tolerated.
pub fn sipfrag_status(body: &[u8]) -> Option<StatusCode> {
    let look = &body[..body.len().min(MAX_LOOK)];
    let line = look.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
    let (version, rest) = line.split_at_checked(b"SIP/2.0".len())?;
    let code = rest.trim_ascii_start();
    let end = code.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(code.len());
    let followed_well = code.get(end).is_none_or(u8::is_ascii_whitespace);
    if !version.eq_ignore_ascii_case(b"SIP/2.0") || code.len() == rest.len() || end != 3 || !followed_well {
        return None;
    }
    std::str::from_utf8(&code[..end]).ok()?.parse().ok().and_then(StatusCode::new)
}

/// The body that tells this status.
pub(crate) fn sipfrag(status: StatusCode) -> String {
    format!("SIP/2.0 {status}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_fragment_is_its_first_line() {
        let check = |body: &str, expected: Option<u16>| {
            assert_eq!(sipfrag_status(body.as_bytes()).map(StatusCode::code), expected, "{body:?}");
        };
        check("SIP/2.0 100 Trying", Some(100));
        check("SIP/2.0 200 OK\r\nTo: <sip:a@b>\r\n\r\n", Some(200));
        check("\r\n\n sip/2.0  603\n", Some(603));
        check("SIP/2.0 486", Some(486));
        check(&sipfrag(StatusCode::RINGING), Some(180));
        check("", None);
        check("SIP/2.0", None);
        check("SIP/2.0 99 x", None);
        check("SIP/2.0 700 x", None);
        check("SIP/2.0 2000 OK", None);
        check("SIP/2.0 200OK", None);
        check("SIP/2.0200 OK", None);
        check("SIP/3.0 200 OK", None);
        check("INVITE sip:a@b SIP/2.0", None);
        check(&format!("{}SIP/2.0 200 OK", "\n".repeat(600)), None);
    }
}
