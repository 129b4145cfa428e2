//! `<data>`: XML or JSON of a web server, without going there (VoiceXML 2.1 §5).

use roxmltree::{Attribute, Node, NodeType};
use serde_json::{Value, json};

use super::terms::{FetchTerms, Sending};
use crate::vxml::{
    run::{Event, Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Given, decode, xml},
};

/// A question to a web server.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    name: Option<String>,
    source: Given,
    sending: Sending,
    terms: FetchTerms,
}

impl Data {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let source = from.given("src", "srcexpr")?.ok_or_else(|| from.fault("there is neither src nor srcexpr"))?;
        Ok(Self { name: from.name("name")?, source, sending: Sending::read(from)?, terms: FetchTerms::read(from)? })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let address = interpreter.given(&self.source)?;
        let names = self.sending.names.clone().unwrap_or_default();
        let request = interpreter.request(&self.sending, &names)?;
        let page = interpreter.fetch(&address, request, &self.terms, "data").await?;
        let Some(name) = &self.name else { return Ok(Flow::On) };
        let kind = page.header("content-type").unwrap_or_default();
        let bad = |fault: Fault| Stop::from(Event::bad_fetch(format!("{}: {fault}", page.url)));
        let text = decode(&page.body, Some(kind)).map_err(bad)?;
        let scope = interpreter.innermost();
        if kind.starts_with("application/json") {
            let value: Value = serde_json::from_str(&text)
                .map_err(|error| Event::bad_fetch(format!("{} is no JSON: {error}", page.url)))?;
            interpreter.engine.put(scope, name, &value)?;
            return Ok(Flow::On);
        }
        let tree = {
            let text = xml::checked(&text).map_err(bad)?;
            let document = xml::parse(&text).map_err(bad)?;
            tree(document.root_element())
        };
        interpreter.engine.document(&tree, scope, name)?;
        Ok(Flow::On)
    }
}

/// A node as the engine takes it. The depth is bounded by the reading.
fn tree(node: Node<'_, '_>) -> Value {
    let text = |kind: u8, name: &str| json!({"k": kind, "n": name, "v": node.text().unwrap_or_default()});
    match node.node_type() {
        NodeType::Text => text(3, "#text"),
        NodeType::Comment => text(8, "#comment"),
        NodeType::PI => text(7, node.pi().map_or("", |pi| pi.target)),
        NodeType::Root | NodeType::Element => {
            let qualified =
                |namespace: Option<&str>, name: &str| match namespace.and_then(|uri| node.lookup_prefix(uri)) {
                    Some(prefix) if !prefix.is_empty() => format!("{prefix}:{name}"),
                    _ => name.to_owned(),
                };
            let name = qualified(node.tag_name().namespace(), node.tag_name().name());
            let attribute = |own: Attribute<'_, '_>| json!([qualified(own.namespace(), own.name()), own.value()]);
            let attributes: Vec<_> = node.attributes().map(attribute).collect();
            let children: Vec<_> = node.children().map(tree).collect();
            json!({"k": 1, "n": name, "a": attributes, "c": children})
        }
    }
}
