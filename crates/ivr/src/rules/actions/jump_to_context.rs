//! `jump_to_context`: go on in an option of a context of the same IVR.
//!
//! Shape: `context` (required), `context_option` (`start` where it is not given). `start` does not run when another option is named.
//! Errors: a context that is gone is passed over; an option that is not there leads to the context's `invalid`.
//! Sources: `ringme-ivr.md` 3.2, 3.8.

use super::{Check, Flow, Run};
use crate::{ContextId, rules::OptionKey};

/// Goes on elsewhere.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct JumpToContext {
    /// The context.
    pub context: ContextId,
    /// Its option.
    pub option: OptionKey,
}

impl JumpToContext {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let context = check.required("context", |rule| &rule.context)?;
        if !check.references.has_context(context) {
            check.refuse("context", "no such context");
        }
        Some(Self { context, option: check.rule.context_option.clone().unwrap_or(OptionKey::Start) })
    }

    pub(super) fn run(&self, run: &Run<'_>) -> Flow {
        match run.ivr.contexts.get(&self.context) {
            None => Flow::Continue,
            Some(context) if context.options.contains_key(&self.option) => {
                Flow::Jump(self.context, self.option.clone())
            }
            Some(_) => Flow::Jump(self.context, OptionKey::Invalid),
        }
    }
}
