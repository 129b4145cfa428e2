//! `<Set><Variable key="k" value="v"/></Set>`: parameters of all later requests. An extension of KAZOO.
//!
//! Shape: any number of `Variable`.
//! Errors: one without a key, or whose key a variable cannot have, is left out; that is told.
//! Sources: `kazoo-pivot.md` 5.3, 2.3.

use std::fmt;

use super::{Exit, Reading, Session};
use crate::Interrupted;

/// The longest name of a variable, and its longest value.
const MAX: (usize, usize) = (64, 4096);

/// Sets variables.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Set {
    /// Names and values, in their order.
    pub variables: Vec<(String, String)>,
}

impl Set {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[]);
        reading.holds(&["Variable"]);
        let set = Self::of_variables(reading);
        if set.variables.is_empty() {
            reading.warn("sets no variable");
        }
        set
    }

    /// The `Variable` in an element.
    pub(super) fn of_variables(reading: &mut Reading<'_>) -> Self {
        let mut variables = Vec::new();
        let element = reading.element;
        for variable in element.elements().filter(|inner| inner.name == "Variable") {
            let mut inner = reading.inside(variable);
            inner.knows(&["key", "value"]);
            match (inner.word("key"), variable.attribute("value")) {
                (Some(key), Some(value)) if key.len() <= MAX.0 && value.len() <= MAX.1 => {
                    variables.push((key.to_owned(), value.to_owned()));
                }
                (Some(_), Some(_)) => {
                    inner
                        .warn(format_args!("has a key of more than {} or a value of more than {} bytes", MAX.0, MAX.1));
                }
                _ => inner.warn("has no key or no value; it is left out"),
            }
        }
        Self { variables }
    }
}

impl Set {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        if session.policy.answer_on_first_verb {
            session.answer().await?;
        }
        self.keep(session).await?;
        Ok(None)
    }

    /// Keeps the variables for all later requests.
    pub(super) async fn keep(&self, session: &mut Session<'_>) -> Result<(), Interrupted> {
        for (name, value) in &self.variables {
            if !session.state.set_user_var(name, value) {
                session.warn(format!("Set: there is no more room for the variable {name}")).await?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "Set {}", names.join(", "))
    }
}
