//! Reaching others: every target rings at once, the first to answer is joined to the caller.
//!
//! Shape: a [`Dial`] in, a [`Dialed`] out; who is called, and by which ways, is in `reach` and `hunt`.
//! Time: the caller hears ringback from the first moment; the attempt ends with the dial's `no_answer`.
//! Errors: a target that cannot be reached is a failed branch; when all have failed the outcome says how.
//! Sources: `ringme-ivr.md` 3.7 (fork status), 3.8 (transfer details); RFC 3326 (Reason of the losers).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{CallerId, Dial, Dialed, Interrupted, Join, TalkEnd};
use antiphon_media::{Direction, Keys, Repeat, Segment};
use antiphon_sip::{Event, Invitation, NameAddr, StatusCode};

use super::{
    attended::{self, Yield},
    calling::Calling,
    executor::{Executor, Heard, clock, dialog_of, say_when_expired},
    failures::Failures,
    greet::{self, Greeted},
    hunt::{Hunt, Referral},
    identity, info,
    leg::{Leg, LegMedia, Party},
    media_port::MediaPort,
    reach::{self, Attempt, Reach},
    refer, send_digits,
    srtp::DialogSrtp,
    transfer::{self, Joined, Transfers},
};
use crate::{media::worker::Hearing, settings::DigitWay};

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
    let until = clock() + dial.no_answer;
    let mut failures = Failures::default();
    let routes = match reach::routes(&call.calling(), &dial.targets, &mut failures) {
        Reach::HandOver(extension) => return Ok(Dialed::HandedOver(extension)),
        Reach::Routes(routes) if routes.is_empty() => return Ok(failures.outcome()),
        Reach::Routes(routes) => routes,
    };
    if let Some((extension, _)) = &call.served {
        call.facts.passed_on(extension, &dial.targets.join(" "));
    }
    // First of all, so that nobody listens to nothing while names are looked up.
    comfort(call).await;
    let referral = Referral { answer_after: dial.terms.answer_after, ..Referral::default() };
    let mut hunt = Hunt::new(&dial.caller_id, failures).referred(referral);
    let winner = match hunt.run(call, routes, until).await {
        Ok(Some(callee)) => greet::greet(call, callee, &dial.terms).await.map(Some),
        nobody => nobody.map(|_| None),
    };
    call.caller.stop_playback().await;
    match winner? {
        Some(Greeted::Gone) => {
            Ok(Dialed::Answered { talk: Duration::ZERO, ended_by: TalkEnd::FarEnd, sip_call_id: String::new() })
        }
        Some(Greeted::Here(callee)) => {
            call.caller.shown = dial.caller_id;
            call.parts().for_each(|part| part.bridged());
            let talked = talk(call, *callee).await;
            transfer::after(call, talked)
        }
        // The lifetime waited for the attempt to end (`ringme-ivr.md` 3.10).
        None if call.limit.is_some_and(|limit| limit <= clock()) => {
            call.limit = None;
            Err(Interrupted::LifetimeExpired)
        }
        None => {
            let outcome = hunt.failures.outcome();
            call.parts().for_each(|part| part.dialed(&outcome));
            if let Dialed::Failed { status } = outcome {
                call.failed_with = Some(status);
            }
            Ok(outcome)
        }
    }
}

/// Calls one target.
pub(super) async fn ring(
    call: &Calling<'_>,
    attempt: Attempt,
    caller_id: &CallerId,
    referral: &Referral,
) -> Result<Leg, StatusCode> {
    let Attempt { flow, host, target, shown, route, credentials, trunk, offering } = attempt;
    let party = if trunk.is_some() { Party::Outside } else { Party::Phone };
    let digits = trunk.as_ref().map_or(DigitWay::Auto, |trunk| trunk.dtmf);
    if trunk.is_some() && call.rooms.calls.is_draining() {
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
    let (from, mut headers) = identity::outward(call, (flow, trunk.as_deref()), &shown, caller_id);
    headers.extend(referral.headers(party));
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
    if party == Party::Phone
        && let Some(extension) = call.config.find_extension(&shown.number, Some(call.client))
    {
        leg.part = call.facts.reaches(extension);
    }
    (leg.party, leg.shown) = (party, Arc::unwrap_or_clone(shown));
    Ok(leg)
}

/// What the caller hears while others ring: ringback, or before any sound of ours what their own phone makes of a 180.
pub(super) async fn comfort(call: &mut Executor) {
    if call.caller.stream().is_none() {
        call.caller.ring().await;
        return;
    }
    let ringback = call.rooms.tone("ringback");
    call.caller.play(ringback.map(Segment::Audio).into_iter().collect(), Repeat::Forever, Keys::NONE).await;
}

/// How two that talked are parted, beside by the caller.
enum Parted {
    /// So.
    So(Dialed),
    /// Another call takes the party.
    Yield(Box<Yield>),
}

/// Lets the two talk until one hangs up, or both have vanished. A callee whom somebody is to talk to after the caller is kept.
async fn talk(call: &mut Executor, mut callee: Leg) -> Result<Dialed, Interrupted> {
    match converse(call, &mut callee).await {
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

async fn converse(call: &mut Executor, callee: &mut Leg) -> Result<Parted, Interrupted> {
    call.limit = None;
    call.caller.bridge(callee).await;
    let began = clock();
    let mut listen_at = began + LISTEN;
    let mut transfers = Transfers::begin(call).await;
    tracing::info!("bridged");
    loop {
        let event = match transfers.hear(call, callee, listen_at).await? {
            Heard::HandOver(extension) => return Ok(Parted::So(Dialed::HandedOver(extension))),
            Heard::Yield(ask) => return Ok(Parted::Yield(ask)),
            Heard::Other(event) if dialog_of(&event) == Some(callee.dialog()) => event,
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
            Heard::Digit(digit) => {
                callee.tell(digit).await;
                continue;
            }
            Heard::KeyOf(stream, digit) if callee.stream() == Some(stream) => {
                call.caller.tell(digit).await;
                continue;
            }
            _ => continue,
        };
        match event {
            Event::Ended { why, .. } => {
                say_when_expired(why);
                callee.ended();
                let talk = clock().saturating_duration_since(began);
                return Ok(Parted::So(Dialed::Answered {
                    talk,
                    ended_by: TalkEnd::FarEnd,
                    sip_call_id: String::new(),
                }));
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
    }
}

/// Whether a party that should send has not been heard for so long that nobody is there any more.
async fn vanished(leg: &Leg, began: Instant) -> bool {
    match leg.hearing().await {
        Hearing::Excused => false,
        Hearing::Last(last) => clock().saturating_duration_since(last.unwrap_or(began).max(began)) >= VANISHED,
    }
}
