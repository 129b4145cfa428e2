//! Session timers: whether the peer of a long call is still there.
//!
//! Shape: [`Terms`] are what one exchange agreed, from the headers of a request or of its 2xx; [`SessionTimer`] runs them.
//! Units: `Session-Expires` and `Min-SE` are whole seconds on the wire.
//! Time: whoever refreshes does so after half the interval; who hears nothing ends the call a third of the interval, at most
//! 32 s, before its end.
//! Errors: [`TooSmall`] is a 422.
//! Sources: RFC 4028 §4 to §10.

use crate::message::{Headers, parse_seconds};
use std::time::{Duration, Instant};

/// How long before the end of the interval the call is given up, at most (RFC 4028 §10).
const MARGIN: Duration = Duration::from_secs(32);
/// The pause before a refresh that failed is tried again, at least.
const PAUSE: Duration = Duration::from_secs(2);
/// No interval is longer; RFC 4028 leaves it open, and a day is a call that nobody watches.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Who keeps the call fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresher {
    Us,
    Peer,
}

/// What we ask for, which a 422 may raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) expires: Duration,
    pub(crate) min_se: Duration,
}

impl Wanted {
    /// What to ask for after a 422; `None` when that says nothing usable.
    pub(crate) fn raised(self, refusal: &Headers) -> Option<Self> {
        let least = seconds(refusal, "Min-SE").filter(|least| *least > self.min_se && *least <= LONGEST)?;
        Some(Self { expires: self.expires.max(least), min_se: least })
    }
}

/// The interval is shorter than we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSmall;

/// What an exchange agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) interval: Duration,
    pub(crate) refresher: Refresher,
    /// The peer knows session timers, so that our 2xx may require them.
    pub(crate) known: bool,
}

impl Terms {
    /// Our answer to a request of the peer (RFC 4028 §9). `None`: there is no timer.
    pub(crate) fn of_request(
        headers: &Headers,
        wanted: Wanted,
        current: Option<&SessionTimer>,
    ) -> Result<Option<Self>, TooSmall> {
        let known = lists(headers, "Supported", "timer") || lists(headers, "Require", "timer");
        let refresher = current.map(|timer| timer.refresher);
        let Some(asked) = seconds(headers, "Session-Expires") else {
            let least = seconds(headers, "Min-SE").unwrap_or_default().min(LONGEST);
            let interval = wanted.expires.max(least);
            let refresher = refresher.unwrap_or(Refresher::Us);
            return Ok(known.then_some(Self { interval, refresher, known }));
        };
        if asked < wanted.min_se {
            // A peer that does not know the extension would not know the refusal: some proxy asked (RFC 4028 §9).
            return if known { Err(TooSmall) } else { Ok(None) };
        }
        let least = seconds(headers, "Min-SE").unwrap_or_default().max(wanted.min_se);
        let refresher = match refresher_of(headers) {
            _ if !known => Refresher::Us,
            Some("uac") => Refresher::Peer,
            Some("uas") => Refresher::Us,
            _ => refresher.unwrap_or(Refresher::Peer),
        };
        Ok(Some(Self { interval: wanted.expires.max(least).min(asked).min(LONGEST), refresher, known }))
    }

    /// What a 2xx to a request of ours says (RFC 4028 §7.2). `None`: there is no timer.
    pub(crate) fn of_success(headers: &Headers, wanted: Wanted) -> Option<Self> {
        let interval = seconds(headers, "Session-Expires")?.clamp(wanted.min_se, LONGEST);
        let refresher = if refresher_of(headers) == Some("uas") { Refresher::Peer } else { Refresher::Us };
        Some(Self { interval, refresher, known: true })
    }

    /// Writes the terms into a 2xx of ours.
    pub(crate) fn write(&self, headers: &mut Headers) {
        let refresher = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Peer => "uac",
        };
        headers.push("Session-Expires", format!("{};refresher={refresher}", self.interval.as_secs()));
        if self.known {
            headers.push("Require", "timer");
        }
    }
}

/// The timer of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    pub(crate) interval: Duration,
    pub(crate) refresher: Refresher,
    /// When we refresh; `None` while a refresh is on its way and where the peer does it.
    pub(crate) refresh_at: Option<Instant>,
    /// When the call ends, unless somebody refreshes it.
    pub(crate) end_at: Instant,
}

impl SessionTimer {
    /// The timer after an exchange that agreed these terms.
    pub(crate) fn new(now: Instant, terms: Terms) -> Self {
        let Terms { interval, refresher, .. } = terms;
        let refresh_at = (refresher == Refresher::Us).then(|| now + interval / 2);
        Self { interval, refresher, refresh_at, end_at: now + interval - MARGIN.min(interval / 3) }
    }

    /// A refresh failed or could not be sent: there is another one before the end, if there is time.
    pub(crate) fn try_again(&mut self, now: Instant) {
        self.refresh_at = Some(now + PAUSE.max(self.end_at.saturating_duration_since(now) / 2));
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.refresh_at.map_or(self.end_at, |at| at.min(self.end_at))
    }
}

/// What a request of ours asks for. A first INVITE leaves it to the peer who refreshes.
pub(crate) fn ask(headers: &mut Headers, wanted: Wanted, current: Option<&SessionTimer>) {
    let (expires, refresher) = match current {
        None => (wanted.expires, ""),
        Some(timer) => match timer.refresher {
            Refresher::Us => (timer.interval.max(wanted.min_se), ";refresher=uac"),
            Refresher::Peer => (timer.interval.max(wanted.min_se), ";refresher=uas"),
        },
    };
    headers.remove("Session-Expires");
    headers.remove("Min-SE");
    headers.push("Session-Expires", format!("{}{refresher}", expires.as_secs()));
    headers.push("Min-SE", wanted.min_se.as_secs().to_string());
}

/// Whether a comma-separated header lists a word.
pub(crate) fn lists(headers: &Headers, name: &str, word: &str) -> bool {
    headers.items(name).any(|item| item.eq_ignore_ascii_case(word))
}

/// The number at the begin of a header.
fn seconds(headers: &Headers, name: &str) -> Option<Duration> {
    parse_seconds(headers.first(name)?.split(';').next()?.trim())
}

fn refresher_of(headers: &Headers) -> Option<&'static str> {
    let mut params = headers.first("Session-Expires")?.split(';').skip(1).filter_map(|param| param.split_once('='));
    let (_, value) = params.find(|(name, _)| name.trim().eq_ignore_ascii_case("refresher"))?;
    ["uac", "uas"].into_iter().find(|role| value.trim().eq_ignore_ascii_case(role))
}
