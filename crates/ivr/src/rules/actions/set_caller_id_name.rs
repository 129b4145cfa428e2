//! `set_caller_id_name`: set the name that later targets of this IVR see.
//!
//! Shape: `caller_id_name` (required), with `${}` expanded. The variable `caller_id_name` follows; conditions on the caller
//! keep looking at who really called.
//! Errors: where nothing is left after expansion, the old name stays.
//! Sources: `ringme-ivr.md` 3.7, 3.8.

use super::{Check, Flow, Run};

/// Sets the caller's name for later transfers.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SetCallerIdName {
    /// The name, with `${}`.
    pub name: String,
}

impl SetCallerIdName {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        check.filled("caller_id_name", |rule| &rule.caller_id_name).map(|name| Self { name })
    }

    pub(super) fn run(&self, run: &mut Run<'_>) -> Flow {
        if let Some(name) = run.expand_line(&self.name) {
            run.set_variable("caller_id_name", &name);
            run.caller_id.name = name;
        }
        Flow::Continue
    }
}
