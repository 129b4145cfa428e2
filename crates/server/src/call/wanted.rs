//! Header fields that scripts want in an INVITE.
//!
//! Shape: what a script wants in, what may be sent out. A name that SIP needs itself, that says who calls or is a proof, and what is no
//! header at all is left out: who calls is said by the caller id and the trunk's settings, and nothing else. A telephone of another client
//! gets none by which telephones answer by themselves.
//! Errors: none; what is left out is an entry in the log.
//! Sources: RFC 3261 §7.3, §20, §19.1.5 (what a URI may ask for); RFC 3325, RFC 8224; RFC 5373, and what vendors have for the same.

/// Header fields at most.
const MOST: usize = 32;
/// The longest name.
const LONGEST_NAME: usize = 64;
/// The longest value.
const LONGEST_VALUE: usize = 1024;

/// Names that scripts have nothing to do with. One letter is the short form of one of them, or of one that nobody needs.
const OURS: [&str; 43] = [
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "contact",
    "max-forwards",
    "route",
    "record-route",
    "path",
    "service-route",
    "content-type",
    "content-length",
    "content-encoding",
    "content-disposition",
    "mime-version",
    "require",
    "proxy-require",
    "supported",
    "unsupported",
    "allow",
    "allow-events",
    "event",
    "accept",
    "accept-encoding",
    "session-expires",
    "min-se",
    "rack",
    "rseq",
    "expires",
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "replaces",
    "join",
    "target-dialog",
    "refer-to",
    "referred-by",
    "user-agent",
    "timestamp",
    "reason",
    "date",
];

/// Names that say who calls, and that a network believes.
const IDENTITY: [&str; 8] = [
    "p-asserted-identity",
    "p-preferred-identity",
    "remote-party-id",
    "identity",
    "diversion",
    "history-info",
    "p-charging-vector",
    "p-access-network-info",
];

/// Names that may make a telephone answer by itself, so that whoever calls listens to a room.
const ANSWERS: [&str; 8] = [
    "call-info",
    "alert-info",
    "answer-mode",
    "priv-answer-mode",
    "answer-after",
    "auto-answer",
    "p-auto-answer",
    "x-auto-answer",
];

/// Who gets them.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Whose {
    /// A telephone of the client whose script wants them, or somebody outside.
    Usual,
    /// A telephone of another client.
    Foreign,
}

/// Those that may be sent, each name once beside those that are there already.
pub(super) fn wanted<'a>(
    there: &[(String, String)],
    wanted: impl IntoIterator<Item = &'a (String, String)>,
    callee: Whose,
) -> Vec<(String, String)> {
    let mut taken: Vec<(String, String)> = Vec::new();
    for (name, value) in wanted {
        let is_there = there.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        let answers = callee == Whose::Foreign && ANSWERS.iter().any(|known| known.eq_ignore_ascii_case(name));
        if taken.len() >= MOST || is_there || answers || !may_be_sent(name, value) {
            tracing::info!(header = %name.escape_default(), "a header of a script is left out");
            continue;
        }
        taken.push((name.clone(), value.trim().to_owned()));
    }
    taken
}

fn may_be_sent(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    (2..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(is_token)
        && value.len() <= LONGEST_VALUE
        && !value.chars().any(char::is_control)
        && !OURS.iter().chain(&IDENTITY).any(|ours| ours.eq_ignore_ascii_case(name))
}

/// What a URI asks for behind its question mark, as far as it may ask: names that begin with `X-`, and `User-to-User`.
pub(super) fn of_uri(headers: &str) -> Vec<(String, String)> {
    let pairs = headers.split('&').filter_map(|pair| pair.split_once('='));
    let plain = pairs.filter_map(|(name, value)| Some((unescaped(name)?, unescaped(value)?)));
    plain
        .filter(|(name, _)| {
            name.get(..2).is_some_and(|begins| begins.eq_ignore_ascii_case("x-"))
                || name.eq_ignore_ascii_case("user-to-user")
        })
        .collect()
}

/// A text without its percent signs; `None` where it is not one.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_sip_needs_and_what_breaks_a_line_is_left_out() {
        let asked = [
            pair("X-Account", " 42 "),
            pair("x-account", "43"),
            pair("Alert-Info", "<http://127.0.0.1/bell>"),
            pair("Privacy", "id"),
            pair("Via", "SIP/2.0/UDP 192.0.2.1"),
            pair("v", "SIP/2.0/UDP 192.0.2.1"),
            pair("P-Asserted-Identity", "<sip:911@example.com>"),
            pair("X-Break", "a\r\nVia: b"),
            pair("X Break", "a"),
            pair("X-Long", &"a".repeat(2_000)),
        ];
        let sent = wanted(&[pair("privacy", "user")], &asked, Whose::Usual);
        assert_eq!(
            sent,
            [pair("X-Account", "42"), pair("x-account", "43"), pair("Alert-Info", "<http://127.0.0.1/bell>")]
        );
        let many: Vec<_> = (0..100).map(|n| pair(&format!("X-{n}"), "a")).collect();
        assert_eq!(wanted(&[], &many, Whose::Usual).len(), MOST);
    }

    #[test]
    fn a_telephone_of_another_client_is_not_made_to_answer_by_itself() {
        let asked = [
            pair("Call-Info", "<sip:a>;answer-after=0"),
            pair("ALERT-INFO", "info=alert-autoanswer"),
            pair("Answer-Mode", "Auto"),
            pair("X-Account", "42"),
        ];
        assert_eq!(wanted(&[], &asked, Whose::Foreign), asked[3..]);
        assert_eq!(wanted(&[], &asked, Whose::Usual), asked);
    }

    #[test]
    fn a_uri_asks_for_private_headers_alone() {
        let asked = of_uri("X-Key=a%20b&Route=%3Csip:x%3E&x-bad=%zz&User-to-User=ab;encoding=hex&Subject=a");
        assert_eq!(asked, [pair("X-Key", "a b"), pair("User-to-User", "ab;encoding=hex")]);
    }
}
