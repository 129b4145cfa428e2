//! The text of a page: bytes to a tree of XML, and the attributes of its elements.
//!
//! Shape: [`decode`] makes text of bytes, [`xml`] a tree of text; [`Attributes`] reads what an element says of itself.
//! Units: times are written `5s`, `500ms` or `1.5s`; a number alone is seconds, as many pages have it.
//! Errors: [`Fault`] with line and column, of which the interpreter makes `error.badfetch`.
//! Sources: VoiceXML 2.0 §2.1, §6.5 (time designations); `voicexml-customizers.md` 3.10.

mod attributes;
pub(crate) mod xml;

use std::{fmt, time::Duration};

pub(crate) use attributes::{Attributes, Given};

/// A place in a document, counted from 1.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The place behind a character that stands at this one.
    pub(crate) fn behind(self, c: char) -> Self {
        match c {
            '\n' => Self { line: self.line + 1, column: 1 },
            _ => Self { column: self.column + 1, ..self },
        }
    }
}

/// Why a page cannot be run, and where.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{at}: {}{text}", element.as_ref().map(|element| format!("<{element}>: ")).unwrap_or_default())]
pub(crate) struct Fault {
    pub(crate) at: Place,
    /// The element that breaks a rule, where it is one.
    pub(crate) element: Option<String>,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(at: Place, text: impl Into<String>) -> Self {
        Self { at, element: None, text: text.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The text of a document: in the encoding that its server names, else that it names itself, else UTF-8.
pub(crate) fn decode(bytes: &[u8], content_type: Option<&str>) -> Result<String, Fault> {
    let start = Place { line: 1, column: 1 };
    let charset = content_type.and_then(|media| parameter(media, "charset")).map(str::to_owned);
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let own = head
        .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
        .starts_with("<?xml")
        .then(|| declared(&head))
        .flatten();
    let label = charset.or(own);
    let encoding = match &label {
        Some(label) => encoding_rs::Encoding::for_label(label.as_bytes())
            .ok_or_else(|| Fault::new(start, format!("the encoding {label:?} is not known")))?,
        None => encoding_rs::UTF_8,
    };
    let (text, encoding, failed) = encoding.decode(bytes);
    if failed {
        return Err(Fault::new(start, format!("this is no {}", encoding.name())));
    }
    Ok(text.into_owned())
}

/// A parameter of a media type.
fn parameter<'a>(media: &'a str, name: &str) -> Option<&'a str> {
    let mut parameters = media.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

fn declared(head: &str) -> Option<String> {
    let declaration = head.split("?>").next()?;
    let rest = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split(quote).next().map(str::to_owned)
}

/// A time as pages write it.
pub(crate) fn time(text: &str) -> Option<Duration> {
    let text = text.trim().trim_start_matches('+');
    let (number, unit) = text.split_at(text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len()));
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "s" | "" => number,
        "ms" => number / 1000.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

/// A text with its white space as single blanks.
pub(crate) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same, with one blank at each end where there was white space.
pub(crate) fn spaced(text: &str) -> String {
    let is_space = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let inner = collapsed(text);
    let begin = if is_space(text.chars().next()) { " " } else { "" };
    let end = if !inner.is_empty() && is_space(text.chars().next_back()) { " " } else { "" };
    format!("{begin}{inner}{end}")
}

#[cfg(test)]
mod tests;
