//! Keeps one trunk: registered where the settings want it, and asked whether it is there.
//!
//! Shape: one task a trunk; news of its registration, its own timer and the owner's [`Wish`]es in, what is known of it out.
//! Time: a registration is refreshed and tried again by the endpoint; a registrar that fails is left at once for the next of its
//! addresses, each once a round. A trunk is asked every `options_interval`, and every 15 s at most while it is down, with up to a tenth
//! more or less by chance.
//! Errors: whatever fails is known of the trunk and in the log once, when it changes.
//! Sources: RFC 3261 §10.2, §11.1; RFC 3263 §4.3.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_sip::{
    Credentials, Event, Flow, NameAddr, Registration, RegistrationFailure, RegistrationId, StatusCode, Uri,
};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    health::{Finding, Health},
    standing::Registered,
    ways::{Question, ways},
};
use crate::{
    call::executor::clock,
    rooms::Rooms,
    settings::{Trunk, TrunkRegistration},
    signalling::outward::{Ask, Kept},
};

/// How often a trunk that is down is asked at least.
const WHILE_DOWN: Duration = Duration::from_secs(15);
/// When a registrar without an address is looked up again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long the first question waits at most by chance, so that many trunks are not asked in one instant.
const FIRST: Duration = Duration::from_millis(500);
/// What the owner wants of a keeper.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Wish {
    /// Register now.
    Register,
    /// Take the registration away and end.
    Leave,
}

/// The registration as the keeper holds it.
struct Held {
    id: RegistrationId,
    news: mpsc::Receiver<Event>,
    flow: Flow,
    /// Where this round of failures has been.
    tried: Vec<Flow>,
}

/// The keeper of one trunk.
pub(super) struct Keeper {
    trunk: Arc<Trunk>,
    rooms: Arc<Rooms>,
    uri: Uri,
    held: Option<Held>,
    /// When the registrar is looked up again, as long as it has no address.
    look_at: Option<Instant>,
    ask_at: Option<Instant>,
    /// The question that is on its way, apart so that what else comes is heard meanwhile.
    asking: JoinSet<Finding>,
}

impl Keeper {
    /// A keeper that has not begun. `None` for a URI that does not read, which the settings exclude.
    pub(super) fn new(trunk: Arc<Trunk>, rooms: Arc<Rooms>) -> Option<Self> {
        let uri = trunk.uri.parse().ok()?;
        let now = clock();
        let ask_at = (!trunk.options_interval.is_zero()).then(|| now + FIRST.mul_f64(rand::random::<f64>()));
        let look_at = trunk.registration.as_ref().map(|_| now);
        Some(Self { trunk, rooms, uri, held: None, look_at, ask_at, asking: JoinSet::new() })
    }

    /// Keeps the trunk until the owner wants no more.
    pub(super) async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) {
        loop {
            let wake_at = [self.look_at, self.ask_at].into_iter().flatten().min();
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(Wish::Register) => self.register_now().await,
                    Some(Wish::Leave) | None => break,
                },
                Some(event) = next(&mut self.held) => self.hear(event).await,
                Some(found) = self.asking.join_next() => self.asked(found.unwrap_or(Finding::SILENCE)),
                () = sleep_until(wake_at) => {
                    let now = clock();
                    if self.look_at.is_some_and(|at| at <= now) {
                        self.begin().await;
                    }
                    if self.ask_at.is_some_and(|at| at <= now) {
                        self.ask();
                    }
                }
            }
        }
        self.leave().await;
    }

    fn credentials(&self) -> Option<Credentials> {
        let (username, password) = self.trunk.username.clone().zip(self.trunk.password.clone())?;
        Some(Credentials { username, password, realm: self.trunk.realm.clone() })
    }

    /// Registers for the first time, or for the first time since the registrar had no address.
    async fn begin(&mut self) {
        self.look_at = None;
        let Some(wanted) = self.trunk.registration.clone() else { return };
        let Some(registrar) = wanted.registrar.parse::<Uri>().ok() else { return };
        let Some(flow) = ways(&self.rooms, &registrar).await.first().copied() else {
            return self.look_later();
        };
        self.rooms.signalling.expect(flow, registrar.host()).await;
        let registration = Registration {
            flow,
            aor: NameAddr::new(address_of_record(&registrar, &wanted)),
            contact_user: Some(wanted.contact_user),
            credentials: self.credentials(),
            expires: wanted.expires,
            route: Vec::new(),
            registrar: domain(&registrar),
        };
        match self.rooms.signalling.register(registration).await {
            Ok((id, news)) => self.hold((id, news), flow),
            Err(error) => {
                tracing::error!(trunk = self.trunk.name, %error, "a registration could not be made");
                self.look_later();
            }
        }
    }

    fn hold(&mut self, (id, news): Kept, flow: Flow) {
        self.held = Some(Held { id, news, flow, tried: Vec::new() });
    }

    fn look_later(&mut self) {
        let retry_at = clock() + jittered(LOOK_AGAIN);
        self.look_at = Some(retry_at);
        self.note(Registered::Failed { why: None, retry_at });
    }

    async fn register_now(&mut self) {
        match &self.held {
            Some(held) => self.rooms.signalling.ask(Ask::Refresh(held.id)).await,
            None => self.begin().await,
        }
    }

    /// Takes news of the registration.
    async fn hear(&mut self, event: Event) {
        let Some(held) = &mut self.held else { return };
        match event {
            Event::Registered { expires, .. } => {
                held.tried.clear();
                let ends = clock() + expires;
                let news = Registered::Until { ends, flow: held.flow };
                // It may send as much as a phone that has proved itself; a carrier that sends more belongs into `match`.
                self.rooms.guard.vouch(clock(), held.flow.peer.ip(), ends);
                self.rooms.destinations().answered(clock(), held.flow);
                self.note(news);
            }
            Event::RegistrationFailed { why, retry_at, .. } => {
                self.note(Registered::Failed { why: Some(why), retry_at });
                if leads_elsewhere(why) {
                    self.move_on().await;
                }
            }
            _ => {}
        }
    }

    /// Leaves an address that failed for the next one of the registrar, if there is one that this round has not seen.
    async fn move_on(&mut self) {
        let registrar = self.trunk.registration.as_ref().and_then(|wanted| wanted.registrar.parse::<Uri>().ok());
        let (Some(registrar), Some(held)) = (registrar, &mut self.held) else { return };
        self.rooms.destinations().failed(clock(), held.flow);
        held.tried.push(held.flow);
        let found = ways(&self.rooms, &registrar).await;
        match found.into_iter().find(|flow| !held.tried.contains(flow)) {
            Some(flow) => {
                tracing::info!(trunk = self.trunk.name, peer = %flow.peer, "registering at the next address");
                held.flow = flow;
                self.rooms.signalling.expect(flow, registrar.host()).await;
                self.rooms.signalling.ask(Ask::Move(held.id, flow)).await;
            }
            // The endpoint tries the last one again in its time, and then the round begins anew.
            None => held.tried.clear(),
        }
    }

    /// Asks the trunk whether it is there.
    fn ask(&mut self) {
        self.ask_at = None;
        let question = Question {
            uri: self.uri.clone(),
            user: self.trunk.from_user.clone().or_else(|| self.trunk.username.clone()),
            credentials: self.credentials(),
            down_for: self.trunk.options_interval.min(WHILE_DOWN) * 2 + LOOK_AGAIN,
        };
        self.asking.spawn(question.ask(self.rooms.clone()));
    }

    /// Notes what a question found, and when the next is due.
    fn asked(&mut self, found: Finding) {
        let interval = self.trunk.options_interval;
        let pause = if found.health == Health::Down { interval.min(WHILE_DOWN) } else { interval };
        // A pause that was asked for is kept to, but a trunk that is back sooner is found out within an interval.
        let wanted = found.pause.unwrap_or_default().min(interval);
        self.ask_at = Some(clock() + jittered(pause.max(wanted)));
        let mut changed = false;
        self.rooms.trunks.note(&self.trunk.name, |standing| changed = standing.hear_health(clock(), found));
        let status = found.status.map(StatusCode::code);
        match found.health {
            Health::Up if changed => tracing::info!(trunk = self.trunk.name, status, "the trunk is up"),
            Health::Down if changed => tracing::warn!(trunk = self.trunk.name, status, "the trunk is down"),
            _ => {}
        }
    }

    /// Notes news of the registration, and says so in the log when it is a change.
    fn note(&self, news: Registered) {
        let mut changed = false;
        self.rooms.trunks.note(&self.trunk.name, |standing| changed = standing.hear_registration(clock(), news));
        if !changed {
            return;
        }
        let name = &self.trunk.name;
        match news {
            Registered::Until { flow, .. } => tracing::info!(trunk = name, peer = %flow.peer, "registered"),
            Registered::Failed { why: Some(why), .. } => tracing::warn!(trunk = name, ?why, "not registered"),
            Registered::Failed { why: None, .. } => tracing::warn!(trunk = name, "the registrar has no address"),
            Registered::Asking | Registered::Unwanted => {}
        }
    }

    /// Takes the registration away and waits until the registrar has said so, or will not.
    async fn leave(mut self) {
        let Some(Held { id, news, .. }) = &mut self.held else { return };
        self.rooms.signalling.ask(Ask::Unregister(*id)).await;
        while let Some(event) = news.recv().await {
            if matches!(event, Event::Unregistered { .. }) {
                return;
            }
        }
    }
}

/// Whether another address of the registrar may do better: it was not the registrar's own word about us.
fn leads_elsewhere(why: RegistrationFailure) -> bool {
    match why {
        RegistrationFailure::TimedOut | RegistrationFailure::TransportFailed => true,
        RegistrationFailure::Rejected(status) => status.code() >= 500 && status.code() < 600 || status.code() == 408,
        RegistrationFailure::NotBound => false,
    }
}

/// The address of record: our user in the registrar's domain.
fn address_of_record(registrar: &Uri, wanted: &TrunkRegistration) -> Uri {
    domain(registrar).with_user(&wanted.user)
}

/// The registrar's domain: its URI without user and parameters, which are for finding it (RFC 3261 §10.2).
fn domain(registrar: &Uri) -> Uri {
    let scheme = if *registrar.scheme() == antiphon_sip::Scheme::Sips { "sips" } else { "sip" };
    let port = registrar.port().map(|port| format!(":{port}")).unwrap_or_default();
    let plain = format!("{scheme}:{}{port}", registrar.host());
    plain.parse().unwrap_or_else(|_| registrar.clone())
}

/// A tenth more or less of this, by chance.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + 0.2 * rand::random::<f64>())
}

async fn next(held: &mut Option<Held>) -> Option<Event> {
    match held {
        Some(held) => held.news.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_of_a_registrar_is_its_host_and_port() {
        for (registrar, domain_of) in [
            ("sip:carrier.example;transport=tcp", "sip:carrier.example"),
            ("sip:someone@carrier.example:5080;lr", "sip:carrier.example:5080"),
            ("sips:[2001:db8::1]:5061", "sips:[2001:db8::1]:5061"),
        ] {
            assert_eq!(domain(&registrar.parse().unwrap()).to_string(), domain_of);
        }
    }

    #[test]
    fn a_wrong_password_is_wrong_at_every_address() {
        let rejected = |code| RegistrationFailure::Rejected(StatusCode::new(code).unwrap());
        for code in [401, 403, 404, 407, 423, 603] {
            assert!(!leads_elsewhere(rejected(code)), "{code}");
        }
        for code in [408, 500, 503, 504] {
            assert!(leads_elsewhere(rejected(code)), "{code}");
        }
    }
}
