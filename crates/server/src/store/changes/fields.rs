//! Reading the fields of a request's body over a stored object.
//!
//! Shape: an absent key changes nothing, `null` clears, unknown keys are ignored; a number is taken where a text is expected and a
//! numeric text where a number is.
//! Errors: every wrong field is noted, and all of them are reported together.
//! Sources: `ringme-ivr.md` 1.1.

use antiphon_ivr::rules::wire::FieldError;
use serde_json::{Map, Value};

use crate::store::Rejected;

/// Most characters of a label.
const MAX_TEXT: usize = 255;
/// Most bytes of what is only stored and echoed.
const MAX_OPAQUE: usize = 16_384;

/// A request's body that is being read.
pub(super) struct Fields<'a> {
    body: &'a Map<String, Value>,
    problems: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(body: &'a Value) -> Result<Self, Rejected> {
        let body = body.as_object().ok_or_else(|| Rejected::field("", "the body must be a JSON object"))?;
        Ok(Self { body, problems: Vec::new() })
    }

    pub(super) fn refuse(&mut self, field: &str, problem: impl Into<String>) {
        self.problems.push(FieldError::new(field, problem));
    }

    /// Ends the reading; what was wrong.
    pub(super) fn problems(self) -> Vec<FieldError> {
        self.problems
    }

    /// Ends the reading; refuses the body when a field was wrong.
    pub(super) fn done(self) -> Result<(), Rejected> {
        if self.problems.is_empty() { Ok(()) } else { Err(Rejected::Invalid(self.problems)) }
    }

    /// An optional text.
    pub(super) fn text(&mut self, field: &str, into: &mut Option<String>) {
        self.read_text(field, MAX_TEXT, into);
    }

    /// An optional text of up to so many characters.
    pub(super) fn long_text(&mut self, field: &str, most: usize, into: &mut Option<String>) {
        self.read_text(field, most, into);
    }

    fn read_text(&mut self, field: &str, most: usize, into: &mut Option<String>) {
        let Some(value) = self.body.get(field) else { return };
        match text(value, most) {
            Ok(text) => *into = text,
            Err(problem) => self.refuse(field, problem),
        }
    }

    /// Notes that a field is needed.
    pub(super) fn refuse_missing(&mut self, field: &str) {
        if !self.problems.iter().any(|problem| problem.field == field) {
            self.problems.push(FieldError::required(field));
        }
    }

    /// A text that has to be there and not empty; the problem is noted where it is not.
    pub(super) fn required_text(&mut self, field: &str) -> Option<String> {
        let mut found = None;
        let before = self.problems.len();
        self.text(field, &mut found);
        let found = found.filter(|text| !text.trim().is_empty());
        if found.is_none() && self.problems.len() == before {
            self.problems.push(FieldError::required(field));
        }
        found
    }

    /// An optional number; 0 counts as not set.
    pub(super) fn number(&mut self, field: &str, into: &mut Option<u64>) {
        let Some(value) = self.body.get(field) else { return };
        let number = match value {
            Value::Null => Some(0),
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.trim().parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match number.filter(|number| i64::try_from(*number).is_ok()) {
            Some(number) => *into = Some(number).filter(|number| *number > 0),
            None => self.refuse(field, "must be a whole number"),
        }
    }

    /// A flag; `null` is false.
    pub(super) fn flag(&mut self, field: &str, into: &mut bool) {
        let Some(value) = self.body.get(field) else { return };
        match value {
            Value::Null => *into = false,
            Value::Bool(flag) => *into = *flag,
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.refuse(field, "must be true or false");
            }
        }
    }

    /// A text out of a list.
    pub(super) fn word(&mut self, field: &str, words: &[&str], into: &mut Option<String>) {
        let mut found = into.clone();
        self.text(field, &mut found);
        match found {
            Some(word) if !words.contains(&word.as_str()) => {
                self.refuse(field, format!("must be one of: {}", words.join(", ")));
            }
            found => *into = found,
        }
    }

    /// Anything, to be stored and echoed.
    pub(super) fn opaque(&mut self, field: &str, into: &mut Option<Value>) {
        let Some(value) = self.body.get(field) else { return };
        if value.to_string().len() > MAX_OPAQUE {
            self.refuse(field, format!("has more than {MAX_OPAQUE} bytes"));
        } else {
            *into = Some(value.clone()).filter(|value| !value.is_null());
        }
    }
}

fn text(value: &Value, most: usize) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::String(text) if text.chars().any(char::is_control) => Err("must not hold control characters".to_owned()),
        Value::String(text) if text.chars().count() > most => Err(format!("has more than {most} characters")),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err("must be a text".to_owned()),
    }
}
