//! The reader: text to elements.
//!
//! Errors: [`XmlError`]; whatever quick-xml lets pass that is not well-formed is refused here.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};

use super::{Document, Element, MAX_ATTRIBUTES, MAX_DEPTH, MAX_VERBS, Place, XmlError, XmlFault, decode};

/// Reads an answer. The charset is the one that the web server names, where it names one.
///
/// # Errors
/// [`XmlError`], which makes the whole answer void.
pub fn read(body: &[u8], charset: Option<&str>) -> Result<Document, XmlError> {
    if body.len() > super::super::MAX_BYTES {
        return Err(XmlError { at: Place { line: 1, column: 1 }, fault: XmlFault::TooLong });
    }
    let text = decode::text(body, charset)?;
    // Space before the declaration is a slip that many scripts make, and harms nobody.
    let start = text.len() - text.trim_start().len();
    let mut reading = Reading { text: &text, start, ..Reading::default() };
    reading.document()
}

/// A document while it is read.
#[derive(Default)]
struct Reading<'a> {
    text: &'a str,
    /// Where the document begins in the text.
    start: usize,
    /// Where the event that is looked at begins, in bytes from `start`.
    at: usize,
    /// How many elements are open.
    depth: usize,
    /// Whether the root has been seen.
    begun: bool,
    document: Document,
    /// The verb that is open, and where what stands in it begins.
    verb: Option<(Element, usize)>,
}

impl Reading<'_> {
    fn document(&mut self) -> Result<Document, XmlError> {
        let document = &self.text[self.start..];
        if let Some((at, bad)) = document.char_indices().find(|(_, c)| !is_character(*c)) {
            return Err(self.error_at(at, XmlFault::Character(bad)));
        }
        let mut reader = Reader::from_str(document);
        loop {
            self.at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event().map_err(|error| {
                let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                self.error_at(at, XmlFault::IllFormed(error.to_string()))
            })?;
            let behind = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match event {
                Event::Start(tag) => self.open(&tag, behind)?,
                Event::Empty(tag) => {
                    self.open(&tag, behind)?;
                    self.close(behind);
                }
                Event::End(_) => self.close(self.at),
                Event::Text(text) => self.characters(&text.xml10_content())?,
                Event::CData(text) => {
                    if self.depth == 0 {
                        return Err(self.ill_formed("text outside of the root"));
                    }
                    self.characters(&text.xml10_content())?;
                }
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::DocType(_) => return Err(self.error(XmlFault::DocumentType)),
                Event::Decl(_) if self.at > 0 => {
                    return Err(self.ill_formed("a declaration that is not at the beginning"));
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return self.end(),
            }
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, behind: usize) -> Result<(), XmlError> {
        let name = tag.name().as_ref().to_owned();
        if !is_name(&name) {
            return Err(self.ill_formed(format!("<{name}> is no name")));
        }
        let attributes = self.attributes(tag)?;
        match self.depth {
            0 if self.begun => return Err(self.ill_formed("a second root")),
            0 if !name.eq_ignore_ascii_case("Response") => return Err(self.error(XmlFault::Root(name))),
            0 => self.begun = true,
            1 if self.document.verbs.len() == MAX_VERBS => return Err(self.error(XmlFault::TooManyVerbs)),
            1 => {
                let at = Place::of(self.text, self.start + self.at);
                self.verb = Some((Element { name, attributes, text: String::new(), markup: None, at }, behind));
            }
            MAX_DEPTH => return Err(self.error(XmlFault::TooDeep)),
            _ => {
                if let Some((verb, _)) = &mut self.verb {
                    verb.markup = Some(String::new());
                }
            }
        }
        self.depth += 1;
        Ok(())
    }

    fn attributes(&self, tag: &BytesStart<'_>) -> Result<Vec<(String, String)>, XmlError> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.ill_formed(error.to_string()))?;
            let name = attribute.key.as_ref().to_owned();
            if !is_name(&name) {
                return Err(self.ill_formed(format!("{name:?} is no name of an attribute")));
            }
            if attribute.value.contains('<') {
                return Err(self.ill_formed(format!("< in the attribute {name}")));
            }
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(self.error(XmlFault::TooManyAttributes));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.ill_formed(format!("attribute {name}: {error}")))?;
            if let Some(bad) = value.chars().find(|c| !is_character(*c)) {
                return Err(self.error(XmlFault::Character(bad)));
            }
            attributes.push((name, value.into_owned()));
        }
        Ok(attributes)
    }

    fn close(&mut self, inside_ends: usize) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 1
            && let Some((mut verb, inside_begins)) = self.verb.take()
        {
            verb.text = verb.text.trim().to_owned();
            if let Some(markup) = &mut verb.markup {
                self.text[self.start..].get(inside_begins..inside_ends).unwrap_or_default().clone_into(markup);
            }
            self.document.verbs.push(verb);
        }
    }

    fn characters(&mut self, text: &str) -> Result<(), XmlError> {
        let blank = text.trim().is_empty();
        match (self.depth, &mut self.verb) {
            (0, _) if !blank => return Err(self.ill_formed("text outside of the root")),
            (1, _) if !blank && self.document.stray_text.is_none() => {
                let at = self.at + (text.len() - text.trim_start().len());
                self.document.stray_text = Some(Place::of(self.text, self.start + at));
            }
            (2, Some((verb, _))) => verb.text.push_str(text),
            _ => {}
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let character = match &**reference {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            name => match reference.resolve_char_ref() {
                Ok(Some(character)) if is_character(character) => character,
                Ok(Some(character)) => return Err(self.error(XmlFault::Character(character))),
                Ok(None) => return Err(self.error(XmlFault::Entity(name.to_owned()))),
                Err(error) => return Err(self.ill_formed(error.to_string())),
            },
        };
        if self.depth == 0 {
            return Err(self.ill_formed("text outside of the root"));
        }
        self.characters(character.encode_utf8(&mut [0; 4]))
    }

    fn end(&mut self) -> Result<Document, XmlError> {
        match (self.begun, self.depth) {
            (true, 0) => Ok(std::mem::take(&mut self.document)),
            (true, _) => Err(self.ill_formed("an element is not closed before the end")),
            (false, _) if self.text.trim().is_empty() => {
                Err(XmlError { at: Place { line: 1, column: 1 }, fault: XmlFault::Empty })
            }
            (false, _) => Err(self.ill_formed("there is no <Response>")),
        }
    }

    fn ill_formed(&self, what: impl Into<String>) -> XmlError {
        self.error(XmlFault::IllFormed(what.into()))
    }

    fn error(&self, fault: XmlFault) -> XmlError {
        self.error_at(self.at, fault)
    }

    fn error_at(&self, at: usize, fault: XmlFault) -> XmlError {
        XmlError { at: Place::of(self.text, self.start.saturating_add(at)), fault }
    }
}

/// Whether XML has this character (§2.2).
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a text can be a name, a little more generously than §2.3: every character beyond ASCII counts.
fn is_name(text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':' || !c.is_ascii();
    text.starts_with(begins) && text.chars().all(|c| begins(c) || c.is_ascii_digit() || c == '-' || c == '.')
}
