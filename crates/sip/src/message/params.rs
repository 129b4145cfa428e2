//! `;name=value` lists, as URIs, addresses and `Via` carry them.
//!
//! Shape: [`Params`] keeps order, case and quoting as they came, and finds names without regard to case.
//! Errors: an empty name is skipped; an unusable name is [`Malformed::Address`], which the caller may replace.
//! Sources: RFC 3261 §7.3.1, §25.1 (`generic-param`).

use super::text::{find_outside_quotes, quoted_len, split_outside_quotes, unquote};
use crate::error::Malformed;
use std::borrow::Cow;
use std::fmt;

/// At most this many parameters are read from one value.
const MAX_PARAMS: usize = 64;

/// An ordered list of parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Reads `a=b;c;d="e"`, with or without a leading semicolon.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut params = Self::default();
        for piece in split_outside_quotes(text, b';') {
            if piece.is_empty() {
                continue;
            }
            if params.0.len() == MAX_PARAMS {
                return Err(Malformed::TooLarge);
            }
            let (name, value) = match find_outside_quotes(piece, b'=') {
                Some(at) => (piece[..at].trim_end(), Some(piece[at + 1..].trim_start())),
                None => (piece, None),
            };
            let bare =
                |text: &str| !text.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>'));
            let value_fits = value.is_none_or(|value| bare(value) || quoted_len(value) == Some(value.len()));
            if name.is_empty() || !bare(name) || name.contains('@') || !value_fits {
                return Err(Malformed::Address);
            }
            params.0.push((name.to_owned(), value.map(str::to_owned)));
        }
        Ok(params)
    }

    /// The value of `name` without its quotes; an empty text for a parameter without value.
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.find(name).map(|value| unquote(value.unwrap_or("")))
    }

    /// Whether `name` stands in the list, with or without a value.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Sets `name` to `value`, replacing the first of that name.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes every parameter of that name out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// All parameters in order, as they stand (quotes included).
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    fn find(&self, name: &str) -> Option<Option<&str>> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}
