//! `transfer_from_variable`: a `transfer` to the numbers that a variable holds.
//!
//! Shape: `transfer_variable` (required, a bare name), `transfer_timeout` (the ring time of the policy, 60 s,
//! where it is not given or 0).
//! Units: `transfer_timeout` in seconds on the wire.
//! Errors: an unset or blank variable: nothing is rung and the next rule runs, also after a final rule.
//! Sources: `ringme-ivr.md` 3.6, 3.8.

use std::time::Duration;

use super::{Check, Flow, Run, Targets, mode, wire::TransferMode};
use crate::{Interrupted, TargetRules};

/// Rings the numbers that a variable holds.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TransferFromVariable {
    /// The variable.
    pub variable: String,
    /// How long; as the policy says where there is nothing.
    pub ring_time: Option<Duration>,
    /// How the transfer is made.
    pub mode: TransferMode,
}

impl TransferFromVariable {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let variable = check.filled("transfer_variable", |rule| &rule.transfer_variable)?;
        check.variable_name("transfer_variable", &variable);
        Some(Self { variable, ring_time: Targets::ring_time(check), mode: mode::of(check.rule) })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let numbers = run.call.vars.get(&self.variable).unwrap_or_default();
        let targets = Targets::split(numbers, Targets::TRANSFER);
        run.route(targets, TargetRules::Apply, self.ring_time, self.mode).await
    }
}
