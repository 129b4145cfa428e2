//! Who of a call's parties hears whom: told to people, and the end of a call whose caller has vanished.
//!
//! Shape: a [`Finding`] of a stream in; a remark in the call's trace, a line in the log and a count out.
//! Errors: [`Interrupted`] when the call is ended for it.
//! Sources: RFC 3326 (Reason), ITU-T Q.850 (cause 102: recovery on timer expiry).

use antiphon_ivr::Interrupted;
use antiphon_media::{Finding, StreamId};

use super::{
    executor::{Executor, clock},
    transfer::Joined,
};
use crate::trace::{Remark, sound};

/// What the caller's side is told of why its call ended.
const VANISHED: &str = "Q.850;cause=102;text=\"neither sound nor reports of it have come\"";

/// Tells of what was found about a stream of the call.
///
/// A caller who has vanished has its call ended, unless it is joined to somebody: that is over when both have vanished.
pub(super) async fn found(call: &mut Executor, stream: StreamId, finding: Finding) -> Result<(), Interrupted> {
    tell(call, stream, finding).await;
    if finding == Finding::Vanished && Some(stream) == call.caller.stream() && call.joined == Joined::Nobody {
        call.caller.hang_up(Some(VANISHED));
        return Err(call.end(Interrupted::LocalHangup));
    }
    Ok(())
}

async fn tell(call: &Executor, stream: StreamId, finding: Finding) {
    let name = sound::name(finding);
    metrics::counter!("antiphon_sound_findings_total", "finding" => name).increment(1);
    let Some((leg, known)) = call.trace.leg_of_stream(stream) else { return };
    let Some(summary) = known.summary().await else { return };
    let text = sound::sentence(finding, &summary);
    if sound::is_trouble(finding) {
        tracing::info!(leg, outcome = name, "{text}");
    } else {
        tracing::debug!(leg, outcome = name, "{text}");
    }
    call.trace.remark(Remark { at: clock(), leg, name, text });
}
