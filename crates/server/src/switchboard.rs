//! Where calls come in: may it call, whom does it want, and is there room.
//!
//! Shape: the [`Reception`] of signalling. A call that is let in becomes one task, and its inbox is what signalling gets back.
//! Time: told, but for the calls' own clocks.
//! Errors: a refusal is a SIP status, as `interface.md` "Where a call goes" says: 403 or 401 for who may not, 404 for nobody there,
//! 503 with `Retry-After` when full or draining.

use std::{sync::Arc, time::Instant};

use antiphon_ivr::ExtensionId;
use antiphon_sip::{
    AuthConfig, Authenticator, DialogId, Flow, Invite, Rejection, Reply, Request, StatusCode, Uri, Verdict as Proof,
};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    access::{Gate, Verdict},
    call::{
        CallEvent, INBOX,
        replace::{Claim, Replacement},
        task::{self, Trust},
    },
    calls::{CallId, busy},
    page_entry,
    rooms::Rooms,
    signalling::{
        Located, Reception, Watch,
        guard::{Address, Failure},
    },
    store::{Config, Extension, ExtensionKind, ExtensionStatus},
    trace::Beginning,
    voicemail::lamps::summary,
};

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
    fn judge<T>(&mut self, now: Instant, config: &Config, judge: impl FnOnce(&Gate, &mut Authenticator) -> T) -> T {
        let settings = self.rooms.settings.load();
        if settings.access.realm != self.realm {
            self.realm.clone_from(&settings.access.realm);
            self.authenticator = authenticator(&self.realm, now);
        }
        let registrar = self.rooms.registrar();
        let gate = Gate {
            config,
            access: &settings.access,
            trunks: &settings.trunks,
            registrations: &self.rooms.trunks,
            registrar: &registrar,
        };
        judge(&gate, &mut self.authenticator)
    }

    /// With what right somebody asks for the place of a party.
    fn claim(&mut self, now: Instant, invite: &Invite) -> Result<Claim, Rejection> {
        let config = self.rooms.store.snapshot();
        let (verdict, is_allowed) = self.judge(now, &config, |gate, authenticator| {
            let verdict = gate.call(now, invite.flow, &invite.request, authenticator);
            (verdict, gate.allows(invite.flow.peer.ip()))
        });
        match verdict {
            Verdict::Phone(phone) => {
                self.rooms.guard.vouch(now, invite.flow.peer.ip(), now);
                Ok(Claim::Phone(phone))
            }
            Verdict::Trusted => Ok(Claim::Trusted),
            // A trunk on an allowed machine, such as one for tests on this one, does not make that less trusted.
            Verdict::Trunk(_) if is_allowed => Ok(Claim::Trusted),
            Verdict::Trunk(trunk) => Ok(Claim::Trunk(trunk)),
            Verdict::Challenge(doubt) => {
                self.doubt(now, invite.flow, &invite.request, doubt);
                let headers = self.authenticator.challenge(now, doubt, invite.flow.peer.ip());
                Err(Rejection { headers, ..StatusCode::UNAUTHORIZED.into() })
            }
            Verdict::Refused(status) => Err(status.into()),
        }
    }

    /// Notes that somebody was challenged, and why.
    fn doubt(&self, now: Instant, flow: Flow, request: &Request, doubt: Proof) {
        let failure = match doubt {
            Proof::Wrong => Failure::Credentials,
            // A nonce that is too old came with the right password.
            Proof::Stale | Proof::Verified => return,
            Proof::Missing => Failure::Challenged,
        };
        if failure == Failure::Credentials {
            tracing::info!(peer = %flow.peer, "wrong credentials");
        }
        self.failed(now, flow, request, failure);
    }

    /// Tells the guard, and whether the sender is known to be where he seems to be: anybody may write any address into a datagram, but
    /// only who hears us there answers our challenge.
    fn failed(&self, now: Instant, flow: Flow, request: &Request, failure: Failure) {
        let source = flow.peer.ip();
        let is_there = flow.transport.is_reliable() || self.authenticator.was_challenged_at(now, request, source);
        let address = if is_there { Address::Proven } else { Address::Claimed };
        self.rooms.guard.failed(now, source, address, failure);
    }

    fn admit(&mut self, now: Instant, invite: &Invite, config: &Config) -> Result<task::Arrival, Rejection> {
        if !self.rooms.calls.has_room() {
            return Err(busy());
        }
        let verdict =
            self.judge(now, config, |gate, authenticator| gate.call(now, invite.flow, &invite.request, authenticator));
        let (phone, trunk, trust) = match verdict {
            Verdict::Trusted => (None, None, Trust::Believed),
            Verdict::Trunk(trunk) => (None, Some(trunk), Trust::Believed),
            Verdict::Phone(phone) => {
                // It has proved itself, so what was asked without credentials before is forgiven.
                self.rooms.guard.vouch(now, invite.flow.peer.ip(), now);
                (Some(phone), None, Trust::Doubted)
            }
            Verdict::Challenge(doubt) => {
                self.doubt(now, invite.flow, &invite.request, doubt);
                let headers = self.authenticator.challenge(now, doubt, invite.flow.peer.ip());
                return Err(Rejection { headers, ..StatusCode::UNAUTHORIZED.into() });
            }
            Verdict::Refused(status) => return Err(status.into()),
        };
        // Whom it calls is looked at only now, so that nobody learns numbers who may not call them.
        let settings = self.rooms.settings.load();
        let extension = match page_entry::of(&settings.vxml, config, invite.request.uri(), phone.as_deref()) {
            Some(named) => named?,
            None => called(config, invite, phone.as_deref()).cloned().ok_or_else(|| {
                self.failed(now, invite.flow, &invite.request, Failure::UnknownNumber);
                StatusCode::NOT_FOUND
            })?,
        };
        if extension.status == ExtensionStatus::Blocked {
            return Err(StatusCode::FORBIDDEN.into());
        }
        let did = dialled_users(invite).find(|user| config.did(user).is_some());
        let claim = match trunk.as_ref().map(|trunk| self.rooms.trunks.claim(trunk)) {
            Some(None) => return Err(busy()),
            claim => claim.flatten(),
        };
        Ok(task::Arrival { extension, caller_phone: phone, trunk, claim, trust, did })
    }
}

/// An authenticator with a secret of its own.
fn authenticator(realm: &str, now: Instant) -> Authenticator {
    Authenticator::new(AuthConfig::new(realm, rand::random()), now)
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
    fn disconnected(&mut self, flow: Flow) {
        self.rooms.registrar().drop_flow(flow);
    }

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
        let trace = self.rooms.trace.begin(beginning(id, now, &invite, &arrival, &inbox), dialog, &invite);
        let call = task::Incoming { id, trace, dialog, invite, arrival, config, inbox: inbox.clone(), events, at: now };
        task::spawn(self.rooms.clone(), call);
        Ok(inbox)
    }

    fn replacing(
        &mut self,
        now: Instant,
        dialog: DialogId,
        invite: Box<Invite>,
        replaced: Located,
    ) -> Result<mpsc::Sender<CallEvent>, Rejection> {
        let claim = self.claim(now, &invite).inspect_err(|rejection| {
            tracing::info!(status = rejection.status.code(), peer = %invite.flow.peer, "nobody's place is given");
        })?;
        self.rooms.trace.joins(now, dialog, &invite, replaced.dialog);
        let replacement = Replacement::new(self.rooms.clone(), (dialog, invite), claim, replaced.dialog);
        // A call that cannot take it drops it, which answers it.
        crate::queue::send_now(&replaced.inbox, CallEvent::Replacement(Box::new(replacement)));
        Ok(replaced.inbox)
    }

    fn requested(&mut self, now: Instant, flow: Flow, request: &Request) -> Reply {
        let config = self.rooms.store.snapshot();
        match self.judge(now, &config, |gate, authenticator| gate.registration(now, request, authenticator)) {
            Verdict::Phone(phone) if is_own_address(request, &phone) => {
                let mut registrar = self.rooms.registrar();
                let reply = registrar.register(now, phone.id, flow, request);
                let until = registrar.registered_until(phone.id, flow);
                drop(registrar);
                self.rooms.guard.vouch(now, flow.peer.ip(), until.unwrap_or(now));
                reply
            }
            Verdict::Challenge(doubt) => {
                self.doubt(now, flow, request, doubt);
                let headers = self.authenticator.challenge(now, doubt, flow.peer.ip());
                Reply { status: StatusCode::UNAUTHORIZED, headers, body: Bytes::new() }
            }
            _ => bare(StatusCode::FORBIDDEN),
        }
    }

    fn subscribing(&mut self, now: Instant, flow: Flow, request: &Request) -> Result<Watch, Reply> {
        let config = self.rooms.store.snapshot();
        let judge = |gate: &Gate<'_>, authenticator: &mut _| gate.subscription(now, flow, request, authenticator);
        match self.judge(now, &config, judge) {
            Verdict::Phone(phone) => {
                let watch = self.watch_of(&config, &phone).ok_or_else(|| bare(StatusCode::NOT_FOUND))?;
                let is_own = is_own_mailbox(&config, request, &phone, watch.mailbox);
                if is_own { Ok(watch) } else { Err(bare(StatusCode::FORBIDDEN)) }
            }
            Verdict::Challenge(doubt) => {
                self.doubt(now, flow, request, doubt);
                let headers = self.authenticator.challenge(now, doubt, flow.peer.ip());
                Err(Reply { status: StatusCode::UNAUTHORIZED, headers, body: Bytes::new() })
            }
            _ => Err(bare(StatusCode::FORBIDDEN)),
        }
    }

    fn watch(&mut self, phone: ExtensionId) -> Option<Watch> {
        let config = self.rooms.store.snapshot();
        let phone = config.extension(phone).filter(|phone| phone.status == ExtensionStatus::Active)?;
        self.watch_of(&config, phone)
    }
}

fn bare(status: StatusCode) -> Reply {
    Reply { status, headers: Vec::new(), body: Bytes::new() }
}

impl Switchboard {
    /// What a phone may be told of its messages.
    fn watch_of(&self, config: &Config, phone: &Extension) -> Option<Watch> {
        let ExtensionKind::Phone(settings) = &phone.kind else { return None };
        let mailbox = config.extension(settings.mailbox?).filter(|mailbox| mailbox.client == phone.client)?.id;
        let notice = summary(self.rooms.store.mailboxes().count(mailbox));
        Some(Watch { phone: phone.id, mailbox, notice })
    }
}

/// Whether a phone asks for its own messages: by its own number, or by that of its mailbox.
fn is_own_mailbox(config: &Config, request: &Request, phone: &Extension, mailbox: ExtensionId) -> bool {
    let Some(user) = request.uri().user() else { return false };
    let is_named = |extension: &Extension| user == extension.number() || user == extension.name;
    is_named(phone) || config.extension(mailbox).is_some_and(|mailbox| is_named(mailbox))
}

/// What a call's record begins with.
fn beginning(
    id: CallId,
    at: Instant,
    invite: &Invite,
    arrival: &task::Arrival,
    inbox: &mpsc::Sender<CallEvent>,
) -> Beginning {
    let from = invite.request.from();
    let user = |uri: &Uri| uri.user().unwrap_or_default().into_owned();
    Beginning {
        id,
        client: arrival.extension.client,
        at,
        from: user(&from.uri),
        from_name: from.display.clone().unwrap_or_default(),
        to: user(invite.request.uri()),
        did: arrival.did.clone(),
        extension: arrival.extension.name.clone(),
        inbox: inbox.clone(),
    }
}

/// A phone registers its own address of record and no other (RFC 3261 §10.3 step 4).
fn is_own_address(request: &Request, phone: &Extension) -> bool {
    request.to().uri.user().is_some_and(|user| user == phone.number() || user == phone.name)
}
