//! A subscription of a peer: it is told a state of ours now, and whenever that changes (RFC 6665, as a notifier).
//!
//! Shape: what the peer is told is bytes with a content type; what they mean is the owner's to know.
//! Time: told. Each has an end, which a SUBSCRIBE of the peer puts off.
//! Sources: RFC 6665 §4.2, §4.4.1 (dialogs); RFC 3842 (`message-summary`).
//!
//! | at               | goes out                                                  |
//! |------------------|-----------------------------------------------------------|
//! | the beginning    | 200, then a NOTIFY                                        |
//! | a SUBSCRIBE      | 200, then a NOTIFY                                        |
//! | news             | a NOTIFY; while one is unanswered, the last news waits    |
//! | the end          | a NOTIFY that says so, unless the peer does not take them |

use crate::dialog::Path;
use crate::message::{Headers, Request};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The packages there are, and the body of each.
const PACKAGES: &[(&str, &str)] = &[("message-summary", "application/simple-message-summary")];
/// The longest that a subscription lasts without being refreshed, and how long one lasts that asks for nothing (RFC 3842 §3.4).
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);
/// The shortest that one may ask for, but for none at all.
pub(crate) const SHORTEST: Duration = Duration::from_secs(60);

/// A state that a subscriber is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The body, of the type of its package.
    pub body: Bytes,
}

/// Why a subscription is over, as `Subscription-State` says it (RFC 6665 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// It ran out, or the peer ended it.
    TimedOut,
    /// The peer may not be told any more.
    Rejected,
}

impl SubscriptionEnd {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TimedOut => "timeout",
            Self::Rejected => "rejected",
        }
    }
}

/// A package that peers can subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
}

impl Package {
    /// The package that a request names, if there is such a one.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let named = request.header("Event")?.split(';').next()?.trim();
        let found = PACKAGES.iter().find(|(name, _)| name.eq_ignore_ascii_case(named));
        found.map(|(name, media_type)| Self { name, media_type })
    }

    /// Whether the sender takes its bodies. An `Accept` that is left out, or empty, takes those of the package.
    pub(crate) fn is_accepted(self, request: &Request) -> bool {
        let mut ranges = request.common.headers.items("Accept").peekable();
        let covers = |range: &str| {
            let range = range.split(';').next().unwrap_or_default().replace([' ', '\t'], "").to_ascii_lowercase();
            range == self.media_type || matches!(range.as_str(), "application/*" | "*/*")
        };
        ranges.peek().is_none() || ranges.any(covers)
    }
}

/// How long a SUBSCRIBE asks for: zero ends it, `None` is too short.
pub(crate) fn wanted(request: &Request) -> Option<Duration> {
    let wanted = request.expires().unwrap_or(LONGEST).min(LONGEST);
    (wanted.is_zero() || wanted >= SHORTEST).then_some(wanted)
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) path: Path,
    pub(crate) local_tag: String,
    pub(crate) remote_tag: Option<String>,
    /// The highest CSeq the peer has used.
    pub(crate) remote_seq: u32,
    pub(crate) package: Package,
    /// The `id` of its `Event`.
    pub(crate) event_id: Option<String>,
    pub(crate) notice: Notice,
    pub(crate) ends_at: Instant,
    /// Why it is over, once it is.
    pub(crate) over: Option<SubscriptionEnd>,
    /// Whether a NOTIFY is on its way.
    pub(crate) is_notifying: bool,
    /// Whether another has to follow it.
    pub(crate) has_news: bool,
}

impl Subscription {
    /// Whether a request with these belongs here.
    pub(crate) fn is_from_peer(&self, request: &Request) -> bool {
        let package = Package::of(request);
        self.path.call_id == request.call_id()
            && self.remote_tag == request.from().tag()
            && package == Some(self.package)
            && event_id(request) == self.event_id
    }

    /// When it wants to be looked at.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.over.is_none().then_some(self.ends_at)
    }

    /// The headers of its next NOTIFY.
    pub(crate) fn head(&self, now: Instant, contact: &str) -> Headers {
        let mut headers = Headers::default();
        let id = self.event_id.as_deref().map(|id| format!(";id={id}")).unwrap_or_default();
        headers.push("Event", format!("{}{id}", self.package.name));
        let state = match self.over {
            Some(end) => format!("terminated;reason={}", end.reason()),
            None => format!("active;expires={}", self.ends_at.saturating_duration_since(now).as_secs()),
        };
        headers.push("Subscription-State", state);
        headers.push("Contact", contact);
        if !self.notice.body.is_empty() {
            headers.push("Content-Type", self.package.media_type);
        }
        headers
    }
}

/// The `id` of the `Event` of a request (RFC 6665 §8.2.1).
pub(crate) fn event_id(request: &Request) -> Option<String> {
    let mut params = request.header("Event")?.split(';').skip(1);
    let id = params.find_map(|param| param.trim().strip_prefix("id=").map(str::trim))?;
    let is_token = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
    (!id.is_empty() && is_token).then(|| id.to_owned())
}
