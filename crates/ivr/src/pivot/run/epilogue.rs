//! What is told of a call when it is over: recordings that wait, actions and callbacks of TwiML, whoever missed it, and its record.
//!
//! Shape: the state of the last pivot of the call.
//! Units: seconds; `Timestamp` counts from the year 0, as Erlang does.
//! Errors: nobody waits for what comes of it.
//! Sources: `kazoo-pivot.md` 2.8, 4.2 (`missed_call_alert`), 4.4, 8 (A20).

use crate::{EndedCall, Interrupted, pivot::Pivot};

/// Whether [`after`] has anything to do.
pub fn has_epilogue(_pivot: &Pivot) -> bool {
    true
}

/// Tells of a call that is over.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn after(_pivot: &Pivot, ended: &mut EndedCall) -> Result<(), Interrupted> {
    let Some(state) = ended.call().pivot.take() else { return Ok(()) };
    for waiting in state.uploads {
        ended.call().upload(waiting.0).await?;
    }
    for farewell in state.farewells {
        farewell.say(ended.call()).await?;
    }
    Ok(())
}
