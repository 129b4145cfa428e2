//! Requests of ours outside dialogs.
//!
//! Shape: [`OutsideRequest`] goes in; an [`Outcome`] is reported, exactly one for each.
//! Sources: RFC 3261 §8.1, §11 (OPTIONS).

use crate::event::Credentials;
use crate::flow::Flow;
use crate::message::{Method, NameAddr, Response, Uri};
use bytes::Bytes;

/// A request of ours outside dialogs, such as OPTIONS to see whether a trunk lives.
#[derive(Debug, Clone)]
pub struct OutsideRequest {
    /// Where it is sent.
    pub flow: Flow,
    /// Any but INVITE, ACK, CANCEL and BYE.
    pub method: Method,
    /// The Request-URI.
    pub target: Uri,
    /// Who asks; its tag is replaced.
    pub from: NameAddr,
    /// Who is asked; its tag is dropped.
    pub to: NameAddr,
    /// More headers, such as `Content-Type`. Those that only this crate writes are left out.
    pub headers: Vec<(String, String)>,
    /// Proxies to pass, nearest first.
    pub route: Vec<Uri>,
    /// The body, often empty.
    pub body: Bytes,
    /// What to answer a 401 or 407 with.
    pub credentials: Option<Credentials>,
    /// The Call-ID; a new one when none is given.
    pub call_id: Option<String>,
}

/// What came of a request of ours outside dialogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A final response.
    Response(Box<Response>),
    /// No final response in 64 * T1.
    TimedOut,
    /// The transport could not carry it.
    TransportFailed,
}
