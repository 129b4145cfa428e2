//! Reaching others: targets ring, at once or one by one, and the first to answer is joined to the caller.
//!
//! Shape: a [`Dial`] in, a [`Dialed`] out; who is called, and by which ways, is in `reach` and `hunt`.
//! Time: the caller hears ringback, or what the script has in its place, from the first moment; the attempt ends with the dial's `no_answer`.
//! Errors: a target that cannot be reached is a failed branch; when all have failed the outcome says how.
//! Sources: `ringme-ivr.md` 3.7 (fork status), 3.8 (transfer details); RFC 3326 (Reason of the losers).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{
    CallerId, Dial, Dialed, Interrupted, Join, TalkEnd, Terms, TypeAhead,
    op::{Login, News, PartyNews, PartyState, RingOrder, Whisper},
};
use antiphon_media::Direction;
use antiphon_sip::{Credentials, Event, Invitation, NameAddr, StatusCode};

use super::{
    attended::{self, Yield},
    calling::Calling,
    executor::{Executor, Heard, clock, dialog_of, say_when_expired},
    failures::Failures,
    greet::{self, Greeted},
    hunt::{Hunt, Referral, Won},
    identity, info,
    leg::{Leg, LegMedia, Party},
    media_port::MediaPort,
    news,
    reach::{self, Attempt, Reach, Reading},
    refer, ringback, send_digits,
    srtp::DialogSrtp,
    transfer::{self, Joined, Transfers},
    wanted::{Whose, wanted},
    whisper,
};
use crate::{media::worker::Hearing, settings::DigitWay};

/// Turns that count for how long targets ring at most.
const TURNS: usize = 100;
/// The longest that targets ring.
const LONGEST_RINGING: Duration = Duration::from_secs(24 * 3600);
/// How often a bridge is asked whether anybody is still there.
const LISTEN: Duration = Duration::from_secs(30);
/// When nothing has come from either side of a bridge for this long, both are gone: a crashed phone sends no BYE.
const VANISHED: Duration = Duration::from_secs(300);

/// Performs a dial.
pub(super) async fn dial(call: &mut Executor, dial: Dial) -> Result<Dialed, Interrupted> {
    if dial.terms.join == Join::AsTrunkSays
        && let Some(dialed) = refer::as_trunk_says(call, &dial).await?
    {
        return Ok(dialed);
    }
    // Each has its own turn where they ring one by one.
    let turns = if dial.terms.order == RingOrder::OneByOne { dial.targets.len().min(TURNS) } else { 1 };
    let until = clock() + dial.no_answer.saturating_mul(u32::try_from(turns).unwrap_or(1)).min(LONGEST_RINGING);
    let mut failures = Failures::default();
    let routes = match reach::routes(&call.calling(), &dial.targets, Reading::OfScript, &mut failures) {
        Reach::HandOver(extension) => return Ok(Dialed::HandedOver(extension)),
        Reach::Routes(routes) if routes.is_empty() => return Ok(failures.outcome()),
        Reach::Routes(routes) => routes,
    };
    if let Some((extension, _)) = &call.served {
        call.facts.passed_on(extension, &dial.targets.join(" "));
    }
    // First of all, so that nobody listens to nothing while names are looked up.
    ringback::begin(call, dial.terms.ringback.as_ref()).await;
    let referral = Referral { answer_after: dial.terms.answer_after, ..Referral::default() };
    let hunt = Hunt::new(&dial.caller_id, failures).referred(referral).under(&dial.terms, dial.no_answer);
    let mut hunt = hunt.for_script(dial.rules);
    let reached = hunt.run(call, routes, until).await;
    if reached.is_err() {
        // Whoever rings is told what the caller said: it may be that somebody else has the call.
        let reason = call.gave_up_because.take();
        hunt.give_up(&call.calling(), StatusCode::REQUEST_TERMINATED, reason.as_deref());
    }
    if let (Ok(None), Some(extension)) = (&reached, hunt.handed_over) {
        ringback::end(call).await;
        return Ok(Dialed::HandedOver(extension));
    }
    let (terms, caller_id, won) = (dial.terms, dial.caller_id, hunt.won.clone());
    let asked = Asked { terms, caller_id, won, answered: clock() };
    let winner = match reached {
        Ok(Some(callee)) => greet::greet(call, callee, &asked.terms, asked.won.target).await.map(Some),
        nobody => nobody.map(|_| None),
    };
    ringback::end(call).await;
    if winner.is_err() {
        completed(call, &asked);
    }
    match winner? {
        Some(Greeted::Gone) => {
            completed(call, &asked);
            let (talk, ended_by, sip_call_id) = (Duration::ZERO, TalkEnd::FarEnd, asked.won.sip_call_id);
            Ok(Dialed::Answered { talk, ended_by, sip_call_id })
        }
        Some(Greeted::Here(callee)) if asked.terms.whisper == Whisper::Script => {
            let Won { target, sip_call_id } = asked.won.clone();
            whisper::begin(call, *callee, asked).await;
            Ok(Dialed::Whispers { target, sip_call_id })
        }
        Some(Greeted::Here(callee)) => joined(call, *callee, asked).await,
        // The lifetime waited for the attempt to end (`ringme-ivr.md` 3.10).
        None if call.limit.is_some_and(|limit| limit <= clock()) => {
            call.limit = None;
            Err(Interrupted::LifetimeExpired)
        }
        None => Ok(unanswered(call, hunt.failures.outcome())),
    }
}

/// Nobody has answered, and all who care are told.
fn unanswered(call: &mut Executor, outcome: Dialed) -> Dialed {
    call.parts().for_each(|part| part.dialed(&outcome));
    if let Dialed::Failed { status } = outcome {
        call.failed_with = Some(status);
    }
    outcome
}

/// What was asked of a dial that somebody has answered.
pub(super) struct Asked {
    pub(super) terms: Terms,
    caller_id: CallerId,
    won: Won,
    answered: Instant,
}

/// Joins the caller to a callee, and lets them talk.
pub(super) async fn joined(call: &mut Executor, callee: Leg, asked: Asked) -> Result<Dialed, Interrupted> {
    call.caller.shown = asked.caller_id.clone();
    call.parts().for_each(|part| part.bridged());
    let talked = talk(call, callee, &asked.terms).await;
    completed(call, &asked);
    let named = talked.map(|dialed| match dialed {
        Dialed::Answered { talk, ended_by, .. } => {
            Dialed::Answered { talk, ended_by, sip_call_id: asked.won.sip_call_id }
        }
        dialed => dialed,
    });
    transfer::after(call, named)
}

/// A callee is no longer there, or no longer the caller's.
pub(super) fn completed(call: &Executor, asked: &Asked) {
    let Won { target, sip_call_id } = asked.won.clone();
    let watcher = asked.terms.parties.get(target).and_then(|party| party.watcher.as_ref());
    if let Some(watcher) = watcher.filter(|_| !sip_call_id.is_empty()) {
        let state = PartyState::Completed { talk: clock().saturating_duration_since(asked.answered) };
        news::tell(
            &call.rooms,
            (call.client, call.trace.id),
            watcher,
            &News::Party(PartyNews { target, sip_call_id, state }),
        );
    }
}

/// What one target is told, and who we are there.
pub(super) struct Told<'a> {
    pub(super) referral: &'a Referral,
    /// Headers that the script wants.
    pub(super) wanted: Vec<(String, String)>,
    pub(super) login: Option<&'a Login>,
}

/// Calls one target.
pub(super) async fn ring(
    call: &Calling<'_>,
    attempt: Attempt,
    caller_id: &CallerId,
    told: Told<'_>,
) -> Result<Leg, StatusCode> {
    let Attempt { flow, host, target, shown, route, credentials, trunk, party, offering } = attempt;
    let own = told.login.map(|Login { user, password }| Credentials {
        username: user.clone(),
        password: password.clone(),
        realm: None,
    });
    let credentials = own.or(credentials);
    let digits = trunk.as_ref().map_or(DigitWay::Auto, |trunk| trunk.dtmf);
    if party == Party::Outside && call.rooms.calls.is_draining() {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let claim = match trunk.as_ref().map(|trunk| call.rooms.trunks.claim(trunk)) {
        Some(None) => {
            tracing::info!(
                trunk = trunk.as_ref().map(|trunk| trunk.name.as_str()),
                "the trunk carries as many calls as it may"
            );
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        claim => claim.flatten(),
    };
    let phone = if party == Party::Phone { call.config.find_extension(&shown.number, Some(call.client)) } else { None };
    let is_foreign = party == Party::Phone && phone.is_none_or(|phone| phone.client != call.client);
    let (from, mut headers) = identity::outward(call, (flow, trunk.as_deref(), party), &shown, caller_id);
    headers.extend(told.referral.headers(party));
    headers.extend(wanted(&headers, &told.wanted, if is_foreign { Whose::Foreign } else { Whose::Usual }));
    // A number that leads back to us would otherwise take every port we have (RFC 7332 §5).
    let max_forwards = call.hops_left.checked_sub(1).ok_or(StatusCode::TOO_MANY_HOPS)?;
    let srtp = DialogSrtp::new(call.rooms, flow, trunk.as_deref()).offering(offering);
    let mut port = MediaPort::lease(call.rooms, call.rooms.media_addresses(flow), digits, srtp)
        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?
        .by_trunk(trunk.as_deref())
        .preferring(call.codec);
    let invitation = Invitation {
        flow,
        from,
        to: NameAddr::new(target.clone()),
        target,
        headers,
        max_forwards,
        route,
        offer: port.offer(Direction::SendRecv),
        credentials,
    };
    if let Some(host) = host {
        call.rooms.signalling.expect(flow, &host).await;
    }
    let dialog = call.rooms.signalling.invite(call.call, invitation, call.inbox.clone()).await;
    let dialog = dialog.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let media = LegMedia { worker: call.worker.clone(), port };
    let mut leg = Leg::outgoing(call.rooms.clone(), call.inbox.clone(), dialog, media).on_trunk(claim);
    leg.part = phone.and_then(|extension| call.facts.reaches(extension));
    (leg.party, leg.shown) = (party, Arc::unwrap_or_clone(shown));
    Ok(leg)
}

/// How two that talked are parted, beside by the caller.
enum Parted {
    /// So.
    So(Dialed),
    /// Another call takes the party.
    Yield(Box<Yield>),
}

/// Lets the two talk until one hangs up, or both have vanished. A callee whom somebody is to talk to after the caller is kept.
async fn talk(call: &mut Executor, mut callee: Leg, terms: &Terms) -> Result<Dialed, Interrupted> {
    match converse(call, &mut callee, terms).await {
        Ok(Parted::So(dialed)) => {
            // Whoever the caller talks to next is another.
            call.after_caller = None;
            Ok(dialed)
        }
        Ok(Parted::Yield(ask)) => Err(attended::give(call, callee, *ask).await),
        Err(interrupted) => {
            let is_left = interrupted == Interrupted::RemoteHangup && call.joined == Joined::Caller;
            if is_left && !callee.is_over() {
                call.leave_behind(callee).await;
            }
            Err(interrupted)
        }
    }
}

async fn converse(call: &mut Executor, callee: &mut Leg, terms: &Terms) -> Result<Parted, Interrupted> {
    call.limit = None;
    call.caller.bridge(callee).await;
    let began = clock();
    let mut listen_at = began + LISTEN;
    let ends_at = terms.longest.and_then(|longest| began.checked_add(longest));
    let mut transfers = Transfers::begin(call).await;
    tracing::info!("bridged");
    loop {
        let event = match transfers.hear(call, callee, ends_at.map_or(listen_at, |at| at.min(listen_at))).await? {
            Heard::HandOver(extension) => return Ok(Parted::So(Dialed::HandedOver(extension))),
            Heard::Yield(ask) => return Ok(Parted::Yield(ask)),
            Heard::Other(event) if dialog_of(&event) == Some(callee.dialog()) => event,
            Heard::Timeout if ends_at.is_some_and(|at| at <= clock()) => {
                return Ok(Parted::So(ended(began, TalkEnd::Longest)));
            }
            Heard::Timeout if vanished(&call.caller, began).await && vanished(callee, began).await => {
                tracing::warn!("neither side of the bridge has been heard for minutes; the call is ended");
                call.caller.hang_up(None);
                return Err(call.end(Interrupted::LocalHangup));
            }
            Heard::Timeout => {
                listen_at = clock() + LISTEN;
                continue;
            }
            Heard::SendDigits(dialog, digits) if dialog == callee.dialog() => {
                send_digits::begin(callee, digits).await;
                continue;
            }
            // Where the two have changed places, the key is the other's.
            Heard::Digit(digit) if call.joined == Joined::Caller && terms.ends_by.contains(digit) => {
                return Ok(Parted::So(ended(began, TalkEnd::Key(digit))));
            }
            Heard::Digit(digit) => {
                if terms.keys == TypeAhead::Keep && call.joined == Joined::Caller {
                    call.digits.push(digit);
                }
                callee.tell(digit).await;
                continue;
            }
            Heard::KeyOf(stream, digit) if callee.stream() == Some(stream) => {
                call.caller.tell(digit).await;
                continue;
            }
            _ => continue,
        };
        if of_callee(callee, event).await == Callee::Gone {
            return Ok(Parted::So(ended(began, TalkEnd::FarEnd)));
        }
    }
}

/// Whether somebody is still there.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Callee {
    Here,
    Gone,
}

/// What a callee's dialog says during a talk.
async fn of_callee(callee: &mut Leg, event: Event) -> Callee {
    match event {
        Event::Ended { why, .. } => {
            say_when_expired(why);
            callee.ended();
            return Callee::Gone;
        }
        Event::Reoffered { offer, .. } => callee.reoffered(offer).await,
        Event::Info { content_type, body, .. } => {
            if let Some(press) = info::read(&content_type, &body) {
                callee.press(press).await;
            }
        }
        Event::Reanswered { answer, .. } => callee.reanswered(&answer).await,
        Event::ReofferRefused { status, .. } => callee.reoffer_refused(status),
        Event::Confirmed { answer: Some(answer), .. } => {
            if let Err(error) = callee.accept(&answer).await {
                tracing::info!(%error, "a callee's answer to our offer is unusable");
            }
        }
        _ => {}
    }
    Callee::Here
}

/// A talk that began then is over; whose it was is said by whoever called them.
fn ended(began: Instant, ended_by: TalkEnd) -> Dialed {
    let talk = clock().saturating_duration_since(began);
    Dialed::Answered { talk, ended_by, sip_call_id: String::new() }
}

/// Whether a party that should send has not been heard for so long that nobody is there any more.
async fn vanished(leg: &Leg, began: Instant) -> bool {
    match leg.hearing().await {
        Hearing::Excused => false,
        Hearing::Last(last) => clock().saturating_duration_since(last.unwrap_or(began).max(began)) >= VANISHED,
    }
}
