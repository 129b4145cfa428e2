//! What is known of one trunk.
//!
//! Shape: filled by the trunk's keeper; read by calls, the API and the metrics.
//! Units: instants of the process's clock, which tests may pause.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};

use antiphon_sip::{Flow, RegistrationFailure, StatusCode};

use super::health::{Finding, Health};
use crate::settings::Trunk;

/// Whether the trunk holds our registration.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Registered {
    /// We do not register there.
    #[default]
    Unwanted,
    /// It has been asked, or is about to be.
    Asking,
    /// It holds it.
    Until {
        /// When it ends, unless it is refreshed before.
        ends: Instant,
        /// Where the registrar is.
        flow: Flow,
    },
    /// It does not.
    Failed {
        /// Why; `None` when the registrar has no address.
        why: Option<RegistrationFailure>,
        /// When it is asked again.
        retry_at: Instant,
    },
}

/// What is known of one trunk.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The URI that calls are sent to, as written.
    pub uri: String,
    /// Whether it holds our registration.
    pub registered: Registered,
    /// Since when it does or does not.
    pub registered_since: Option<Instant>,
    /// Whether it is there.
    pub health: Health,
    /// Since when it is or is not.
    pub health_since: Option<Instant>,
    /// What it answered to the last OPTIONS.
    pub last_status: Option<StatusCode>,
    /// How many calls may be on it at once.
    pub max_calls: Option<usize>,
    /// How many calls are on it now.
    pub calls: Arc<AtomicUsize>,
    /// Whether keys of SRTP have gone there over signalling that others can read.
    pub keys_aloud: bool,
}

impl Standing {
    /// What is known before anything has been asked.
    pub(super) fn of(trunk: &Trunk) -> Self {
        let registered = if trunk.registration.is_some() { Registered::Asking } else { Registered::Unwanted };
        Self { uri: trunk.uri.clone(), registered, max_calls: trunk.max_calls, ..Self::default() }
    }

    /// Whether it holds our registration.
    pub fn is_registered(&self) -> bool {
        matches!(self.registered, Registered::Until { .. })
    }

    /// The address of the registrar that holds our registration.
    pub(super) fn registrar(&self) -> Option<IpAddr> {
        match self.registered {
            Registered::Until { flow, .. } => Some(flow.peer.ip().to_canonical()),
            Registered::Unwanted | Registered::Asking | Registered::Failed { .. } => None,
        }
    }

    /// Takes news of the registration; whether something changed that is worth a line in the log.
    pub(super) fn hear_registration(&mut self, now: Instant, news: Registered) -> bool {
        let kind = std::mem::discriminant::<Registered>;
        let changed = match (self.registered, news) {
            (Registered::Failed { why: before, .. }, Registered::Failed { why, .. }) => before != why,
            (before, news) => kind(&before) != kind(&news),
        };
        if changed {
            self.registered_since = Some(now);
        }
        self.registered = news;
        changed
    }

    /// Takes what an OPTIONS said; whether the trunk has come or gone.
    pub(super) fn hear_health(&mut self, now: Instant, finding: Finding) -> bool {
        self.last_status = finding.status;
        let changed = self.health != finding.health;
        if changed {
            self.health = finding.health;
            self.health_since = Some(now);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_changes_is_news() {
        let (mut standing, now) = (Standing::default(), Instant::now());
        let failed = |why, seconds| Registered::Failed { why: Some(why), retry_at: now + Duration::from_secs(seconds) };
        assert!(standing.hear_registration(now, failed(RegistrationFailure::TimedOut, 30)));
        assert!(!standing.hear_registration(now, failed(RegistrationFailure::TimedOut, 60)));
        assert!(standing.hear_registration(now, failed(RegistrationFailure::NotBound, 60)));
        assert!(standing.hear_health(now, Finding::SILENCE));
        assert!(!standing.hear_health(now, Finding::SILENCE));
        assert_eq!(standing.health, Health::Down);
    }
}
