//! A call to a number without a menu.
//!
//! Shape: one dial. The caller is not answered before the other side is, so that a refusal is a refusal and costs nothing.
//! Time: the other side rings for [`RING_TIME`].

use std::time::Duration;

use crate::{Call, CallerId, Cause, Dial, Dialed, Interrupted, Next, TargetRules, Terms};

/// How long the other side rings (`ringme-ivr.md` 3.8, the default of a transfer).
const RING_TIME: Duration = Duration::from_secs(60);

/// Rings the number, and ends the call as that ends.
pub(crate) async fn run(number: &str, call: &mut Call) -> Result<Next, Interrupted> {
    let caller_id = CallerId { number: call.caller.number.clone(), name: call.caller.name.clone() };
    let (targets, rules, terms) = (vec![number.to_owned()], TargetRules::Apply, Terms::default());
    let dial = Dial { targets, rules, no_answer: RING_TIME, caller_id, terms };
    let cause = match call.dial(dial).await? {
        Dialed::HandedOver(extension) => return Ok(Next::HandOver(extension)),
        Dialed::Answered { .. } => Cause::NORMAL,
        Dialed::Busy => Cause::USER_BUSY,
        Dialed::NoAnswer => Cause::NO_ANSWER,
        Dialed::Failed { status } => Cause::of_status(status),
    };
    call.hangup(cause).await?;
    Ok(Next::Finished)
}
