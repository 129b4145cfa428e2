//! `<Sip username="…" password="…">sip:alice@example.com;transport=tcp?X-Case=7</Sip>`: somebody by a SIP URI.
//!
//! Shape: the URI, with or without `sip:`; header fields behind its `?`, whose values are percent-encoded, or as `Headers` with `Header` in
//! it, `name` and `value`; `username` and `password` for whoever asks. `Uri` in it stands for the text: of several, the one with the
//! lowest `priority`, and of these the greatest `weight`.
//! Errors: without a URI it is left out, a header that cannot be sent too; both are told.
//! Sources: `kazoo-pivot.md` 5.4; RFC 3261 §19.1.1.

use super::{
    Party, Reading,
    party::{self, COMMON},
};
use crate::op::{Login, PartyTerms};

/// Most header fields of one party, and the longest value of one.
const MOST: (usize, usize) = (32, 1024);

pub(super) fn read(reading: &mut Reading<'_>) -> Option<Party> {
    reading.knows(&[&COMMON[..], &["username", "password"]].concat());
    reading.holds(&["Uri", "Headers"]);
    let element = reading.element;
    let mut written = element.text();
    let mut login = login(reading);
    let best = element.elements().filter(|inner| inner.name == "Uri").map(|uri| {
        let mut inner = reading.inside(uri);
        inner.knows(&["priority", "weight", "username", "password"]);
        inner.holds(&[]);
        let rank = (inner.number("priority", 0..=65_535, 0), std::cmp::Reverse(inner.number("weight", 0..=65_535, 0)));
        (rank, uri.text(), self::login(&inner))
    });
    // Of equals the first.
    if let Some((_, uri, own)) = best.collect::<Vec<_>>().into_iter().min_by_key(|(rank, ..)| *rank) {
        written = uri;
        login = own.or(login);
    }
    let (uri, headers) = written.split_once('?').unwrap_or((&written, ""));
    let mut fields = Vec::new();
    for pair in headers.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        fields.extend(header(reading, &decoded(name), &decoded(value)));
    }
    for list in element.elements().filter(|inner| inner.name == "Headers") {
        reading.inside(list).holds(&["Header"]);
        for field in list.elements().filter(|inner| inner.name == "Header") {
            let mut inner = reading.inside(field);
            inner.knows(&["name", "value"]);
            let pair = inner.word("name").zip(inner.text("value"));
            fields.extend(pair.and_then(|(name, value)| header(&mut inner, name, value)));
        }
    }
    if fields.len() > MOST.0 {
        reading.warn(format_args!("has {} headers; {} of them are sent", fields.len(), MOST.0));
        fields.truncate(MOST.0);
    }
    let target = party::target(reading, &absolute(uri.trim()))?;
    let terms = PartyTerms { headers: fields, login, ..PartyTerms::default() };
    let (listener, before) = (party::status(reading), party::before(reading));
    Some(Party { target, is_number: false, terms, listener, before })
}

/// The URI with its scheme; nothing stays nothing.
fn absolute(uri: &str) -> String {
    let scheme = |scheme: &str| uri.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    if uri.is_empty() || scheme("sip:") || scheme("sips:") { uri.to_owned() } else { format!("sip:{uri}") }
}

fn login(reading: &Reading<'_>) -> Option<Login> {
    let user = reading.word("username")?.to_owned();
    Some(Login { user, password: reading.text("password").unwrap_or_default().to_owned() })
}

/// A header field, where it can be sent.
pub(super) fn header(reading: &mut Reading<'_>, name: &str, value: &str) -> Option<(String, String)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let is_name = !name.is_empty() && name.len() <= 64 && name.bytes().all(is_token);
    if !is_name || value.len() > MOST.1 || value.contains(|c: char| c.is_control()) {
        reading.warn(format_args!("the header {name:?} cannot be sent; it is left out"));
        return None;
    }
    Some((name.to_owned(), value.to_owned()))
}

/// Percent-encoding undone; a plus stays one.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|hex| *byte == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let value = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
