//! Finding the ways to those who are dialled.
//!
//! Shape: dialled strings to [`Route`]s, one a target. A route is tried way by way: those a registration knows at once, those
//! behind a host name once that is looked up. A number outside has all trunks that allow it on its route, in their order.
//! Errors: a dialled string without a way is one of the [`Failures`].
//! Sources: RFC 3263 §4.3.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use antiphon_ivr::{CallerId, ExtensionId};
use antiphon_sip::{Credentials, Flow, StatusCode, Uri};

use super::{
    calling::Calling,
    direct::{self, Asked},
    executor::clock,
    failures::Failures,
    leg::Party,
    srtp::{self, Offering},
};
use crate::{
    directory::{self, NoRoute, Target},
    locate::NoWay,
    registrar::Binding,
    rooms::Rooms,
    settings::Trunk,
    store::{Extension, ExtensionKind},
};

/// Attempts on one route at most: a trunk with many addresses, of which all are dead, is given up after these.
const ATTEMPTS: u8 = 16;

/// One way to a target that can be tried now.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) flow: Flow,
    /// Whose certificate the far end must show, where the way was found by a URI.
    pub(super) host: Option<String>,
    pub(super) target: Uri,
    /// Who that is: a contact's user part says nothing of its number.
    pub(super) shown: Arc<CallerId>,
    /// Proxies to pass, nearest first.
    pub(super) route: Vec<Uri>,
    pub(super) credentials: Option<Credentials>,
    /// Whose way it is, when it leads outside.
    pub(super) trunk: Option<Arc<Trunk>>,
    /// Whether it leads outside.
    pub(super) party: Party,
    /// How it is offered.
    pub(super) offering: Offering,
}

/// A way by a URI whose host is looked up first.
#[derive(Clone)]
pub(super) struct Named {
    /// Whose host leads there.
    by: Uri,
    /// What is called.
    target: Uri,
    /// Who that is.
    shown: Arc<CallerId>,
    /// What a challenge there is answered with.
    credentials: Option<Credentials>,
    /// Whose way it is, when it leads outside.
    trunk: Option<Arc<Trunk>>,
    /// Whether it leads outside.
    party: Party,
}

/// One way to a target.
pub(super) enum Way {
    /// Can be tried now.
    Known(Attempt),
    /// Has to be looked up.
    Named(Named),
}

/// The ways to one target, best first.
pub(super) struct Route {
    /// Which of the dialled strings it is for.
    pub(super) target: usize,
    /// Headers that its URI wants.
    pub(super) headers: Vec<(String, String)>,
    /// How long it may ring, once it is called.
    pub(super) until: Option<Instant>,
    ways: VecDeque<Way>,
    left: u8,
}

/// What dialled strings lead to.
pub(super) enum Reach {
    /// Another IVR, which takes the call over.
    HandOver(ExtensionId),
    /// Those who can be called, maybe nobody.
    Routes(Vec<Route>),
}

impl Attempt {
    /// The same with an offer of SRTP and nothing else, where that was not what was offered.
    pub(super) fn insisting(&self, rooms: &Rooms) -> Option<Self> {
        let may = self.offering == Offering::Usual && srtp::may_insist(rooms, self.trunk.as_deref());
        may.then(|| Self { offering: Offering::Secure, ..self.clone() })
    }
}

impl Route {
    fn new(target: usize, ways: impl IntoIterator<Item = Way>) -> Self {
        Self { target, headers: Vec::new(), until: None, ways: ways.into_iter().collect(), left: ATTEMPTS }
    }

    /// The way to be tried next.
    pub(super) fn next(&mut self) -> Option<Way> {
        let way = self.ways.pop_front()?;
        self.left = self.left.checked_sub(1)?;
        Some(way)
    }

    /// Whether there is another way after the one that is being tried.
    pub(super) fn has_more(&self) -> bool {
        !self.ways.is_empty() && self.left > 0
    }

    /// A name has been looked up. Ways that failed lately go behind all others, also behind those of the next trunk.
    pub(super) fn found(&mut self, rooms: &Rooms, named: &Named, mut flows: Vec<Flow>) {
        let now = clock();
        let destinations = rooms.destinations();
        destinations.order(now, &mut flows);
        let (bad, good): (Vec<_>, Vec<_>) = flows.into_iter().partition(|flow| destinations.is_penalised(now, *flow));
        let way = |flow| {
            Way::Known(Attempt {
                flow,
                host: Some(named.by.host().to_owned()),
                target: named.target.clone(),
                shown: named.shown.clone(),
                route: Vec::new(),
                credentials: named.credentials.clone(),
                trunk: named.trunk.clone(),
                party: named.party,
                offering: Offering::Usual,
            })
        };
        for flow in good.into_iter().rev() {
            self.ways.push_front(way(flow));
        }
        self.ways.extend(bad.into_iter().map(way));
    }
}

impl Named {
    /// The ways there; a host without any is an entry in the log.
    pub(super) async fn look_up(&self, rooms: Arc<Rooms>) -> Result<Vec<Flow>, NoWay> {
        let found = rooms.ways_to(&self.by).await;
        found.inspect_err(|error| tracing::warn!(host = self.by.host(), %error, "nobody can be reached there"))
    }
}

/// How what was dialled is read.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Reading {
    /// A number, or a SIP URI: a script of the client's says so.
    OfScript,
    /// A number, whatever it looks like: a party says so, in a REFER or a redirect. What looks like a URI in the user of one would else
    /// be judged as a number that is not there, and then be called as what it is.
    OfParty,
}

/// Where these dialled strings lead.
pub(super) fn routes(call: &Calling<'_>, dialled: &[String], reading: Reading, failures: &mut Failures) -> Reach {
    let settings = call.rooms.settings.load();
    let mut routes = Vec::new();
    for (target, dialled) in dialled.iter().enumerate() {
        let read = match reading {
            Reading::OfScript => direct::read(call, &settings, dialled),
            Reading::OfParty => Ok((Asked::Number(dialled.clone()), Vec::new())),
        };
        let (asked, headers) = match read {
            Ok(asked) => asked,
            Err(status) => {
                failures.add(status);
                continue;
            }
        };
        let known = routes.len();
        let found = match asked {
            Asked::Number(number) => directory::resolve(call.config, &settings.trunks, call.client, &number),
            Asked::AtTrunk(trunk, number) => Ok(Target::Trunks { trunks: vec![trunk], number }),
            Asked::At(_) if call.rooms.calls.is_draining() => {
                failures.add(StatusCode::SERVICE_UNAVAILABLE);
                continue;
            }
            Asked::At(uri) => {
                routes.push(Route { headers, ..Route::new(target, [at(uri)]) });
                continue;
            }
        };
        match found {
            Ok(Target::Ivr(extension)) => return Reach::HandOver(extension),
            // What is ending begins nothing: a phone that rings now would lose its call at once.
            Ok(Target::Phone(_) | Target::Trunks { .. }) if call.rooms.calls.is_draining() => {
                failures.add(StatusCode::SERVICE_UNAVAILABLE);
            }
            Ok(Target::Phone(phone)) => match contacts(call, &phone) {
                contacts if contacts.is_empty() => failures.add(StatusCode::TEMPORARILY_UNAVAILABLE),
                // Every phone of an extension rings, so each is a target of its own.
                contacts => routes.extend(contacts.into_iter().map(|way| Route::new(target, [way]))),
            },
            Ok(Target::Trunks { trunks, number }) => {
                let ways: Vec<Way> = trunks.iter().filter_map(|trunk| through(trunk, &number)).collect();
                match ways.is_empty() {
                    true => failures.add(StatusCode::SERVICE_UNAVAILABLE),
                    false => routes.push(Route::new(target, ways)),
                }
            }
            Err(NoRoute::Unknown) => failures.add(StatusCode::NOT_FOUND),
            Err(NoRoute::Blocked) => failures.add(StatusCode::FORBIDDEN),
        }
        routes[known..].iter_mut().for_each(|route| route.headers.clone_from(&headers));
    }
    Reach::Routes(routes)
}

/// Where a phone can be reached now: where it has registered, else its fixed contact.
fn contacts(call: &Calling<'_>, phone: &Extension) -> Vec<Way> {
    let (number, name) = (phone.name.clone(), phone.caller_id_name.clone().unwrap_or_default());
    let shown = Arc::new(CallerId { number, name });
    let known = |Binding { contact, flow, path }| {
        let (shown, offering) = (shown.clone(), Offering::Usual);
        let (host, credentials, trunk, party) = (None, None, None, Party::Phone);
        Way::Known(Attempt { flow, host, target: contact, shown, route: path, credentials, trunk, party, offering })
    };
    let bindings = call.rooms.registrar().bindings(clock(), phone.id);
    if !bindings.is_empty() {
        return bindings.into_iter().map(known).collect();
    }
    let ExtensionKind::Phone(settings) = &phone.kind else { return Vec::new() };
    let contact = settings.contact.as_ref().and_then(|contact| contact.parse::<Uri>().ok());
    let party = Party::Phone;
    let named = |target: Uri| Named { by: target.clone(), target, shown, credentials: None, trunk: None, party };
    contact.map(named).map(Way::Named).into_iter().collect()
}

/// A number outside, by a trunk.
fn through(trunk: &Arc<Trunk>, number: &str) -> Option<Way> {
    let by: Uri = trunk.uri.parse().ok()?;
    let credentials = trunk.username.clone().zip(trunk.password.clone());
    let credentials =
        credentials.map(|(username, password)| Credentials { username, password, realm: trunk.realm.clone() });
    let shown = Arc::new(CallerId { number: number.to_owned(), name: String::new() });
    let target = by.clone().with_user(number);
    Some(Way::Named(Named { target, by, shown, credentials, trunk: Some(trunk.clone()), party: Party::Outside }))
}

/// Whoever is at a URI outside.
fn at(uri: Uri) -> Way {
    let shown = Arc::new(CallerId { number: uri.user().unwrap_or_default().into_owned(), name: String::new() });
    let (target, party) = (uri.clone(), Party::Outside);
    Way::Named(Named { target, by: uri, shown, credentials: None, trunk: None, party })
}
