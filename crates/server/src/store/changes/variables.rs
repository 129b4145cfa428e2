//! The variables of a client, which its API requests may name.
//!
//! Shape: a list of names and values comes in at once, and is taken whole or not at all.
//! Sources: `ringme-ivr.md` 1.7, 2.7.

use std::collections::BTreeMap;

use antiphon_ivr::Vars;
use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::vars::{MAX_NAME, MAX_VALUE};
use serde_json::Value;

use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, Taken, limits};

/// Makes variables that are not there yet.
#[derive(Debug)]
pub struct CreateVariables {
    /// Whose they will be.
    pub client: ClientId,
    /// The request: `variables`, a list of `{"var", "value"}`.
    pub body: Value,
}

/// Sets variables, those that are there and new ones; a value of `null` removes one.
#[derive(Debug)]
pub struct SetVariables {
    /// Whose they are.
    pub client: ClientId,
    /// The request: `variables`, a list of `{"var", "value"}`.
    pub body: Value,
}

/// Removes a variable.
#[derive(Debug)]
pub struct DeleteVariable {
    /// Whose it is.
    pub client: ClientId,
    /// Its name.
    pub name: String,
}

/// What a request names, with the value that each is to have.
type Wanted = BTreeMap<String, Option<String>>;

/// The variables that a request asks for, none of them twice.
fn wanted(body: &Value) -> Result<Wanted, Rejected> {
    let refused = |problem: String| Rejected::field("variables", problem);
    let list = match body.get("variables") {
        None | Some(Value::Null) => return Err(refused("is required".to_owned())),
        Some(list) => list.as_array().ok_or_else(|| refused("must be a list of {\"var\", \"value\"}".to_owned()))?,
    };
    if list.len() > limits::VARIABLES_OF_A_CLIENT {
        return Err(refused(format!("has at most {} objects", limits::VARIABLES_OF_A_CLIENT)));
    }
    let (mut wanted, mut problems) = (Wanted::new(), Vec::new());
    for (index, item) in list.iter().enumerate() {
        let mut refuse = |field: &str, problem: String| {
            problems.push(FieldError::new(&format!("variables[{index}].{field}"), problem));
        };
        let name = item.get("var").and_then(Value::as_str).filter(|name| Vars::is_name(name));
        if name.is_none() {
            refuse("var", format!("must be a letter and then letters, digits and _, at most {MAX_NAME} in all"));
        }
        let value = match item.get("value") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => {
                refuse("value", "must be a text".to_owned());
                None
            }
        };
        if value.as_ref().is_some_and(|text| text.len() > MAX_VALUE || text.contains(char::is_control)) {
            refuse("value", format!("has at most {MAX_VALUE} bytes and no control characters"));
        }
        if let Some(name) = name
            && wanted.insert(name.to_owned(), value).is_some()
        {
            refuse("var", format!("names {name} a second time"));
        }
    }
    if problems.is_empty() { Ok(wanted) } else { Err(problems.into()) }
}

/// Writes what is wanted, and puts it into the draft.
fn put(edit: &mut Edit<'_>, client: ClientId, wanted: &Wanted) -> Result<(), Rejected> {
    edit.config().client(client).ok_or(Missing::Client)?;
    let mut variables = edit.config().variables(client).clone();
    for (name, value) in wanted {
        match value {
            Some(value) => {
                let query = "INSERT INTO variable (client, name, value) VALUES (?1, ?2, ?3)
                             ON CONFLICT (client, name) DO UPDATE SET value = excluded.value";
                edit.transaction.prepare_cached(query)?.execute((signed(client.0), name, value))?;
                variables.insert(name.clone(), value.clone());
            }
            None => {
                let query = "DELETE FROM variable WHERE client = ?1 AND name = ?2";
                edit.transaction.prepare_cached(query)?.execute((signed(client.0), name))?;
                variables.remove(name);
            }
        }
    }
    if variables.len() > limits::VARIABLES_OF_A_CLIENT {
        return Err(Rejected::Full { table: "variables", most: limits::VARIABLES_OF_A_CLIENT });
    }
    edit.draft().put_variables(client, variables);
    Ok(())
}

impl Change for CreateVariables {
    type Answer = Vec<(String, String)>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Self::Answer, Rejected> {
        let wanted = wanted(&self.body)?;
        let there = edit.config().variables(self.client);
        if let Some(name) = wanted.keys().find(|name| there.contains_key(*name)) {
            return Err(Taken::Variable(name.clone()).into());
        }
        if let Some(index) = wanted.values().position(Option::is_none) {
            let name = wanted.keys().nth(index).cloned().unwrap_or_default();
            return Err(Rejected::field("variables", format!("{name} has no value")));
        }
        put(edit, self.client, &wanted)?;
        Ok(wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

impl Change for SetVariables {
    type Answer = Vec<(String, String)>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Self::Answer, Rejected> {
        let wanted = wanted(&self.body)?;
        put(edit, self.client, &wanted)?;
        Ok(wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

impl Change for DeleteVariable {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        if !edit.config().variables(self.client).contains_key(&self.name) {
            return Err(Missing::Variable.into());
        }
        put(edit, self.client, &[(self.name, None)].into())
    }
}
