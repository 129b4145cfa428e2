//! Bodies: finding the offer or answer in one.
//!
//! Shape: content type and bytes in, the SDP out.
//! Errors: [`NoSdp`] tells a body that must be refused from one that is not there.
//! Sources: RFC 3261 §7.4, §8.2.3, §20.11 (`handling`); RFC 2046 §5.1 and RFC 5621 (multipart).

use super::headers::Headers;
use super::text::unquote;
use bytes::Bytes;

/// At most this many parts of a multipart body are looked at.
const MAX_PARTS: usize = 16;

/// Why a message carries no SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSdp {
    /// There is no body, or one that says it may be ignored.
    Absent,
    /// There is a body of a kind this crate does not know, or it is encoded: 415 (RFC 3261 §8.2.3).
    Unsupported,
}

/// The SDP of a message.
pub(crate) fn sdp(headers: &Headers, body: &Bytes) -> Result<Bytes, NoSdp> {
    if body.is_empty() {
        return Err(NoSdp::Absent);
    }
    let optional = headers
        .first("Content-Disposition")
        .is_some_and(|value| value.to_ascii_lowercase().replace(' ', "").contains("handling=optional"));
    let unusable = if optional { NoSdp::Absent } else { NoSdp::Unsupported };
    if headers.first("Content-Encoding").is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity")) {
        return Err(unusable);
    }
    let content_type = headers.first("Content-Type").unwrap_or("application/sdp");
    match media_type(content_type).as_str() {
        "application/sdp" => Ok(body.clone()),
        kind if kind.starts_with("multipart/") => {
            boundary(content_type).and_then(|boundary| sdp_part(body, &boundary)).ok_or(unusable)
        }
        _ => Err(unusable),
    }
}

/// `type/subtype` in lower case.
fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or("").replace([' ', '\t'], "").to_ascii_lowercase()
}

/// The `boundary` parameter of a multipart type.
fn boundary(content_type: &str) -> Option<String> {
    let params = content_type.split_once(';')?.1;
    let params = super::Params::parse(params).ok()?;
    params.value("boundary").map(|value| unquote(&value).into_owned()).filter(|value| !value.is_empty())
}

/// The content of the first part that is SDP.
fn sdp_part(body: &Bytes, boundary: &str) -> Option<Bytes> {
    let marker = format!("--{boundary}");
    let mut from = find(body, marker.as_bytes())? + marker.len();
    for _ in 0..MAX_PARTS {
        let len = find(&body[from..], marker.as_bytes())?;
        if let Some(content) = part_content(&body.slice(from..from + len)) {
            return Some(content);
        }
        from += len + marker.len();
    }
    None
}

/// The content of one part, when its headers say that it is SDP.
fn part_content(part: &Bytes) -> Option<Bytes> {
    let blank = find(part, b"\r\n\r\n")?;
    let headers = String::from_utf8_lossy(&part[..blank]);
    let is_sdp = headers.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("Content-Type") && media_type(value) == "application/sdp"
    });
    let content = part.slice(blank + 4..);
    let end = content.len() - if content.ends_with(b"\r\n") { 2 } else { 0 };
    is_sdp.then(|| content.slice(..end))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
