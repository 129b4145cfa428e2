//! Sending requests outside dialogs, and registering.
//!
//! Shape: an [`OutsideRequest`] or a [`Registration`] in; REGISTER, OPTIONS and the like out; then an [`Outcome`], or what
//! has become of the registration.
//! Errors: [`SipError`].
//! Sources: RFC 3261 §8.1.1, §10.2.

use super::Endpoint;
use super::inside::Settled;
use crate::auth::Bound;
use crate::error::SipError;
use crate::event::{Event, RegistrationId, RequestId};
use crate::flow::Flow;
use crate::message::build::{Outgoing, push_foreign};
use crate::message::{Headers, MAX_FORWARDS, Method, NameAddr, Uri};
use crate::outside::{Outcome, OutsideRequest};
use crate::registration::{Registering, Registration, RegistrationFailure, Step, Wanted};
use crate::transaction::ClientOwner;
use bytes::Bytes;
use std::time::Instant;

/// At most this many registrations of ours.
const MAX_REGISTRATIONS: usize = 1000;

impl Endpoint {
    /// Sends a request outside dialogs. What comes of it is reported as [`Event::Responded`].
    ///
    /// # Errors
    /// [`SipError::WrongMethod`] for the methods of calls, [`SipError::Full`].
    pub fn request(&mut self, now: Instant, request: OutsideRequest) -> Result<RequestId, SipError> {
        if matches!(request.method, Method::Invite | Method::Ack | Method::Cancel | Method::Bye) {
            return Err(SipError::WrongMethod);
        }
        if self.transactions.clients() >= self.config.max_transactions {
            return Err(SipError::Full);
        }
        let id = RequestId(self.fresh_id());
        let (branch, tag) = (self.branch(), self.tokens.token());
        let mut headers = self.request_headers();
        push_foreign(&mut headers, &request.headers);
        let mut to = request.to;
        to.params.remove("tag");
        let flow = request.flow;
        let outgoing = Outgoing {
            method: request.method,
            uri: request.target.as_target(),
            via: self.listeners.via(flow, &branch),
            from: request.from.with_tag(&tag).to_string(),
            to: to.to_string(),
            call_id: request.call_id.unwrap_or_else(|| self.tokens.token()),
            cseq: 1,
            max_forwards: MAX_FORWARDS,
            route: routes(&request.route),
            headers,
            body: request.body,
        };
        let credentials = request.credentials.map(|credentials| Bound::new(credentials, flow.peer.ip()));
        self.send_request(now, flow, outgoing, ClientOwner::Outside(id), credentials);
        Ok(id)
    }

    /// Reports what came of a request outside dialogs.
    pub(super) fn settled_outside(&mut self, id: RequestId, settled: Settled<'_>) {
        let outcome = match settled {
            Settled::Answered(response) => Outcome::Response(Box::new(response.clone())),
            Settled::TimedOut => Outcome::TimedOut,
            Settled::TransportFailed => Outcome::TransportFailed,
        };
        self.events.push_back(Event::Responded { request: id, outcome });
    }

    /// Registers with a registrar and keeps the binding fresh until [`unregister`](Self::unregister). What comes of it is
    /// reported as [`Event::Registered`] with each refresh, and [`Event::RegistrationFailed`].
    ///
    /// # Errors
    /// [`SipError::Full`].
    pub fn register(&mut self, now: Instant, registration: Registration) -> Result<RegistrationId, SipError> {
        if self.registrations.len() >= MAX_REGISTRATIONS {
            return Err(SipError::Full);
        }
        let id = RegistrationId(self.fresh_id());
        let (call_id, tag) = (self.tokens.token(), self.tokens.token());
        self.registrations.insert(id, Registering::new(registration, call_id, tag));
        self.ask_registrar(now, id);
        Ok(id)
    }

    /// Refreshes a registration now, or tries again now. Does nothing while a REGISTER is on its way.
    ///
    /// # Errors
    /// [`SipError::UnknownRegistration`].
    pub fn refresh_registration(&mut self, now: Instant, id: RegistrationId) -> Result<(), SipError> {
        if !self.registration(id)?.is_asking() {
            self.ask_registrar(now, id);
        }
        Ok(())
    }

    /// Takes a registration another way, to another server of the same registrar for example, and registers there at once.
    ///
    /// # Errors
    /// [`SipError::UnknownRegistration`].
    pub fn move_registration(&mut self, now: Instant, id: RegistrationId, flow: Flow) -> Result<(), SipError> {
        self.registration(id)?.moved(flow);
        self.ask_registrar(now, id);
        Ok(())
    }

    /// Takes the binding away. [`Event::Unregistered`] follows, whatever the registrar says.
    ///
    /// # Errors
    /// [`SipError::UnknownRegistration`].
    pub fn unregister(&mut self, now: Instant, id: RegistrationId) -> Result<(), SipError> {
        let found = self.registration(id)?;
        found.wanted = Wanted::Gone;
        // The RFC wants one REGISTER at a time (§10.2): the one on its way is waited for.
        if !found.is_asking() {
            self.ask_registrar(now, id);
        }
        Ok(())
    }

    fn registration(&mut self, id: RegistrationId) -> Result<&mut Registering, SipError> {
        let living = |found: &&mut Registering| found.wanted == Wanted::Bound;
        self.registrations.get_mut(&id).filter(living).ok_or(SipError::UnknownRegistration)
    }

    /// Sends the next REGISTER.
    fn ask_registrar(&mut self, now: Instant, id: RegistrationId) {
        let branch = self.branch();
        let headers = self.request_headers();
        let Some(found) = self.registrations.get_mut(&id) else { return };
        let expires = if found.wanted == Wanted::Bound { found.expires.as_secs() } else { 0 };
        if found.wanted == Wanted::Gone {
            found.wanted = Wanted::Leaving;
        }
        found.cseq += 1;
        found.asked();
        let flow = found.wants.flow;
        let contact = self.listeners.contact(flow, found.wants.contact_user.as_deref(), &found.wants.registrar);
        found.contact = contact.parse().ok();
        let headers = register_headers(headers, &contact, expires);
        let outgoing = Outgoing {
            method: Method::Register,
            uri: found.wants.registrar.as_target(),
            via: self.listeners.via(flow, &branch),
            from: found.wants.aor.clone().with_tag(&found.tag).to_string(),
            to: NameAddr { display: None, ..found.wants.aor.clone() }.to_string(),
            call_id: found.call_id.clone(),
            cseq: found.cseq,
            max_forwards: MAX_FORWARDS,
            route: routes(&found.wants.route),
            headers,
            body: Bytes::new(),
        };
        let credentials = found.wants.credentials.clone().map(|it| Bound::new(it, flow.peer.ip()));
        self.registration_wakes.set(&id, None);
        self.send_request(now, flow, outgoing, ClientOwner::Registration(id), credentials);
    }

    /// Something came of the REGISTER with this CSeq.
    pub(super) fn settled_registration(&mut self, now: Instant, id: RegistrationId, cseq: u32, settled: Settled<'_>) {
        // A registration that was moved meanwhile has a newer REGISTER.
        let Some(found) = self.registrations.get_mut(&id).filter(|found| found.cseq == cseq) else { return };
        let tokens = &mut self.tokens;
        let step = match settled {
            Settled::Answered(response) => found.answered(now, response, tokens),
            Settled::TimedOut => found.failed(now, RegistrationFailure::TimedOut, None, tokens),
            Settled::TransportFailed => found.failed(now, RegistrationFailure::TransportFailed, None, tokens),
        };
        let deadline = found.deadline();
        match step {
            Step::Ask => return self.ask_registrar(now, id),
            Step::Registered { expires, service_route } => {
                self.events.push_back(Event::Registered { registration: id, expires, service_route });
            }
            Step::Failed { why, retry_at } => {
                self.events.push_back(Event::RegistrationFailed { registration: id, why, retry_at });
            }
            Step::Over => {
                self.registrations.remove(&id);
                self.registration_wakes.set(&id, None);
                return self.events.push_back(Event::Unregistered { registration: id });
            }
        }
        self.registration_wakes.set(&id, deadline);
    }

    /// Refreshes and tries again what is due.
    pub(super) fn wake_registrations(&mut self, now: Instant) {
        while let Some(id) = self.registration_wakes.take_due(now) {
            self.ask_registrar(now, id);
        }
    }

    /// A connection is gone over which a registrar would have called us: registers again soon (RFC 5626 §4.2.2 in spirit).
    pub(super) fn reregister_over(&mut self, now: Instant, flow: Flow) {
        let mut affected: Vec<_> = self.registrations.iter().filter(|(_, it)| it.wants.flow == flow).collect();
        affected.sort_by_key(|(id, _)| **id);
        for id in affected.into_iter().map(|(id, _)| *id).collect::<Vec<_>>() {
            if let Some(found) = self.registrations.get_mut(&id) {
                found.flow_failed(now, &mut self.tokens);
                self.registration_wakes.set(&id, found.deadline());
            }
        }
    }
}

fn register_headers(mut headers: Headers, contact: &str, expires: u64) -> Headers {
    headers.push("Contact", format!("{contact};expires={expires}"));
    headers.push("Expires", expires.to_string());
    headers.push("Allow", super::send::ALLOW);
    headers.push("Supported", "path");
    headers
}

fn routes(routes: &[Uri]) -> Vec<String> {
    routes.iter().map(|uri| NameAddr::new(uri.clone()).to_string()).collect()
}
