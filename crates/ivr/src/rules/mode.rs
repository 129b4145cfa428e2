//! How a transfer is made: by ringing the number and staying in between, or by asking the caller's side to call it.
//!
//! Shape: a word of ours in a rule, `transfer_mode`, for the three transfers.
//! Errors: a caller's side that refuses is bridged as ever; one that tried and failed is a transfer that failed.
//! Sources: RFC 3515; `docs/surfaces/rules.md`.

use std::time::Duration;

use super::wire::{self, TransferMode};
use crate::{Call, Dialed, Interrupted, Join, Refer, ReferScope, Referred};

const BUSY_HERE: u16 = 486;
const REQUEST_TIMEOUT: u16 = 408;

/// What came of asking the caller's side.
pub(super) enum Asked {
    /// Nothing: the number is to be rung by us.
    NotDone,
    /// The caller talks to the target without us.
    Left,
    /// The target was tried, and failed so.
    Tried(Dialed),
}

/// Who joins the two, where the caller's side was not asked or has refused.
pub(super) fn join(mode: TransferMode) -> Join {
    match mode {
        TransferMode::Trunk => Join::AsTrunkSays,
        TransferMode::Bridge | TransferMode::Refer | TransferMode::Auto => Join::Here,
    }
}

/// How the transfer of this rule is made.
pub(super) fn of(rule: &wire::Rule) -> TransferMode {
    rule.transfer_mode
}

/// Asks the caller's side to call the targets, where the mode says so. More than one number is always rung by us: a REFER names one.
pub(super) async fn ask(
    call: &mut Call,
    mode: TransferMode,
    targets: &[String],
    patience: Duration,
) -> Result<Asked, Interrupted> {
    let scope = match mode {
        TransferMode::Trunk | TransferMode::Bridge => return Ok(Asked::NotDone),
        TransferMode::Refer => ReferScope::Anywhere,
        TransferMode::Auto => ReferScope::SameTrunk,
    };
    let [target] = targets else { return Ok(Asked::NotDone) };
    Ok(match call.refer(Refer { target: target.clone(), scope, patience }).await? {
        Referred::Refused { .. } => Asked::NotDone,
        Referred::Done => Asked::Left,
        Referred::Failed { status: BUSY_HERE } => Asked::Tried(Dialed::Busy),
        Referred::Failed { status } => Asked::Tried(Dialed::Failed { status }),
        Referred::TimedOut => Asked::Tried(Dialed::Failed { status: REQUEST_TIMEOUT }),
    })
}
