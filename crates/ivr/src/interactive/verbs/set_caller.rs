//! `<SetCaller name="ACME" number="992"/>`: whom later transfers show as the caller. Both dialects.
//!
//! Shape: `name` and `number`, both needed. The variables `caller_id_name` and `caller_id_number` follow, conditions on the caller do not.
//! Errors: without one of the two, Ucom runs neither this verb nor those behind it, and VoipNow nothing of the answer. An attribute that
//! is there and empty leaves what was.
//! Sources: `ringme-ivr.md` 4.3, 3.8.

use std::fmt;

use super::{Dialect, Reading, Stage, Step};
use crate::Interrupted;

/// Sets who calls.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SetCaller {
    /// The name.
    pub name: String,
    /// The number.
    pub number: String,
}

impl SetCaller {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let (name, number) = (reading.attribute("name"), reading.attribute("number"));
        if let (Some(name), Some(number)) = (name, number) {
            return Some(Self { name: line(name), number: line(number) });
        }
        let lost = match reading.dialect {
            Dialect::Ucom => "neither it nor what follows is run",
            Dialect::Voipnow => "nothing of the answer is run",
        };
        let missing = if name.is_none() { "name" } else { "number" };
        reading.problem(format!("has no {missing}; {lost}"));
        None
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        let shown = &mut *stage.caller_id;
        let parts =
            [("caller_id_name", &self.name, &mut shown.name), ("caller_id_number", &self.number, &mut shown.number)];
        for (variable, value, shown) in parts {
            if !value.is_empty() {
                // A value that is too long for a variable is too long for a caller.
                if stage.call.vars.set(variable, value).is_ok() {
                    shown.clone_from(value);
                }
            }
        }
        Ok(None)
    }
}

/// What may stand in a header: one line.
fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

impl fmt::Display for SetCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetCaller {} {}", self.number, self.name)
    }
}
