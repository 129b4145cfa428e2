//! Who is heard at all: limits for each source address, and scanners that are ignored.
//!
//! Shape: [`Guard::admits`] judges a message by its source and first bytes, before it is copied or queued; others tell the guard what
//! a source did ([`Guard::failed`], [`Guard::vouch`]). Judged by what it does and never by its `User-Agent`, which a scanner makes up.
//! Whoever is refused gets no answer; up to then it is answered like everybody.
//! Time: told. A refusal ends by itself.
//! Errors: none; whatever is dropped is counted by its reason, and the log has one line when a source begins to be refused.
//! Locks: its own only, each for one look-up; no call ever takes one.

mod bucket;
mod connections;
mod glance;
mod source;
mod table;
#[cfg(test)]
pub(super) mod tests;

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use arc_swap::ArcSwap;

use self::{
    bucket::{Bucket, Limit},
    connections::Connections,
    source::{Limits, Reason, Sentence, Standing, Told, Verdict},
    table::{Key, Table},
};
pub use self::{
    connections::Pass,
    source::{Address, Failure},
};
use crate::settings::{Cidr, LiveSettings};

/// Lines of the log a second, and at once, for all sources together. What is not written is counted all the same.
const LINES: (u32, u32) = (10, 50);
/// How long we expect messages of somebody whom we called.
const EXPECTED: std::time::Duration = std::time::Duration::from_secs(300);

/// The limits and who is excepted from them.
#[derive(Debug)]
struct Rules {
    limits: Limits,
    trusted: Vec<Cidr>,
    connections: u32,
    ban_seconds: u64,
}

/// Judges sources.
#[derive(Debug)]
pub struct Guard {
    began: Instant,
    rules: ArcSwap<Rules>,
    table: Table,
    connections: Connections,
    lines: Mutex<Bucket>,
}

impl From<&LiveSettings> for Rules {
    fn from(settings: &LiveSettings) -> Self {
        let trunks = settings.trunks.iter().flat_map(|trunk| &trunk.networks);
        Self {
            limits: Limits::from(&settings.guard),
            trusted: settings.access.allow.iter().chain(trunks).copied().collect(),
            connections: settings.guard.connections,
            ban_seconds: settings.guard.ban.as_secs(),
        }
    }
}

impl Rules {
    fn standing(&self, source: IpAddr) -> Standing {
        match self.trusted.iter().any(|network| network.contains(source)) {
            true => Standing::Trusted,
            false => Standing::Unknown,
        }
    }
}

impl Guard {
    /// A guard that has heard of nobody.
    pub fn new(now: Instant, settings: &LiveSettings) -> Self {
        Self {
            began: now,
            rules: ArcSwap::from_pointee(settings.into()),
            table: Table::new(),
            connections: Connections::default(),
            lines: Mutex::default(),
        }
    }

    /// From now on these settings hold. Who is refused stays refused for its time, unless it is trusted now.
    pub fn follow(&self, settings: &LiveSettings) {
        self.rules.store(std::sync::Arc::new(settings.into()));
    }

    /// Whether a message from this source is taken. Looks at its first bytes only.
    pub fn admits(&self, now: Instant, source: IpAddr, message: &[u8]) -> bool {
        let rules = self.rules.load();
        let (at, standing) = (self.nanos(now), rules.standing(source));
        let judge = |known: &mut source::Source| known.judge(at, standing, &rules.limits, message);
        match self.table.with(at, Key::of(source, standing), judge) {
            Verdict::Pass => true,
            Verdict::Drop(reason, told) => {
                metrics::counter!("antiphon_sip_dropped_total", "reason" => reason.label()).increment(1);
                if told == Told::NotYet {
                    self.tell_limit(at, source, reason);
                }
                false
            }
        }
    }

    /// Whether a connection from this source is taken; it counts for as long as the pass lives.
    pub fn admits_connection(&self, now: Instant, source: IpAddr) -> Option<Pass> {
        let rules = self.rules.load();
        let standing = rules.standing(source);
        let most = if standing == Standing::Trusted { 0 } else { rules.connections };
        // A connection is judged as a message without content, so that whoever is ignored gets none.
        if !self.admits(now, source, b"") {
            return None;
        }
        let pass = self.connections.admit(Key::of(source, standing), most);
        if pass.is_none() {
            metrics::counter!("antiphon_sip_dropped_total", "reason" => "connections_of_source").increment(1);
        }
        pass
    }

    /// Notes what a source did wrong. Enough of it in five minutes, and it is ignored for a time; where somebody else may have done it
    /// in its name, a little of what comes from there is still taken. Trusted networks, addresses with a registered phone and whoever
    /// we called are never.
    pub fn failed(&self, now: Instant, source: IpAddr, address: Address, failure: Failure) {
        metrics::counter!("antiphon_sip_failures_total", "kind" => failure.label()).increment(1);
        let rules = self.rules.load();
        let (at, standing) = (self.nanos(now), rules.standing(source));
        if standing == Standing::Trusted {
            return;
        }
        let fail = |known: &mut source::Source| known.fail(at, &rules.limits, address, failure);
        match self.table.with(at, Key::of(source, standing), fail) {
            Sentence::Nothing => {}
            Sentence::Banned => self.tell_refusal(at, source, failure.label(), rules.ban_seconds),
            Sentence::Suspected => self.tell_suspicion(at, source, failure.label(), rules.ban_seconds),
        }
    }

    /// A phone has registered from this address until then: it has proved who it is.
    pub fn vouch(&self, now: Instant, source: IpAddr, until: Instant) {
        let standing = self.rules.load().standing(source);
        let until = self.nanos(until);
        self.table.with(self.nanos(now), Key::of(source, standing), |known| known.vouch(until));
    }

    /// We sent this there: a request of ours makes its answers expected.
    pub fn sent(&self, now: Instant, to: IpAddr, message: &[u8]) {
        if glance::begins_something(message) {
            self.vouch(now, to, now + EXPECTED);
        }
    }

    fn nanos(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX)
    }

    fn tell_limit(&self, at: u64, source: IpAddr, reason: Reason) {
        match reason {
            Reason::Banned | Reason::Suspected => {}
            Reason::Rate | Reason::NewRate => self.tell_refusal(at, source, reason.label(), 0),
            // Not a refusal of the source, and no line that bans it: it is one of ours.
            Reason::PhoneRate | Reason::TrustedRate => {
                if self.may_tell(at) {
                    let (peer, reason) = (source.to_canonical(), reason.label());
                    tracing::warn!(target: "antiphon::guard", %peer, %reason, "a known source is over its limit");
                }
            }
        }
    }

    /// The line that `deploy/fail2ban-antiphon.conf` reads. `seconds` is how long the source is ignored; 0 for as long as it is over
    /// its limit.
    fn tell_refusal(&self, at: u64, source: IpAddr, reason: &str, seconds: u64) {
        metrics::counter!("antiphon_sources_refused_total", "reason" => reason.to_owned()).increment(1);
        if self.may_tell(at) {
            let peer = source.to_canonical();
            tracing::warn!(target: "antiphon::guard", %peer, %reason, seconds, "source refused");
        }
    }

    /// No line for fail2ban: whoever forges an address must not be able to shut out its owner.
    fn tell_suspicion(&self, at: u64, source: IpAddr, reason: &str, seconds: u64) {
        metrics::counter!("antiphon_sources_suspected_total", "reason" => reason.to_owned()).increment(1);
        if self.may_tell(at) {
            let peer = source.to_canonical();
            tracing::warn!(target: "antiphon::guard", %peer, %reason, seconds, "source suspected");
        }
    }

    fn may_tell(&self, at: u64) -> bool {
        let (rate, burst) = LINES;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take(at, Limit::new(rate, burst))
    }
}
