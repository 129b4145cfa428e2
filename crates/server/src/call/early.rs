//! What a callee sends before it answers: what networks say and play in place of ringing.
//!
//! Shape: [`EarlySound::follow`] looks at the hunt of a caller. Only where one target alone is called is its early sound the
//! caller's; where several ring, each with sound of its own, the caller hears our ringback.
//! Time: our ringback goes on until the callee's first packet, which is looked for every [`LOOK`]: many a 183 is followed by silence.
//! Errors: an early description that cannot be used is as good as none.
//! Sources: RFC 3261 §13.2.1 (an answer in a provisional response), RFC 3960 §3 (early media).

use std::time::{Duration, Instant};

use antiphon_sip::DialogId;
use bytes::Bytes;

use super::{
    executor::{Executor, clock},
    leg::Leg,
    ringback::comfort,
};
use crate::media::worker::Hearing;

/// How often a callee is listened for.
const LOOK: Duration = Duration::from_millis(60);

/// Whose early sound the caller is given.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) enum EarlySound {
    /// Nobody's: the caller hears ringback.
    #[default]
    Nobodys,
    /// This callee's, as soon as some comes.
    Awaited(DialogId),
    /// This callee's, which is there.
    Heard(DialogId),
}

impl EarlySound {
    /// When there is something to look for, at the latest at `until`.
    pub(super) fn wakes_at(self, until: Instant) -> Instant {
        match self {
            Self::Awaited(_) => until.min(clock() + LOOK),
            Self::Nobodys | Self::Heard(_) => until,
        }
    }

    /// Sees to what the caller hears. `only` is the callee that is called alone, with what it has described since the last look.
    pub(super) async fn follow(&mut self, call: &mut Executor, only: Option<(&mut Leg, Option<Bytes>)>) {
        let Some((callee, described)) = only else { return self.lost(call).await };
        let is_other = matches!(*self, Self::Awaited(dialog) | Self::Heard(dialog) if dialog != callee.dialog());
        if is_other {
            self.lost(call).await;
        }
        if let Some(described) = described {
            self.described(call, callee, &described).await;
        }
        if *self == Self::Awaited(callee.dialog()) && matches!(callee.hearing().await, Hearing::Last(Some(_))) {
            call.caller.stop_playback().await;
            *self = Self::Heard(callee.dialog());
        }
    }

    /// A callee has described its sound. Of several phones behind one target the one that spoke last is heard.
    async fn described(&mut self, call: &mut Executor, callee: &mut Leg, description: &[u8]) {
        if let Err(error) = callee.accept(description).await {
            tracing::debug!(%error, "an early description is unusable");
            return;
        }
        if *self != Self::Nobodys {
            return;
        }
        if call.caller.stream().is_none() {
            // A caller without an offer hears what its own phone makes of a 180.
            let Some(offer) = call.offer.clone() else { return };
            if let Err(error) = call.caller.answer_early(&offer).await {
                tracing::debug!(%error, "the caller cannot be given early sound");
                return;
            }
            comfort(call).await;
        }
        call.caller.bridge(callee).await;
        *self = Self::Awaited(callee.dialog());
    }

    /// Whoever was heard is no longer called.
    async fn lost(&mut self, call: &mut Executor) {
        if std::mem::take(self) != Self::Nobodys {
            comfort(call).await;
        }
    }
}
