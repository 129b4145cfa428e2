//! Header lines in order, with their names made one.
//!
//! Shape: [`Headers`] is a list of name and value; compact and odd-cased names become the usual spelling.
//! Errors: none; what may not stand in a message is left out when it is written.
//! Sources: RFC 3261 §7.3, §20 (compact forms); RFC 3265, 3515, 3841, 3891, 3892, 4028 (more compact forms).

use super::text::{is_token, split_outside_quotes};
use std::borrow::Cow;

/// The spelling this crate writes, and the compact form where there is one.
const KNOWN: &[(&str, &str)] = &[
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("CSeq", ""),
    ("Contact", "m"),
    ("Content-Length", "l"),
    ("Content-Type", "c"),
    ("Max-Forwards", ""),
    ("Route", ""),
    ("Record-Route", ""),
    ("Allow", ""),
    ("Supported", "k"),
    ("User-Agent", ""),
    ("Authorization", ""),
    ("Proxy-Authorization", ""),
    ("WWW-Authenticate", ""),
    ("Proxy-Authenticate", ""),
    ("Accept", ""),
    ("Content-Encoding", "e"),
    ("Expires", ""),
    ("Require", ""),
    ("Reason", ""),
    ("Server", ""),
    ("Subject", "s"),
    ("Event", "o"),
    ("Refer-To", "r"),
    ("Referred-By", "b"),
    ("Allow-Events", "u"),
    ("Session-Expires", "x"),
    ("Accept-Contact", "a"),
    ("Reject-Contact", "j"),
    ("Request-Disposition", "d"),
];

/// How a value was encoded on the wire, so that it leaves as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    /// Not UTF-8: each byte was read as the character of that number.
    Latin1,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Header {
    name: Cow<'static, str>,
    value: String,
    encoding: Encoding,
}

/// The headers of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<Header>);

impl Headers {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends a line from the wire. Bytes that are not UTF-8 are taken for Latin-1.
    pub(crate) fn push_wire(&mut self, name: &str, value: &[u8]) {
        let (value, encoding) = match std::str::from_utf8(value) {
            Ok(value) => (value.to_owned(), Encoding::Utf8),
            Err(_) => (value.iter().copied().map(char::from).collect(), Encoding::Latin1),
        };
        self.0.push(Header { name: spelling(name), value, encoding });
    }

    /// Appends a line.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(Header { name: spelling(name), value: value.into(), encoding: Encoding::Utf8 });
    }

    /// Appends every line of that name from `other`, as it came.
    pub(crate) fn copy(&mut self, name: &str, other: &Self) {
        self.0.extend(other.0.iter().filter(|header| header.name == name).cloned());
    }

    /// Appends every line of `other`.
    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The first value of that name.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of that name, a line each.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = spelling(name);
        self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(&name)).map(|header| header.value.as_str())
    }

    /// Every item of a comma-separated header, over all its lines. Empty items are left out.
    pub(crate) fn items<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|line| split_outside_quotes(line, b',')).filter(|item| !item.is_empty())
    }

    /// Replaces the first item of a comma-separated header.
    pub(crate) fn replace_first_item(&mut self, name: &str, item: &str) {
        let Some(header) = self.0.iter_mut().find(|header| header.name == name) else { return };
        let rest = split_outside_quotes(&header.value, b',').split_off(1);
        header.value = std::iter::once(item).chain(rest).collect::<Vec<_>>().join(", ");
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Name and value of every line.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (header.name.as_ref(), header.value.as_str()))
    }

    /// Writes every line. This is the one place where values reach the wire: a control character in a value is written
    /// as a space and a name that is no token is left out, so nothing from outside can begin a line of its own.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for header in self.0.iter().filter(|header| is_token(&header.name)) {
            out.extend_from_slice(header.name.as_bytes());
            out.extend_from_slice(b": ");
            match header.encoding {
                Encoding::Utf8 => out.extend(header.value.bytes().map(printable)),
                Encoding::Latin1 => {
                    out.extend(header.value.chars().map(|c| printable(u8::try_from(c).unwrap_or(b'?'))))
                }
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The byte itself, or a space for a control character.
fn printable(byte: u8) -> u8 {
    if byte.is_ascii_control() && byte != b'\t' { b' ' } else { byte }
}

/// The usual spelling of a header name.
fn spelling(name: &str) -> Cow<'static, str> {
    let known =
        KNOWN.iter().find(|(full, compact)| name.eq_ignore_ascii_case(full) || name.eq_ignore_ascii_case(compact));
    match known {
        Some((full, _)) => Cow::Borrowed(full),
        None => Cow::Owned(name.to_owned()),
    }
}
