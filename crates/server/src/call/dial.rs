//! Reaching others: every target rings at once, the first to answer is joined to the caller.
//!
//! Shape: a [`Dial`] in, a [`Dialed`] out. Each ringing target is a branch with its own leg; a branch that is dropped is cancelled.
//! Time: the caller hears ringback from the first moment; the attempt ends with the dial's `no_answer`.
//! Errors: a target that cannot be reached is a failed branch; when all have failed the outcome says how.
//! Sources: `ringme-ivr.md` 3.7 (fork status), 3.8 (transfer details); RFC 3326 (Reason of the losers).

use std::time::Instant;

use antiphon_ivr::{CallerId, Dial, Dialed, Interrupted};
use antiphon_media::{Keys, Repeat, Segment};
use antiphon_sip::{Credentials, EndReason, Event, Flow, Invitation, NameAddr, StatusCode, Uri};
use bytes::Bytes;

use super::{
    executor::{Executor, Heard, clock, dialog_of},
    leg::{Leg, LegMedia},
    media_port::MediaPort,
};
use crate::{
    directory::{self, NoRoute, Target},
    settings::Trunk,
    store::{Extension, ExtensionKind},
};

/// Targets at most, after phones with several contacts are counted out.
const BRANCHES: usize = 100;
/// What the losers of a fork are told, so that their phones do not list a missed call.
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// One target to be called.
struct Attempt {
    flow: Flow,
    target: Uri,
    credentials: Option<Credentials>,
}

/// What has become of a fork.
#[derive(Default)]
struct Failures {
    first: Option<StatusCode>,
    all_busy: bool,
}

impl Failures {
    fn add(&mut self, status: StatusCode) {
        let busy = status == StatusCode::BUSY_HERE;
        self.all_busy = busy && (self.first.is_none() || self.all_busy);
        self.first.get_or_insert(status);
    }

    fn outcome(&self) -> Dialed {
        match self.first {
            _ if self.all_busy => Dialed::Busy,
            Some(status) => Dialed::Failed { status: status.code() },
            None => Dialed::NoAnswer,
        }
    }
}

/// Performs a dial.
pub(super) async fn dial(call: &mut Executor, dial: Dial) -> Result<Dialed, Interrupted> {
    let until = clock() + dial.no_answer;
    let mut failures = Failures::default();
    let mut attempts = Vec::new();
    for dialled in &dial.targets {
        let settings = call.rooms.settings.load_full();
        match directory::resolve(&call.config, &settings.trunks, call.client, dialled) {
            Ok(Target::Ivr(extension)) => return Ok(Dialed::HandedOver(extension)),
            Ok(Target::Phone(phone)) => match contacts(call, &phone).await {
                contacts if contacts.is_empty() => failures.add(StatusCode::TEMPORARILY_UNAVAILABLE),
                contacts => attempts.extend(contacts),
            },
            Ok(Target::Trunk { trunk, number }) => match through(call, &trunk, &number).await {
                Some(attempt) => attempts.push(attempt),
                None => failures.add(StatusCode::SERVICE_UNAVAILABLE),
            },
            Err(NoRoute::Unknown) => failures.add(StatusCode::NOT_FOUND),
            Err(NoRoute::Blocked) => failures.add(StatusCode::FORBIDDEN),
        }
    }
    let mut branches = Vec::new();
    for attempt in attempts.into_iter().take(BRANCHES) {
        match ring(call, attempt, &dial.caller_id).await {
            Ok(branch) => branches.push(branch),
            Err(status) => failures.add(status),
        }
    }
    if branches.is_empty() {
        return Ok(failures.outcome());
    }
    comfort(call).await;
    let winner = wait_for_answer(call, branches, &mut failures, until).await;
    call.caller.stop_playback().await;
    match winner? {
        Some(callee) => talk(call, callee).await,
        // The lifetime waited for the attempt to end (`ringme-ivr.md` 3.10).
        None if call.limit.is_some_and(|limit| limit <= clock()) => {
            call.limit = None;
            Err(Interrupted::LifetimeExpired)
        }
        None => Ok(failures.outcome()),
    }
}

/// Where a phone can be reached now: where it has registered, else its fixed contact.
async fn contacts(call: &Executor, phone: &Extension) -> Vec<Attempt> {
    let bindings = call.rooms.registrar().bindings(clock(), phone.id);
    if !bindings.is_empty() {
        let attempt = |binding: crate::registrar::Binding| Attempt {
            flow: binding.flow,
            target: binding.contact,
            credentials: None,
        };
        return bindings.into_iter().map(attempt).collect();
    }
    let ExtensionKind::Phone(settings) = &phone.kind else { return Vec::new() };
    let Some(target) = settings.contact.as_ref().and_then(|contact| contact.parse::<Uri>().ok()) else {
        return Vec::new();
    };
    let flow = call.rooms.way_to(&target).await;
    flow.map(|flow| Attempt { flow, target, credentials: None }).into_iter().collect()
}

/// A number outside, by a trunk.
async fn through(call: &Executor, trunk: &Trunk, number: &str) -> Option<Attempt> {
    let target: Uri = trunk.uri.parse().ok()?;
    let flow = call.rooms.way_to(&target).await?;
    let credentials = trunk.username.clone().zip(trunk.password.clone());
    let credentials = credentials.map(|(username, password)| Credentials { username, password, realm: None });
    Some(Attempt { flow, target: target.with_user(number), credentials })
}

/// Calls one target.
async fn ring(call: &Executor, attempt: Attempt, caller_id: &CallerId) -> Result<Leg, StatusCode> {
    let Attempt { flow, target, credentials } = attempt;
    // A number that leads back to us would otherwise take every port we have (RFC 7332 §5).
    let max_forwards = call.hops_left.checked_sub(1).ok_or(StatusCode::TOO_MANY_HOPS)?;
    let (bind, shown) = call.rooms.media_addresses(flow);
    let mut port = MediaPort::lease(&call.rooms, bind, shown).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let invitation = Invitation {
        flow,
        from: caller(call, flow, caller_id),
        to: NameAddr::new(target.clone()),
        target,
        headers: Vec::new(),
        max_forwards,
        route: Vec::new(),
        offer: port.offer(),
        credentials,
    };
    let dialog = call.rooms.signalling.invite(invitation, call.inbox.clone()).await;
    let dialog = dialog.ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let media = LegMedia { worker: call.caller.worker(), port };
    Ok(Leg::outgoing(call.rooms.clone(), call.inbox.clone(), dialog, media))
}

/// Who calls, as the far end sees it (RFC 3323 §4.1 where there is no number to show).
fn caller(call: &Executor, flow: Flow, caller_id: &CallerId) -> NameAddr {
    if caller_id.number.is_empty() {
        let nobody = "sip:anonymous@anonymous.invalid".parse().expect("a constant URI");
        return NameAddr::new(nobody).with_display("Anonymous");
    }
    let host = call.rooms.listener(flow).map_or(flow.local, |listener| listener.advertised);
    let address = NameAddr::new(Uri::sip(Some(&caller_id.number), host));
    if caller_id.name.is_empty() { address } else { address.with_display(&caller_id.name) }
}

/// What the caller hears while others ring: ringback, or before the answer what their own phone makes of a 180.
async fn comfort(call: &mut Executor) {
    if !call.caller.is_answered() {
        call.caller.ring().await;
        return;
    }
    let ringback = call.rooms.system_sound("tone/ringback");
    call.caller.play(ringback.map(Segment::Audio).into_iter().collect(), Repeat::Forever, Keys::NONE).await;
}

/// Waits until a branch answers, all have failed, or time is up. The losers are cancelled as they are dropped.
async fn wait_for_answer(
    call: &mut Executor,
    mut branches: Vec<Leg>,
    failures: &mut Failures,
    until: Instant,
) -> Result<Option<Leg>, Interrupted> {
    while !branches.is_empty() {
        let event = match call.hear(Some(until)).await? {
            Heard::Timeout => {
                *failures = Failures::default();
                return Ok(None);
            }
            Heard::Other(event) => event,
            // Digits while it rings mean nothing (`ringme-ivr.md` 3.8).
            Heard::Digit(_) | Heard::PlaybackEnded(_) | Heard::Confirmed => continue,
        };
        let Some(position) = branches.iter().position(|leg| Some(leg.dialog()) == dialog_of(&event)) else { continue };
        match event {
            Event::Answered { answer, .. } => {
                let mut winner = branches.swap_remove(position);
                if let Some(status) = join(call, &mut winner, &answer).await? {
                    failures.add(status);
                    continue;
                }
                for mut loser in branches {
                    loser.hang_up(Some(ELSEWHERE));
                }
                return Ok(Some(winner));
            }
            Event::Ended { why, .. } => {
                branches.swap_remove(position).ended();
                failures.add(status_of(why));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Opens the winner's stream; the status with which it failed when its SDP is unusable.
async fn join(call: &mut Executor, winner: &mut Leg, answer: &Bytes) -> Result<Option<StatusCode>, Interrupted> {
    if let Err(error) = winner.accept(answer).await {
        tracing::info!(%error, "a callee's answer is unusable");
        return Ok(Some(error.status()));
    }
    // A caller who only heard it ring is answered now, by the one who picked up.
    call.pick_up().await?;
    Ok(None)
}

/// Lets the two talk until one hangs up.
async fn talk(call: &mut Executor, mut callee: Leg) -> Result<Dialed, Interrupted> {
    call.limit = None;
    call.caller.bridge(&callee).await;
    let began = clock();
    tracing::info!("bridged");
    loop {
        let event = match call.hear(None).await? {
            Heard::Other(event) if dialog_of(&event) == Some(callee.dialog()) => event,
            _ => continue,
        };
        match event {
            Event::Ended { .. } => {
                callee.ended();
                return Ok(Dialed::Answered { talk: clock().saturating_duration_since(began) });
            }
            Event::Reoffered { offer, .. } => callee.reoffered(offer).await,
            Event::Confirmed { answer: Some(answer), .. } => {
                if let Err(error) = callee.accept(&answer).await {
                    tracing::info!(%error, "a callee's answer to our offer is unusable");
                }
            }
            _ => {}
        }
    }
}

/// The status that an ended branch stands for.
fn status_of(why: EndReason) -> StatusCode {
    match why {
        EndReason::Rejected(status) => status,
        EndReason::TransactionTimeout | EndReason::NoAck => StatusCode::REQUEST_TIMEOUT,
        EndReason::TransportFailed => StatusCode::SERVICE_UNAVAILABLE,
        EndReason::RemoteBye | EndReason::LocalBye | EndReason::Cancelled => StatusCode::REQUEST_TERMINATED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_busy_only_when_every_branch_was() {
        let outcome = |statuses: &[u16]| {
            let mut failures = Failures::default();
            for code in statuses {
                failures.add(StatusCode::new(*code).unwrap());
            }
            failures.outcome()
        };
        assert_eq!(outcome(&[486]), Dialed::Busy);
        assert_eq!(outcome(&[486, 486]), Dialed::Busy);
        assert_eq!(outcome(&[486, 480]), Dialed::Failed { status: 486 });
        assert_eq!(outcome(&[404, 486]), Dialed::Failed { status: 404 });
        assert_eq!(outcome(&[]), Dialed::NoAnswer);
    }
}
