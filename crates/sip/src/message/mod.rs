//! Messages: a read view of what arrived, and the text of what leaves.
//!
//! Shape: [`wire::parse`] turns bytes into a [`Message`]; [`build`] turns orders into bytes; [`StreamFramer`] cuts a
//! byte stream into messages.
//! Errors: [`Malformed`](crate::Malformed).
//! Sources: RFC 3261 §7, §8.1.1, §18.3, §20; RFC 4475 and RFC 5118 (what must be survived).
//!
//! **Invariant:** this is the only folder that names the `rsip` crate.

mod address;
pub(crate) mod body;
pub(crate) mod build;
mod foreign;
mod framer;
mod headers;
mod identity;
mod method;
mod params;
mod replaces;
mod sipfrag;
mod status;
#[cfg(test)]
mod tests;
pub(crate) mod text;
#[cfg(test)]
pub(crate) mod torture_tests;
mod uri;
mod via;
pub(crate) mod wire;

pub(crate) use address::parse_seconds;
pub use address::{Contact, NameAddr};
pub use build::printable;
pub use framer::{Frame, StreamFramer};
pub(crate) use headers::Headers;
pub use identity::{Diversion, DiversionCause, HistoryEntry, Identity, Presentation, Privacy, Reason, ReasonProtocol};
pub use identity::{RemoteParty, Unprintable, asserted_identity, diverted_by, history_info, preferred_identity};
pub use identity::{privacy_id, reason_value, remote_party_id};
pub(crate) use identity::{reasons, retry_after};
pub use method::Method;
pub use params::Params;
pub(crate) use replaces::is_without_subscription;
pub use replaces::{ReferRequest, Replaces};
pub use sipfrag::sipfrag_status;
pub(crate) use sipfrag::{SIPFRAG, sipfrag};
pub use status::StatusCode;
pub use uri::{Scheme, Uri};
pub(crate) use via::{MAGIC_COOKIE, Via};

use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;

/// At most this many header lines are read from one message.
pub const MAX_HEADERS: usize = 256;

/// At most this many bytes of headers are read from one message.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// At most this many bytes of body are read from one message.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The hops that a request of ours may take, and one that does not say (RFC 3261 §8.1.1.6).
pub const MAX_FORWARDS: u8 = 70;

/// The number and method of a `CSeq` header (RFC 3261 §20.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// Below 2^31.
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

/// What every message has (RFC 3261 §8.1.1), parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Common {
    pub(crate) via: Via,
    pub(crate) from: NameAddr,
    pub(crate) to: NameAddr,
    pub(crate) call_id: String,
    pub(crate) cseq: CSeq,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Request(Box<Request>),
    Response(Box<Response>),
}

/// A received request, read only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) common: Common,
}

/// A received response, read only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) common: Common,
}

impl Response {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The first line of that name, found by any spelling of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.common.headers.first(name)
    }

    /// Every line of that name.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.common.headers.all(name)
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.common.body
    }
}

impl Request {
    /// What is asked for.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The Request-URI.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Who asks.
    pub fn from(&self) -> &NameAddr {
        &self.common.from
    }

    /// Who was first asked.
    pub fn to(&self) -> &NameAddr {
        &self.common.to
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &str {
        &self.common.call_id
    }

    /// Number and method of the request within its Call-ID.
    pub fn cseq(&self) -> &CSeq {
        &self.common.cseq
    }

    /// Every binding of the `Contact` headers that parses.
    pub fn contacts(&self) -> Vec<Contact> {
        let parse = |item: &str| match item {
            "*" => Some(Contact::Star),
            address => address.parse().ok().map(Contact::Address),
        };
        self.common.headers.items("Contact").filter_map(parse).collect()
    }

    /// The `Expires` header, cut to 2^32-1 seconds.
    pub fn expires(&self) -> Option<Duration> {
        self.header("Expires").and_then(parse_seconds)
    }

    /// How many more hops the request may take: the `Max-Forwards` header, at most [`MAX_FORWARDS`], which also stands for
    /// one that is missing or unreadable.
    pub fn max_forwards(&self) -> u8 {
        let digits = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let value = self.header("Max-Forwards").filter(digits);
        value.and_then(|value| value.parse().ok()).unwrap_or(MAX_FORWARDS).min(MAX_FORWARDS)
    }

    /// The first line of that name, found by any spelling of it (`i` is `Call-ID`).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.common.headers.first(name)
    }

    /// Every line of that name.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.common.headers.all(name)
    }

    /// Name and value of every line, in order.
    pub fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.common.headers.iter()
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.common.body
    }

    /// Notes in the top `Via` where the request came from; every response copies it from there.
    pub(crate) fn note_source(&mut self, source: SocketAddr) {
        self.common.via.note_source(source);
        self.common.headers.replace_first_item("Via", &self.common.via.to_string());
    }
}
