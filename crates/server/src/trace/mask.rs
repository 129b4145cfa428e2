//! What nobody may read in a trace: keys that a caller pressed, passwords and proofs of them.
//!
//! Shape: a message in, the same message out, as long as before (so that its Content-Length stays true), with those bytes made `x`.
//! When in doubt a byte is masked: an INFO loses every digit of its body but those of `Duration`, an Authorization every parameter
//! that is not known to be harmless.
//! Sources: RFC 3261 §19.1.1 (password of a URI), §22 (digest); RFC 6086 (INFO); RFC 4568 §9.2 (`inline:` keys); RFC 8839 §5.4.

/// Parameters of an Authorization that prove nothing.
const HARMLESS: [&[u8]; 8] = [b"username", b"realm", b"nonce", b"uri", b"algorithm", b"qop", b"nc", b"opaque"];

/// Headers with a proof of a password.
const PROOFS: [&[u8]; 4] =
    [b"Authorization", b"Proxy-Authorization", b"Authentication-Info", b"Proxy-Authentication-Info"];

/// The message as it may be shown.
pub(super) fn masked(message: &[u8]) -> Vec<u8> {
    let mut shown = message.to_vec();
    let body_at = header_end(message);
    let (head, body) = shown.split_at_mut(body_at);
    mask_passwords(head);
    let mut keys = head.trim_ascii_start().starts_with(b"INFO ");
    let mut line_at = 0;
    while line_at < head.len() {
        let end = header_line_end(head, line_at);
        let line = &mut head[line_at..end];
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at_mut(colon);
            let name = name.trim_ascii();
            if PROOFS.iter().any(|proof| name.eq_ignore_ascii_case(proof)) {
                mask_proof(&mut value[1..]);
            }
            let type_of_body = name.eq_ignore_ascii_case(b"Content-Type") || name.eq_ignore_ascii_case(b"c");
            keys |= type_of_body && [&b"dtmf"[..], b"kpml", b"digits"].iter().any(|kind| holds(value, kind));
        }
        line_at = end;
    }
    if keys {
        mask_keys(body);
    }
    mask_after(body, b"inline:");
    mask_after(body, b"ice-pwd:");
    shown
}

/// Where the header section is over.
fn header_end(message: &[u8]) -> usize {
    // Line ends may stand before the first line.
    let lead = message.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut at = lead;
    while let Some(end) = message[at..].iter().position(|byte| *byte == b'\n') {
        at += end + 1;
        match &message[at..] {
            [b'\r', b'\n', ..] => return at + 2,
            [b'\n', ..] => return at + 1,
            _ => {}
        }
    }
    message.len()
}

/// Where the header line that begins here ends, with its continuation lines.
fn header_line_end(head: &[u8], from: usize) -> usize {
    let mut end = from;
    loop {
        match head[end..].iter().position(|byte| *byte == b'\n') {
            None => return head.len(),
            Some(at) => end += at + 1,
        }
        if !matches!(head.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn hide(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | b'"')) {
        *byte = b'x';
    }
}

/// Hides all parameters but the harmless ones. Another scheme than Digest, such as Basic, is hidden whole.
fn mask_proof(value: &mut [u8]) {
    let lead = value.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let value = &mut value[lead..];
    let scheme = value.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let begins_with_parameter = value[scheme..].trim_ascii_start().first() == Some(&b'=');
    if !begins_with_parameter && !value[..scheme].eq_ignore_ascii_case(b"Digest") {
        hide(&mut value[scheme..]);
        return;
    }
    let mut at = if begins_with_parameter { 0 } else { scheme };
    while at < value.len() {
        let end = parameter_end(value, at);
        let parameter = &mut value[at..end];
        match parameter.iter().position(|byte| *byte == b'=') {
            Some(equals) if HARMLESS.iter().any(|name| parameter[..equals].trim_ascii().eq_ignore_ascii_case(name)) => {
            }
            Some(equals) => hide(&mut parameter[equals + 1..]),
            None => hide(parameter),
        }
        at = end + 1;
    }
}

/// Where the parameter that begins here ends: at a comma outside quotes.
fn parameter_end(value: &[u8], from: usize) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in value.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    value.len()
}

/// Hides the password of every `sip:user:password@host`.
fn mask_passwords(head: &mut [u8]) {
    let mut at = 0;
    while at + 4 < head.len() {
        let begin = match &head[at..] {
            [s, i, p, b':', ..] if [*s, *i, *p].eq_ignore_ascii_case(b"sip") => at + 4,
            [s, i, p, t, b':', ..] if [*s, *i, *p, *t].eq_ignore_ascii_case(b"sips") => at + 5,
            _ => {
                at += 1;
                continue;
            }
        };
        let user_end = head[begin..].iter().position(|byte| b"@<>\" \t\r\n".contains(byte)).map(|end| begin + end);
        if let Some(user_end) = user_end.filter(|end| head[*end] == b'@')
            && let Some(colon) = head[begin..user_end].iter().position(|byte| *byte == b':')
        {
            hide(&mut head[begin + colon + 1..user_end]);
        }
        at = begin;
    }
}

/// Hides keys, in whatever form a body carries them. What follows `Signal=` may be a letter.
fn mask_keys(body: &mut [u8]) {
    for line in body.split_mut(|byte| *byte == b'\n') {
        let equals = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
        let (name, value) = line.split_at_mut(equals);
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"Duration") {
            continue;
        }
        if name.eq_ignore_ascii_case(b"Signal") {
            hide(&mut value[1..]);
            continue;
        }
        let single = line.trim_ascii().len() == 1;
        for byte in line.iter_mut().filter(|byte| byte.is_ascii_digit() || b"*#".contains(byte)) {
            *byte = b'x';
        }
        if single {
            hide(line);
        }
    }
}

/// Hides the word after every `label`.
fn mask_after(body: &mut [u8], label: &[u8]) {
    let mut at = 0;
    while let Some(found) = body[at..].windows(label.len()).position(|window| window.eq_ignore_ascii_case(label)) {
        let begin = at + found + label.len();
        let length = body[begin..].iter().take_while(|byte| !b"|; \t\r\n".contains(byte)).count();
        hide(&mut body[begin..begin + length]);
        at = begin + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expect: &str) {
        let shown = masked(message.as_bytes());
        assert_eq!(String::from_utf8_lossy(&shown), expect);
    }

    #[test]
    fn a_key_in_an_info_is_hidden_and_its_duration_is_not() {
        let info = |kind: &str, body: &str| format!("INFO sip:7@h SIP/2.0\r\nContent-Type: {kind}\r\n\r\n{body}");
        for (kind, body, expect) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "Signal=x\r\nDuration=160\r\n"),
            ("application/dtmf-relay", "signal = A\nDuration= 250", "signal = x\nDuration= 250"),
            ("application/dtmf", "7", "x"),
            ("application/dtmf", "D\r\n", "x\r\n"),
            ("application/vnd.nortelnetworks.digits", "p=Digit\r\nd=4711", "p=Digit\r\nd=xxxx"),
            ("text/plain", "pin 4711#", "pin xxxxx"),
        ] {
            check(&info(kind, body), &info(kind, expect));
        }
        let notify = "NOTIFY sip:a SIP/2.0\r\nc: application/kpml-response+xml\r\n\r\n<r digits=\"47\"/>";
        check(notify, &notify.replace("\"47\"", "\"xx\""));
        check("MESSAGE sip:a SIP/2.0\r\n\r\n4711", "MESSAGE sip:a SIP/2.0\r\n\r\n4711");
        check("\r\nINFO sip:a SIP/2.0\r\n\r\n4711", "\r\nINFO sip:a SIP/2.0\r\n\r\nxxxx");
    }

    #[test]
    fn a_proof_of_a_password_is_hidden_however_it_is_written() {
        let check = |value: &str, expect: &str| {
            for name in ["Authorization", "proxy-authorization ", "AUTHORIZATION\t"] {
                let request = |value: &str| format!("INVITE sip:a SIP/2.0\r\n{name}:{value}\r\nTo: b\r\n\r\n");
                super::tests::check(&request(value), &request(expect));
            }
        };
        check(
            " Digest username=\"a,b\", response=\"0123\", uri=\"sip:h\",cnonce=\"q\"",
            " Digest username=\"a,b\", response=\"xxxx\", uri=\"sip:h\",cnonce=\"x\"",
        );
        check(
            " Digest realm=\"r\\\",x\",\r\n\tRESPONSE =\r\n 0123",
            " Digest realm=\"r\\\",x\",\r\n\tRESPONSE =\r\n xxxx",
        );
        check(" Basic YTpi=", " Basic xxxxx");
        check(" digest nc=1, stray", " digest nc=1, xxxxx");
        check(" response=\"1\"", " response=\"x\"");
    }

    #[test]
    fn passwords_of_uris_and_keys_of_srtp_are_hidden() {
        check(
            "INVITE sip:u:geheim@h;a=b SIP/2.0\r\nTo: <SIPS:v:pw@h:5061>\r\nFrom: <sip:h:5060>\r\n\r\n",
            "INVITE sip:u:xxxxxx@h;a=b SIP/2.0\r\nTo: <SIPS:v:xx@h:5061>\r\nFrom: <sip:h:5060>\r\n\r\n",
        );
        check(
            "SIP/2.0 200 OK\r\n\r\na=crypto:1 X inline:abcd|2^20\r\na=ice-pwd:ef\r\n",
            "SIP/2.0 200 OK\r\n\r\na=crypto:1 X inline:xxxx|2^20\r\na=ice-pwd:xx\r\n",
        );
    }

    #[test]
    fn bytes_cut_anywhere_are_no_fault() {
        let whole = b"INFO sip:u:p@h SIP/2.0\r\nAuthorization: Digest a=\"\\\",\xff\r\n b=c\r\nc:dtmf\r\n\r\nSignal=\r\n5\n=inline:";
        for end in 0..=whole.len() {
            for begin in 0..end {
                assert_eq!(masked(&whole[begin..end]).len(), end - begin);
            }
        }
    }
}
