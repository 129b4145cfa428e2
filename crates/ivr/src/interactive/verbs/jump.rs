//! `<Jump context="3" option="start"/>`: the menu goes on elsewhere. Both dialects, in their own words.
//!
//! Shape: `context`, `option` (`start` where it is missing), in VoipNow also `priority`: the rule of the option to begin with, from 1.
//! Ucom names a context by its id, VoipNow by its name; where there is none, the other way is tried.
//! Errors: without a context it is passed over; so it is where the menu has none such, which the menu tells.
//! Sources: `ringme-ivr.md` 4.3, 3.8.

use std::fmt;

use super::{Dialect, Reading};

/// The last rule that a priority can name.
const LAST_PRIORITY: u64 = 1_000_000;

/// Goes on elsewhere.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Jump {
    /// The context, as the script names it.
    pub context: String,
    /// What the name is.
    pub named_by: NamedBy,
    /// The option, as the script names it.
    pub option: String,
    /// How many rules of the option are left out.
    pub skip: usize,
}

/// What a context is named by.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum NamedBy {
    /// Its id, else its name.
    Id,
    /// Its name, else its id.
    Name,
}

impl Jump {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let Some(context) = reading.attribute("context").filter(|context| !context.is_empty()) else {
            reading.problem("has no context; it is passed over");
            return None;
        };
        let option = reading.attribute("option").filter(|option| !option.is_empty()).unwrap_or("start");
        let (named_by, priority) = match reading.dialect {
            Dialect::Ucom => (NamedBy::Id, 1),
            Dialect::Voipnow => (NamedBy::Name, reading.number("priority", 1..=LAST_PRIORITY, 1)),
        };
        let skip = usize::try_from(priority - 1).unwrap_or(usize::MAX);
        Some(Self { context: context.to_owned(), named_by, option: option.to_owned(), skip })
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jump to {} of context {}", self.option, self.context)?;
        if self.skip > 0 { write!(f, ", rule {}", self.skip + 1) } else { Ok(()) }
    }
}
