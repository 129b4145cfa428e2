//! Envelopes of SOAP 1.1.
//!
//! Shape: parameters to a text; a text to a dictionary of what is in the body's first element. An element without elements is a text, one
//! that comes several times a list; attributes are not looked at, but `nil`.
//! Errors: [`Fault`] where it is no envelope; a name that cannot be an element's.
//! Sources: SOAP 1.1 §4.

use std::{collections::BTreeMap, fmt::Write as _};

use roxmltree::Node;
use serde_json::{Map, Value as Json};

use crate::vxml::wire::{
    Attributes, Fault,
    xml::{self, escaped},
};

/// How deep values may stand in one another.
const MAX_DEPTH: usize = 30;
/// The longest envelope that is sent, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// What stands in a body.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Answer {
    Result(Json),
    /// What the server says went wrong.
    Fault(String),
}

/// Whether a text can be the name of an element.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// The envelope of a call.
pub(super) fn write(method: &str, namespace: &str, params: &[(String, Json)]) -> Result<String, String> {
    let mut body = String::new();
    for (name, value) in params {
        element(&mut body, name, value, 0)?;
    }
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body><{method} xmlns=\"{}\">{body}</{method}></soap:Body>\
         </soap:Envelope>",
        escaped(namespace)
    ))
}

fn element(to: &mut String, name: &str, value: &Json, depth: usize) -> Result<(), String> {
    if !is_name(name) {
        return Err(format!("{name:?} cannot be the name of an element"));
    }
    if depth > MAX_DEPTH || to.len() > MAX_BYTES {
        return Err("the parameters are too deep or too long".to_owned());
    }
    match value {
        Json::Null => drop(write!(to, "<{name} xsi:nil=\"true\"/>")),
        Json::Array(all) => {
            for value in all {
                element(to, name, value, depth + 1)?;
            }
        }
        Json::Object(all) => {
            let _ = write!(to, "<{name}>");
            for (name, value) in all {
                element(to, name, value, depth + 1)?;
            }
            let _ = write!(to, "</{name}>");
        }
        Json::String(text) => drop(write!(to, "<{name}>{}</{name}>", escaped(text))),
        other => drop(write!(to, "<{name}>{other}</{name}>")),
    }
    Ok(())
}

/// What an envelope says.
pub(super) fn read(text: &str) -> Result<Answer, Fault> {
    let text = xml::checked(text)?;
    let tree = xml::parse(&text)?;
    let root = tree.root_element();
    let child = |node: Node<'_, '_>, name: &str| {
        node.children().filter(Node::is_element).find(|child| child.tag_name().name() == name).map(|child| child.id())
    };
    let body = (root.tag_name().name() == "Envelope").then(|| child(root, "Body")).flatten();
    let body =
        body.and_then(|id| tree.get_node(id)).ok_or_else(|| Attributes(root).fault("this is no envelope of SOAP"))?;
    let Some(answer) = body.children().find(Node::is_element) else { return Ok(Answer::Result(Json::Null)) };
    if answer.tag_name().name() == "Fault" {
        let text = child(answer, "faultstring").and_then(|id| tree.get_node(id)).and_then(|node| node.text());
        return Ok(Answer::Fault(
            text.unwrap_or("the server says that something went wrong").trim().chars().take(500).collect(),
        ));
    }
    Ok(Answer::Result(value(answer)))
}

/// What an element holds. The depth is bounded by the reading.
fn value(node: Node<'_, '_>) -> Json {
    let is_nil =
        node.attributes().any(|attribute| attribute.name() == "nil" && matches!(attribute.value(), "true" | "1"));
    if is_nil {
        return Json::Null;
    }
    let mut lists: Vec<(&str, Vec<Json>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let at = *places.entry(name).or_insert(lists.len());
        if at == lists.len() {
            lists.push((name, Vec::new()));
        }
        lists[at].1.push(value(child));
    }
    let one = |(name, mut all): (&str, Vec<Json>)| {
        let found = if all.len() == 1 { all.swap_remove(0) } else { Json::Array(all) };
        (name.to_owned(), found)
    };
    let all: Map<String, Json> = lists.into_iter().map(one).collect();
    if all.is_empty() {
        return Json::String(node.text().unwrap_or_default().trim().to_owned());
    }
    Json::Object(all)
}
