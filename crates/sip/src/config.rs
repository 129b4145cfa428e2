//! What an endpoint is told once.
//!
//! Shape: plain values with defaults that serve a server of a thousand calls.
//! Units: every time is a `Duration`.
//! Sources: RFC 3261 §17.1.1.1 and table 4 (T1, T2, T4).

use crate::flow::Listener;
use std::time::Duration;

/// The base values of all timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// The estimate of a round trip; 500 ms.
    pub t1: Duration,
    /// The longest pause between repetitions; 4 s.
    pub t2: Duration,
    /// How long a message may live in the network; 5 s.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// 64 * T1: how long anything is waited for (Timers B, F, H, J, L, M).
    pub(crate) fn give_up(&self) -> Duration {
        self.t1 * 64
    }
}

/// The configuration of an [`Endpoint`](crate::Endpoint).
#[derive(Debug, Clone)]
pub struct Config {
    /// Where messages are received. The first of a transport is used where a flow names none of them.
    pub listeners: Vec<Listener>,
    /// The product, as `User-Agent` and `Server` say it; empty leaves both out.
    pub user_agent: String,
    /// T1, T2, T4.
    pub timers: Timers,
    /// At most this many dialogs; beyond, an INVITE gets 503.
    pub max_dialogs: usize,
    /// At most this many subscriptions of peers; beyond, a SUBSCRIBE gets 503.
    pub max_subscriptions: usize,
    /// At most this many server transactions; beyond, an INVITE gets 503 and other requests are dropped.
    pub max_transactions: usize,
    /// At most about this many bytes of messages remembered by them; beyond, as above. A message may have 64 KiB of headers,
    /// and a peer chooses how many we have to keep.
    pub max_transaction_bytes: usize,
    /// What `Retry-After` says in such a 503.
    pub retry_after: Duration,
    /// The session interval that we ask for, and the longest that we agree to (RFC 4028); 1800 s.
    pub session_expires: Duration,
    /// The shortest session interval that we agree to; a request for less gets 422. 90 s, and no less (RFC 4028 §5).
    pub min_se: Duration,
    /// How often an unanswered INVITE that has been rung repeats its ringing (RFC 3261 §13.3.1.1: every minute).
    pub ringing_refresh: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            user_agent: String::new(),
            timers: Timers::default(),
            max_dialogs: 10_000,
            max_subscriptions: 20_000,
            max_transactions: 50_000,
            max_transaction_bytes: 256 << 20,
            retry_after: Duration::from_secs(5),
            session_expires: Duration::from_secs(1800),
            min_se: Duration::from_secs(90),
            ringing_refresh: Duration::from_secs(60),
        }
    }
}

/// Whether new calls are wanted, as OPTIONS tells those who ask.
///
/// It changes the answer to OPTIONS only: an INVITE still becomes [`Event::Incoming`](crate::Event::Incoming).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admission {
    /// OPTIONS gets 200.
    #[default]
    Open,
    /// OPTIONS gets 503, so that load balancers look elsewhere.
    Draining,
}
