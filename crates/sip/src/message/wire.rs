//! The parser: bytes of one whole message to a [`Message`].
//!
//! Shape: start line, unfolded headers, body cut by `Content-Length`; then the headers every message has, parsed once.
//! Errors: a request that is broken but can be answered comes back as [`Broken::Answerable`] with what an answer needs.
//! Sources: RFC 3261 §7, §8.2.2, §18.3, §25.1; RFC 4475.

use super::{CSeq, Common, Headers, MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS};
use super::{Message, Method, NameAddr, Request, Response, StatusCode, Uri, Via};
use crate::error::Malformed;
use bytes::Bytes;

/// What is left of a message that could not be used.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Nothing to answer, or nobody to answer to.
    Dropped(Malformed),
    /// A request other than ACK with a usable top `Via`.
    Answerable { why: Malformed, via: Box<Via>, headers: Box<Headers> },
}

impl Broken {
    /// What is wrong.
    pub(crate) fn why(&self) -> Malformed {
        match self {
            Self::Dropped(why) | Self::Answerable { why, .. } => *why,
        }
    }
}

impl From<Malformed> for Broken {
    fn from(why: Malformed) -> Self {
        Self::Dropped(why)
    }
}

/// The first line of a message.
enum StartLine<'a> {
    Request { method: &'a str, uri: &'a str, version: &'a str },
    Status(StatusCode),
}

/// Reads one whole message. Without `Content-Length` the body is the rest of the datagram (RFC 3261 §18.3).
pub(crate) fn parse(datagram: &[u8]) -> Result<Message, Broken> {
    let lead = datagram.iter().take_while(|byte| **byte == b'\r' || **byte == b'\n').count();
    let datagram = &datagram[lead..];
    let (head_len, body_at) = head_end(datagram).ok_or(Malformed::Truncated)?;
    if head_len > MAX_HEADER_BYTES {
        return Err(Malformed::TooLarge.into());
    }
    let mut lines = unfold(&datagram[..head_len]);
    let first = lines.next().ok_or(Malformed::Truncated)?;
    let first = std::str::from_utf8(&first).map_err(|_| Malformed::StartLine)?.to_owned();
    let start = start_line(&first)?;
    let (headers, headers_fault) = read_headers(lines);
    let rest = &datagram[body_at..];
    let whole = match headers_fault {
        Some(why) => Err(why),
        None => body(&headers, rest).and_then(|body| finish(&start, &headers, body)),
    };
    whole.map_err(|why| broken(why, &start, headers))
}

/// Where the header section ends and where the body begins. A bare LF is taken for a line end as well.
pub(crate) fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at) {
        match &bytes[at + 1..] {
            [b'\r', b'\n', ..] => return Some((at + 1, at + 3)),
            [b'\n', ..] => return Some((at + 1, at + 2)),
            _ => from = at + 1,
        }
    }
    None
}

/// The lines of a header section, each with its continuation lines joined to it by one space (RFC 3261 §7.3.1).
pub(crate) fn unfold(head: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_vec();
        while let Some(next) = lines.next_if(|next| next.first().is_some_and(|byte| *byte == b' ' || *byte == b'\t')) {
            line.truncate(line.trim_ascii_end().len());
            line.push(b' ');
            line.extend_from_slice(next.trim_ascii());
        }
        Some(line)
    })
    .filter(|line| !line.is_empty())
}

/// Cuts a header line into name and value.
pub(crate) fn header_line(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?.trim_end_matches([' ', '\t']);
    super::text::is_token(name).then(|| (name, line[colon + 1..].trim_ascii()))
}

fn start_line(line: &str) -> Result<StartLine<'_>, Malformed> {
    if let Some(rest) = line.strip_prefix("SIP/2.0 ") {
        let code = rest.split(' ').next().unwrap_or("");
        let three = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        let status = three.then(|| code.parse().ok().and_then(StatusCode::new)).flatten();
        return status.map(StartLine::Status).ok_or(Malformed::StartLine);
    }
    let mut words = line.trim_end_matches(' ').splitn(2, ' ');
    let (method, rest) = (words.next().unwrap_or(""), words.next().ok_or(Malformed::StartLine)?);
    let (uri, version) = rest.rsplit_once(' ').ok_or(Malformed::StartLine)?;
    if !super::text::is_token(method) || !version.starts_with("SIP/") {
        return Err(Malformed::StartLine);
    }
    Ok(StartLine::Request { method, uri, version })
}

/// Reads as many lines as there are; the first fault is kept beside them, so that an answer can still be made.
fn read_headers(lines: impl Iterator<Item = Vec<u8>>) -> (Headers, Option<Malformed>) {
    let mut headers = Headers::default();
    let mut fault = None;
    for line in lines {
        if headers.len() == MAX_HEADERS {
            return (headers, Some(Malformed::TooLarge));
        }
        match header_line(&line) {
            Some((name, value)) => headers.push_wire(name, value),
            None => fault = fault.or(Some(Malformed::HeaderLine)),
        }
    }
    (headers, fault)
}

/// The number that the `Content-Length` lines agree on.
pub(crate) fn content_length<'a>(values: impl Iterator<Item = &'a str>) -> Result<Option<usize>, Malformed> {
    let mut length = None;
    for value in values {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let number: usize = value.parse().ok().filter(|_| digits).ok_or(Malformed::ContentLength)?;
        if length.is_some_and(|known| known != number) {
            return Err(Malformed::ContentLength);
        }
        length = Some(number);
    }
    Ok(length)
}

/// The body; what stands behind it is discarded (RFC 3261 §18.3).
fn body(headers: &Headers, rest: &[u8]) -> Result<Bytes, Malformed> {
    let length = content_length(headers.all("Content-Length"))?.unwrap_or(rest.len());
    let body = rest.get(..length).ok_or(Malformed::ContentLength)?;
    if length > MAX_BODY_BYTES {
        return Err(Malformed::TooLarge);
    }
    Ok(Bytes::copy_from_slice(body))
}

fn finish(start: &StartLine<'_>, headers: &Headers, body: Bytes) -> Result<Message, Malformed> {
    if matches!(start, StartLine::Request { version, .. } if !version.eq_ignore_ascii_case("SIP/2.0")) {
        return Err(Malformed::Version);
    }
    if headers.all("Via").any(has_stray_separator) {
        return Err(Malformed::Via);
    }
    let common = Common {
        via: headers.items("Via").next().ok_or(Malformed::MissingHeader)?.parse()?,
        from: single(headers, "From")?.parse::<NameAddr>()?,
        to: single(headers, "To")?.parse::<NameAddr>()?,
        call_id: call_id(single(headers, "Call-ID")?)?.to_owned(),
        cseq: cseq(single(headers, "CSeq")?)?,
        headers: headers.clone(),
        body,
    };
    match *start {
        StartLine::Status(status) => Ok(Message::Response(Box::new(Response { status, common }))),
        StartLine::Request { method, uri, .. } => {
            let method = Method::from_token(method);
            if common.cseq.method != method {
                return Err(Malformed::CSeq);
            }
            let uri: Uri = uri.parse()?;
            if uri.headers().is_some() {
                // Headers may not stand in a request line (RFC 3261 §19.1.1, table 1; RFC 4475 §3.1.2.11).
                return Err(Malformed::Uri);
            }
            Ok(Message::Request(Box::new(Request { method, uri, common })))
        }
    }
}

/// The value of a header that stands exactly once.
fn single<'a>(headers: &'a Headers, name: &str) -> Result<&'a str, Malformed> {
    let mut values = headers.all(name);
    let value = values.next().ok_or(Malformed::MissingHeader)?;
    if values.next().is_some() { Err(Malformed::RepeatedHeader) } else { Ok(value) }
}

/// Whether a `Via` line has commas with nothing between them, or parameters of nobody (RFC 4475 §3.1.2.1).
fn has_stray_separator(line: &str) -> bool {
    super::text::split_outside_quotes(line, b',').iter().any(|item| item.is_empty() || item.starts_with(';'))
}

/// A Call-ID is printable and has no spaces, so that it leaves as it came.
fn call_id(value: &str) -> Result<&str, Malformed> {
    let printable = !value.is_empty() && !value.chars().any(|c| c.is_control() || c.is_whitespace());
    if printable { Ok(value) } else { Err(Malformed::CallId) }
}

fn cseq(value: &str) -> Result<CSeq, Malformed> {
    let (number, method) = value.split_once([' ', '\t']).ok_or(Malformed::CSeq)?;
    let method = method.trim();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = number.parse().ok().filter(|number| digits && *number < 1 << 31).ok_or(Malformed::CSeq)?;
    if !super::text::is_token(method) {
        return Err(Malformed::CSeq);
    }
    Ok(CSeq { number, method: Method::from_token(method) })
}

/// A broken request can be answered when it is no ACK and says where it came from.
fn broken(why: Malformed, start: &StartLine<'_>, headers: Headers) -> Broken {
    let read = if why == Malformed::Version { Via::of_any_version } else { str::parse };
    let via = headers.items("Via").next().and_then(|via| read(via).ok());
    match (start, via) {
        (StartLine::Request { method, .. }, Some(via)) if *method != "ACK" => {
            Broken::Answerable { why, via: Box::new(via), headers: Box::new(headers) }
        }
        _ => Broken::Dropped(why),
    }
}
