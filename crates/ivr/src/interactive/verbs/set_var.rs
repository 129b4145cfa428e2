//! `<SetVar name="mgr">207</SetVar>`: a variable of the call. Both dialects.
//!
//! Shape: `name`; the value is the text, without the space around it, and is not expanded: it comes from outside.
//! Errors: without a good name, or beyond what a call holds, nothing is set.
//! Sources: `ringme-ivr.md` 4.3.

use std::fmt;

use super::{Reading, Stage, Step};
use crate::Interrupted;

/// Sets a variable.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SetVar {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl SetVar {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        if reading.attribute("name").is_none_or(str::is_empty) {
            reading.problem("has no name; it is passed over");
            return None;
        }
        reading.variable("name").map(|name| Self { name, value: reading.element.text.clone() })
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        if let Err(error) = stage.call.vars.set(&self.name, &self.value) {
            stage.problem(format!("SetVar {}: {error}", self.name)).await?;
        }
        Ok(None)
    }
}

impl fmt::Display for SetVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetVar {}", self.name)
    }
}
