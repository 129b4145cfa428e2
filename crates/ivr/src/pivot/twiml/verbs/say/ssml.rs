//! The elements in a text that is said.
//!
//! Shape: `break`, `emphasis`, `lang`, `p`, `phoneme`, `prosody`, `s`, `say-as` and `sub` go to the engine with the attributes that SSML
//! gives them; of `w` and of every other element the text is said, the latter with a warning.
//! Sources: SSML 1.1 §3.1 to 3.3; `kazoo-pivot.md` 5.4.

use super::Reading;
use crate::{
    Speech,
    pivot::twiml::wire::{Element, Node},
};

/// What an engine gets, each with its attributes. The reader has taken the prefix from `xml:lang`.
const ELEMENTS: [(&str, &[&str]); 9] = [
    ("break", &["strength", "time"]),
    ("emphasis", &["level"]),
    ("lang", &["lang"]),
    ("p", &[]),
    ("phoneme", &["alphabet", "ph"]),
    ("prosody", &["volume", "rate", "pitch"]),
    ("s", &[]),
    ("say-as", &["interpret-as", "format"]),
    ("sub", &["alias"]),
];

/// The text of an element with what is in it, as SSML; `None` where nothing of it can be said so.
pub(super) fn of(reading: &mut Reading<'_>) -> Option<String> {
    let mut markup = "<speak>".to_owned();
    inside(reading, reading.element, &mut markup);
    markup.push_str("</speak>");
    Speech::new(&markup).ok().map(|speech| speech.text().to_owned())
}

fn inside(reading: &mut Reading<'_>, element: &Element, markup: &mut String) {
    for node in &element.nodes {
        match node {
            Node::Text(text) => escaped(text, markup),
            Node::Element(inner) => within(reading, inner, markup),
        }
    }
}

fn within(reading: &mut Reading<'_>, element: &Element, markup: &mut String) {
    let name = element.name.as_str();
    let Some((_, attributes)) = ELEMENTS.iter().find(|(known, _)| *known == name) else {
        let mut inner = reading.inside(element);
        if name == "w" {
            inner.knows(&["role"]);
        } else {
            inner.warn("is not understood in a text; what is in it is said");
        }
        return inside(reading, element, markup);
    };
    reading.inside(element).knows(attributes);
    markup.push('<');
    markup.push_str(name);
    for attribute in *attributes {
        if let Some(value) = element.attribute(attribute) {
            markup.push_str(if *attribute == "lang" { " xml:" } else { " " });
            markup.push_str(attribute);
            markup.push_str("=\"");
            escaped(value, markup);
            markup.push('"');
        }
    }
    if element.nodes.is_empty() {
        markup.push_str("/>");
        return;
    }
    markup.push('>');
    inside(reading, element, markup);
    markup.push_str("</");
    markup.push_str(name);
    markup.push('>');
}

fn escaped(text: &str, markup: &mut String) {
    for character in text.chars() {
        match character {
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '&' => markup.push_str("&amp;"),
            '"' => markup.push_str("&quot;"),
            other => markup.push(other),
        }
    }
}
