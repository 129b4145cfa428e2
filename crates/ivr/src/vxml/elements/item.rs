//! What all form items have in common (VoiceXML 2.0 §2.3).

use super::{Reader, catch::Catch, exec, filled::Filled, grammar::GrammarRef, link::Link, prompt::Prompt, speakable};
use crate::vxml::{
    model::{Item, Kind},
    wire::{Attributes, Fault},
};

/// What an item gives to its form.
#[derive(Default)]
pub(crate) struct Parts {
    /// Its number.
    pub(crate) index: usize,
    pub(crate) filled: Vec<Filled>,
}

/// Elements that the item's own reader takes.
const OWN: [&str; 3] = ["choice", "option", "param"];

pub(crate) fn read(
    from: Attributes<'_, '_>,
    kind: Kind,
    parts: &mut Parts,
    reader: &mut Reader,
) -> Result<Item, Fault> {
    let mut item = bare(from, kind, reader)?;
    for node in from.0.children() {
        let child = Attributes(node);
        if let Some(spoken) = speakable::read(node, reader)? {
            Prompt::add(&mut item.prompts, spoken, |prompt| prompt, |prompt| Some(prompt));
            continue;
        }
        if !node.is_element() {
            continue;
        }
        if let Some(catch) = Catch::read(child, reader)? {
            item.handlers.push(catch);
            continue;
        }
        match node.tag_name().name() {
            "prompt" => item.prompts.push(Prompt::read(child, reader)?),
            "property" => item.properties.push(property(child)?),
            "grammar" => item.grammars.push(GrammarRef::read(child)?),
            "link" => item.links.push(Link::read(child)?),
            "filled" => parts.filled.push(Filled::read(child, Some(parts.index), reader)?),
            name if OWN.contains(&name) => {}
            name => exec::misplaced(node, name, reader)?,
        }
    }
    Ok(item)
}

/// An item without anything in it.
pub(crate) fn bare(from: Attributes<'_, '_>, kind: Kind, reader: &mut Reader) -> Result<Item, Fault> {
    let name = from.name("name")?;
    let is_named = name.is_some();
    let name = name.unwrap_or_else(|| reader.name());
    Ok(Item {
        slot: from.owned("slot").unwrap_or_else(|| name.clone()),
        name,
        is_named,
        expr: from.owned("expr"),
        cond: from.owned("cond"),
        kind,
        prompts: Vec::new(),
        handlers: Vec::new(),
        properties: Vec::new(),
        links: Vec::new(),
        grammars: Vec::new(),
        is_modal: false,
        at: reader.place(from.0),
    })
}

/// `<property>` (VoiceXML 2.0 §6.3).
pub(crate) fn property(from: Attributes<'_, '_>) -> Result<(String, String), Fault> {
    Ok((from.required("name")?, from.required("value")?))
}
