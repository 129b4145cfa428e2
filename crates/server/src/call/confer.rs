//! The caller in a conference.
//!
//! Shape: the caller's stream goes to the worker of the conference, gets a seat there, and leaves it when the op ends.
//! Time: a conference lasts as long as its members want. One who vanishes has its call ended as in a menu (`hearing`); one who never
//! spoke may be there to listen.
//! Errors: [`Interrupted`], as of every op.

use std::sync::Arc;

use antiphon_ivr::{Alone, Announcement, CallerId, Conference, Conferred, Interrupted, Voice, conference::MuteKeys};
use antiphon_media::SeatOptions;

use super::executor::{Executor, Heard, clock};
use crate::{
    conferences::{Entry, Member, Membership, Wish},
    media::worker::{Order, Seating},
};

/// Performs a conference.
pub(super) async fn confer(call: &mut Executor, conference: Conference) -> Result<Conferred, Interrupted> {
    call.limit = None;
    let began = clock();
    let member = Member {
        call: call.trace.id,
        who: call.trace.record(|record| CallerId { number: record.from.clone(), name: record.from_name.clone() }),
        voice: conference.voice,
        since: began,
    };
    let entry = Entry {
        client: call.client,
        name: conference.name.clone(),
        most: conference.most,
        announcement: conference.announcement,
        worker: call.caller.worker(),
        member,
        inbox: call.inbox.clone(),
    };
    let membership = match call.rooms.conferences.enter(entry) {
        Ok(membership) => membership,
        Err(full) => {
            tracing::info!(conference = %conference.name, "{full}");
            return Ok(Conferred::Full);
        }
    };
    call.caller.stop_playback().await;
    if !call.caller.worker().is_same(&membership.worker) {
        call.caller.carry_to(membership.worker.clone()).await;
        call.rooms.trace.carried(call.caller.dialog(), &membership.worker);
    }
    sit(call, &membership, &conference, conference.voice).await;
    let conferred = talk(call, &membership, &conference).await;
    seat(call, Seating::Nowhere).await;
    conferred
}

/// What happens until the caller is out again.
async fn talk(call: &mut Executor, membership: &Membership, conference: &Conference) -> Result<Conferred, Interrupted> {
    let mut keys = MuteKeys::new(conference.voice);
    let mut voice = conference.voice;
    loop {
        let changed = match call.hear(None).await? {
            Heard::Digit(digit) if conference.leave_by.contains(digit) => return Ok(Conferred::Left),
            Heard::Digit(digit) => keys.press(digit),
            Heard::Conference(Wish::Leave) => return Ok(Conferred::Kicked),
            Heard::Conference(Wish::Voice(voice)) => Some(voice),
            // Whoever is new has a stream of its own.
            Heard::Replaced => {
                membership.replaced_by(call.caller.shown.clone());
                sit(call, membership, conference, voice).await;
                None
            }
            _ => None,
        };
        if let Some(changed) = changed {
            voice = changed;
            keys.set(voice);
            membership.note(voice);
            seat(call, Seating::Voice(media_voice(voice))).await;
        }
    }
}

/// Gives the caller's stream a seat.
async fn sit(call: &Executor, membership: &Membership, conference: &Conference, voice: Voice) {
    let music = match conference.alone {
        Alone::Music => call.rooms.tone("hold"),
        Alone::Silence | Alone::Prompts(_) | Alone::Script => None,
    };
    if let Some(music) = &music {
        call.caller.prepare(music).await;
    }
    let announcement = match membership.announcement {
        Announcement::Tone => antiphon_media::Announcement::Tone,
        Announcement::Entry | Announcement::Exit | Announcement::Silent => antiphon_media::Announcement::Silent,
    };
    let options = SeatOptions { voice: media_voice(voice), music: music.as_ref().map(Arc::clone) };
    seat(call, Seating::In(membership.room, announcement, options)).await;
}

async fn seat(call: &Executor, seating: Seating) {
    if let Some(stream) = call.caller.stream() {
        call.caller.worker().order(Order::Seat(stream, seating)).await;
    }
}

fn media_voice(voice: Voice) -> antiphon_media::Voice {
    match voice {
        Voice::Heard => antiphon_media::Voice::Heard,
        Voice::Muted => antiphon_media::Voice::Muted,
    }
}
