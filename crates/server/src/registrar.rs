//! The registrar: where each phone is.
//!
//! Shape: contacts by extension, each with the flow on which it registered, so that a phone behind a NAT is reached the way it came;
//! and with the path of proxies to it. A phone that registers again from the same instance has moved.
//! Units: expiries in seconds on the wire and in memory.
//! Time: told. Expired contacts are never given out, and [`Registrar::sweep`] takes them away.
//! Errors: the SIP status that the phone is told.
//! Sources: RFC 3261 §10.3; `Min-Expires` §10.2.8; RFC 3327 (Path); RFC 5626 §6 (flows).

mod place;
#[cfg(test)]
mod tests;
mod wanted;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    time::{Duration, Instant},
};

use antiphon_ivr::ExtensionId;
use antiphon_sip::{Flow, Reply, Request, StatusCode, Transport, Uri};
use bytes::Bytes;

use self::{
    place::{Place, Way},
    wanted::{CONTACTS, MIN_EXPIRES, Outbound, Unwanted, Wanted},
};

/// Phones registered at most.
const PHONES: usize = 200_000;
/// Phones looked at in one sweep at most, so that nobody waits long for the registrar.
const SWEEP: usize = 1_000;

/// One place where a phone is.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The contact it gave.
    pub contact: Uri,
    /// The way it came.
    pub flow: Flow,
    /// Proxies to pass, nearest first.
    pub path: Vec<Uri>,
}

/// Who registered on a flow: one phone, or the many of a gateway.
#[derive(Clone, Debug)]
enum Whose {
    One(ExtensionId),
    /// The last to register last.
    Several(Vec<ExtensionId>),
}

/// All registered phones.
#[derive(Debug)]
pub struct Registrar {
    began: Instant,
    secret: RandomState,
    /// Which listeners flows lead to; as many as there are listeners.
    locals: Vec<(Transport, SocketAddr)>,
    /// The oldest registration first.
    phones: HashMap<ExtensionId, Vec<Place>>,
    /// Which phones registered on a flow, so that their calls are known by it.
    sources: HashMap<Way, Whose>,
    /// When each phone loses its next contact.
    deadlines: BTreeSet<(u32, ExtensionId)>,
}

impl Registrar {
    /// A registrar that knows of no phone.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            secret: RandomState::new(),
            locals: Vec::new(),
            phones: HashMap::new(),
            sources: HashMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// Where the phone is now: what it prefers first, and of that the newest.
    pub fn bindings(&self, now: Instant, phone: ExtensionId) -> Vec<Binding> {
        let seconds = self.seconds(now);
        let places = self.phones.get(&phone).map(Vec::as_slice).unwrap_or_default();
        let mut places: Vec<&Place> = places.iter().rev().filter(|place| place.expires > seconds).collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.q));
        places.into_iter().filter_map(|place| self.binding(place)).collect()
    }

    fn binding(&self, place: &Place) -> Option<Binding> {
        let (transport, local) = *self.locals.get(usize::from(place.way.local))?;
        let path = place.path.as_deref().and_then(wanted::route).unwrap_or_default();
        let flow = Flow { transport, local, peer: (&place.way.peer).into() };
        Some(Binding { contact: place.contact.parse().ok()?, flow, path })
    }

    /// The phones that are registered from exactly this flow, the last to register first.
    pub fn phones_at(&self, now: Instant, flow: Flow) -> Vec<ExtensionId> {
        let seconds = self.seconds(now);
        let Some(way) = self.known_way(flow) else { return Vec::new() };
        let is_here = |phone: &ExtensionId| {
            let places = self.phones.get(phone).map(Vec::as_slice).unwrap_or_default();
            places.iter().any(|place| place.way == way && place.expires > seconds)
        };
        match self.sources.get(&way) {
            None => Vec::new(),
            Some(Whose::One(phone)) => Some(*phone).filter(is_here).into_iter().collect(),
            Some(Whose::Several(phones)) => phones.iter().rev().copied().filter(is_here).collect(),
        }
    }

    /// Until when the phone is registered from this flow, if it is.
    pub fn registered_until(&self, phone: ExtensionId, flow: Flow) -> Option<Instant> {
        let way = self.known_way(flow)?;
        let here = self.phones.get(&phone)?.iter().filter(|place| place.way == way);
        let expires = here.map(|place| place.expires).max()?;
        Some(self.began + Duration::from_secs(expires.into()))
    }

    /// How many phones are registered, with those whose contacts have expired since the last sweep.
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
            Ok(outbound) => self.listing(now, phone, request, outbound),
            Err(Unwanted::Status(StatusCode::SERVICE_UNAVAILABLE)) => {
                reply(StatusCode::SERVICE_UNAVAILABLE, &[("Retry-After", "60")])
            }
            Err(Unwanted::Status(status)) => reply(status, &[]),
            Err(Unwanted::TooBrief) => {
                let least = MIN_EXPIRES.as_secs().to_string();
                reply(StatusCode::INTERVAL_TOO_BRIEF, &[("Min-Expires", &least)])
            }
        }
    }

    fn apply(&mut self, now: Instant, phone: ExtensionId, flow: Flow, request: &Request) -> Result<Outbound, Unwanted> {
        if !self.phones.contains_key(&phone) && self.phones.len() >= PHONES {
            self.sweep(now);
            if self.phones.len() >= PHONES {
                return Err(Unwanted::Status(StatusCode::SERVICE_UNAVAILABLE));
            }
        }
        let wanted = Wanted::of(request, &self.secret)?;
        let seconds = self.seconds(now);
        let (call, cseq) = (self.secret.hash_one(request.call_id()), request.cseq().number);
        let mut places = self.phones.get(&phone).cloned().unwrap_or_default();
        places.retain(|place| place.expires > seconds);
        // RFC 3261 §10.3 step 7: an older request of the same registration must not undo a newer one.
        let is_older = places.iter().any(|place| place.call == call && place.cseq >= cseq);
        if is_older && !matches!(wanted, Wanted::Nothing) {
            return Err(Unwanted::Status(StatusCode::SERVER_ERROR));
        }
        let (contacts, path, outbound) = match wanted {
            Wanted::Nothing => return Ok(Outbound::No),
            Wanted::Farewell => {
                self.put(phone, Vec::new());
                return Ok(Outbound::No);
            }
            Wanted::Contacts { contacts, path, outbound } => (contacts, path, outbound),
        };
        let way = self.way(flow).ok_or(Unwanted::Status(StatusCode::SERVER_ERROR))?;
        for contact in contacts {
            let is_same = |place: &Place| {
                *place.contact == *contact.uri || contact.instance.is_some() && place.instance == contact.instance
            };
            places.retain(|place| !is_same(place));
            let Ok(lifetime @ 1..) = u32::try_from(contact.expires.as_secs()) else { continue };
            places.push(Place {
                contact: contact.uri.into(),
                path: path.clone(),
                way: way.clone(),
                call,
                instance: contact.instance,
                cseq,
                expires: seconds.saturating_add(lifetime),
                q: contact.q,
            });
        }
        // The one registered longest ago gives way: a phone that restarts under a new address does not sign the old one off.
        places.drain(..places.len().saturating_sub(CONTACTS));
        places.shrink_to_fit();
        self.put(phone, places);
        Ok(outbound)
    }

    /// A connection is gone: whoever registered over it cannot be reached there any more (RFC 5626 §5.3).
    pub fn drop_flow(&mut self, flow: Flow) {
        let Some(way) = self.known_way(flow) else { return };
        let phones = match self.sources.get(&way) {
            None => return,
            Some(Whose::One(phone)) => vec![*phone],
            Some(Whose::Several(phones)) => phones.clone(),
        };
        for phone in phones {
            self.keep(phone, |place| place.way != way);
        }
    }

    /// Takes expired contacts away; at most a thousand phones' at once, and the others' at the next sweep.
    pub fn sweep(&mut self, now: Instant) {
        let seconds = self.seconds(now);
        let due: Vec<_> = self.deadlines.iter().take_while(|(at, _)| *at <= seconds).take(SWEEP).copied().collect();
        for (_, phone) in due {
            self.keep(phone, |place| place.expires > seconds);
        }
    }

    /// Keeps these places of a phone.
    fn keep(&mut self, phone: ExtensionId, keeps: impl Fn(&Place) -> bool) {
        let places = self.phones.get(&phone).map(Vec::as_slice).unwrap_or_default();
        let kept = places.iter().filter(|place| keeps(place)).cloned().collect();
        self.put(phone, kept);
    }

    /// The one place where the three tables change, together.
    fn put(&mut self, phone: ExtensionId, places: Vec<Place>) {
        let soonest = |places: &[Place]| places.iter().map(|place| place.expires).min();
        let old = self.phones.remove(&phone).unwrap_or_default();
        if let Some(at) = soonest(&old) {
            self.deadlines.remove(&(at, phone));
        }
        for place in &old {
            self.unlink(&place.way, phone);
        }
        for place in &places {
            self.link(&place.way, phone);
        }
        if let Some(at) = soonest(&places) {
            self.deadlines.insert((at, phone));
            self.phones.insert(phone, places);
        }
    }

    fn link(&mut self, way: &Way, phone: ExtensionId) {
        match self.sources.get_mut(way) {
            None => drop(self.sources.insert(way.clone(), Whose::One(phone))),
            Some(Whose::One(known)) if *known == phone => {}
            Some(whose @ Whose::One(_)) => {
                let Whose::One(known) = *whose else { return };
                *whose = Whose::Several(vec![known, phone]);
            }
            Some(Whose::Several(phones)) => {
                phones.retain(|known| *known != phone);
                phones.push(phone);
            }
        }
    }

    fn unlink(&mut self, way: &Way, phone: ExtensionId) {
        let is_empty = match self.sources.get_mut(way) {
            None => return,
            Some(Whose::One(known)) => *known == phone,
            Some(Whose::Several(phones)) => {
                phones.retain(|known| *known != phone);
                phones.is_empty()
            }
        };
        if is_empty {
            self.sources.remove(way);
        }
    }

    /// 200 with every contact and how long it still lives (RFC 3261 §10.3 step 8), and the path that was noted (RFC 3327 §5.3).
    fn listing(&self, now: Instant, phone: ExtensionId, request: &Request, outbound: Outbound) -> Reply {
        let seconds = self.seconds(now);
        let places = self.phones.get(&phone).map(Vec::as_slice).unwrap_or_default();
        let contact = |place: &Place| {
            let q = if place.q < 1_000 { format!(";q=0.{:03}", place.q) } else { String::new() };
            ("Contact".to_owned(), format!("<{}>;expires={}{q}", place.contact, place.expires - seconds))
        };
        let mut headers: Vec<_> = places.iter().rev().filter(|place| place.expires > seconds).map(contact).collect();
        headers.extend(request.headers("Path").map(|path| ("Path".to_owned(), path.to_owned())));
        if outbound == Outbound::Yes {
            headers.push(("Require".to_owned(), "outbound".to_owned()));
        }
        Reply { status: StatusCode::OK, headers, body: Bytes::new() }
    }

    fn known_way(&self, flow: Flow) -> Option<Way> {
        let local = self.locals.iter().position(|local| *local == (flow.transport, flow.local))?;
        Some(Way { local: u16::try_from(local).ok()?, peer: flow.peer.into() })
    }

    /// The same for a flow whose listener may be new.
    fn way(&mut self, flow: Flow) -> Option<Way> {
        let local = (flow.transport, flow.local);
        if !self.locals.contains(&local) {
            self.locals.push(local);
        }
        self.known_way(flow)
    }

    fn seconds(&self, now: Instant) -> u32 {
        u32::try_from(now.saturating_duration_since(self.began).as_secs()).unwrap_or(u32::MAX)
    }
}

fn reply(status: StatusCode, headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status, headers, body: Bytes::new() }
}
