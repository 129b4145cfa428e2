//! Where calls come in: may it call, whom does it want, and is there room.
//!
//! Shape: the [`Reception`] of signalling. A call that is let in becomes one task, and its inbox is what signalling gets back.
//! Time: told, but for the calls' own clocks.
//! Errors: a refusal is a SIP status, as `interface.md` "Where a call goes" says: 403 or 401 for who may not, 404 for nobody there,
//! 503 with `Retry-After` when full or draining.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use antiphon_sip::{
    AuthConfig, Authenticator, DialogId, Flow, Invite, Rejection, Reply, Request, StatusCode, Verdict as Proof,
};
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::{
    access::{Gate, Verdict},
    api::Readiness,
    call::{CallEvent, INBOX, task},
    rooms::Rooms,
    signalling::Reception,
    store::{Config, Extension, ExtensionStatus},
};

/// The calls in progress.
#[derive(Debug)]
pub struct Calls {
    inboxes: Mutex<HashMap<CallId, mpsc::Sender<CallEvent>>>,
    active: watch::Sender<usize>,
    capacity: usize,
    draining: AtomicBool,
    readiness: watch::Sender<Readiness>,
}

/// Our own name of a call: sortable by its beginning, 32 hexadecimal digits when written. Never the SIP Call-ID.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct CallId(u128);

impl CallId {
    /// A new id: milliseconds since 1970 in the upper 48 bits, the rest random.
    pub fn new() -> Self {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let random = rand::random::<u128>() >> 48;
        Self(since_1970.as_millis() << 80 | random)
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Calls {
    /// Room for this many calls.
    pub fn new(capacity: usize) -> Self {
        Self {
            inboxes: Mutex::default(),
            active: watch::Sender::new(0),
            capacity,
            draining: AtomicBool::new(false),
            readiness: watch::Sender::new(Readiness::Ready),
        }
    }

    /// Whether new calls are taken, now and whenever it changes.
    pub fn readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// How many calls are in progress, now and whenever it changes.
    pub fn active(&self) -> watch::Receiver<usize> {
        self.active.subscribe()
    }

    /// Takes no new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.publish(self.lock().len());
    }

    /// Tells every call to end.
    pub fn shut_down(&self) {
        for inbox in self.lock().values() {
            // A call with a full inbox is about to read it; it is ended with the process otherwise.
            let _ = inbox.try_send(CallEvent::Shutdown);
        }
    }

    /// Whether a call may come in now.
    fn has_room(&self) -> bool {
        !self.draining.load(Ordering::Relaxed) && *self.active.borrow() < self.capacity
    }

    fn add(&self, id: CallId, inbox: mpsc::Sender<CallEvent>) {
        let mut inboxes = self.lock();
        inboxes.insert(id, inbox);
        self.publish(inboxes.len());
    }

    /// A call has ended.
    pub fn remove(&self, id: CallId) {
        let mut inboxes = self.lock();
        inboxes.remove(&id);
        self.publish(inboxes.len());
    }

    /// Tells how many calls are up. Under the lock, so that the last word is the true one.
    fn publish(&self, active: usize) {
        self.active.send_replace(active);
        metrics::gauge!("antiphon_calls_active").set(active as f64);
        let readiness = match self.has_room() {
            true => Readiness::Ready,
            false if self.draining.load(Ordering::Relaxed) => Readiness::Draining,
            false => Readiness::Full,
        };
        self.readiness.send_if_modified(|known| std::mem::replace(known, readiness) != readiness);
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, mpsc::Sender<CallEvent>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides about new calls and registrations.
pub struct Switchboard {
    rooms: Arc<Rooms>,
    authenticator: Authenticator,
    /// The realm of the authenticator.
    realm: String,
}

impl Switchboard {
    /// A switchboard that challenges in the realm of the settings.
    pub fn new(rooms: Arc<Rooms>, now: Instant) -> Self {
        let realm = rooms.settings.load().access.realm.clone();
        Self { rooms, authenticator: authenticator(&realm, now), realm }
    }

    /// Judges a request with what the settings say now.
    fn judge(
        &mut self,
        now: Instant,
        config: &Config,
        judge: impl FnOnce(&Gate, &mut Authenticator) -> Verdict,
    ) -> Verdict {
        let settings = self.rooms.settings.load();
        if settings.access.realm != self.realm {
            self.realm.clone_from(&settings.access.realm);
            self.authenticator = authenticator(&self.realm, now);
        }
        let registrar = self.rooms.registrar();
        let gate = Gate { config, access: &settings.access, trunks: &settings.trunks, registrar: &registrar };
        judge(&gate, &mut self.authenticator)
    }

    fn admit(&mut self, now: Instant, invite: &Invite, config: &Config) -> Result<task::Arrival, Rejection> {
        if !self.rooms.calls.has_room() {
            return Err(busy());
        }
        let verdict =
            self.judge(now, config, |gate, authenticator| gate.call(now, invite.flow, &invite.request, authenticator));
        let phone = match verdict {
            Verdict::Trusted | Verdict::Trunk(_) => None,
            Verdict::Phone(phone) => Some(phone),
            Verdict::Challenge(doubt) => {
                let headers = self.authenticator.challenge(now, doubt);
                return Err(Rejection { status: StatusCode::UNAUTHORIZED, headers });
            }
            Verdict::Refused(status) => return Err(status.into()),
        };
        let extension = called(config, invite, phone.as_deref()).ok_or(StatusCode::NOT_FOUND)?;
        if extension.status == ExtensionStatus::Blocked {
            return Err(StatusCode::FORBIDDEN.into());
        }
        let did = dialled_users(invite).find(|user| config.did(user).is_some());
        Ok(task::Arrival { extension: extension.clone(), caller_phone: phone, did })
    }
}

/// An authenticator with a secret of its own.
fn authenticator(realm: &str, now: Instant) -> Authenticator {
    Authenticator::new(AuthConfig::new(realm, rand::random()), now)
}

/// The refusal of a call for which there is no room now (RFC 3261 §21.5.4).
pub fn busy() -> Rejection {
    Rejection { status: StatusCode::SERVICE_UNAVAILABLE, headers: vec![("Retry-After".to_owned(), "5".to_owned())] }
}

/// The users that a call names: of the Request-URI, then of To.
fn dialled_users(invite: &Invite) -> impl Iterator<Item = String> {
    let uris = [invite.request.uri(), &invite.request.to().uri];
    uris.into_iter().filter_map(|uri| uri.user().map(|user| user.into_owned())).collect::<Vec<_>>().into_iter()
}

/// The extension a call is for: a public number, or an extension of the calling phone's client, or of any client where it is the only one.
fn called<'a>(config: &'a Config, invite: &Invite, phone: Option<&Extension>) -> Option<&'a Arc<Extension>> {
    let client = phone.map(|phone| phone.client);
    dialled_users(invite).find_map(|user| config.did(&user).or_else(|| config.find_extension(&user, client)))
}

impl Reception for Switchboard {
    fn incoming(
        &mut self,
        now: Instant,
        dialog: DialogId,
        invite: Box<Invite>,
    ) -> Result<mpsc::Sender<CallEvent>, Rejection> {
        let config = self.rooms.store.snapshot();
        let arrival = self.admit(now, &invite, &config).inspect_err(|rejection| {
            let status = rejection.status.code();
            metrics::counter!("antiphon_calls_refused_total", "status" => status.to_string()).increment(1);
            tracing::info!(status, peer = %invite.flow.peer, "call refused");
        })?;
        let (inbox, events) = mpsc::channel(INBOX);
        let id = CallId::new();
        self.rooms.calls.add(id, inbox.clone());
        let call = task::Incoming { id, dialog, invite, arrival, config, inbox: inbox.clone(), events, at: now };
        task::spawn(self.rooms.clone(), call);
        Ok(inbox)
    }

    fn requested(&mut self, now: Instant, flow: Flow, request: &Request) -> Reply {
        let config = self.rooms.store.snapshot();
        match self.judge(now, &config, |gate, authenticator| gate.registration(now, request, authenticator)) {
            Verdict::Phone(phone) if is_own_address(request, &phone) => {
                self.rooms.registrar().register(now, phone.id, flow, request)
            }
            Verdict::Challenge(doubt) => {
                if doubt == Proof::Wrong {
                    tracing::info!(peer = %flow.peer, "wrong credentials");
                }
                let headers = self.authenticator.challenge(now, doubt);
                Reply { status: StatusCode::UNAUTHORIZED, headers, body: Bytes::new() }
            }
            _ => Reply { status: StatusCode::FORBIDDEN, headers: Vec::new(), body: Bytes::new() },
        }
    }
}

/// A phone registers its own address of record and no other (RFC 3261 §10.3 step 4).
fn is_own_address(request: &Request, phone: &Extension) -> bool {
    request.to().uri.user().is_some_and(|user| user == phone.number() || user == phone.name)
}
