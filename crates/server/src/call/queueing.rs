//! A caller in a queue, and one that takes somebody out of one.
//!
//! Shape: [`enqueue`] returns at once and the script goes on; whoever takes the caller interrupts it, and [`meet`] is the talk. [`take`]
//! is the other side: it waits for somebody, carries the caller's stream to the other's worker and joins the two. Each call keeps its own
//! leg; what the other does comes as a [`Step`]. The caller keeps its place until the two are joined.
//! Time: the limit of a script ends the wait, and is lifted once somebody has come. Whoever takes somebody waits for its script for [`MEET_PATIENCE`], then takes the next; whoever was taken waits for the joining
//! for [`JOIN_PATIENCE`].
//! Errors: [`Interrupted`], as of every op; the other side hears that the talk is over.
//! Sources: `kazoo-pivot.md` 5.4 (Enqueue, Leave, Dial Queue).

use std::time::{Duration, Instant};

use antiphon_ivr::{
    Alone, CallerId, Dialed, Digit, Interrupted, TalkEnd,
    op::{Enqueue, Enqueued, MEET_PATIENCE, Meet, Met, Take},
};
use antiphon_media::{Keys, Repeat, Segment, StreamId};

use super::{
    executor::{Executor, Heard, clock},
    ringback::comfort,
};
use crate::{
    media::worker::Order,
    queues::{Found, Handover, Meeting, MeetingId, Partner, Place, Promise, Ready, Step, Taker, Waiting},
};

/// How long whoever was taken waits to be joined.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);

/// Puts the caller in a queue.
pub(super) fn enqueue(call: &mut Executor, enqueue: &Enqueue) -> Enqueued {
    leave(call);
    let who = call.trace.record(|record| CallerId { number: record.from.clone(), name: record.from_name.clone() });
    let (priority, about) = (enqueue.priority, enqueue.about.clone());
    let waiting = Waiting { call: call.trace.id, who, since: clock(), priority, about };
    let key = (call.client, enqueue.name.as_str());
    match call.rooms.queues.join(key, enqueue.most, waiting, call.inbox.clone()) {
        Ok(place) => {
            let stands = place.stands(clock());
            call.place = Some(place);
            Enqueued::In(stands)
        }
        Err(full) => {
            tracing::info!(queue = %enqueue.name, "{full}");
            Enqueued::Full
        }
    }
}

/// Takes the caller out of its queue.
pub(super) fn leave(call: &mut Executor) {
    call.place = None;
    not_wanted(call);
}

/// Nobody wants the caller any more, or what it does is just that.
fn not_wanted(call: &mut Executor) {
    call.pending = call.pending.filter(|pending| *pending != Interrupted::Wanted);
}

/// Talks with whoever takes the caller.
pub(super) async fn meet(call: &mut Executor, meet: Meet) -> Result<Met, Interrupted> {
    let met = wait_and_talk(call, meet).await;
    if met.is_err() {
        // A script may go on for a while when its call is over, and nobody takes a caller who has gone.
        leave(call);
    }
    met
}

async fn wait_and_talk(call: &mut Executor, meet: Meet) -> Result<Met, Interrupted> {
    not_wanted(call);
    if let Some(left) = wait_to_be_taken(call, &meet).await? {
        return Ok(left);
    }
    let Some(handover) = call.place.as_mut().and_then(|place| place.taken.take()) else { return Ok(Met::Nowhere) };
    call.limit = None;
    call.caller.stop_playback().await;
    call.pick_up().await?;
    let Some(stream) = call.caller.stream() else {
        leave(call);
        return Ok(Met::Nowhere);
    };
    let Handover { meeting, partner, ready, .. } = *handover;
    let sip_call_id = call.rooms.trace.sip_call_id(call.caller.dialog()).unwrap_or_default();
    let own = Ready { stream, worker: call.caller.worker(), inbox: call.inbox.clone(), sip_call_id };
    // From here on the other hears of our end.
    let mut partner = Partner::new(meeting, partner);
    let is_joined = ready.send(own).is_ok() && is_joined(call, &mut partner).await?;
    let Some(place) = call.place.take_if(|_| is_joined) else {
        call.place.iter().for_each(|place| place.release(meeting));
        return Ok(Met::Missed);
    };
    let waited = place.leave_for_the_talk(clock());
    not_wanted(call);
    call.parts().for_each(|part| part.bridged());
    let talked = talk(call, &mut partner, &Terms::default()).await?;
    Ok(Met::Talked { talk: talked.talk, waited })
}

/// Waits until somebody has taken the caller; what came of it where nobody has.
async fn wait_to_be_taken(call: &mut Executor, meet: &Meet) -> Result<Option<Met>, Interrupted> {
    let is_taken = |call: &Executor| call.place.as_ref().is_none_or(Place::is_taken);
    if is_taken(call) {
        return Ok(call.place.is_none().then_some(Met::Nowhere));
    }
    // Whoever took the caller is gone before its script came.
    if call.place.as_mut().is_some_and(|place| place.taken.take().is_some()) {
        return Ok(Some(Met::Missed));
    }
    let until = meet.patience.and_then(|patience| clock().checked_add(patience));
    hear_music(call, &meet.alone).await;
    while !is_taken(call) {
        match call.wait_within_limit(until).await {
            Ok(Heard::Digit(digit)) if meet.leave_by.contains(digit) => {
                let waited = call.place.take().map(|place| place.waited(clock())).unwrap_or_default();
                call.caller.stop_playback().await;
                return Ok(Some(Met::Left { waited }));
            }
            Ok(Heard::Timeout) => {
                let waited = call.place.take().map(|place| place.waited(clock())).unwrap_or_default();
                call.caller.stop_playback().await;
                return Ok(Some(Met::Nobody { waited }));
            }
            // Whoever is new hears it too.
            Ok(Heard::Replaced) => hear_music(call, &meet.alone).await,
            Ok(_) => {}
            Err(interrupted) => {
                call.caller.stop_playback().await;
                return Err(interrupted);
            }
        }
    }
    not_wanted(call);
    Ok(None)
}

/// What somebody hears who waits.
pub(super) async fn hear_music(call: &mut Executor, alone: &Alone) {
    let segments = match alone {
        Alone::Music => call.rooms.tone("hold").map(Segment::Audio).into_iter().collect(),
        Alone::Prompts(prompts) => call.ready_segments(prompts).await,
        Alone::Silence | Alone::Script => Vec::new(),
    };
    if !segments.is_empty() {
        call.caller.play(segments, Repeat::Forever, Keys::NONE).await;
    }
}

/// Waits for the other to join the two.
async fn is_joined(call: &mut Executor, partner: &mut Partner) -> Result<bool, Interrupted> {
    let until = clock() + JOIN_PATIENCE;
    loop {
        match call.hear(Some(until)).await? {
            Heard::Meeting(Meeting { id, step }) if id == partner.meeting() => match step {
                Step::Joined(stream) => {
                    partner.stream = Some(stream);
                    return Ok(true);
                }
                Step::Parted => return Ok(false),
                Step::Moved(_) | Step::Key(_) => {}
            },
            Heard::Timeout => return Ok(false),
            _ => {}
        }
    }
}

/// Takes whoever has waited longest, and talks.
pub(super) async fn take(call: &mut Executor, take: Take) -> Result<Dialed, Interrupted> {
    let until = clock() + take.patience;
    comfort(call).await;
    let terms = Terms { longest: take.longest, ends_by: take.ends_by };
    let taken = next(call, &take, until).await;
    call.caller.stop_playback().await;
    let Some((promise, meeting, ready)) = taken? else {
        // The lifetime waited for the attempt to end, as it does while others ring.
        return match call.limit.is_some_and(|limit| limit <= clock()) {
            true => {
                call.limit = None;
                Err(Interrupted::LifetimeExpired)
            }
            false => Ok(Dialed::NoAnswer),
        };
    };
    call.limit = None;
    let mut partner = Partner::new(meeting, ready.inbox);
    partner.stream = Some(ready.stream);
    call.pick_up().await?;
    if !call.caller.worker().is_same(&ready.worker) {
        call.caller.carry_to(ready.worker.clone()).await;
        call.rooms.trace.carried(call.caller.dialog(), &ready.worker);
    }
    join(call, ready.stream).await;
    if let Some(stream) = call.caller.stream() {
        promise.keep();
        partner.tell(Step::Joined(stream));
    }
    call.parts().for_each(|part| part.bridged());
    tracing::info!("a caller was taken out of a queue");
    let Talked { talk, ended_by } = talk(call, &mut partner, &terms).await?;
    Ok(Dialed::Answered { talk, ended_by, sip_call_id: ready.sip_call_id })
}

/// Somebody whose script comes to the meeting, if there is one in time.
async fn next(
    call: &mut Executor,
    take: &Take,
    until: Instant,
) -> Result<Option<(Promise, MeetingId, Ready)>, Interrupted> {
    let mut missed = Vec::new();
    loop {
        let taker = Taker { inbox: call.inbox.clone(), message: take.message.clone(), missed: missed.clone() };
        let Ok(mut wish) = call.rooms.queues.take((call.client, &take.name), taker) else {
            tracing::info!(queue = %take.name, "too many want somebody of the queue");
            return Ok(None);
        };
        let Some(Found { meeting, ready, promise }) = meanwhile(call, &mut wish.found, until).await? else {
            return Ok(None);
        };
        let mut ready = ready;
        // Whoever was found is waited for even where the time for finding somebody is over.
        if let Some(ready) = meanwhile(call, &mut ready, clock() + MEET_PATIENCE).await? {
            return Ok(Some((promise, meeting, ready)));
        }
        missed.push(promise.place());
    }
}

/// What comes of something that is waited for; `None` where nothing does.
async fn meanwhile<T>(
    call: &mut Executor,
    coming: &mut tokio::sync::oneshot::Receiver<T>,
    until: Instant,
) -> Result<Option<T>, Interrupted> {
    loop {
        tokio::select! {
            biased;
            came = &mut *coming => return Ok(came.ok()),
            event = call.next_event() => {
                if let Some(Heard::Replaced) = call.understand(event).await? {
                    comfort(call).await;
                }
                if let Some(over) = call.over {
                    return Err(over);
                }
            }
            () = tokio::time::sleep_until(until.into()) => return Ok(None),
        }
    }
}

/// What ends a talk beside the two hanging up.
#[derive(Default)]
struct Terms {
    longest: Option<Duration>,
    ends_by: antiphon_ivr::DigitSet,
}

/// How a talk went.
struct Talked {
    talk: Duration,
    ended_by: TalkEnd,
}

/// Lets the two talk until one of them ends it.
async fn talk(call: &mut Executor, partner: &mut Partner, terms: &Terms) -> Result<Talked, Interrupted> {
    let began = clock();
    let until = terms.longest.and_then(|longest| began.checked_add(longest));
    let ended_by = loop {
        match call.hear(until).await {
            Ok(Heard::Meeting(Meeting { id, step })) if id == partner.meeting() => match step {
                Step::Parted => break Ok(TalkEnd::FarEnd),
                Step::Moved(stream) => partner.stream = Some(stream),
                Step::Key(digit) => call.caller.tell(digit).await,
                Step::Joined(_) => {}
            },
            Ok(Heard::Digit(digit)) if terms.ends_by.contains(digit) => break Ok(TalkEnd::Key(digit)),
            Ok(Heard::Digit(digit)) => pass_on(partner, digit),
            // Whoever is new has a stream of its own.
            Ok(Heard::Replaced) => {
                if let Some(other) = partner.stream {
                    join(call, other).await;
                }
                if let Some(stream) = call.caller.stream() {
                    partner.tell(Step::Moved(stream));
                }
            }
            Ok(Heard::Timeout) => break Ok(TalkEnd::Longest),
            Ok(_) => {}
            Err(interrupted) => break Err(interrupted),
        }
    };
    call.caller.unjoin().await;
    Ok(Talked { talk: clock().saturating_duration_since(began), ended_by: ended_by? })
}

fn pass_on(partner: &Partner, digit: Digit) {
    partner.tell(Step::Key(digit));
}

/// Joins the sound of the caller and of that stream, on the worker of both.
async fn join(call: &Executor, other: StreamId) {
    if let Some(own) = call.caller.stream() {
        call.caller.worker().order(Order::Bridge(own, other)).await;
    }
}
