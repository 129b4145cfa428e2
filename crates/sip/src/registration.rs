//! One registration of ours with a registrar: when to ask, how long it holds, when to try again.
//!
//! Shape: outcomes of REGISTERs in; a [`Step`] out that says what to send or when to look again.
//! Time: told. A binding is refreshed after 70 to 85 % of what the registrar granted; a failure is tried again after 30 s,
//! then twice as long up to 30 min, each with up to a quarter more by chance, so that a thousand of us do not come at once.
//! Errors: [`RegistrationFailure`], reported with the time of the next attempt.
//! Sources: RFC 3261 §10.2, §20.23 (`Min-Expires`), §20.33 (`Retry-After`); RFC 5626 §4.5 (retrying) in spirit;
//! RFC 3608 (`Service-Route`).
//!
//! | phase      | outcome of REGISTER            | deadline         |
//! |------------|--------------------------------|------------------|
//! | Asking     | 2xx: Registered; else: Waiting | the transaction's |
//! | Registered |                                | refresh: Asking  |
//! | Waiting    |                                | retry: Asking    |

use crate::event::Credentials;
use crate::flow::Flow;
use crate::message::{Headers, NameAddr, Response, StatusCode, Uri, parse_seconds, retry_after};
use crate::token::Tokens;
use std::time::{Duration, Instant};

/// The first pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause before chance is added; with it, at most 30 min.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60);
/// Attempts that a wrong password counts as, so that it is tried again after minutes and not seconds: carriers lock out
/// who asks again and again.
const WRONG_PASSWORD: u32 = 4;
/// What a registrar may ask for in `Retry-After`.
const RETRY_AFTER: std::ops::RangeInclusive<Duration> = Duration::from_secs(5)..=Duration::from_secs(3600);
/// The longest binding that we ask for or believe in.
const MAX_EXPIRES: Duration = Duration::from_secs(86_400);
/// At most this many routes of a `Service-Route` are reported.
const MAX_ROUTES: usize = 16;

/// A registration that we want.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Where the REGISTER is sent, and where calls will come from.
    pub flow: Flow,
    /// The Request-URI: the domain of the registrar.
    pub registrar: Uri,
    /// The address of record: who shall be reachable.
    pub aor: NameAddr,
    /// The user part of our `Contact`.
    pub contact_user: Option<String>,
    /// What to answer a 401 or 407 with.
    pub credentials: Option<Credentials>,
    /// How long the binding shall hold, at most a day.
    pub expires: Duration,
    /// Proxies to pass, nearest first.
    pub route: Vec<Uri>,
}

/// Why a registration failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// The registrar said so.
    Rejected(StatusCode),
    /// It answered 2xx, but holds no binding for us.
    NotBound,
    /// No final response in 64 * T1.
    TimedOut,
    /// The transport could not carry the REGISTER.
    TransportFailed,
}

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asking,
    Registered { refresh_at: Instant },
    Waiting { retry_at: Instant },
}

/// What the owner wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Bound,
    /// The REGISTER that takes the binding away is still to be sent.
    Gone,
    /// It is sent; whatever comes of it, that was the last.
    Leaving,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send another REGISTER.
    Ask,
    /// Report that the binding holds.
    Registered { expires: Duration, service_route: Vec<Uri> },
    /// Report a failure.
    Failed { why: RegistrationFailure, retry_at: Instant },
    /// Report the end and forget it.
    Over,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Registering {
    pub(crate) wants: Registration,
    pub(crate) call_id: String,
    pub(crate) tag: String,
    /// The CSeq of the last REGISTER.
    pub(crate) cseq: u32,
    pub(crate) wanted: Wanted,
    /// Our contact, as the last REGISTER had it.
    pub(crate) contact: Option<NameAddr>,
    /// What we ask for; the registrar may have raised it.
    pub(crate) expires: Duration,
    phase: Phase,
    failures: u32,
    /// Whether 423 has raised `expires` since the last success.
    raised: bool,
}

impl Registering {
    pub(crate) fn new(wants: Registration, call_id: String, tag: String) -> Self {
        let expires = wants.expires.clamp(Duration::from_secs(1), MAX_EXPIRES);
        Self {
            wants,
            call_id,
            tag,
            cseq: 0,
            wanted: Wanted::Bound,
            contact: None,
            expires,
            phase: Phase::Asking,
            failures: 0,
            raised: false,
        }
    }

    pub(crate) fn is_asking(&self) -> bool {
        self.phase == Phase::Asking
    }

    /// A REGISTER was sent.
    pub(crate) fn asked(&mut self) {
        self.phase = Phase::Asking;
    }

    /// Goes another way from now on.
    pub(crate) fn moved(&mut self, flow: Flow) {
        self.wants.flow = flow;
        self.failures = 0;
    }

    /// The connection that calls would come over is gone: another REGISTER is due soon.
    pub(crate) fn flow_failed(&mut self, now: Instant, tokens: &mut Tokens) {
        if matches!(self.phase, Phase::Registered { .. }) {
            self.phase = Phase::Registered { refresh_at: now + share(tokens, Duration::from_secs(5)) };
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Asking => None,
            Phase::Registered { refresh_at: at } | Phase::Waiting { retry_at: at } => Some(at),
        }
    }

    /// A final response arrived.
    pub(crate) fn answered(&mut self, now: Instant, response: &Response, tokens: &mut Tokens) -> Step {
        let (status, headers) = (response.status, &response.common.headers);
        match self.wanted {
            Wanted::Leaving => return Step::Over,
            Wanted::Gone => return Step::Ask,
            Wanted::Bound => {}
        }
        if status.is_success() {
            let Some(expires) = self.granted(headers) else {
                return self.failed(now, RegistrationFailure::NotBound, None, tokens);
            };
            self.failures = 0;
            self.raised = false;
            let part = share(tokens, expires * 15 / 100);
            self.phase = Phase::Registered { refresh_at: now + expires * 70 / 100 + part };
            return Step::Registered { expires, service_route: service_route(headers) };
        }
        if status == StatusCode::INTERVAL_TOO_BRIEF && !self.raised {
            let least = headers.first("Min-Expires").and_then(parse_seconds);
            if let Some(least) = least.filter(|least| *least > self.expires && *least <= MAX_EXPIRES) {
                self.expires = least;
                self.raised = true;
                return Step::Ask;
            }
        }
        let pause = headers.first("Retry-After").and_then(retry_after);
        self.failed(now, RegistrationFailure::Rejected(status), pause, tokens)
    }

    /// An attempt failed; `pause` is what the registrar asked for.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        why: RegistrationFailure,
        pause: Option<Duration>,
        tokens: &mut Tokens,
    ) -> Step {
        match self.wanted {
            Wanted::Leaving => return Step::Over,
            Wanted::Gone => return Step::Ask,
            Wanted::Bound => {}
        }
        let refused =
            matches!(why, RegistrationFailure::Rejected(status) if [401, 403, 404, 407].contains(&status.code()));
        let doublings = self.failures.max(if refused { WRONG_PASSWORD } else { 0 });
        self.failures = self.failures.saturating_add(1);
        let pause = pause.map(|pause| pause.clamp(*RETRY_AFTER.start(), *RETRY_AFTER.end())).unwrap_or_else(|| {
            FIRST_PAUSE.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(LONGEST_PAUSE)
        });
        let retry_at = now + pause + share(tokens, pause / 4);
        self.phase = Phase::Waiting { retry_at };
        Step::Failed { why, retry_at }
    }

    /// How long the registrar holds our binding: what stands beside our contact, or in `Expires`, or what we asked for. A
    /// registrar that rewrites contacts is believed when it lists but one. None when it holds no binding.
    fn granted(&self, headers: &Headers) -> Option<Duration> {
        let listed: Vec<NameAddr> = headers.items("Contact").filter_map(|contact| contact.parse().ok()).collect();
        let ours = |address: &&NameAddr| {
            self.contact.as_ref().is_some_and(|contact| {
                let (a, b) = (&contact.uri, &address.uri);
                a.user() == b.user() && a.host().eq_ignore_ascii_case(b.host()) && port(a) == port(b)
            })
        };
        let single = || listed.first().filter(|_| listed.len() == 1);
        let found = listed.iter().find(ours).or_else(single);
        let beside = found.and_then(|address| address.params.value("expires")).and_then(|value| parse_seconds(&value));
        let granted = beside.or_else(|| headers.first("Expires").and_then(parse_seconds)).unwrap_or(self.expires);
        Some(granted.min(MAX_EXPIRES)).filter(|granted| !granted.is_zero())
    }
}

/// The port of a URI, or the one that stands for none.
fn port(uri: &Uri) -> u16 {
    uri.port().unwrap_or(5060)
}

fn service_route(headers: &Headers) -> Vec<Uri> {
    let routes = headers.items("Service-Route").filter_map(|route| route.parse::<NameAddr>().ok());
    routes.map(|route| route.uri).take(MAX_ROUTES).collect()
}

/// A part of `limit` by chance.
fn share(tokens: &mut Tokens, limit: Duration) -> Duration {
    limit * tokens.below(1001) / 1000
}
