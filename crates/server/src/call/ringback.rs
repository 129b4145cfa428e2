//! What a caller hears while others ring: ringback, or what the script has in its place.
//!
//! Shape: [`begin`] and [`end`] are around an attempt; [`comfort`] is for whoever hears nothing at the moment, and is ringback outside of
//! attempts.
//! Time: a sound of a web server that is not there yet is looked for every [`AGAIN`]; until then ringback stands in for it.
//! Errors: a sound that cannot be had is as good as none was wanted, and is logged.
//! Sources: VoiceXML 2.0 §2.3.7 (transferaudio).

use std::{
    slice,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{Prompt, WebSound, op::LoadError};
use antiphon_media::{Keys, Repeat, Segment};

use super::executor::{Executor, clock};
use crate::web::sounds::Ahead;

/// When it is looked again for what was not there.
const AGAIN: Duration = Duration::from_millis(200);

/// What is heard.
#[derive(Default)]
pub(super) enum Ringback {
    /// Ringback, or what a callee sends.
    #[default]
    Usual,
    /// This, once it is there.
    Awaited(Ahead),
    /// This.
    Own(Vec<Segment>),
}

/// Others begin to ring, and the caller hears it.
pub(super) async fn begin(call: &mut Executor, wanted: Option<&Prompt>) {
    call.ringback = match wanted {
        None => Ringback::Usual,
        Some(Prompt::Web(sound)) => awaited(call, sound),
        Some(prompt) => match call.ready_segments(slice::from_ref(prompt)).await {
            segments if segments.is_empty() => Ringback::Usual,
            segments => Ringback::Own(segments),
        },
    };
    settle(call);
    comfort(call).await;
}

/// Nobody rings any more: somebody has answered, or nobody will.
pub(super) async fn end(call: &mut Executor) {
    call.ringback = Ringback::Usual;
    call.caller.stop_playback().await;
}

/// Plays what was awaited, once it is there.
pub(super) async fn look(call: &mut Executor) {
    if matches!(call.ringback, Ringback::Awaited(_)) {
        settle(call);
        if matches!(call.ringback, Ringback::Own(_)) {
            comfort(call).await;
        }
    }
}

/// When there is something to look for, at the latest at `until`.
pub(super) fn wakes_at(call: &Executor, until: Instant) -> Instant {
    match call.ringback {
        Ringback::Awaited(_) => until.min(clock() + AGAIN),
        Ringback::Usual | Ringback::Own(_) => until,
    }
}

/// Whether the caller may hear what a callee sends before it answers.
pub(super) fn yields(call: &Executor) -> bool {
    matches!(call.ringback, Ringback::Usual) || call.caller.stream().is_none()
}

/// What the caller hears while others ring, or before any sound of ours what their own phone makes of a 180.
pub(super) async fn comfort(call: &mut Executor) {
    if call.caller.stream().is_none() {
        call.caller.ring().await;
        return;
    }
    let segments = match &call.ringback {
        Ringback::Own(segments) => segments.clone(),
        Ringback::Usual | Ringback::Awaited(_) => call.rooms.tone("ringback").map(Segment::Audio).into_iter().collect(),
    };
    call.caller.play(segments, Repeat::Forever, Keys::NONE).await;
}

fn awaited(call: &mut Executor, sound: &Arc<WebSound>) -> Ringback {
    let begun = call.ahead.take().filter(|(begun, _)| begun == sound).map(|(_, ahead)| ahead);
    match begun.map_or_else(|| call.rooms.web_sounds.ahead(call.client, sound), Ok) {
        Ok(ahead) => Ringback::Awaited(ahead),
        Err(error) => without(&error),
    }
}

/// Looks what has come of what is awaited.
fn settle(call: &mut Executor) {
    if let Ringback::Awaited(ahead) = &call.ringback
        && let Some(known) = ahead.known()
    {
        call.ringback = match known {
            Ok(audio) => Ringback::Own(vec![Segment::Audio(audio)]),
            Err(error) => without(&error),
        };
    }
}

fn without(error: &LoadError) -> Ringback {
    tracing::warn!(%error, "a sound that is heard while others ring cannot be had");
    Ringback::Usual
}
