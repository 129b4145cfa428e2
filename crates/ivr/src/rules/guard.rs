//! The conditions of a rule.
//!
//! Shape: all of them must hold; they are looked at when the rule is reached.
//! Sources: `ringme-ivr.md` 3.7.

use super::{
    CallerPattern,
    model::Check,
    wire::{CallStatusName, CallerIdAction, FieldError},
};
use crate::{Caller, IntervalId, Surroundings, call::Presentation, vars::Vars};

/// When a rule is performed.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Guard {
    /// The time interval that must be active.
    pub interval: Option<IntervalId>,
    /// What the original caller must be like.
    pub caller: CallerGuard,
    /// How the last transfer must have ended; `None` asks for nothing.
    pub call_status: Option<CallStatus>,
    /// What a variable must hold.
    pub variable: Option<VariableGuard>,
}

/// A condition on the original caller; nothing that a rule sets changes it.
#[derive(Clone, PartialEq, Default, Debug)]
pub enum CallerGuard {
    /// Anybody.
    #[default]
    Any,
    /// The caller hides who they are.
    Anonymous,
    /// The caller shows a number with this in it.
    Matches(CallerPattern),
    /// The caller hides, or shows a number without this in it.
    NotMatches(CallerPattern),
}

/// How a transfer ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum CallStatus {
    /// It failed in any way but by everybody being busy.
    NoAnswer,
    /// Every number was busy (486).
    Busy,
    /// It was answered, and the far end hung up first.
    Answered,
}

/// A condition on a variable; an unset one never meets it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct VariableGuard {
    /// The variable.
    pub name: String,
    /// What it must be equal to, once `${}` in it is expanded.
    pub value: String,
}

impl Guard {
    /// Whether the rule may be performed now.
    pub fn allows(
        &self,
        caller: &Caller,
        last: Option<CallStatus>,
        vars: &Vars,
        surroundings: &dyn Surroundings,
    ) -> bool {
        self.caller.allows(caller)
            && (self.call_status.is_none() || self.call_status == last)
            && self.variable.as_ref().is_none_or(|variable| variable.allows(vars))
            && self.interval.is_none_or(|interval| surroundings.is_active(interval))
    }

    pub(super) fn check(check: &mut Check<'_>) -> Self {
        let interval = check.rule.interval;
        if interval.is_some_and(|interval| !check.references.has_interval(interval)) {
            check.refuse("interval", "no such interval");
        }
        let call_status = match check.rule.call_status {
            CallStatusName::Any => None,
            CallStatusName::NoAnswer => Some(CallStatus::NoAnswer),
            CallStatusName::Busy => Some(CallStatus::Busy),
            CallStatusName::Answered => Some(CallStatus::Answered),
        };
        Self { interval, caller: CallerGuard::check(check), call_status, variable: VariableGuard::check(check) }
    }
}

impl CallerGuard {
    fn allows(&self, caller: &Caller) -> bool {
        match self {
            Self::Any => true,
            Self::Anonymous => is_anonymous(caller),
            Self::Matches(pattern) => !is_anonymous(caller) && pattern.is_match(&caller.number),
            Self::NotMatches(pattern) => is_anonymous(caller) || !pattern.is_match(&caller.number),
        }
    }

    fn check(check: &mut Check<'_>) -> Self {
        let build: fn(CallerPattern) -> Self = match check.rule.caller_id_action {
            CallerIdAction::Any => return Self::Any,
            CallerIdAction::Anonymous => return Self::Anonymous,
            CallerIdAction::Matches => Self::Matches,
            CallerIdAction::NotMatches => Self::NotMatches,
        };
        let Some(pattern) = check.filled("caller_id", |rule| &rule.caller_id) else { return Self::Any };
        match CallerPattern::new(&pattern) {
            Ok(pattern) => build(pattern),
            Err(error) => {
                check.refuse("caller_id", error.to_string());
                Self::Any
            }
        }
    }
}

impl VariableGuard {
    fn allows(&self, vars: &Vars) -> bool {
        vars.get(&self.name).is_some_and(|value| value == vars.expand(&self.value))
    }

    fn check(check: &mut Check<'_>) -> Option<Self> {
        let name = check.rule.match_variable_name.clone().filter(|name| !name.is_empty())?;
        check.variable_name("match_variable_name", &name);
        match check.rule.match_variable_value.clone() {
            Some(value) => Some(Self { name, value }),
            None => {
                check
                    .problems
                    .push(FieldError::new("match_variable_value", "is required where match_variable_name is set"));
                None
            }
        }
    }
}

/// Whether nothing is shown of the caller: by wish, or because the network had no number (`ringme-ivr.md` 3.7).
fn is_anonymous(caller: &Caller) -> bool {
    let number = caller.number.trim();
    caller.presentation == Presentation::Restricted
        || number.is_empty()
        || ["anonymous", "unavailable"].iter().any(|word| number.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(number: &str) -> Caller {
        Caller { number: number.into(), ..Caller::default() }
    }

    /// Vector 6 of `ringme-ivr.md` 7.
    #[test]
    fn the_four_ways_to_look_at_a_caller() {
        let pattern = || CallerPattern::new(r"^(\+|)7812").unwrap();
        let hidden = Caller { presentation: Presentation::Restricted, ..caller("+78121234567") };
        for (who, matches, not_matches, anonymous) in [
            (caller("+78121234567"), true, false, false),
            (caller("78121234567"), true, false, false),
            (caller("74951234567"), false, true, false),
            (caller(""), false, true, true),
            (caller("Anonymous"), false, true, true),
            (caller("unavailable"), false, true, true),
            (hidden, false, true, true),
        ] {
            assert!(CallerGuard::Any.allows(&who), "{who:?}");
            assert_eq!(CallerGuard::Matches(pattern()).allows(&who), matches, "{who:?}");
            assert_eq!(CallerGuard::NotMatches(pattern()).allows(&who), not_matches, "{who:?}");
            assert_eq!(CallerGuard::Anonymous.allows(&who), anonymous, "{who:?}");
        }
    }
}
