//! What expressions are worth.
//!
//! Shape: a [`Value`] never changes; whatever makes a new one pays for it from the [`super::budget::Budget`]. Dictionaries keep the order
//! in which they were written. JSON comes in and goes out; what has no place in JSON goes out as text.

use std::sync::Arc;

use jiff::civil;
use serde_json::Value as Json;

use super::{eval::Closure, modules::Pattern, nested::Elements};

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    List(Elements<Value>),
    Tuple(Elements<Value>),
    Set(Elements<Value>),
    Dict(Elements<(Value, Value)>),
    DateTime(civil::DateTime),
    Date(civil::Date),
    Time(civil::Time),
    /// A difference of times, in microseconds.
    Span(i64),
    /// `str`, `len`, `math.floor`: by its full name.
    Builtin(&'static str),
    Module(&'static str),
    Function(Arc<Closure>),
    Pattern(Arc<Pattern>),
    /// The groups of a match, with names and places.
    Match(Arc<Found>),
}

/// What a regular expression has found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) groups: Vec<Option<(usize, usize, Arc<str>)>>,
    pub(super) names: Vec<(String, usize)>,
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// What it is, in Python's word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::Dict(_) => "dict",
            Self::DateTime(_) => "datetime",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Span(_) => "timedelta",
            Self::Builtin(_) => "builtin_function_or_method",
            Self::Module(_) => "module",
            Self::Function(_) => "function",
            Self::Pattern(_) => "Pattern",
            Self::Match(_) => "Match",
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => !all.is_empty(),
            Self::Dict(all) => !all.is_empty(),
            Self::Span(span) => *span != 0,
            _ => true,
        }
    }

    /// What it is as a number, if it is one; truths are.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    pub(super) fn float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            // A number that large is rounded, as in Python.
            #[allow(clippy::cast_precision_loss)]
            other => other.int().map(|value| value as f64),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of what has some, without texts and dictionaries.
    pub(super) fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => Some(all),
            _ => None,
        }
    }

    /// The value of a key that is a text.
    pub(super) fn of_key(&self, name: &str) -> Option<&Self> {
        let Self::Dict(all) = self else { return None };
        all.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
    }

    pub(super) fn of_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(value) => Self::Int(value),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(all) => Self::List(all.iter().map(Self::of_json).collect()),
            Json::Object(all) => {
                Self::Dict(all.iter().map(|(key, value)| (Self::text(key.as_str()), Self::of_json(value))).collect())
            }
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::None | Self::Builtin(_) | Self::Module(_) | Self::Function(_) | Self::Pattern(_) | Self::Match(_) => {
                Json::Null
            }
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => all.iter().map(Self::to_json).collect(),
            Self::Dict(all) => all.iter().map(|(key, value)| (super::text::str(key), value.to_json())).collect(),
            Self::DateTime(_) | Self::Date(_) | Self::Time(_) | Self::Span(_) => Json::String(super::text::str(self)),
        }
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        24 + match self {
            Self::Text(text) => text.len(),
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => all.iter().map(Self::size).sum(),
            Self::Dict(all) => all.iter().map(|(key, value)| key.size() + value.size()).sum(),
            _ => 0,
        }
    }

    /// Whether it can be kept in a variable.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Self::Builtin(_) | Self::Module(_) | Self::Function(_) | Self::Pattern(_) | Self::Match(_) => false,
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => all.iter().all(Self::is_plain),
            Self::Dict(all) => all.iter().all(|(key, value)| key.is_plain() && value.is_plain()),
            _ => true,
        }
    }
}
