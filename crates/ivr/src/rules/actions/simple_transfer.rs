//! `simple_transfer`: ring numbers directly, without their own incoming rules, and bridge the first that answers.
//!
//! Shape: `transfer_dst` (required, 1 to 100 numbers separated by spaces, with `${}` expanded), `transfer_timeout` (60 where it is
//! not given or 0). Where nobody answers, `final` decides between the end of the call and the next rule.
//! Units: `transfer_timeout` in seconds on the wire.
//! Errors: where no number is left after expansion, nothing is rung and the next rule runs.
//! Sources: `ringme-ivr.md` 3.6, 3.8.

use std::time::Duration;

use super::{Check, Flow, Run, Targets, mode, wire::TransferMode};
use crate::{Interrupted, TargetRules};

/// Rings numbers directly, without their own incoming rules.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SimpleTransfer {
    /// Whom.
    pub targets: Targets,
    /// How long; as the policy says where there is nothing.
    pub ring_time: Option<Duration>,
    /// How the transfer is made.
    pub mode: TransferMode,
}

impl SimpleTransfer {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let targets = Targets::check(check, Targets::SIMPLE_TRANSFER)?;
        Some(Self { targets, ring_time: Targets::ring_time(check), mode: mode::of(check.rule) })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let targets = self.targets.dialled(&run.call.vars);
        run.route(targets, TargetRules::Ignore, self.ring_time, self.mode).await
    }
}
