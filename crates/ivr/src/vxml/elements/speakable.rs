//! What can be said: text, values, sounds and the markup of speech.
//!
//! Shape: [`read`] takes a node that can be said and leaves all others; text and markup in one another become a tree.
//! Sources: VoiceXML 2.0 §4.1 (prompts); SSML 1.0 §2, §3.

use std::time::Duration;

use roxmltree::Node;

use super::{Reader, audio::Audio, enumerate::Enumerate};
use crate::vxml::wire::{Attributes, Fault, Given, spaced};

/// Something that is said.
#[derive(Clone, Debug)]
pub(crate) enum Speakable {
    Text(String),
    Value(String),
    Audio(Audio),
    Enumerate(Enumerate),
    Break(Duration),
    Mark(Given),
    /// What is said as a number, a date and the like.
    SayAs(Given, Vec<Speakable>),
    /// An element of SSML with its attributes, for whoever says texts.
    Markup(&'static str, Vec<(&'static str, String)>, Vec<Speakable>),
    Foreach {
        array: String,
        item: String,
        content: Vec<Speakable>,
    },
}

/// Elements of SSML that are handed on, with the attributes that are.
const MARKUP: [(&str, &[&str]); 7] = [
    ("p", &[]),
    ("s", &[]),
    ("emphasis", &["level"]),
    ("prosody", &["pitch", "contour", "range", "rate", "duration", "volume"]),
    ("voice", &["gender", "age", "variant", "name"]),
    ("phoneme", &["ph", "alphabet"]),
    ("sub", &["alias"]),
];

/// A node that can be said; `None` for any other.
pub(crate) fn read(node: Node<'_, '_>, reader: &mut Reader) -> Result<Option<Speakable>, Fault> {
    if node.is_text() {
        let text = spaced(node.text().unwrap_or_default());
        return Ok((!text.trim().is_empty()).then_some(Speakable::Text(text)));
    }
    if !node.is_element() {
        return Ok(None);
    }
    let from = Attributes(node);
    let name = of_today(from);
    if let (Some(instead), "say-as") = (from.get("sub"), name) {
        return Ok(Some(Speakable::Text(instead.to_owned())));
    }
    Ok(Some(match name {
        "value" => Speakable::Value(from.required("expr")?),
        "audio" => Speakable::Audio(Audio::read(from, reader)?),
        "enumerate" => Speakable::Enumerate(Enumerate::read(from, reader)?),
        "break" => Speakable::Break(pause(from)?),
        "mark" => {
            from.exactly_one(&["name", "nameexpr"])?;
            Speakable::Mark(from.given("name", "nameexpr")?.ok_or_else(|| from.fault("it has no name"))?)
        }
        "say-as" => {
            let kind = from
                .direct("interpret-as", "interpret-as-expr")
                .or_else(|| from.owned("type").or_else(|| from.owned("class")).map(Given::Text));
            Speakable::SayAs(kind.unwrap_or_else(|| Given::Text(String::new())), all(node, reader)?)
        }
        _ => match MARKUP.iter().find(|(known, _)| *known == name) {
            Some((known, attributes)) => {
                let given = |attribute: &&'static str| from.owned(attribute).map(|value| (*attribute, value));
                Speakable::Markup(known, attributes.iter().filter_map(given).collect(), all(node, reader)?)
            }
            None => return Ok(None),
        },
    }))
}

/// The name of an element, that of SSML for those of the speech markup of VoiceXML 1.0 (§13).
fn of_today<'a>(from: Attributes<'a, '_>) -> &'a str {
    match from.0.tag_name().name() {
        "div" if from.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("sentence")) => "s",
        "div" => "p",
        "emp" => "emphasis",
        "pros" => "prosody",
        "sayas" => "say-as",
        name => name,
    }
}

/// All that can be said in an element; a loop may stand among it.
pub(crate) fn all(parent: Node<'_, '_>, reader: &mut Reader) -> Result<Vec<Speakable>, Fault> {
    let mut pieces = Vec::new();
    for node in parent.children() {
        let piece = read(node, reader);
        let Some(piece) = reader.past(piece)? else { continue };
        if let Some(piece) = piece {
            pieces.push(piece);
        } else if node.is_text() {
            pieces.push(Speakable::Text(" ".to_owned()));
        } else if node.tag_name().name() == "foreach" {
            let from = Attributes(node);
            let item = from.name("item")?.ok_or_else(|| from.fault("item is missing"))?;
            let array = from.required("array")?;
            pieces.push(Speakable::Foreach { array, item, content: all(node, reader)? });
        } else if node.is_element() && !matches!(node.tag_name().name(), "desc" | "metadata" | "lexicon" | "meta") {
            let passed = super::exec::misplaced(node, node.tag_name().name(), reader);
            reader.past(passed)?;
        }
    }
    Ok(pieces)
}

/// How long a break is (SSML 1.0 §3.2.3, which leaves the strengths to us).
fn pause(from: Attributes<'_, '_>) -> Result<Duration, Fault> {
    if let Some(time) = from.time("time")? {
        return Ok(time.min(Duration::from_secs(60)));
    }
    if let Some(milliseconds) = from.get("msecs").and_then(|text| text.trim().parse().ok()) {
        return Ok(Duration::from_millis(milliseconds).min(Duration::from_secs(60)));
    }
    let milliseconds = match from.get("strength").or(from.get("size")) {
        Some("none") => 0,
        Some("x-weak") => 100,
        Some("weak" | "small") => 250,
        Some("strong" | "large") => 1_000,
        Some("x-strong") => 1_500,
        _ => 500,
    };
    Ok(Duration::from_millis(milliseconds))
}
