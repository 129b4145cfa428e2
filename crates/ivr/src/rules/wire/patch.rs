//! Reading a request's JSON over an object that exists.
//!
//! Shape: one method a kind of value; an absent key changes nothing, `null` clears.
//! Errors: every wrong value becomes a [`FieldError`]; all of them are reported at once.
//! Sources: `ringme-ivr.md` 1.1 (numeric strings, unknown fields, partial update, null).

use std::{ops::RangeInclusive, str::FromStr};

use serde_json::{Map, Value};

use super::names::Named;

/// What is wrong with one field of a request, in words for its author.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field as the API names it; empty where the whole body is meant.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl FieldError {
    /// A problem of a field.
    pub fn new(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }

    /// A field that has to be given.
    pub fn required(field: &str) -> Self {
        Self::new(field, "is required")
    }
}

/// A request's object on its way into a stored one.
pub(crate) struct Patch<'a> {
    body: &'a Map<String, Value>,
    problems: Vec<FieldError>,
}

impl<'a> Patch<'a> {
    /// A patch of this body, which has to be an object.
    pub(crate) fn new(body: &'a Value) -> Result<Self, Vec<FieldError>> {
        match body.as_object() {
            Some(body) => Ok(Self { body, problems: Vec::new() }),
            None => Err(vec![FieldError::new("", "the body must be a JSON object")]),
        }
    }

    /// The patched object, unless something was wrong.
    pub(crate) fn done<T>(self, patched: T) -> Result<T, Vec<FieldError>> {
        if self.problems.is_empty() { Ok(patched) } else { Err(self.problems) }
    }

    /// What was wrong.
    pub(crate) fn into_problems(self) -> Vec<FieldError> {
        self.problems
    }

    /// Notes a problem that a caller of the patch found.
    pub(crate) fn refuse(&mut self, problem: FieldError) {
        self.problems.push(problem);
    }

    /// Notes that a field has to be given, unless something else is wrong with it.
    pub(crate) fn require(&mut self, field: &str) {
        if self.problems.iter().all(|problem| problem.field != field) {
            self.refuse(FieldError::required(field));
        }
    }

    /// A list of objects, read whole; `null` empties it. Problems name the object by its place, as in `conditions[1].month`.
    pub(crate) fn list<T>(
        &mut self,
        field: &str,
        most: usize,
        into: &mut Vec<T>,
        read: impl Fn(&Value) -> Result<T, Vec<FieldError>>,
    ) {
        let items = match self.body.get(field) {
            None => return,
            Some(Value::Null) => return into.clear(),
            Some(Value::Array(items)) if items.len() <= most => items,
            Some(Value::Array(_)) => return self.refuse(FieldError::new(field, format!("has at most {most} objects"))),
            Some(_) => return self.refuse(FieldError::new(field, "must be a list of objects")),
        };
        into.clear();
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(item) => into.push(item),
                Err(problems) => self.problems.extend(problems.into_iter().map(|problem| {
                    let dot = if problem.field.is_empty() { "" } else { "." };
                    FieldError { field: format!("{field}[{index}]{dot}{}", problem.field), ..problem }
                })),
            }
        }
    }

    /// A text of at most `longest` characters. A number is taken as its digits.
    pub(crate) fn text(&mut self, field: &str, longest: usize, into: &mut Option<String>) {
        self.read(field, into, |value| match value {
            Value::String(text) if text.chars().any(char::is_control) => Err("must not hold control characters".into()),
            Value::String(text) if text.chars().count() > longest => Err(format!("has at most {longest} characters")),
            Value::String(text) => Ok(Some(text.clone())),
            Value::Number(number) => Ok(Some(number.to_string())),
            _ => Err("must be a string".into()),
        });
    }

    /// A whole number.
    pub(crate) fn number(&mut self, field: &str, range: RangeInclusive<u64>, into: &mut u64) {
        let mut read = Some(*into);
        self.optional_number(field, range, &mut read);
        *into = read.unwrap_or(0);
    }

    /// A whole number, or nothing. A string of digits is taken as the number.
    pub(crate) fn optional_number(&mut self, field: &str, range: RangeInclusive<u64>, into: &mut Option<u64>) {
        self.read(field, into, |value| whole_number(value, range).map(Some));
    }

    /// An id; 0 is no id.
    pub(crate) fn id<T>(&mut self, field: &str, into: &mut Option<T>, id: impl Fn(u64) -> T) {
        self.read(field, into, |value| Ok(Some(whole_number(value, 0..=MAX_ID)?).filter(|n| *n > 0).map(&id)));
    }

    /// True or false; `null` is the value of a fresh object.
    pub(crate) fn flag(&mut self, field: &str, fresh: bool, into: &mut bool) {
        let mut read = Some(*into);
        self.read(field, &mut read, |value| value.as_bool().map(Some).ok_or_else(|| "must be true or false".into()));
        *into = read.unwrap_or(fresh);
    }

    /// A word of a closed list, or nothing.
    pub(crate) fn optional_word<T: Named>(&mut self, field: &str, into: &mut Option<T>) {
        self.read(field, into, |value| {
            let known = value.as_str().and_then(T::from_word);
            known.map(Some).ok_or_else(|| format!("must be one of: {}", words::<T>()))
        });
    }

    /// A word of a closed list; `null` is the list's default.
    pub(crate) fn word<T: Named>(&mut self, field: &str, into: &mut T) {
        let mut read = Some(*into);
        self.optional_word(field, &mut read);
        *into = read.unwrap_or_default();
    }

    /// A text with a grammar of its own.
    pub(crate) fn parsed<T: FromStr<Err: ToString>>(&mut self, field: &str, into: &mut Option<T>) {
        self.read(field, into, |value| match value {
            Value::String(text) => text.parse().map(Some).map_err(|error: T::Err| error.to_string()),
            Value::Number(number) => number.to_string().parse().map(Some).map_err(|error: T::Err| error.to_string()),
            _ => Err("must be a string".into()),
        });
    }

    /// Any JSON at all of at most `longest` bytes.
    pub(crate) fn opaque(&mut self, field: &str, longest: usize, into: &mut Option<Value>) {
        self.read(field, into, |value| {
            let fits = value.to_string().len() <= longest;
            fits.then(|| Some(value.clone())).ok_or_else(|| format!("has at most {longest} bytes"))
        });
    }

    fn read<T>(&mut self, field: &str, into: &mut Option<T>, read: impl FnOnce(&Value) -> Result<Option<T>, String>) {
        match self.body.get(field) {
            None => {}
            Some(Value::Null) => *into = None,
            Some(value) => match read(value) {
                Ok(value) => *into = value,
                Err(problem) => self.problems.push(FieldError::new(field, problem)),
            },
        }
    }
}

/// The largest id that every JSON reader keeps exact.
const MAX_ID: u64 = (1 << 53) - 1;

/// The words of a closed list, for an error's text.
pub(crate) fn words<T: Named>() -> String {
    T::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", ")
}

fn whole_number(value: &Value, range: RangeInclusive<u64>) -> Result<u64, String> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        // `parse` would take a leading plus, which no number of the API has.
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match number {
        Some(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("must be a whole number from {} to {}", range.start(), range.end())),
    }
}
