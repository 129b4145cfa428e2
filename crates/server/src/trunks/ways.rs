//! The ways to a trunk, and asking over each of them whether it is there.
//!
//! Shape: a URI as written in, flows out, those that failed lately last; a [`Question`] in, one [`Finding`] out, and what it means for
//! calls told to the room that orders ways.
//! Time: a question ends after 13 s, three of which are for looking up.

use std::{sync::Arc, time::Duration};

use antiphon_sip::{Credentials, Flow, Method, NameAddr, OutsideRequest, Uri};
use bytes::Bytes;
use tokio::{task::JoinSet, time::timeout};

use super::health::{Finding, Health};
use crate::{call::executor::clock, rooms::Rooms};

/// How long an answer to OPTIONS is waited for. The endpoint goes on for 32 s, but a trunk that takes as long as this is no way out.
const PATIENCE: Duration = Duration::from_secs(10);
/// Addresses of one trunk that are asked.
const ASKED: usize = 4;

/// The ways to this URI, best first; none when its host has no address that we can talk to.
pub(super) async fn ways(rooms: &Rooms, uri: &Uri) -> Vec<Flow> {
    let mut ways = rooms.ways_to(uri).await.unwrap_or_default();
    rooms.destinations().order(clock(), &mut ways);
    ways
}

/// Whether a trunk is there.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) uri: Uri,
    /// The user who asks.
    pub(super) user: Option<String>,
    pub(super) credentials: Option<Credentials>,
    /// How long an address that is down is put last, when it does not say so itself.
    pub(super) down_for: Duration,
}

impl Question {
    /// Asks every address of the trunk.
    pub(super) async fn ask(self, rooms: Arc<Rooms>) -> Finding {
        let mut asked = JoinSet::new();
        for flow in ways(&rooms, &self.uri).await.into_iter().take(ASKED) {
            asked.spawn(self.clone().ask_over(rooms.clone(), flow));
        }
        let findings = asked.join_all().await.into_iter();
        findings.fold(Finding::SILENCE, |all, one| one.or(all))
    }

    async fn ask_over(self, rooms: Arc<Rooms>, flow: Flow) -> Finding {
        let host = rooms.listener(flow).map_or(flow.local, |listener| listener.advertised);
        let request = OutsideRequest {
            flow,
            method: Method::Options,
            target: self.uri.clone(),
            from: NameAddr::new(Uri::sip(self.user.as_deref(), host)),
            to: NameAddr::new(self.uri.clone()),
            headers: Vec::new(),
            route: Vec::new(),
            body: Bytes::new(),
            credentials: self.credentials,
            call_id: None,
        };
        rooms.signalling.expect(flow, self.uri.host()).await;
        let answered = timeout(PATIENCE, rooms.signalling.request(request)).await;
        let finding = answered.ok().flatten().map_or(Finding::SILENCE, |outcome| Finding::of(&outcome));
        let mut destinations = rooms.destinations();
        match finding.health {
            // Put last until the next question has been answered.
            Health::Down => {
                let pause = finding.pause.unwrap_or_default().max(self.down_for);
                destinations.failed_for(clock(), flow, pause);
            }
            Health::Up | Health::Unknown => destinations.answered(clock(), flow),
        }
        finding
    }
}
