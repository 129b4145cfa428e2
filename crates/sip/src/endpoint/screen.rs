//! Requests that are well-formed and make no sense all the same.
//!
//! Shape: a request in; whether it can be worked with.
//! Sources: RFC 3261 §10.3 (what a registrar needs), §20.1 (`Accept`); RFC 4475 §3.1.2.13, §3.3.4, §3.4.1.

use super::send::SDP;
use crate::message::{NameAddr, Request, Scheme};

/// Whether a REGISTER names no address of record, or a contact that cannot be read. Both are 400.
pub(super) fn is_no_registration(request: &Request) -> bool {
    let unreadable = |item: &str| item != "*" && item.parse::<NameAddr>().is_err();
    !matches!(request.to().uri.scheme(), Scheme::Sip | Scheme::Sips)
        || request.common.headers.items("Contact").any(unreadable)
}

/// Whether the sender of an INVITE takes SDP in return. An empty `Accept` is taken for one that was left out.
pub(super) fn accepts_sdp(request: &Request) -> bool {
    let mut ranges = request.common.headers.items("Accept").peekable();
    ranges.peek().is_none() || ranges.any(covers_sdp)
}

/// Whether a media range takes SDP in: by its name, by its type, or with all others.
fn covers_sdp(range: &str) -> bool {
    let range = range.split(';').next().unwrap_or_default().replace([' ', '\t'], "").to_ascii_lowercase();
    matches!(range.as_str(), SDP | "application/*" | "*/*")
}
