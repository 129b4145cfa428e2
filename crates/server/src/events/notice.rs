//! What one web server is to be told, and how hard it is tried.
//!
//! Shape: a [`Notice`] is a request with what it takes to send it; [`Manner`] has the tries.
//! Sources: `ringme-ivr.md` 4.6; `kazoo-pivot.md` 4.2 (webhook).

use std::time::Duration;

use antiphon_ivr::{ExtensionId, Fetch, FetchBody, FetchError, FetchMethod, Meanwhile, Page};
use url::{Url, form_urlencoded};

use super::{Counted, Event};
use crate::{
    calls::CallId,
    store::{ClientId, EventType, Subscription},
    web::debug::RunningStep,
};

/// How long one try of an event may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an event rests before each further try.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// A script has no more tries, and none rests for longer.
const MOST_RETRIES: usize = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The answer is read as far as this, so that its connection can be used again, and means nothing.
const ANSWER_BYTES: usize = 65_536;

/// What one web server is to be told.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) client: ClientId,
    /// What it waits behind.
    pub(super) line: Line,
    pub(super) fetch: Fetch,
    pub(super) manner: Manner,
    /// Where the first try is noted.
    pub(super) step: Option<RunningStep>,
    pub(super) _counted: Counted,
}

/// What is sent one after the other.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub(super) enum Line {
    /// What happens in one call at one extension.
    Extension(ExtensionId, Option<CallId>),
    /// What the scripts of one call tell one web server.
    Script(CallId, String),
}

impl Line {
    pub(super) fn of_script(call: CallId, url: &str) -> Self {
        let origin = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        Self::Script(call, origin)
    }
}

/// How hard it is tried.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Manner {
    /// As for subscribers: who answers anything but 429 or 5xx has heard.
    Event,
    /// As a script says: who answers with success has heard.
    Script { retries: u8, pause: Duration },
}

/// What an answer, or that there is none, means for a notice.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Verdict {
    /// It was heard.
    Told,
    /// It may be another time.
    Again,
    /// It will not be.
    Never,
}

impl Manner {
    /// How long it rests before this further try, counted from 0; `None` where there is none.
    pub(super) fn pause(self, tried: usize) -> Option<Duration> {
        match self {
            Self::Event => PAUSES.get(tried).copied(),
            Self::Script { retries, pause } => {
                (tried < usize::from(retries).min(MOST_RETRIES)).then_some(pause.min(LONGEST_PAUSE))
            }
        }
    }

    /// What came of a try.
    pub(super) fn judge(self, outcome: &Result<Page, FetchError>) -> Verdict {
        match (self, outcome) {
            (Self::Event, Ok(page)) if page.status == 429 || page.status >= 500 => Verdict::Again,
            (Self::Script { .. }, Ok(page)) if !page.is_success() => Verdict::Again,
            // Whoever answers at such length has heard.
            (_, Ok(_) | Err(FetchError::TooLarge)) => Verdict::Told,
            (
                _,
                Err(FetchError::BadUrl(_) | FetchError::BadHeader(_) | FetchError::Denied(_) | FetchError::Redirects),
            ) => Verdict::Never,
            (_, Err(_)) => Verdict::Again,
        }
    }
}

/// Counts what became of a notice.
pub(super) fn count(outcome: &'static str) {
    metrics::counter!("antiphon_event_notices_total", "outcome" => outcome).increment(1);
}

/// What a subscriber is told, as a request: parameters as a form, or behind the query that the URL has.
pub(super) fn request(to: &Subscription, event: &Event) -> Fetch {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("EventType", EventType::as_str(event.kind));
    for (name, value) in &event.parameters {
        form.append_pair(name, value);
    }
    let form = form.finish();
    let (url, body) = match to.method {
        FetchMethod::Get => (with_query(&to.url, &form), None),
        FetchMethod::Post | FetchMethod::Put | FetchMethod::Patch => {
            let content_type = "application/x-www-form-urlencoded".to_owned();
            (to.url.clone(), Some(FetchBody { content_type, bytes: form.into_bytes() }))
        }
    };
    Fetch {
        method: to.method,
        url,
        headers: Vec::new(),
        body,
        patience: PATIENCE,
        max_bytes: ANSWER_BYTES,
        redirects: 3,
        step: format!("event {} of subscription {}", event.kind, to.id.0),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}

/// A URL with more parameters in its query.
fn with_query(url: &str, parameters: &str) -> String {
    let (rest, _) = url.split_once('#').unwrap_or((url, ""));
    let joint = match rest.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{rest}{joint}{parameters}")
}
