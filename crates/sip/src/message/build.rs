//! Messages that leave: responses to a request, and requests.
//!
//! Shape: [`Outgoing`] is a request before it is bytes; [`response`] copies what a response takes from its request.
//! Errors: none; header values lose their control characters where they are written ([`Headers::write`]).
//! Sources: RFC 3261 §8.1.1, §8.2.6, §9.1 (CANCEL), §17.1.1.3 (ACK of a rejection).

use super::{Headers, Method, Request, StatusCode, Uri, Via};
use bytes::Bytes;

/// Headers that this crate writes itself and nobody else may.
const OWN: &[&str] =
    &["Via", "From", "To", "Call-ID", "CSeq", "Content-Length", "Max-Forwards", "Route", "Record-Route"];

/// Characters of a reason phrase at most.
const LONGEST_PHRASE: usize = 128;

/// A request that is about to leave, and later the pattern for its ACK, CANCEL and repetition.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) via: Via,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) max_forwards: u8,
    pub(crate) route: Vec<String>,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Outgoing {
    /// The bytes.
    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut headers = Headers::default();
        headers.push("Via", self.via.to_string());
        headers.push("Max-Forwards", self.max_forwards.to_string());
        for route in &self.route {
            headers.push("Route", route.as_str());
        }
        headers.push("From", self.from.as_str());
        headers.push("To", self.to.as_str());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{} {}", self.cseq, self.method));
        let mut out = format!("{} {} SIP/2.0\r\n", self.method, self.uri).into_bytes();
        headers.write(&mut out);
        self.headers.write(&mut out);
        write_body(out, &self.body)
    }

    /// Takes out the answers to challenges, which serve once.
    pub(crate) fn drop_answers(&mut self) {
        self.headers.remove("Authorization");
        self.headers.remove("Proxy-Authorization");
    }

    /// The ACK of a rejection: the same branch, and the `To` of the response (RFC 3261 §17.1.1.3).
    pub(crate) fn ack(&self, to: &str) -> Self {
        Self { to: to.to_owned(), ..self.within_transaction(Method::Ack) }
    }

    /// The CANCEL of this request (RFC 3261 §9.1).
    pub(crate) fn cancel(&self, reason: Option<&str>) -> Self {
        let mut cancel = self.within_transaction(Method::Cancel);
        if let Some(reason) = reason {
            cancel.headers.push("Reason", reason);
        }
        cancel
    }

    fn within_transaction(&self, method: Method) -> Self {
        Self { method, headers: Headers::default(), body: Bytes::new(), ..self.clone() }
    }
}

/// Appends headers from outside, without those that only this crate writes.
pub(crate) fn push_foreign(headers: &mut Headers, foreign: &[(String, String)]) {
    for (name, value) in foreign {
        let mut probe = Headers::default();
        probe.push(name, value.as_str());
        let reserved = probe.iter().any(|(name, _)| OWN.iter().any(|own| own.eq_ignore_ascii_case(name)));
        if !reserved {
            headers.push(name, value.as_str());
        }
    }
}

/// A response in the making.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    /// The reason phrase, where it is not the status's own.
    pub(crate) phrase: Option<String>,
    /// The tag to put into `To` when the request has none.
    pub(crate) tag: Option<&'a str>,
    /// Headers beside those copied from the request.
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Answer<'_> {
    /// An answer without body.
    pub(crate) fn bare(status: StatusCode, headers: Headers) -> Self {
        Self { status, phrase: None, tag: None, headers, body: Bytes::new() }
    }
}

/// A response to `request`, whose source is already noted in its `Via` ([`Request::note_source`]).
pub(crate) fn response(request: &Request, answer: &Answer<'_>) -> Bytes {
    let tag = answer.tag.filter(|_| request.to().tag().is_none() && answer.status != StatusCode::TRYING);
    let copy_route = answer.status.code() > 100 && answer.status.code() < 300;
    write_response(&request.common.headers, tag, copy_route.then_some("Record-Route"), answer)
}

/// A response to a request that is broken: what can be copied is copied (RFC 3261 §8.2.6.2, as far as it goes).
pub(crate) fn response_to_broken(status: StatusCode, headers: &Headers, tag: &str) -> Bytes {
    let tagged = headers.first("To").is_none_or(|to| to.to_ascii_lowercase().contains("tag"));
    write_response(headers, Some(tag).filter(|_| !tagged), None, &Answer::bare(status, Headers::default()))
}

fn write_response(request: &Headers, tag: Option<&str>, also: Option<&str>, answer: &Answer<'_>) -> Bytes {
    let mut headers = Headers::default();
    headers.copy("Via", request);
    headers.copy("From", request);
    match (tag, request.first("To")) {
        (Some(tag), Some(to)) => headers.push("To", format!("{to};tag={tag}")),
        _ => headers.copy("To", request),
    }
    headers.copy("Call-ID", request);
    headers.copy("CSeq", request);
    if let Some(also) = also {
        headers.copy(also, request);
    }
    let mut out = match answer.phrase.as_deref().map(printable) {
        Some(phrase) => format!("SIP/2.0 {} {phrase}\r\n", answer.status.code()),
        None => format!("SIP/2.0 {}\r\n", answer.status),
    }
    .into_bytes();
    headers.write(&mut out);
    answer.headers.write(&mut out);
    write_body(out, &answer.body)
}

/// A phrase that fits into a status line (RFC 3261 §25.1, `Reason-Phrase`).
pub fn printable(phrase: &str) -> String {
    let spaced = phrase.chars().map(|c| if c.is_control() { ' ' } else { c });
    spaced.take(LONGEST_PHRASE).collect::<String>().trim().to_owned()
}

fn write_body(mut out: Vec<u8>, body: &Bytes) -> Bytes {
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    Bytes::from(out)
}
