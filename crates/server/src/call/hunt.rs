//! Calling every target, at once or one by one, and each by its ways one after the other.
//!
//! Shape: [`Route`]s in, the leg of whoever answers first out. A branch is one target with the way that is being tried; one that
//! is dropped is cancelled.
//! Time: a way that says nothing is left for the next after `failover_after` of the settings; one without a next, and one that has
//! said anything, even 100, is waited for to the end. A target that has its own time to begin or to ring has it from there on.
//! Errors: a target is a failure once its last way has failed, or a way has answered for all of them.
//! Sources: RFC 3263 §4.3; RFC 3326 (Reason of the losers).

mod turns;

use std::time::{Duration, Instant};

use antiphon_ivr::{
    CallerId, ExtensionId, Interrupted, TargetRules, Terms, TypeAhead,
    op::{EarlySound as Early, PartyState, RingOrder},
};
use antiphon_sip::{EndReason, Event, Flow, StatusCode};
use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinSet};

use self::turns::Standing;
use super::{
    CallEvent,
    calling::Calling,
    dial::{Told, ring},
    early::EarlySound,
    executor::{Executor, Heard, PublicTransfers, clock, dialog_of},
    failures::{Failures, Next, next, status_of},
    leg::Leg,
    leg::Party,
    reach::{self, Attempt, Named, Reach, Reading, Route, Way},
    replace::ELSEWHERE,
    ringback::{self, comfort},
};
use crate::{
    directory::{self, Target},
    locate::NoWay,
};

/// The beginning of a `Call-Info` that asks a telephone to answer by itself (`ringme-ivr.md` 1.7).
const ANSWER_AFTER: &str = "<sip:anonymous@anonymous.invalid>;answer-after=";
/// How often telephones may send a call on in one hunt.
const REDIRECTIONS: u8 = 5;
/// Targets at most, after phones with several contacts are counted out.
const BRANCHES: usize = 100;
/// The longest that a target waits for its turn.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

impl Referral {
    /// As headers of an INVITE to such a party.
    pub(super) fn headers(&self, party: Party) -> Vec<(String, String)> {
        let by = self.referred_by.as_ref().filter(|_| party == Party::Phone);
        let by = by.map(|by| ("Referred-By".to_owned(), by.clone()));
        let replaces = self.replaces.as_ref().map(|replaces| ("Replaces".to_owned(), replaces.clone()));
        let answer = self.answer_after.map(|seconds| ("Call-Info".to_owned(), format!("{ANSWER_AFTER}{seconds}")));
        by.into_iter().chain(replaces).chain(answer).collect()
    }
}

/// A target that is being called.
struct Branch {
    leg: Leg,
    /// The way that is being tried.
    flow: Flow,
    /// The same way once more, should the callee refuse our offer.
    insisting: Option<Attempt>,
    /// The ways that are left.
    route: Route,
    /// When the next way is tried, as long as this one says nothing.
    give_up_at: Option<Instant>,
    /// How long whoever refuses wants to be left alone (RFC 3261 §20.33).
    pause: Option<Duration>,
    /// Where it says that it is to be looked for (3xx).
    elsewhere: Option<String>,
    /// What it has described of its sound before the answer, until somebody has seen to it.
    described: Option<Bytes>,
    /// The Call-ID of its dialog.
    sip_call_id: String,
}

/// Whoever has answered.
#[derive(Clone, Default, Debug)]
pub(super) struct Won {
    /// Which of the dialled strings it is.
    pub(super) target: usize,
    /// The Call-ID of its dialog.
    pub(super) sip_call_id: String,
}

/// A name that has been looked up for a route.
type Found = (Route, Named, Result<Vec<Flow>, NoWay>);
/// The end of a lookup.
pub(super) type Looked = Result<Found, tokio::task::JoinError>;

/// What targets are told beside who calls.
#[derive(Clone, Default, Debug)]
pub(super) struct Referral {
    /// Who asked (RFC 3892). Phones of ours see it; outside it would only tell of our numbers.
    pub(super) referred_by: Option<String>,
    /// The dialog at the target that the call takes the place of (RFC 3891).
    pub(super) replaces: Option<String>,
    /// After how many seconds its telephone is asked to answer by itself (RFC 5373 in spirit: `Call-Info`, as telephones have it).
    pub(super) answer_after: Option<u16>,
}

/// All targets of one dial.
pub(super) struct Hunt {
    caller_id: CallerId,
    referral: Referral,
    terms: Terms,
    /// How long each target rings at most.
    no_answer: Duration,
    /// Routes that are not called yet, each with when it is; in the order of their targets where they ring one by one.
    waiting: Vec<(Instant, Route)>,
    /// Of each target how many of its routes may still answer, and what was told of it.
    standing: Vec<Standing>,
    /// Whether somebody has rung for as long as it may.
    rang_out: bool,
    /// Who has answered.
    pub(super) won: Won,
    /// The last provisional response of any target.
    pub(super) progress: Option<StatusCode>,
    branches: Vec<Branch>,
    lookups: JoinSet<Found>,
    pub(super) failures: Failures,
    /// Targets that are called at once.
    targets: usize,
    /// Whether telephones may send their calls on.
    rules: TargetRules,
    /// Whether a menu may have the call, because a telephone sends it there.
    menus: Menus,
    /// The menu that has it.
    pub(super) handed_over: Option<ExtensionId>,
    /// How often a telephone has sent its call on.
    redirections: u8,
}

/// Whether there is a script that can go on with a menu.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Menus {
    Taken,
    Refused,
}

impl Hunt {
    /// A hunt that has not begun, with what has failed before it.
    pub(super) fn new(caller_id: &CallerId, failures: Failures) -> Self {
        let (caller_id, referral) = (caller_id.clone(), Referral::default());
        let (branches, lookups) = (Vec::new(), JoinSet::new());
        let (terms, no_answer, waiting, standing) = (Terms::default(), Duration::MAX, Vec::new(), Vec::new());
        let (rang_out, won, progress, targets, redirections) = (false, Won::default(), None, 0, 0);
        let (rules, menus, handed_over) = (TargetRules::Apply, Menus::Refused, None);
        Self {
            caller_id,
            referral,
            terms,
            no_answer,
            waiting,
            standing,
            rang_out,
            won,
            progress,
            branches,
            lookups,
            failures,
            targets,
            rules,
            menus,
            handed_over,
            redirections,
        }
    }

    /// The same, under these terms, with so long for each target.
    pub(super) fn under(mut self, terms: &Terms, no_answer: Duration) -> Self {
        (self.terms, self.no_answer) = (terms.clone(), no_answer);
        self
    }

    /// The same for a script: a menu that a telephone sends its call on to goes on with it. Telephones whose rules are ignored are rung and
    /// nothing else: where they send their calls does not matter.
    pub(super) fn for_script(mut self, rules: TargetRules) -> Self {
        (self.rules, self.menus) = (rules, Menus::Taken);
        self
    }

    /// The same, for a transfer that somebody asked for.
    pub(super) fn referred(mut self, referral: Referral) -> Self {
        self.referral = referral;
        self
    }

    /// Calls until somebody answers, all have failed, or time is up. Whoever still rings then is cancelled with the hunt.
    pub(super) async fn run(
        &mut self,
        call: &mut Executor,
        routes: Vec<Route>,
        until: Instant,
    ) -> Result<Option<Leg>, Interrupted> {
        self.begin(&call.calling(), routes).await;
        let mut early = EarlySound::default();
        while !self.is_over() {
            ringback::look(call).await;
            let is_passed = self.terms.early == Early::Passed && ringback::yields(call);
            early.follow(call, if is_passed { self.only() } else { None }).await;
            let wake_at = ringback::wakes_at(call, early.wakes_at(self.wakes_at(until)));
            tokio::select! {
                event = call.next_event() => {
                    let event = match call.understand(event).await? {
                        Some(Heard::Other(event)) => event,
                        // Unless somebody wants them, digits while it rings mean nothing (`ringme-ivr.md` 3.8).
                        Some(Heard::Digit(digit)) if self.terms.keys == TypeAhead::Keep => {
                            call.digits.push(digit);
                            continue;
                        }
                        Some(Heard::Replaced) => {
                            comfort(call).await;
                            continue;
                        }
                        _ => continue,
                    };
                    if let Some(winner) = self.hear(&call.calling(), event).await {
                        // A caller who only heard it ring is answered now, by the one who picked up.
                        call.pick_up().await?;
                        return Ok(Some(winner));
                    }
                }
                Some(found) = self.lookups.join_next() => self.looked_up(&call.calling(), found).await,
                () = tokio::time::sleep_until(wake_at.into()) => {
                    if clock() >= until {
                        self.rang_out = true;
                        break;
                    }
                    self.leave_silent_ways(&call.calling()).await;
                }
            }
        }
        self.give_up(&call.calling(), StatusCode::REQUEST_TIMEOUT, None);
        Ok(None)
    }

    /// The same for a call that has nobody yet: whoever answers will be its caller.
    ///
    /// # Errors
    /// [`Interrupted`] when the call is ended meanwhile.
    pub(super) async fn run_alone(
        &mut self,
        call: &Calling<'_>,
        routes: Vec<Route>,
        until: Instant,
        events: &mut mpsc::Receiver<CallEvent>,
    ) -> Result<Option<Leg>, Interrupted> {
        self.begin(call, routes).await;
        while !self.is_over() {
            let wake_at = self.wakes_at(until);
            tokio::select! {
                event = events.recv() => match event {
                    Some(CallEvent::Sip(event)) => {
                        if let Some(winner) = self.hear(call, event).await {
                            return Ok(Some(winner));
                        }
                    }
                    Some(CallEvent::HangUp) | None => return Err(Interrupted::LocalHangup),
                    Some(CallEvent::Shutdown) => return Err(Interrupted::Shutdown),
                    // Nobody is there whom anything else could be about; a question that is dropped is answered so.
                    Some(_) => {}
                },
                Some(found) = self.lookups.join_next() => self.looked_up(call, found).await,
                () = tokio::time::sleep_until(wake_at.into()) => {
                    if clock() >= until {
                        self.failures = Failures::default();
                        return Ok(None);
                    }
                    self.leave_silent_ways(call).await;
                }
            }
        }
        Ok(None)
    }

    /// Calls the targets.
    pub(super) async fn begin(&mut self, call: &Calling<'_>, routes: Vec<Route>) {
        self.targets = routes.len();
        let now = clock();
        for route in routes.into_iter().take(BRANCHES) {
            if self.standing.len() <= route.target {
                self.standing.resize_with(route.target + 1, Standing::default);
            }
            self.standing[route.target].left += 1;
            let delay = self.party(route.target).map(|party| party.delay).unwrap_or_default();
            self.waiting.push((now + delay.min(LONGEST_DELAY), route));
        }
        self.start_due(call).await;
    }

    /// Whether nobody is left who may answer.
    pub(super) fn is_over(&self) -> bool {
        self.branches.is_empty() && self.lookups.is_empty() && self.waiting.is_empty()
    }

    /// When [`leave_silent_ways`](Self::leave_silent_ways) has something to do, at the latest at `until`.
    pub(super) fn wakes_at(&self, until: Instant) -> Instant {
        let ways = self.branches.iter().filter_map(|branch| branch.give_up_at);
        let targets = self.branches.iter().filter_map(|branch| branch.route.until);
        let is_at_once = self.terms.order == RingOrder::AtOnce;
        let begins = self.waiting.iter().map(|(at, _)| *at).filter(|_| is_at_once);
        ways.chain(targets).chain(begins).fold(until, Instant::min)
    }

    /// The next name that has been looked up; pending while none is.
    pub(super) async fn next_lookup(&mut self) -> Looked {
        match self.lookups.join_next().await {
            Some(found) => found,
            None => std::future::pending().await,
        }
    }

    /// A lookup has ended. One that panicked has lost its route; the target is one that nobody can reach.
    pub(super) async fn looked_up(&mut self, call: &Calling<'_>, looked: Looked) {
        match looked {
            Ok(found) => self.found(call, found).await,
            Err(_) => self.failures.add(StatusCode::SERVER_ERROR),
        }
        self.start_due(call).await;
    }

    /// Tries the next way of a route; without one the target has failed, as `why` says.
    async fn advance(&mut self, call: &Calling<'_>, mut route: Route, why: StatusCode) {
        let is_full = |attempt: &Attempt| attempt.trunk.as_ref().is_some_and(|trunk| call.rooms.trunks.is_full(trunk));
        let way = loop {
            match route.next() {
                Some(Way::Known(attempt)) if is_full(&attempt) => {
                    tracing::info!(peer = %attempt.flow.peer, "a trunk carries as many calls as it may");
                }
                way => break way,
            }
        };
        match way {
            None => self.lost(call, route.target, "", why),
            Some(Way::Known(attempt)) => self.call(call, route, attempt).await,
            Some(Way::Named(named)) => {
                let rooms = call.rooms.clone();
                self.lookups.spawn(async move {
                    let flows = named.look_up(rooms).await;
                    (route, named, flows)
                });
            }
        }
    }

    async fn call(&mut self, call: &Calling<'_>, route: Route, attempt: Attempt) {
        let (flow, insisting) = (attempt.flow, attempt.insisting(call.rooms));
        let party = self.party(route.target);
        let own = party.into_iter().flat_map(|party| &party.headers);
        let wanted = self.terms.headers.iter().chain(own).chain(&route.headers).cloned().collect();
        let told = Told { referral: &self.referral, wanted, login: party.and_then(|party| party.login.as_ref()) };
        match ring(call, attempt, &self.caller_id, told).await {
            Ok(leg) => {
                let sip_call_id = call.rooms.trace.sip_call_id(leg.dialog()).unwrap_or_default();
                self.tell(call, route.target, &sip_call_id, PartyState::Initiated);
                let patience = call.rooms.settings.load().failover_after;
                let give_up_at = route.has_more().then(|| clock() + patience);
                let (pause, elsewhere, described) = (None, None, None);
                let branch =
                    Branch { leg, flow, insisting, route, give_up_at, pause, elsewhere, described, sip_call_id };
                self.branches.push(branch);
            }
            // That is for want of something here, which no other way has either.
            Err(status) => self.lost(call, route.target, "", status),
        }
    }

    async fn found(&mut self, call: &Calling<'_>, (mut route, named, flows): Found) {
        if let Ok(flows) = flows {
            route.found(call.rooms, &named, flows);
        }
        self.advance(call, route, StatusCode::SERVICE_UNAVAILABLE).await;
    }

    /// Takes an event of a branch; the leg of the winner when it has answered.
    pub(super) async fn hear(&mut self, call: &Calling<'_>, event: Event) -> Option<Leg> {
        let of = dialog_of(&event);
        let position = self.branches.iter().position(|branch| Some(branch.leg.dialog()) == of)?;
        match event {
            Event::Trying { .. } | Event::Progress { .. } => {
                let branch = &mut self.branches[position];
                branch.give_up_at = None;
                let (target, sip_call_id) = (branch.route.target, branch.sip_call_id.clone());
                if let Event::Progress { status, early, .. } = event {
                    self.progress = Some(status);
                    branch.described = early.or(branch.described.take());
                    self.tell(call, target, &sip_call_id, PartyState::Ringing);
                }
                let branch = &self.branches[position];
                call.rooms.destinations().answered(clock(), branch.flow);
            }
            Event::Reoffered { offer, .. } => self.branches[position].leg.reoffered(offer).await,
            Event::Answered { answer, .. } => {
                let Branch { mut leg, flow, route, sip_call_id, .. } = self.branches.swap_remove(position);
                call.rooms.destinations().answered(clock(), flow);
                if let Err(error) = leg.accept(&answer).await {
                    tracing::info!(%error, "a callee's answer is unusable");
                    self.lost(call, route.target, &sip_call_id, error.status());
                    self.start_due(call).await;
                    return None;
                }
                if let Some(part) = &leg.part {
                    part.answered();
                }
                self.tell(call, route.target, &sip_call_id, PartyState::Answered);
                for mut loser in std::mem::take(&mut self.branches) {
                    loser.leg.hang_up(Some(ELSEWHERE));
                    self.settle(call, loser.route.target, &loser.sip_call_id, StatusCode::REQUEST_TERMINATED);
                }
                self.won = Won { target: route.target, sip_call_id };
                return Some(leg);
            }
            Event::Refused { refusal, .. } => {
                let branch = &mut self.branches[position];
                branch.pause = refusal.retry_after;
                branch.elsewhere = refusal.contacts.first().and_then(|uri| uri.user()).map(|user| user.into_owned());
            }
            Event::Ended { why, .. } => {
                let mut branch = self.branches.swap_remove(position);
                branch.leg.ended();
                self.failed(call, branch, why).await;
                self.start_due(call).await;
            }
            _ => {}
        }
        None
    }

    /// The callee that is called alone, with what it has described since somebody asked.
    fn only(&mut self) -> Option<(&mut Leg, Option<Bytes>)> {
        match self.branches.as_mut_slice() {
            [branch] if self.targets == 1 || self.terms.order == RingOrder::OneByOne => {
                Some((&mut branch.leg, branch.described.take()))
            }
            _ => None,
        }
    }

    /// A branch has ended before an answer.
    async fn failed(&mut self, call: &Calling<'_>, branch: Branch, why: EndReason) {
        let Branch { flow, insisting, route, leg, pause, elsewhere, sip_call_id, .. } = branch;
        let party = leg.party;
        let part = leg.part.clone();
        // Its port may be what the next attempt needs.
        drop(leg);
        if matches!(why, EndReason::Rejected(status) if status.code() < 400) {
            return self.redirected(call, party, elsewhere, &route).await;
        }
        if let (EndReason::Rejected(StatusCode::NOT_ACCEPTABLE_HERE), Some(insisting)) = (why, insisting) {
            tracing::info!(peer = %flow.peer, "our offer is refused; SRTP is offered and nothing else");
            return self.call(call, route, insisting).await;
        }
        let (next, status) = (next(why), status_of(why));
        if let Some(part) = part {
            part.failed(status);
        }
        match next {
            Next::Avoid => call.rooms.destinations().failed_for(clock(), flow, pause.unwrap_or_default()),
            Next::TryAnother | Next::Final => call.rooms.destinations().answered(clock(), flow),
        }
        if next == Next::Final {
            return self.lost(call, route.target, &sip_call_id, status);
        }
        tracing::info!(peer = %flow.peer, status = status.code(), more = route.has_more(), "a way out failed");
        self.advance(call, route, status).await;
    }

    /// A telephone of ours sends its calls on: its number is dialled as a menu would. Nobody outside makes us call anybody.
    async fn redirected(&mut self, call: &Calling<'_>, party: Party, elsewhere: Option<String>, from: &Route) {
        let settings = call.rooms.settings.load();
        let is_outside = |number: &str| {
            let target = directory::resolve(call.config, &settings.trunks, call.client, number);
            matches!(target, Ok(Target::Trunks { .. }))
        };
        let is_ours = party == Party::Phone && self.rules == TargetRules::Apply && self.redirections < REDIRECTIONS;
        let number =
            elsewhere.filter(|number| is_ours && (call.transfers == PublicTransfers::Allowed || !is_outside(number)));
        let mut failures = Failures::default();
        let reach = number.map(|number| reach::routes(call, &[number], Reading::OfParty, &mut failures));
        match reach {
            Some(Reach::Routes(routes)) if !routes.is_empty() => {
                tracing::info!("a telephone sends its call on");
                self.redirections += 1;
                if let Some(standing) = self.standing.get_mut(from.target) {
                    standing.left += routes.len() - 1;
                }
                for mut route in routes {
                    (route.target, route.until) = (from.target, from.until);
                    self.advance(call, route, StatusCode::TEMPORARILY_UNAVAILABLE).await;
                }
            }
            // As a menu among the numbers does, it has the call at once (`ringme-ivr.md` 3.8).
            Some(Reach::HandOver(extension)) if self.menus == Menus::Taken => {
                tracing::info!("a telephone sends its call on to a menu");
                self.handed_over = Some(extension);
                self.give_up(call, StatusCode::REQUEST_TERMINATED, Some(ELSEWHERE));
            }
            _ => self.lost(call, from.target, "", StatusCode::TEMPORARILY_UNAVAILABLE),
        }
    }

    /// Leaves the ways that have said nothing for too long, for the next.
    pub(super) async fn leave_silent_ways(&mut self, call: &Calling<'_>) {
        let now = clock();
        let silent = |branch: &mut Branch| branch.give_up_at.is_some_and(|at| at <= now);
        for branch in self.branches.extract_if(.., silent).collect::<Vec<_>>() {
            self.failed(call, branch, EndReason::TransactionTimeout).await;
        }
        let rang_out = |branch: &mut Branch| branch.route.until.is_some_and(|at| at <= now);
        for mut branch in self.branches.extract_if(.., rang_out).collect::<Vec<_>>() {
            tracing::info!(target = branch.route.target, "a target has rung for as long as it may");
            branch.leg.hang_up(None);
            self.rang_out = true;
            self.settle(call, branch.route.target, &branch.sip_call_id, StatusCode::REQUEST_TIMEOUT);
        }
        self.start_due(call).await;
    }
}
