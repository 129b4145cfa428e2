//! Who may call.
//!
//! Shape: where a request came from and who it says it is in, a [`Verdict`] out; pure, from a snapshot and the settings.
//! Time: told, for the age of a nonce.
//! Errors: none; a refusal is a verdict.
//! Sources: `interface.md` "Where a call goes" 1; RFC 3261 §22; RFC 8760.

use std::{net::IpAddr, sync::Arc, time::Instant};

use antiphon_sip::{Authenticator, Flow, Request, Secret, StatusCode, Verdict as Proof};

use crate::{
    registrar::Registrar,
    settings::{AccessSettings, Trunk},
    store::{Config, Extension, ExtensionKind, ExtensionStatus},
    trunks::Trunks,
};

/// Whether a request is let in, and as whom.
#[derive(Debug)]
pub enum Verdict {
    /// From an address that may call without credentials.
    Trusted,
    /// From this trunk.
    Trunk(Arc<Trunk>),
    /// From this phone, by its registration or its credentials.
    Phone(Arc<Extension>),
    /// It must prove who it is; the endpoint's verdict says what was wrong with the proof it gave.
    Challenge(Proof),
    /// Not let in.
    Refused(StatusCode),
}

/// What the decision rests on.
pub struct Gate<'a> {
    /// The present configuration.
    pub config: &'a Config,
    /// Who may call without credentials.
    pub access: &'a AccessSettings,
    /// The trunks and their networks.
    pub trunks: &'a [Arc<Trunk>],
    /// Where we are registered ourselves.
    pub registrations: &'a Trunks,
    /// Which phone is registered where.
    pub registrar: &'a Registrar,
}

impl Gate<'_> {
    /// Decides about a call.
    pub fn call(&self, now: Instant, flow: Flow, request: &Request, authenticator: &mut Authenticator) -> Verdict {
        if came_directly(request)
            && let Some(phone) = self.registered_phone(now, flow)
        {
            return admitted(phone);
        }
        let source = flow.peer.ip();
        if let Some(trunk) = self.trunk(source, request) {
            return Verdict::Trunk(trunk.clone());
        }
        if request.header("Authorization").is_none() && self.allows(source) {
            return Verdict::Trusted;
        }
        // Everybody else is challenged, whoever he says he is: a 403 for those that are not there would tell who is.
        self.credentials(now, request, authenticator)
    }

    /// Whether the settings let this source call without credentials, whatever else it is.
    pub fn allows(&self, source: IpAddr) -> bool {
        self.access.allow.iter().any(|network| network.contains(source))
    }

    /// The trunk that a call from here is of: one with this network, else one that holds our registration, for that calls us from where
    /// it does. Of several at one address, as two accounts at one carrier are, it is the one whose contact is called.
    fn trunk(&self, source: IpAddr, request: &Request) -> Option<&Arc<Trunk>> {
        let is_within = |trunk: &&Arc<Trunk>| trunk.networks.iter().any(|network| network.contains(source));
        let is_registered = |trunk: &&Arc<Trunk>| self.registrations.is_registered_at(&trunk.name, source);
        let mut here: Vec<_> = self.trunks.iter().filter(is_within).collect();
        if here.is_empty() {
            here = self.trunks.iter().filter(is_registered).collect();
        }
        let called = request.uri().user();
        let is_named = |trunk: &&&Arc<Trunk>| {
            let contact = trunk.registration.as_ref().map(|registration| registration.contact_user.as_str());
            contact.is_some() && contact == called.as_deref()
        };
        here.iter().find(is_named).or(here.first()).copied()
    }

    /// Decides about a registration: always by credentials, wherever it comes from. An unknown phone is challenged like a known one.
    pub fn registration(&self, now: Instant, request: &Request, authenticator: &mut Authenticator) -> Verdict {
        self.credentials(now, request, authenticator)
    }

    /// Decides about a subscription: a phone is known by its registration or its credentials, and nobody else is let in.
    pub fn subscription(
        &self,
        now: Instant,
        flow: Flow,
        request: &Request,
        authenticator: &mut Authenticator,
    ) -> Verdict {
        if came_directly(request)
            && let Some(phone) = self.registered_phone(now, flow)
        {
            return admitted(phone);
        }
        self.credentials(now, request, authenticator)
    }

    /// The phone that is registered from this flow. The flow of several, as of a gateway or of a border that hides who is behind
    /// it, says nothing about one of them.
    fn registered_phone(&self, now: Instant, flow: Flow) -> Option<&Arc<Extension>> {
        match self.registrar.phones_at(now, flow).as_slice() {
            [phone] => self.config.extension(*phone),
            _ => None,
        }
    }

    fn credentials(&self, now: Instant, request: &Request, authenticator: &mut Authenticator) -> Verdict {
        let Some(username) = authenticator.username(request) else { return Verdict::Challenge(Proof::Missing) };
        let phone = self.config.find_extension(&username, None);
        let password = phone.and_then(|phone| match &phone.kind {
            ExtensionKind::Phone(settings) => settings.password.clone(),
            ExtensionKind::Ivr(_) | ExtensionKind::Conference(_) | ExtensionKind::Pivot(_) | ExtensionKind::Vxml(_) => {
                None
            }
        });
        // A phone that does not exist, or has no password, is judged like a wrong password: with the same work and the same answer.
        let known = password.is_some();
        let secret = Secret::Password(password.unwrap_or_else(|| username.chars().rev().collect()));
        match (authenticator.verify(now, request, &secret), phone) {
            (Proof::Verified, Some(phone)) if known => admitted(phone),
            (Proof::Verified, _) => Verdict::Challenge(Proof::Wrong),
            (doubt, _) => Verdict::Challenge(doubt),
        }
    }
}

/// Whether no proxy stands between. The flow of a proxy is everybody's who comes through it, and proves nothing about one of them.
fn came_directly(request: &Request) -> bool {
    request.headers("Via").flat_map(|line| line.split(',')).count() == 1
}

fn admitted(phone: &Arc<Extension>) -> Verdict {
    match phone.status {
        ExtensionStatus::Active => Verdict::Phone(phone.clone()),
        ExtensionStatus::Blocked => Verdict::Refused(StatusCode::FORBIDDEN),
    }
}

#[cfg(test)]
mod tests {
    use antiphon_sip::{Config, Endpoint, Event, Listener, Transport};

    use super::*;

    /// Whether a request with these Via headers came directly.
    fn is_direct(vias: &str) -> bool {
        let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let flow = Flow { transport: Transport::Udp, local: at(5060), peer: at(5070) };
        let text = format!(
            "REGISTER sip:antiphon SIP/2.0\r\n{vias}From: <sip:7@antiphon>;tag=1\r\nTo: <sip:7@antiphon>\r\nCall-ID: 1\r\n\
             CSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"
        );
        let listener = Listener { transport: Transport::Udp, local: flow.local, advertised: flow.local };
        let mut endpoint = Endpoint::new(Config { listeners: vec![listener], ..Config::default() }, 1);
        endpoint.handle_datagram(Instant::now(), flow, text.as_bytes());
        let Some(Event::Requested { message, .. }) = endpoint.poll_event() else { panic!("no request: {text}") };
        came_directly(&message)
    }

    #[test]
    fn a_request_that_a_proxy_passed_on_did_not_come_directly() {
        let own = "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1";
        let further = "SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK2";
        assert!(is_direct(&format!("Via: {own}\r\n")));
        assert!(!is_direct(&format!("Via: {own}\r\nVia: {further}\r\n")));
        assert!(!is_direct(&format!("v: {own}, {further}\r\n")));
    }
}
