//! Which transaction a message belongs to.
//!
//! Shape: a request in, a key out; equal keys are one transaction.
//! Sources: RFC 3261 §17.2.3 (server, with the rule for RFC 2543 peers), §8.2.2.2 (merged requests), §9.2 (CANCEL).

use crate::message::{MAGIC_COOKIE, Method, Request};
use crate::token::hex;
use sha2::{Digest, Sha256};

/// Keys longer than this are kept as their hash, so that a peer cannot fill the memory with long branches.
const MAX_KEY: usize = 200;

fn bounded(key: String) -> String {
    if key.len() > MAX_KEY { hex(&Sha256::digest(key)) } else { key }
}

/// Names a server transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ServerKey(String);

impl ServerKey {
    /// The transaction of `request`; an ACK belongs to the INVITE it acknowledges.
    pub(crate) fn of(request: &Request) -> Self {
        let method = if *request.method() == Method::Ack { &Method::Invite } else { request.method() };
        Self::with_method(request, method)
    }

    /// The INVITE transaction that a CANCEL means.
    pub(crate) fn cancelled_by(cancel: &Request) -> Self {
        Self::with_method(cancel, &Method::Invite)
    }

    fn with_method(request: &Request, method: &Method) -> Self {
        let via = &request.common.via;
        let branch = via.branch();
        if branch.len() > MAGIC_COOKIE.len() && branch.starts_with(MAGIC_COOKIE) {
            return Self(bounded(format!("{branch}|{}|{method}", via.sent_by())));
        }
        // An RFC 2543 peer repeats its Via and Request-URI; the To tag comes with the ACK and is left out.
        let from_tag = request.from().tag().unwrap_or_default();
        Self(bounded(format!(
            "2543|{branch}|{}|{}|{from_tag}|{}|{}|{method}",
            via.sent_by(),
            request.uri(),
            request.call_id(),
            request.cseq().number
        )))
    }
}

/// What two copies of one request have in common that took different paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MergeKey(String);

impl MergeKey {
    /// The key of a request outside dialogs; none for one inside, and none without a From tag.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let from_tag = request.from().tag()?;
        if request.to().tag().is_some() || matches!(request.method(), Method::Ack | Method::Cancel) {
            return None;
        }
        let cseq = request.cseq();
        Some(Self(bounded(format!("{from_tag}|{}|{}|{}", request.call_id(), cseq.number, cseq.method))))
    }
}
