//! XML, within bounds.
//!
//! Shape: [`checked`] looks through a text before a tree is made of it; [`parse`] makes the tree. A document type that is only named is
//! passed over and never asked for; one that declares anything is refused, so that there are no entities but XML's own.
//! Errors: [`Fault`].
//! Sources: XML 1.0 §2.8; `voicexml-customizers.md` 3.10.

use std::borrow::Cow;

use quick_xml::{Reader, events::Event};
use roxmltree::{Document, Node, ParsingOptions};

use super::{Fault, Place};

/// The longest document.
pub(crate) const MAX_BYTES: usize = 2 << 20;
/// Most elements.
const MAX_ELEMENTS: usize = 20_000;
/// How deep they may stand in one another.
pub(crate) const MAX_DEPTH: usize = 50;
/// Most attributes of an element.
const MAX_ATTRIBUTES: usize = 40;
/// Most declarations of namespaces that one element sees, and most of all elements: each that declares one keeps all that it sees.
const MAX_NAMESPACES: usize = 64;
const MAX_DECLARED: usize = 10_000;

/// A text as it stands in an element or between the quotes of an attribute, and comes back from either as it was: a reader takes a literal
/// end of a line for `\n`, and in an attribute any white space for a blank, but no reference (XML 1.0 §2.11, §3.3.3). What may stand in
/// no document (§2.2) is a blank.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' => escaped += "&#9;",
            '\n' => escaped += "&#10;",
            '\r' => escaped += "&#13;",
            '\u{0}'..' ' | '\u{FFFE}' | '\u{FFFF}' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text, if a tree can be made of it within bounds, without its document type.
pub(crate) fn checked(text: &str) -> Result<Cow<'_, str>, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::new(place_of(text, 0), format!("more than {MAX_BYTES} bytes")));
    }
    match late_declaration(text) {
        Some(without) => typed(&without).map(|checked| Cow::Owned(checked.into_owned())),
        None => typed(text),
    }
}

/// A text without its declaration, where white space stands before that, as templates leave it.
fn late_declaration(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}');
    let begin = text.find("<?xml ").filter(|at| *at > 0 && text[..*at].trim().is_empty())?;
    let end = begin + text[begin..].find("?>")? + 2;
    Some(format!("{}{}{}", &text[..begin], blank(&text[begin..end]), &text[end..]))
}

/// As many lines of nothing but blanks.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// The text within bounds, without its document type.
fn typed(text: &str) -> Result<Cow<'_, str>, Fault> {
    let fault = |at: usize, why: String| Fault::new(place_of(text, at), why);
    // How many namespaces each open element declares.
    let (mut scopes, mut declared): (Vec<usize>, usize) = (Vec::new(), 0);
    let mut reader = Reader::from_str(text);
    let (mut depth, mut elements, mut namespaces) = (0_usize, 0, 0);
    let (mut checked, mut is_typed) = (Cow::Borrowed(text), false);
    loop {
        let at = position(&reader);
        let event = reader.read_event().map_err(|error| fault(at, format!("not well-formed: {error}")))?;
        let (element, opens) = match event {
            Event::Eof => return Ok(checked),
            Event::DocType(_) if is_typed => return Err(fault(at, "a second document type".to_owned())),
            Event::DocType(_) => {
                is_typed = true;
                let end = position(&reader);
                if text[at..end].contains('[') {
                    return Err(fault(at, "a document type that declares something is not taken".to_owned()));
                }
                checked = Cow::Owned(format!("{}{}{}", &text[..at], blank(&text[at..end]), &text[end..]));
                continue;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                namespaces -= scopes.pop().unwrap_or_default();
                continue;
            }
            Event::Start(element) => (element, 1),
            Event::Empty(element) => (element, 0),
            _ => continue,
        };
        elements += 1;
        if depth >= MAX_DEPTH {
            return Err(fault(at, format!("elements more than {MAX_DEPTH} deep")));
        }
        depth += opens;
        if elements > MAX_ELEMENTS {
            return Err(fault(at, format!("more than {MAX_ELEMENTS} elements")));
        }
        let mut attributes = element.attributes();
        attributes.with_checks(false);
        let (mut count, mut own) = (0, 0);
        for attribute in attributes.flatten() {
            count += 1;
            own += usize::from(attribute.key.as_ref().starts_with("xmlns"));
            if count > MAX_ATTRIBUTES || namespaces + own > MAX_NAMESPACES || declared + own > MAX_DECLARED {
                return Err(fault(at, "too many attributes".to_owned()));
            }
        }
        declared += own;
        if opens > 0 {
            namespaces += own;
            scopes.push(own);
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The tree of a text that was checked.
pub(crate) fn parse(checked: &str) -> Result<Document<'_>, Fault> {
    let limit = u32::try_from(MAX_ELEMENTS * 4).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: limit, ..ParsingOptions::default() };
    Document::parse_with_options(checked, options).map_err(|error| {
        let at = error.pos();
        Fault::new(Place { line: at.row as usize, column: at.col as usize }, format!("not well-formed: {error}"))
    })
}

/// Where a node begins.
pub(crate) fn place(node: Node<'_, '_>) -> Place {
    let at = node.document().text_pos_at(node.range().start);
    Place { line: at.row as usize, column: at.col as usize }
}

fn place_of(text: &str, byte: usize) -> Place {
    let before = text.get(..byte).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    Place { line: before.matches('\n').count() + 1, column: before[begin..].chars().count() + 1 }
}
