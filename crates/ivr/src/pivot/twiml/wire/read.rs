//! The reader: text to elements.

use roxmltree::{ParsingOptions, TextPos};

use super::{BadDocument, Element, Fault, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, Place};

/// Reads a document; what is returned is its root.
///
/// # Errors
/// [`BadDocument`], which makes the whole document void.
pub fn read(body: &[u8]) -> Result<Element, BadDocument> {
    let start = Place { line: 1, column: 1 };
    if body.len() > MAX_BYTES {
        return Err(BadDocument { at: start, fault: Fault::TooLong });
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = String::from_utf8_lossy(&body[..error.valid_up_to()]);
        BadDocument { at: Lines::new(&valid).place(valid.len()), fault: Fault::NotUtf8 }
    })?;
    // A mark of the byte order, and blanks before the declaration, are slips that many scripts make, and harm nobody.
    let document = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let skipped = text.len() - document.len();
    if document.is_empty() {
        return Err(BadDocument { at: start, fault: Fault::Empty });
    }
    let mut lines = Lines::new(text);
    let front = lines.place(skipped);
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let parsed =
        roxmltree::Document::parse_with_options(document, options).map_err(|error| of_parser(&error, front))?;
    let root = parsed.root_element();
    if root.tag_name().name() != "Response" {
        let fault = Fault::Root(root.tag_name().name().to_owned());
        return Err(BadDocument { at: lines.place(skipped + root.range().start), fault });
    }
    element(root, 1, skipped, &mut lines)
}

fn element(
    node: roxmltree::Node<'_, '_>,
    depth: usize,
    skipped: usize,
    lines: &mut Lines<'_>,
) -> Result<Element, BadDocument> {
    let at = lines.place(skipped + node.range().start);
    if depth > MAX_DEPTH {
        return Err(BadDocument { at, fault: Fault::TooDeep });
    }
    let attributes = node.attributes().map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()));
    let attributes = attributes.collect();
    let mut nodes = Vec::new();
    for child in node.children() {
        if child.is_element() {
            nodes.push(Node::Element(element(child, depth + 1, skipped, lines)?));
        } else if let Some(text) = child.text().filter(|_| child.is_text()) {
            nodes.push(Node::Text(text.to_owned()));
        }
    }
    Ok(Element { name: node.tag_name().name().to_owned(), attributes, nodes, at })
}

/// What the parser says, with its place in the whole text.
fn of_parser(error: &roxmltree::Error, front: Place) -> BadDocument {
    let TextPos { row, col } = error.pos();
    let column = if row <= 1 { front.column + col.saturating_sub(1) } else { col };
    let at = Place { line: front.line + row.saturating_sub(1), column };
    let fault = match error {
        roxmltree::Error::DtdDetected => Fault::DocumentType,
        roxmltree::Error::NodesLimitReached => Fault::TooMany,
        other => {
            // The place stands before it.
            let said = other.to_string();
            let without_place = said.rsplit_once(" at ").map_or(said.as_str(), |(what, _)| what);
            Fault::IllFormed(without_place.to_owned())
        }
    };
    BadDocument { at, fault }
}

/// Places of bytes that are asked for in their order, so that the text is gone through once.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    at: Place,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, byte: 0, at: Place { line: 1, column: 1 } }
    }

    fn place(&mut self, byte: usize) -> Place {
        let passed = self.text.get(self.byte..byte).unwrap_or_default();
        for character in passed.chars() {
            if character == '\n' {
                self.at = Place { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.byte += passed.len();
        self.at
    }
}
