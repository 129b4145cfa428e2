//! The encoding of an answer: bytes to text.
//!
//! Shape: a byte order mark counts before the declaration in the document, that before the charset that the server names, that before
//! UTF-8. A document knows itself better than the server that gives it out, so the order of RFC 7303 is not kept in that.
//! Errors: an unknown name in the document or bytes that are none of the encoding; an unknown name that the server says is passed over.
//! Sources: XML 1.0 appendix F; RFC 7303 §3; WHATWG Encoding (names).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Place, XmlError, XmlFault};

/// How far a declaration is looked for.
const DECLARATION: usize = 256;

pub(super) fn text<'a>(body: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, XmlError> {
    let at_begin = |fault| XmlError { at: Place { line: 1, column: 1 }, fault };
    let (encoding, body) = match Encoding::for_bom(body) {
        Some((encoding, length)) => (encoding, &body[length..]),
        None => (declared(body, charset).map_err(at_begin)?, body),
    };
    if encoding == UTF_8 {
        return std::str::from_utf8(body).map(Cow::Borrowed).map_err(|error| {
            let good = String::from_utf8_lossy(&body[..error.valid_up_to()]);
            XmlError { at: Place::of(&good, good.len()), fault: XmlFault::NotEncoded(encoding.name()) }
        });
    }
    let decoded = encoding.decode_without_bom_handling_and_without_replacement(body);
    decoded.ok_or_else(|| at_begin(XmlFault::NotEncoded(encoding.name())))
}

/// The encoding without a byte order mark.
fn declared(body: &[u8], charset: Option<&str>) -> Result<&'static Encoding, XmlFault> {
    let known = match declaration(body) {
        Some(name) => {
            let encoding = Encoding::for_label(name.as_bytes());
            Some(encoding.ok_or(XmlFault::UnknownEncoding(name))?)
        }
        None => charset.and_then(|name| Encoding::for_label(name.as_bytes())),
    };
    // A declaration that can be read byte by byte is in no such encoding, whatever it says.
    Ok(known.filter(|encoding| ![UTF_16LE, UTF_16BE].contains(encoding)).unwrap_or(UTF_8))
}

/// The name in `<?xml … encoding="name"?>`.
fn declaration(body: &[u8]) -> Option<String> {
    let body = body.trim_ascii_start();
    let head = String::from_utf8_lossy(&body[..body.len().min(DECLARATION)]);
    let (head, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let value = head.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    let (name, _) = value[1..].split_once(quote)?;
    Some(name.trim().to_owned())
}
