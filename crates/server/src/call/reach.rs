//! Finding the way to those who are dialled.
//!
//! Shape: dialled strings to ways, then ways to attempts. What is an address is known at once; host names are looked up all at the
//! same time, while the call goes on hearing its caller.
//! Time: a lookup ends by itself ([`Rooms::way_to`](crate::rooms::Rooms::way_to)).
//! Errors: a target without a way is one of the [`Failures`].

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, Interrupted};
use antiphon_sip::{Credentials, Flow, StatusCode, Uri};
use tokio::task::JoinSet;

use super::{
    dial::Failures,
    executor::{Executor, clock},
};
use crate::{
    directory::{self, NoRoute, Target},
    registrar::Binding,
    settings::Trunk,
    store::{Extension, ExtensionKind},
};

/// One target to be called.
pub(super) struct Attempt {
    pub(super) flow: Flow,
    pub(super) target: Uri,
    pub(super) credentials: Option<Credentials>,
    /// Whose way it is, when it leads outside.
    pub(super) trunk: Option<Arc<Trunk>>,
}

/// One way to a target.
pub(super) enum Way {
    /// Known, by a registration.
    Known(Attempt),
    /// By a URI whose host is looked up first.
    Named {
        /// Whose host leads there.
        by: Uri,
        /// What is called.
        target: Uri,
        /// What a challenge there is answered with.
        credentials: Option<Credentials>,
        /// Whose way it is, when it leads outside.
        trunk: Option<Arc<Trunk>>,
    },
}

/// What dialled strings lead to.
pub(super) enum Reach {
    /// Another IVR, which takes the call over.
    HandOver(ExtensionId),
    /// Those who can be called, maybe nobody.
    Ways(Vec<Way>),
}

/// Where these dialled strings lead.
pub(super) fn ways(call: &Executor, dialled: &[String], failures: &mut Failures) -> Reach {
    let settings = call.rooms.settings.load();
    let mut ways = Vec::new();
    for dialled in dialled {
        match directory::resolve(&call.config, &settings.trunks, call.client, dialled) {
            Ok(Target::Ivr(extension)) => return Reach::HandOver(extension),
            Ok(Target::Phone(phone)) => match contacts(call, &phone) {
                contacts if contacts.is_empty() => failures.add(StatusCode::TEMPORARILY_UNAVAILABLE),
                contacts => ways.extend(contacts),
            },
            Ok(Target::Trunk { trunk, number }) => match through(&trunk, &number) {
                Some(way) => ways.push(way),
                None => failures.add(StatusCode::SERVICE_UNAVAILABLE),
            },
            Err(NoRoute::Unknown) => failures.add(StatusCode::NOT_FOUND),
            Err(NoRoute::Blocked) => failures.add(StatusCode::FORBIDDEN),
        }
    }
    Reach::Ways(ways)
}

/// Where a phone can be reached now: where it has registered, else its fixed contact.
fn contacts(call: &Executor, phone: &Extension) -> Vec<Way> {
    let known = |Binding { contact, flow, .. }| {
        Way::Known(Attempt { flow, target: contact, credentials: None, trunk: None })
    };
    let bindings = call.rooms.registrar().bindings(clock(), phone.id);
    if !bindings.is_empty() {
        return bindings.into_iter().map(known).collect();
    }
    let ExtensionKind::Phone(settings) = &phone.kind else { return Vec::new() };
    let contact = settings.contact.as_ref().and_then(|contact| contact.parse::<Uri>().ok());
    contact.map(|target| Way::Named { by: target.clone(), target, credentials: None, trunk: None }).into_iter().collect()
}

/// A number outside, by a trunk.
fn through(trunk: &Arc<Trunk>, number: &str) -> Option<Way> {
    let by: Uri = trunk.uri.parse().ok()?;
    let credentials = trunk.username.clone().zip(trunk.password.clone());
    let credentials = credentials.map(|(username, password)| Credentials { username, password, realm: trunk.realm.clone() });
    Some(Way::Named { target: by.clone().with_user(number), by, credentials, trunk: Some(trunk.clone()) })
}

/// Turns ways into attempts. A caller who hangs up meanwhile is heard.
pub(super) async fn look_up(
    call: &mut Executor,
    ways: Vec<Way>,
    failures: &mut Failures,
) -> Result<Vec<Attempt>, Interrupted> {
    let mut attempts = Vec::with_capacity(ways.len());
    let mut lookups = JoinSet::new();
    for way in ways {
        match way {
            Way::Known(attempt) => attempts.push(attempt),
            Way::Named { by, target, credentials, trunk } => {
                let rooms = call.rooms.clone();
                lookups.spawn(async move {
                    let flow = rooms.way_to(&by).await?;
                    Some(Attempt { flow, target, credentials, trunk })
                });
            }
        }
    }
    while !lookups.is_empty() {
        tokio::select! {
            found = lookups.join_next() => match found {
                Some(Ok(Some(attempt))) => attempts.push(attempt),
                _ => failures.add(StatusCode::SERVICE_UNAVAILABLE),
            },
            event = call.next_event() => drop(call.understand(event).await?),
        }
    }
    Ok(attempts)
}
