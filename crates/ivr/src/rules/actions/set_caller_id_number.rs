//! `set_caller_id_number`: set the number that later targets of this IVR see.
//!
//! Shape: `caller_id_number` (required), with `${}` expanded. The variable `caller_id_number` follows; conditions on the caller
//! keep looking at who really called.
//! Errors: where nothing is left after expansion, the old number stays.
//! Sources: `ringme-ivr.md` 3.7, 3.8.

use super::{Check, Flow, Run};

/// Sets the caller's number for later transfers.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SetCallerIdNumber {
    /// The number, with `${}`.
    pub number: String,
}

impl SetCallerIdNumber {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        check.filled("caller_id_number", |rule| &rule.caller_id_number).map(|number| Self { number })
    }

    pub(super) fn run(&self, run: &mut Run<'_>) -> Flow {
        if let Some(number) = run.expand_line(&self.number) {
            run.set_variable("caller_id_number", &number);
            run.caller_id.number = number;
        }
        Flow::Continue
    }
}
