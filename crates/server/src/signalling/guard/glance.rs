//! What a message is, at a glance: whether it begins something new.
//!
//! Shape: the first bytes of a datagram, not parsed.
//! Sources: RFC 3261 §7.1, §7.3.1 (compact names), §12.2.2 (a To tag means a dialog).

/// Requests that make work outside dialogs.
const METHODS: [&[u8]; 5] = [b"INVITE ", b"REGISTER ", b"OPTIONS ", b"SUBSCRIBE ", b"MESSAGE "];
/// How far a To header is looked for. A request that hides it behind this counts as new.
const NEAR: usize = 2_048;

/// Whether this asks for something new: one of these methods without a To tag. A sender who makes up a tag is still under the limit
/// of all messages, and gets a 481.
pub(super) fn begins_something(message: &[u8]) -> bool {
    let Some(method) = METHODS.iter().find(|method| message.starts_with(method)) else { return false };
    *method == METHODS[1] || !to_line(message).is_some_and(has_tag)
}

/// The line of the To header, as far as it is not folded.
fn to_line(message: &[u8]) -> Option<&[u8]> {
    let near = &message[..message.len().min(NEAR)];
    near.split(|byte| *byte == b'\n').skip(1).find(|line| {
        let name = line.iter().position(|byte| *byte == b':').map(|at| line[..at].trim_ascii_end());
        name.is_some_and(|name| name.eq_ignore_ascii_case(b"to") || name.eq_ignore_ascii_case(b"t"))
    })
}

fn has_tag(line: &[u8]) -> bool {
    line.windows(5).any(|window| window.eq_ignore_ascii_case(b";tag="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_something_is_seen_without_parsing() {
        for (message, expect) in [
            ("INVITE sip:a@b SIP/2.0\r\nVia: x\r\nTo: <sip:a@b>\r\n\r\n", true),
            ("INVITE sip:a@b SIP/2.0\r\nVia: x\r\nTo: <sip:a@b>;tag=1\r\n\r\n", false),
            ("INVITE sip:a@b SIP/2.0\r\nt : <sip:a@b>;TAG=1\r\n\r\n", false),
            ("INVITE sip:a@b SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nTO: <sip:a@b>\r\n\r\n", true),
            ("INVITE sip:to:;tag=@b SIP/2.0\r\n\r\n", true),
            ("OPTIONS sip:a@b SIP/2.0\r\n\r\n", true),
            ("REGISTER sip:b SIP/2.0\r\nTo: <sip:a@b>;tag=1\r\n\r\n", true),
            ("ACK sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\n", false),
            ("SIP/2.0 200 OK\r\nTo: <sip:a@b>\r\n\r\n", false),
            ("\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(begins_something(message.as_bytes()), expect, "{message:?}");
        }
        let far = format!("INVITE sip:a@b SIP/2.0\r\n{}To: <sip:a@b>;tag=1\r\n\r\n", "X: y\r\n".repeat(1_000));
        assert!(begins_something(far.as_bytes()), "what is hidden counts");
    }
}
