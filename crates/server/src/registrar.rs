//! The registrar: where each phone is.
//!
//! Shape: contacts by extension, each with the flow on which it registered, so that a phone behind a NAT is reached the way it came.
//! Units: expiries in seconds on the wire, instants here.
//! Time: told. Expired contacts are never given out, and go when their phone's entry is next touched.
//! Errors: the SIP status that the phone is told.
//! Sources: RFC 3261 §10.3; `Min-Expires` §10.2.8.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use antiphon_ivr::ExtensionId;
use antiphon_sip::{Contact, Flow, Reply, Request, Scheme, StatusCode, Uri};
use bytes::Bytes;

/// Contacts of one phone at most. Beyond, the one registered longest ago gives way: a phone that restarts under a new address does
/// not sign the old one off.
const CONTACTS: usize = 10;
/// Phones registered at most.
const PHONES: usize = 200_000;
/// What a phone gets that asks for nothing.
const DEFAULT_EXPIRES: Duration = Duration::from_secs(3600);
/// What a phone gets at most.
const MAX_EXPIRES: Duration = Duration::from_secs(7200);
/// What a phone may ask for at least, unless it says goodbye.
const MIN_EXPIRES: Duration = Duration::from_secs(60);

/// One place where a phone is.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The contact it gave.
    pub contact: Uri,
    /// The way it came.
    pub flow: Flow,
    expires_at: Instant,
    call_id: String,
    cseq: u32,
}

/// All registered phones.
#[derive(Debug, Default)]
pub struct Registrar {
    phones: HashMap<ExtensionId, Vec<Binding>>,
    /// Which phone registered on a flow, so that its calls are known by it.
    sources: HashMap<Flow, ExtensionId>,
}

impl Registrar {
    /// Where the phone is now, the newest place first.
    pub fn bindings(&self, now: Instant, phone: ExtensionId) -> Vec<Binding> {
        let bindings = self.phones.get(&phone).map(Vec::as_slice).unwrap_or_default();
        bindings.iter().rev().filter(|binding| binding.expires_at > now).cloned().collect()
    }

    /// The phone that is registered from exactly this flow.
    pub fn phone_at(&self, now: Instant, flow: Flow) -> Option<ExtensionId> {
        let phone = *self.sources.get(&flow)?;
        let bindings = self.phones.get(&phone)?;
        bindings.iter().any(|binding| binding.flow == flow && binding.expires_at > now).then_some(phone)
    }

    /// How many phones are registered, expired ones included until they are touched.
    pub fn len(&self) -> usize {
        self.phones.len()
    }

    /// Whether no phone is registered.
    pub fn is_empty(&self) -> bool {
        self.phones.is_empty()
    }

    /// Carries out an authenticated REGISTER and answers it.
    pub fn register(&mut self, now: Instant, phone: ExtensionId, flow: Flow, request: &Request) -> Reply {
        match self.apply(now, phone, flow, request) {
            Ok(()) => self.listing(now, phone),
            Err(reply) => reply,
        }
    }

    fn apply(&mut self, now: Instant, phone: ExtensionId, flow: Flow, request: &Request) -> Result<(), Reply> {
        if !self.phones.contains_key(&phone) && self.phones.len() >= PHONES {
            self.forget_expired(now);
        }
        if !self.phones.contains_key(&phone) && self.phones.len() >= PHONES {
            return Err(reply(StatusCode::SERVICE_UNAVAILABLE, &[("Retry-After", "60")]));
        }
        let (call_id, cseq) = (request.call_id().to_owned(), request.cseq().number);
        let mut bindings = self.bindings(now, phone);
        bindings.reverse();
        // RFC 3261 §10.3 step 7: an older request of the same registration must not undo a newer one.
        if bindings.iter().any(|binding| binding.call_id == call_id && binding.cseq >= cseq) {
            return Err(reply(StatusCode::SERVER_ERROR, &[]));
        }
        let contacts = request.contacts();
        let default = request.expires().unwrap_or(DEFAULT_EXPIRES);
        if contacts.contains(&Contact::Star) {
            if contacts.len() != 1 || !default.is_zero() {
                return Err(reply(StatusCode::BAD_REQUEST, &[]));
            }
            bindings.clear();
        }
        if contacts.len() > CONTACTS {
            return Err(reply(StatusCode::FORBIDDEN, &[]));
        }
        let places = contacts.iter().filter_map(|contact| Some((contact, contact.uri()?)));
        for (contact, uri) in places.filter(|(_, uri)| matches!(uri.scheme(), Scheme::Sip | Scheme::Sips)) {
            let expires = contact.expires().unwrap_or(default).min(MAX_EXPIRES);
            if !expires.is_zero() && expires < MIN_EXPIRES {
                let least = MIN_EXPIRES.as_secs().to_string();
                return Err(reply(StatusCode::INTERVAL_TOO_BRIEF, &[("Min-Expires", &least)]));
            }
            bindings.retain(|binding| binding.contact != *uri);
            if !expires.is_zero() {
                let (contact, call_id) = (uri.clone(), call_id.clone());
                bindings.push(Binding { contact, flow, expires_at: now + expires, call_id, cseq });
            }
        }
        bindings.drain(..bindings.len().saturating_sub(CONTACTS));
        self.put(phone, bindings);
        Ok(())
    }

    /// Makes room: phones that have been gone for long, or deleted, are no longer here.
    fn forget_expired(&mut self, now: Instant) {
        self.phones.retain(|_, bindings| bindings.iter().any(|binding| binding.expires_at > now));
        let phones = &self.phones;
        self.sources.retain(|_, phone| phones.contains_key(phone));
    }

    fn put(&mut self, phone: ExtensionId, bindings: Vec<Binding>) {
        for old in self.phones.remove(&phone).unwrap_or_default() {
            self.sources.remove(&old.flow);
        }
        self.sources.extend(bindings.iter().map(|binding| (binding.flow, phone)));
        if !bindings.is_empty() {
            self.phones.insert(phone, bindings);
        }
    }

    /// 200 with every contact and how long it still lives (RFC 3261 §10.3 step 8).
    fn listing(&self, now: Instant, phone: ExtensionId) -> Reply {
        let contact = |binding: &Binding| {
            let left = binding.expires_at.saturating_duration_since(now).as_secs();
            ("Contact".to_owned(), format!("<{}>;expires={left}", binding.contact))
        };
        let headers = self.bindings(now, phone).iter().map(contact).collect();
        Reply { status: StatusCode::OK, headers, body: Bytes::new() }
    }
}

fn reply(status: StatusCode, headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: Bytes::new() }
}

#[cfg(test)]
mod tests {
    use antiphon_sip::{Config, Endpoint, Event, Listener, Transport};

    use super::*;

    const PHONE: ExtensionId = ExtensionId(7);

    fn flow() -> Flow {
        let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Flow { transport: Transport::Udp, local: at(5060), peer: at(5070) }
    }

    /// What comes of a REGISTER with these contacts: the status, and the contacts that the phone has then, oldest first.
    fn register(registrar: &mut Registrar, now: Instant, number: u32, contacts: &str) -> (u16, Vec<String>) {
        let text = format!(
            "REGISTER sip:antiphon SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{number}\r\n\
             From: <sip:7@antiphon>;tag=1\r\nTo: <sip:7@antiphon>\r\nCall-ID: {number}\r\nCSeq: 1 REGISTER\r\n\
             Contact: {contacts}\r\nContent-Length: 0\r\n\r\n"
        );
        let listener = Listener { transport: Transport::Udp, local: flow().local, advertised: flow().local };
        let mut endpoint = Endpoint::new(Config { listeners: vec![listener], ..Config::default() }, 1);
        endpoint.handle_datagram(now, flow(), text.as_bytes());
        let Some(Event::Requested { message, .. }) = endpoint.poll_event() else { panic!("no request: {text}") };
        let reply = registrar.register(now, PHONE, flow(), &message);
        let bindings = registrar.bindings(now, PHONE);
        (reply.status.code(), bindings.iter().rev().map(|binding| binding.contact.to_string()).collect())
    }

    #[test]
    fn a_phone_that_comes_from_ever_new_places_is_not_locked_out() {
        let (mut registrar, now) = (Registrar::default(), Instant::now());
        for number in 0..25 {
            let (status, known) =
                register(&mut registrar, now, number, &format!("<sip:7@127.0.0.1:{}>", 6_000 + number));
            assert_eq!(status, 200, "restart {number}");
            assert_eq!(known.last().map(String::as_str), Some(format!("sip:7@127.0.0.1:{}", 6_000 + number).as_str()));
            assert!(known.len() <= CONTACTS, "{known:?}");
        }
    }

    #[test]
    fn a_request_with_more_contacts_than_a_phone_has_changes_nothing() {
        let (mut registrar, now) = (Registrar::default(), Instant::now());
        let many = |count: usize| (0..count).map(|at| format!("<sip:{at}@a>")).collect::<Vec<_>>().join(",");
        assert_eq!(register(&mut registrar, now, 1, "<sip:7@a>"), (200, vec!["sip:7@a".to_owned()]));
        assert_eq!(register(&mut registrar, now, 2, &many(CONTACTS + 1)), (403, vec!["sip:7@a".to_owned()]));
        assert_eq!(register(&mut registrar, now, 3, &many(CONTACTS)).1.len(), CONTACTS);
    }

    #[test]
    fn an_address_that_is_no_sip_address_is_not_a_place() {
        let (mut registrar, now) = (Registrar::default(), Instant::now());
        let given = "<mailto:7@a>, <tel:+1>, <sip:7@a>, <sips:7@b>";
        assert_eq!(register(&mut registrar, now, 1, given).1, ["sip:7@a", "sips:7@b"]);
    }
}
