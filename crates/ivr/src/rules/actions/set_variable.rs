//! `set_variable`: set a variable of the call.
//!
//! Shape: `set_variable_name` and `set_variable_value` (both required; the value may be empty), with `${}` expanded in the value.
//! Setting `called_did` or `caller_id_*` changes what rules read, and nothing that a target sees.
//! Errors: one variable more than a call holds is passed over.
//! Sources: `ringme-ivr.md` 3.8, 3.9.

use super::{Check, Flow, Run};

/// Sets a variable.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SetVariable {
    /// Its name.
    pub name: String,
    /// Its value, with `${}`.
    pub value: String,
}

impl SetVariable {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let value = check.required("set_variable_value", |rule| &rule.set_variable_value);
        let name = check.filled("set_variable_name", |rule| &rule.set_variable_name)?;
        check.variable_name("set_variable_name", &name);
        Some(Self { name, value: value? })
    }

    pub(super) fn run(&self, run: &mut Run<'_>) -> Flow {
        let value = run.call.vars.expand(&self.value);
        run.set_variable(&self.name, &value);
        Flow::Continue
    }
}
