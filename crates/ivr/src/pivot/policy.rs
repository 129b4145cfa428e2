//! How Pivot is run where KAZOO, its documentation and Twilio differ, and the ceilings of one call.
//!
//! Units: durations are durations; sizes are bytes.
//! Sources: `kazoo-pivot.md` 3.3 (loop guards), 8 (A3, A7, A11, A16, A25, A28, A29).

use std::time::Duration;

use super::UrlGuard;
use crate::FetchMethod;

/// The choices.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// A callflow that KAZOO's schemas refuse fails, where it is else put right and told (3.6).
    pub strict_validation: bool,
    /// How a TwiML verb without `method` asks (A3).
    pub twiml_default_method: FetchMethod,
    /// What a relative URL means (A7).
    pub uri_resolution: UriResolution,
    /// Whether Redirect, Set and Hangup answer the call first, as in KAZOO (A11).
    pub answer_on_first_verb: bool,
    /// Whether the first request says how the call stands (A16).
    pub status_in_first_request: bool,
    /// The status of `<Reject>` without a reason (A25).
    pub reject_status: u16,
    /// The longest time that a pivot may give its web server (A28).
    pub longest_patience: Duration,
    /// Most requests of one call (3.3).
    pub max_requests: u32,
    /// Most requests of one call for documents that run beside others: what a caller hears who waits is asked for again and again.
    pub max_aside_requests: u32,
    /// Most requests after one another in which the caller heard nothing and was not answered (3.3).
    pub max_silent_requests: u32,
    /// Most bytes of an answer (3.1).
    pub max_body: usize,
    /// Header fields of the caller's INVITE that web servers are not told of, whatever the case of their names (A29).
    pub hidden_headers: Vec<String>,
    /// The name of a caller who has none (2.3); empty leaves it empty.
    pub unknown_caller: String,
    /// Whether variables with `export` are told to later callees, as `X-CAV-` and the name (4.1).
    pub variables_in_headers: bool,
    /// Where web servers may not be (1.1), beside what the server's own policy refuses.
    pub guard: UrlGuard,
}

/// What a relative URL means.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum UriResolution {
    /// What RFC 3986 §5 says.
    #[default]
    Rfc3986,
    /// What KAZOO makes of it.
    Kazoo,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            strict_validation: false,
            twiml_default_method: FetchMethod::Post,
            uri_resolution: UriResolution::Rfc3986,
            answer_on_first_verb: false,
            status_in_first_request: true,
            reject_status: 503,
            longest_patience: Duration::from_secs(5),
            max_requests: 200,
            max_aside_requests: 2_000,
            max_silent_requests: 20,
            max_body: 1024 * 1024,
            hidden_headers: Vec::new(),
            unknown_caller: String::new(),
            variables_in_headers: false,
            guard: UrlGuard::default(),
        }
    }
}
