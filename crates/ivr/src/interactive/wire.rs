//! The XML of an answer: bytes to elements, without a decision about any of them.
//!
//! Shape: one root `Response`; each element directly in it is an [`Element`] with its attributes and its text. The name of the root is
//! compared without regard to case. Comments and processing instructions are passed over.
//! Units: lines and columns count from 1, columns in characters.
//! Errors: [`XmlError`] with its place, which makes the whole answer void: what is not well-formed, a document type definition, an entity
//! that is none of XML's own five, a byte that its encoding does not have, and more of anything than the caps below.
//! Sources: XML 1.0 (fifth edition) §2.2 (characters), §2.8 (prolog), §4.1 and §4.6 (references), appendix F; RFC 7303 §3;
//! `ringme-ivr.md` 4.3.

mod decode;
mod read;

use std::fmt;

pub use read::read;

use super::Names;

/// Most verbs of an answer.
pub const MAX_VERBS: usize = 100;
/// How deep elements stand in one another, the root and the verb counted.
pub const MAX_DEPTH: usize = 16;
/// Most attributes of an element.
pub const MAX_ATTRIBUTES: usize = 16;

/// A whole answer.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Document {
    /// The elements directly in the root, in their order.
    pub verbs: Vec<Element>,
    /// Where text stands between them, which means nothing.
    pub stray_text: Option<Place>,
}

/// An element.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Element {
    /// Its name, as it is written.
    pub name: String,
    /// Its attributes, by their names as they are written.
    pub attributes: Vec<(String, String)>,
    /// Its text, without that of elements in it, and without the space around it.
    pub text: String,
    /// Everything in it as it is written, where there are elements in it.
    pub markup: Option<String>,
    /// Where it begins.
    pub at: Place,
}

/// A place in a document.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

/// Why an answer is void, and where.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct XmlError {
    /// Where.
    pub at: Place,
    /// Why.
    pub fault: XmlFault,
}

/// Why an answer is void.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum XmlFault {
    /// Nothing in it.
    #[error("the answer is empty")]
    Empty,
    /// Longer than [`super::MAX_BYTES`].
    #[error("the answer has more than {} bytes", super::MAX_BYTES)]
    TooLong,
    /// An encoding that nobody knows.
    #[error("the encoding {0:?} is not known")]
    UnknownEncoding(String),
    /// Bytes that are none of the encoding.
    #[error("this is no {0}")]
    NotEncoded(&'static str),
    /// A character that XML does not have.
    #[error("the character U+{:04X} may not stand in XML", u32::from(*.0))]
    Character(char),
    /// Not well-formed.
    #[error("{0}")]
    IllFormed(String),
    /// `<!DOCTYPE …>`.
    #[error("a document type definition is not taken")]
    DocumentType,
    /// An entity that would have to be defined.
    #[error("the entity &{0}; is not known")]
    Entity(String),
    /// Another root.
    #[error("the answer is <{0}>, not <Response>")]
    Root(String),
    /// More than [`MAX_VERBS`].
    #[error("more than {MAX_VERBS} verbs")]
    TooManyVerbs,
    /// Deeper than [`MAX_DEPTH`].
    #[error("elements more than {MAX_DEPTH} deep")]
    TooDeep,
    /// More than [`MAX_ATTRIBUTES`].
    #[error("an element with more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str, names: Names) -> Option<&str> {
        let found = self.attributes.iter().find(|(attribute, _)| match names {
            Names::AnyCase => attribute.eq_ignore_ascii_case(name),
            Names::Exact => attribute == name,
        });
        found.map(|(_, value)| value.as_str())
    }
}

impl Place {
    /// The place of a byte of a text.
    fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[begin..].chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests;
