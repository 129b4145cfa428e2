//! The XML of a TwiML answer: bytes to elements, without a decision about any of them.
//!
//! Shape: one root `Response`; below it elements with attributes, and text between them. Names count as they are written.
//! Units: lines and columns count from 1, columns in characters.
//! Errors: [`BadDocument`] with its place: what is not UTF-8 or not well-formed, a document type definition and with it every entity
//! but XML's own five, another root, and more of anything than the caps below.
//! Sources: XML 1.0 (fifth edition) §2.8, §4.6; `kazoo-pivot.md` 3.1 (body), 5.1 (document rules).

mod read;

use std::fmt;

pub use read::read;

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Most elements, texts and comments of a document.
pub const MAX_NODES: u32 = 20_000;
/// How deep elements stand in one another, the root counted.
pub const MAX_DEPTH: usize = 16;

/// An element.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its attributes, in their order.
    pub attributes: Vec<(String, String)>,
    /// What stands in it, without comments and processing instructions.
    pub nodes: Vec<Node>,
    /// Where it begins.
    pub at: Place,
}

/// What stands in an element.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text.
    Text(String),
}

/// A place in a document.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The character of the line.
    pub column: u32,
}

/// Why a document is none, and where.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct BadDocument {
    /// Where.
    pub at: Place,
    /// Why.
    pub fault: Fault,
}

/// Why a document is none.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Fault {
    /// Longer than [`MAX_BYTES`].
    #[error("the document has more than {MAX_BYTES} bytes")]
    TooLong,
    /// Nothing in it.
    #[error("the document is empty")]
    Empty,
    /// Bytes that are none of UTF-8.
    #[error("this is no UTF-8")]
    NotUtf8,
    /// A document type definition.
    #[error("a document type definition is not taken")]
    DocumentType,
    /// Not well-formed.
    #[error("{0}")]
    IllFormed(String),
    /// Another root.
    #[error("the document is <{0}>, not <Response>")]
    Root(String),
    /// More than [`MAX_NODES`].
    #[error("more than {MAX_NODES} elements and texts")]
    TooMany,
    /// Deeper than [`MAX_DEPTH`].
    #[error("elements more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Element {
    /// The value of an attribute, as it is written.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The elements directly in it.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| if let Node::Element(element) = node { Some(element) } else { None })
    }

    /// The text directly in it, with every run of blanks as one and none around it.
    pub fn text(&self) -> String {
        let texts = self.nodes.iter().filter_map(|node| if let Node::Text(text) = node { Some(text) } else { None });
        collapsed(texts.flat_map(|text| text.split_whitespace()))
    }

    /// All text in it, that of the elements in it too, with every run of blanks as one and none around it.
    pub fn whole_text(&self) -> String {
        let mut texts = Vec::new();
        self.gather(&mut texts);
        collapsed(texts.concat().split_whitespace())
    }

    fn gather<'a>(&'a self, texts: &mut Vec<&'a str>) {
        for node in &self.nodes {
            match node {
                Node::Text(text) => texts.push(text),
                // No deeper than `MAX_DEPTH`.
                Node::Element(element) => element.gather(texts),
            }
        }
    }
}

fn collapsed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests;
