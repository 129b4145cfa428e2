//! The caller in a conference.
//!
//! Shape: the caller's stream goes to the worker of the conference, gets a seat there as soon as the conference has begun, and leaves it
//! when the op ends. A script that says itself what its caller hears alone keeps the membership, and comes back with it.
//! Time: a conference lasts as long as its members want. One who vanishes has its call ended as in a menu (`hearing`); one who never
//! spoke may be there to listen.
//! Errors: [`Interrupted`], as of every op.

use antiphon_ivr::{
    Alone, Announcement, CallerId, Conference, Conferred, Interrupted, Voice,
    conference::MuteKeys,
    op::{ConferenceEvent, ConferenceNews, Ears, News},
};
use antiphon_media::{Hears, SeatOptions, Segment};

use super::{
    executor::{Executor, Heard, clock},
    news, queueing,
};
use crate::{
    conferences::{Entry, Full, Member, Membership, Wish},
    media::worker::{Order, Seating},
};

/// Performs a conference.
pub(super) async fn confer(call: &mut Executor, conference: Conference) -> Result<Conferred, Interrupted> {
    call.pending = call.pending.filter(|pending| *pending != Interrupted::Wanted);
    let membership = match member(call, &conference) {
        Ok(membership) => membership,
        Err(full) => {
            tracing::info!(conference = %conference.name, "{full}");
            return Ok(Conferred::Full);
        }
    };
    if let Some(out) = membership.out {
        return Ok(out);
    }
    if conference.alone == Alone::Script && !membership.has_company() {
        call.awaited = Some(membership);
        return Ok(Conferred::Waits);
    }
    call.limit = None;
    call.caller.stop_playback().await;
    if !call.caller.worker().is_same(&membership.worker) {
        call.caller.carry_to(membership.worker.clone()).await;
        call.rooms.trace.carried(call.caller.dialog(), &membership.worker);
    }
    let conferred = talk(call, &membership, &conference).await;
    seat(call, Seating::Nowhere).await;
    call.caller.stop_playback().await;
    let others = membership.members().saturating_sub(1);
    let ends = others == 0 || conference.ends == antiphon_ivr::op::Ends::WithTheCaller;
    drop(membership);
    tell(call, &conference, others, ConferenceEvent::Left);
    if ends {
        tell(call, &conference, others, ConferenceEvent::Ended);
    }
    conferred
}

/// The caller's place, new or kept for its script.
fn member(call: &mut Executor, conference: &Conference) -> Result<Membership, Full> {
    if let Some(membership) = call.awaited.take().filter(|kept| kept.is_of(call.client, &conference.name)) {
        membership.note(conference.voice);
        return Ok(membership);
    }
    let member = Member {
        call: call.trace.id,
        who: call.trace.record(|record| CallerId { number: record.from.clone(), name: record.from_name.clone() }),
        voice: conference.voice,
        ears: conference.ears,
        since: clock(),
    };
    let membership = call.rooms.conferences.enter(Entry {
        client: call.client,
        name: conference.name.clone(),
        most: conference.most,
        opens: conference.opens,
        ends: conference.ends,
        worker: call.caller.worker(),
        member,
        inbox: call.inbox.clone(),
    })?;
    tell(call, conference, membership.members(), ConferenceEvent::Joined);
    if membership.begins {
        tell(call, conference, membership.members(), ConferenceEvent::Began);
    }
    Ok(membership)
}

/// What happens until the caller is out again.
async fn talk(call: &mut Executor, membership: &Membership, conference: &Conference) -> Result<Conferred, Interrupted> {
    let mut keys = MuteKeys::new(conference.voice);
    let mut voice = conference.voice;
    let mut is_in = enter(call, membership, conference, voice).await;
    loop {
        let changed = match call.hear(None).await? {
            Heard::Digit(digit) if conference.leave_by.contains(digit) => return Ok(Conferred::Left),
            Heard::Digit(digit) => keys.press(digit),
            // What is asked of another seat that the caller had before comes too late.
            Heard::Conference(seat, _) if seat != membership.seat => None,
            Heard::Conference(_, Wish::Leave) => return Ok(Conferred::Kicked),
            Heard::Conference(_, Wish::End) => return Ok(Conferred::Ended),
            Heard::Conference(_, Wish::Voice(voice)) => Some(voice),
            Heard::Conference(_, Wish::Come) if !is_in => {
                call.caller.stop_playback().await;
                is_in = enter(call, membership, conference, voice).await;
                None
            }
            // Whoever is new has a stream of its own.
            Heard::Replaced => {
                membership.replaced_by(call.caller.shown.clone());
                is_in = enter(call, membership, conference, voice).await;
                None
            }
            _ => None,
        };
        if let Some(changed) = changed {
            voice = changed;
            keys.set(voice);
            membership.note(voice);
            seat(call, Seating::Voice(media_voice(voice))).await;
            let event = if voice == Voice::Muted { ConferenceEvent::Muted } else { ConferenceEvent::Unmuted };
            tell(call, conference, membership.members(), event);
        }
    }
}

/// Gives the caller's stream a seat, or music while the conference has not begun; whether it has.
async fn enter(call: &mut Executor, membership: &Membership, conference: &Conference, voice: Voice) -> bool {
    if membership.has_begun() {
        sit(call, membership, conference, voice).await;
        return true;
    }
    queueing::hear_music(call, &conference.alone).await;
    false
}

async fn sit(call: &Executor, membership: &Membership, conference: &Conference, voice: Voice) {
    let alone: Vec<Segment> = match &conference.alone {
        Alone::Music => call.rooms.tone("hold").map(Segment::Audio).into_iter().collect(),
        Alone::Prompts(prompts) => call.ready_segments(prompts).await,
        Alone::Silence | Alone::Script => Vec::new(),
    };
    for segment in &alone {
        if let Segment::Audio(audio) = segment {
            call.caller.prepare(audio).await;
        }
    }
    let announcement = match conference.announcement {
        Announcement::Tone => antiphon_media::Announcement::Tone,
        Announcement::Entry => antiphon_media::Announcement::Entry,
        Announcement::Exit => antiphon_media::Announcement::Exit,
        Announcement::Silent => antiphon_media::Announcement::Silent,
    };
    let hears = match conference.ears {
        Ears::Open => Hears::Others,
        Ears::Deaf => Hears::Nobody,
    };
    let options = SeatOptions { voice: media_voice(voice), hears, alone };
    seat(call, Seating::In(membership.room, announcement, options)).await;
}

async fn seat(call: &Executor, seating: Seating) {
    if let Some(stream) = call.caller.stream() {
        call.caller.worker().order(Order::Seat(stream, seating)).await;
    }
}

/// Tells whoever watches the conference.
fn tell(call: &Executor, conference: &Conference, members: usize, event: ConferenceEvent) {
    if let Some(watcher) = &conference.watcher {
        let name = conference.name.clone();
        news::tell(
            &call.rooms,
            (call.client, call.trace.id),
            watcher,
            &News::Conference(ConferenceNews { name, members, event }),
        );
    }
}

fn media_voice(voice: Voice) -> antiphon_media::Voice {
    match voice {
        Voice::Heard => antiphon_media::Voice::Heard,
        Voice::Muted => antiphon_media::Voice::Muted,
    }
}
