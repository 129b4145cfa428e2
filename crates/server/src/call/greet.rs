//! What whoever answers hears and is told before it is joined to the caller.
//!
//! Shape: a leg that has just answered in; the same back, unless it hangs up meanwhile.
//! Time: as long as the announcement and the keys take. The caller hears ringback until then.
//! Errors: [`Interrupted`] when the caller hangs up; the callee is hung up then.
//! Sources: `ringme-ivr.md` 2.7 (`dst_announce_sound_id`, `dst_dtmf`).

use std::time::{Duration, Instant};

use antiphon_ivr::{Interrupted, Prompt, Terms};
use antiphon_media::{Event as MediaEvent, EventKind, Keys, PlaybackId, Repeat};
use antiphon_sip::Event;

use super::{
    CallEvent,
    executor::{Executor, Heard, clock, dialog_of},
    leg::Leg,
    ringback::comfort,
    send_digits,
};

/// How much longer than it takes an announcement is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the callee is still there.
pub(super) enum Greeted {
    Here(Box<Leg>),
    Gone,
}

/// Says and presses towards a callee what these terms want.
pub(super) async fn greet(
    call: &mut Executor,
    mut callee: Leg,
    terms: &Terms,
    target: usize,
) -> Result<Greeted, Interrupted> {
    if let Some(sound) = terms.announce {
        let segments = call.segments(&[Prompt::Sound(sound)]);
        if !segments.is_empty() {
            let length: Duration = segments.iter().map(antiphon_media::Segment::duration).sum();
            let playback = callee.play(segments, Repeat::Once, Keys::NONE).await;
            if pass(call, &mut callee, clock() + length + PATIENCE, Some(playback)).await? == Still::Gone {
                return Ok(Greeted::Gone);
            }
        }
    }
    let own = terms.parties.get(target).and_then(|party| party.digits.as_ref());
    for digits in terms.digits.iter().chain(own) {
        send_digits::begin(&callee, digits.clone()).await;
        if pass(call, &mut callee, clock() + digits.duration(), None).await? == Still::Gone {
            return Ok(Greeted::Gone);
        }
    }
    Ok(Greeted::Here(Box::new(callee)))
}

#[derive(Copy, Clone, Eq, PartialEq)]
enum Still {
    Here,
    Gone,
}

/// Lets time pass until then, or until a playback of the callee is over.
async fn pass(
    call: &mut Executor,
    callee: &mut Leg,
    until: Instant,
    playback: Option<PlaybackId>,
) -> Result<Still, Interrupted> {
    loop {
        let event = tokio::select! {
            event = call.next_event() => event,
            () = tokio::time::sleep_until(until.into()) => return Ok(Still::Here),
        };
        if let CallEvent::Media(MediaEvent { stream, kind: EventKind::PlaybackEnded { playback: ended } }) = &event
            && Some(*stream) == callee.stream()
            && Some(*ended) == playback
        {
            return Ok(Still::Here);
        }
        match call.understand(event).await? {
            Some(Heard::Other(event)) if dialog_of(&event) == Some(callee.dialog()) => match event {
                Event::Ended { .. } => {
                    callee.ended();
                    return Ok(Still::Gone);
                }
                Event::Reoffered { offer, .. } => callee.reoffered(offer).await,
                _ => {}
            },
            Some(Heard::Replaced) => comfort(call).await,
            _ => {}
        }
    }
}
