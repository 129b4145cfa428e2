//! What fuzzers and property tests drive: each function takes bytes and panics when a law is broken.
//!
//! Shape: [`interactive`] takes the answer of a web server, [`vxml_page`], [`vxml_grammar`], [`vxml_expression`] and [`vxml_python`] what pages are made of.
//! Errors: none; a panic is the finding.

use crate::interactive::{
    Dialect, MAX_BYTES, Names,
    verbs::items,
    wire::{Element, MAX_ATTRIBUTES, MAX_VERBS, read},
};

/// An answer is read within its caps or refused, the same whatever the server says of it that it says itself, and what was read reads the
/// same once it is written again.
pub fn interactive(bytes: &[u8]) {
    let document = match read(bytes, None) {
        Ok(document) => document,
        Err(error) => {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            assert!(error.at.line <= lines + 1 && error.at.column >= 1, "{error}");
            return;
        }
    };
    assert!(bytes.len() <= MAX_BYTES && document.verbs.len() <= MAX_VERBS);
    assert!(document.verbs.iter().all(|verb| verb.attributes.len() <= MAX_ATTRIBUTES));
    for dialect in [Dialect::Ucom, Dialect::Voipnow] {
        for names in [Names::AnyCase, Names::Exact] {
            let items = items(&document, dialect, names);
            // Each verb tells of a few things at most.
            assert!(items.len() <= 8 * (MAX_VERBS + 1), "{} items", items.len());
        }
    }
    let written: String = document.verbs.iter().map(written).collect();
    let again = read(format!("<Response>{written}</Response>").as_bytes(), None);
    if written.len() < MAX_BYTES / 2 {
        let again = again.expect("what is written is well-formed");
        let plain = |verb: &Element| (verb.name.clone(), verb.attributes.clone(), verb.text.clone());
        assert!(again.verbs.iter().map(plain).eq(document.verbs.iter().map(plain)), "{written}");
    }
}

/// An element as XML, without the elements in it.
fn written(verb: &Element) -> String {
    let attributes: String =
        verb.attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
    format!("<{0}{attributes}>{1}</{0}>", verb.name, escaped(&verb.text))
}

fn escaped(text: &str) -> String {
    let reference = |c: char| match c {
        '&' | '<' | '>' | '"' | '\'' | '\t' | '\n' | '\r' => format!("&#{};", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(reference).collect()
}

/// A page of VoiceXML is read within its caps or refused at a place that it has.
pub fn vxml_page(bytes: &[u8]) {
    crate::vxml::fuzzing::page(bytes);
}

/// A grammar judges keys as it matches them; the first line has the keys.
pub fn vxml_grammar(bytes: &[u8]) {
    crate::vxml::fuzzing::grammar(bytes);
}

/// An expression of a page comes to an end.
pub fn vxml_expression(bytes: &[u8]) {
    crate::vxml::fuzzing::expression(bytes);
}

/// An expression of Contact Pro is refused at a place that it has, or comes to an end.
pub fn vxml_python(bytes: &[u8]) {
    crate::vxml::fuzzing::python(bytes);
}
