//! A call to a number without a menu.
//!
//! Shape: one dial. The caller is not answered before the other side is, so that a refusal is a refusal and costs nothing.
//! Time: the other side rings for [`Dial::RING_TIME`].

use crate::{Call, CallerId, Cause, Dial, Dialed, Interrupted, Next, TargetRules, Terms};

/// Rings the number, and ends the call as that ends.
pub(crate) async fn run(number: &str, call: &mut Call) -> Result<Next, Interrupted> {
    let caller_id = CallerId { number: call.caller.number.clone(), name: call.caller.name.clone() };
    let (targets, rules, terms) = (vec![number.to_owned()], TargetRules::Apply, Terms::default());
    let dial = Dial { targets, rules, no_answer: Dial::RING_TIME, caller_id, terms };
    let dialed = call.dial(dial).await?;
    end_as(call, dialed).await
}

/// Ends the call as an attempt to reach somebody ended.
pub(crate) async fn end_as(call: &mut Call, dialed: Dialed) -> Result<Next, Interrupted> {
    let cause = match dialed {
        Dialed::HandedOver(extension) => return Ok(Next::HandOver(extension)),
        Dialed::Answered { .. } => Cause::NORMAL,
        Dialed::Busy => Cause::USER_BUSY,
        Dialed::NoAnswer | Dialed::Whispers { .. } => Cause::NO_ANSWER,
        Dialed::Failed { status } => Cause::of_status(status),
    };
    call.hangup(cause).await?;
    Ok(Next::Finished)
}
