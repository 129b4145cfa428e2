//! Music for a party whom the other party of its bridge has put on hold.
//!
//! Shape: [`follow`] looks at both legs, and starts or stops the music where what is wanted is not what is.
//! Time: a holder that says that it sends is given [`GRACE`] to send; whether it still does is looked at as often.
//! Errors: none; without a sound of that name there is silence.
//! Sources: RFC 3264 §8.4 (hold), RFC 6337 §5.3 (which way each side goes on).
//!
//! A holder that offers `inactive` sends nothing, so the other hears our music at once. One that offers `sendonly` may have music of its
//! own: what it sends is passed on as before, and only while nothing comes is the music ours.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_media::{Audio, Direction};

use super::{
    executor::{Executor, clock},
    leg::Leg,
};
use crate::media::worker::Hearing;

/// How long somebody who holds may be silent before the other hears our music.
const GRACE: Duration = Duration::from_secs(1);

/// What a leg is played, apart from what the other side of its bridge says.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Sound {
    Nothing,
    /// What a script or a ringing target needs.
    Prompt,
    /// Music on hold.
    Music,
}

/// Whether a party has put us on hold.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Held {
    No,
    /// It sends nothing.
    Silently,
    /// It may send, music of its own for example.
    Sending {
        since: Instant,
    },
}

impl Held {
    /// What holds after an offer and its answer let sound flow this way.
    pub(super) fn then(self, direction: Direction) -> Self {
        match (direction, self) {
            (Direction::SendRecv | Direction::SendOnly, _) => Self::No,
            (Direction::Inactive, _) => Self::Silently,
            (Direction::RecvOnly, Self::Sending { since }) => Self::Sending { since },
            (Direction::RecvOnly, Self::No | Self::Silently) => Self::Sending { since: clock() },
        }
    }
}

/// Sees to the music of both; when it is to be seen to again, where that is soon.
pub(super) async fn follow(call: &mut Executor, callee: &mut Leg) -> Option<Instant> {
    let music = call.rooms.tone("hold")?;
    let one = hold(callee, &mut call.caller, &music).await;
    let other = hold(&call.caller, callee, &music).await;
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The same for one of the two directions.
async fn hold(holder: &Leg, listener: &mut Leg, music: &Arc<Audio>) -> Option<Instant> {
    let (wanted, again) = match holder.held() {
        Held::No => (false, None),
        Held::Silently => (true, None),
        Held::Sending { since } => {
            let now = clock();
            let silent_since = match holder.hearing().await {
                Hearing::Last(Some(last)) => last.max(since),
                Hearing::Last(None) | Hearing::Excused => since,
            };
            (now >= silent_since + GRACE, Some(now + GRACE))
        }
    };
    match (wanted, listener.sound()) {
        (true, Sound::Nothing) => listener.hold_with(music.clone()).await,
        (false, Sound::Music) => listener.stop_playback().await,
        _ => {}
    }
    again
}
