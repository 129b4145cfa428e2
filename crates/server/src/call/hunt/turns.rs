//! Whose turn it is to be called, and how it stands with each target.
//!
//! Shape: routes wait for their time, or for the one before them; a target has failed with the last of its routes.
//! Time: a delay counts from the beginning of the hunt, a target's own patience from its own.
//! Errors: none; news that cannot be told is lost.

use std::mem;

use antiphon_ivr::op::{News, PartyNews, PartyState, PartyTerms, RingOrder};
use antiphon_sip::StatusCode;

use super::{Hunt, Route};
use crate::call::{calling::Calling, executor::clock, failures::Failures, news};

/// How it stands with a target.
#[derive(Default)]
pub(super) struct Standing {
    /// Its routes that may still answer.
    pub(super) left: usize,
    /// How far it was told of: called, rings, answered or failed.
    told: u8,
}

impl Standing {
    /// Whether this is news, which it then no longer is.
    fn is_new(&mut self, state: PartyState) -> bool {
        let rank = match state {
            PartyState::Initiated => 1,
            PartyState::Ringing => 2,
            PartyState::Answered | PartyState::Failed { .. } => 3,
            PartyState::Completed { .. } => 4,
        };
        let is_new = rank > self.told;
        self.told = self.told.max(rank);
        is_new
    }
}

impl Hunt {
    /// Calls those whose time has come. Where they ring one by one that is when nobody rings any more.
    pub(super) async fn start_due(&mut self, call: &Calling<'_>) {
        loop {
            let is_due = match self.terms.order {
                RingOrder::AtOnce => {
                    let now = clock();
                    self.waiting.iter().position(|(at, _)| *at <= now)
                }
                RingOrder::OneByOne => {
                    let turn = self.branches.is_empty() && self.lookups.is_empty();
                    (turn && !self.waiting.is_empty()).then_some(0)
                }
            };
            let Some(first) = is_due else { return };
            let (_, route) = self.waiting.remove(first);
            let target = route.target;
            self.start(call, route).await;
            // All telephones of one extension are one target.
            if self.terms.order == RingOrder::OneByOne {
                while self.waiting.first().is_some_and(|(_, next)| next.target == target) {
                    let (_, next) = self.waiting.remove(0);
                    self.start(call, next).await;
                }
            }
        }
    }

    async fn start(&mut self, call: &Calling<'_>, mut route: Route) {
        let own = self.party(route.target).and_then(|party| party.patience);
        let patience = own.map_or(self.no_answer, |own| own.min(self.no_answer));
        route.until = clock().checked_add(patience);
        self.advance(call, route, StatusCode::SERVICE_UNAVAILABLE).await;
    }

    pub(super) fn party(&self, target: usize) -> Option<&PartyTerms> {
        self.terms.parties.get(target)
    }

    /// Tells whoever watches a target how it stands with it, each state once.
    pub(super) fn tell(&mut self, call: &Calling<'_>, target: usize, sip_call_id: &str, state: PartyState) {
        let Some(watcher) = self.party(target).and_then(|party| party.watcher.clone()) else { return };
        if self.standing.get_mut(target).is_some_and(|standing| standing.is_new(state)) {
            let sip_call_id = sip_call_id.to_owned();
            news::tell(
                call.rooms,
                (call.client, call.call),
                &watcher,
                &News::Party(PartyNews { target, sip_call_id, state }),
            );
        }
    }

    /// One route of a target has failed, and the target with the last.
    pub(super) fn settle(&mut self, call: &Calling<'_>, target: usize, sip_call_id: &str, status: StatusCode) {
        let Some(standing) = self.standing.get_mut(target) else { return };
        standing.left = standing.left.saturating_sub(1);
        if standing.left == 0 {
            self.tell(call, target, sip_call_id, PartyState::Failed { status: status.code() });
        }
    }

    /// A target has failed.
    pub(super) fn lost(&mut self, call: &Calling<'_>, target: usize, sip_call_id: &str, status: StatusCode) {
        self.failures.add(status);
        self.settle(call, target, sip_call_id, status);
    }

    /// Nobody waits for an answer any more: whoever rings is told so, with this value of Reason, and it is a failure with this status.
    pub(in crate::call) fn give_up(&mut self, call: &Calling<'_>, status: StatusCode, reason: Option<&str>) {
        if self.rang_out {
            self.failures = Failures::default();
        }
        self.waiting.clear();
        self.lookups.abort_all();
        for mut branch in mem::take(&mut self.branches) {
            branch.leg.hang_up(reason);
            self.settle(call, branch.route.target, &branch.sip_call_id, status);
        }
    }
}
