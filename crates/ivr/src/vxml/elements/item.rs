//! What all form items have in common (VoiceXML 2.0 §2.3).

use roxmltree::Node;

use super::{Reader, catch::Catch, exec, filled::Filled, grammar::GrammarRef, link::Link, prompt::Prompt, speakable};
use crate::vxml::{
    model::{Item, Kind, Properties},
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
        let added = add(node, &mut item, parts, reader);
        reader.past(added)?;
    }
    Ok(item)
}

fn add(node: Node<'_, '_>, item: &mut Item, parts: &mut Parts, reader: &mut Reader) -> Result<(), Fault> {
    let child = Attributes(node);
    if let Some(spoken) = speakable::read(node, reader)? {
        Prompt::add(&mut item.prompts, spoken, |prompt| prompt, |prompt| Some(prompt));
        return Ok(());
    }
    if !node.is_element() {
        return Ok(());
    }
    if let Some(catch) = Catch::read(child, reader)? {
        item.handlers.push(catch);
        return Ok(());
    }
    match node.tag_name().name() {
        "prompt" => item.prompts.push(Prompt::read(child, reader)?),
        "property" => item.properties.extend([property(child)?]),
        "grammar" | "dtmf" => item.grammars.push(GrammarRef::read(child)?),
        "link" => item.links.push(Link::read(child)?),
        "filled" => parts.filled.push(Filled::read(child, Some(parts.index), reader)?),
        name if OWN.contains(&name) => {}
        name => exec::misplaced(node, name, reader)?,
    }
    Ok(())
}

/// An item without anything in it, and without a name yet.
pub(crate) fn unnamed(from: Attributes<'_, '_>, kind: Kind, reader: &mut Reader) -> Item {
    let name = reader.name();
    Item {
        slot: name.clone(),
        name,
        is_named: false,
        expr: from.initial().filter(|_| !matches!(kind, Kind::Control(_))),
        cond: from.owned("cond"),
        kind,
        prompts: Vec::new(),
        handlers: Vec::new(),
        properties: Properties::new(),
        links: Vec::new(),
        grammars: Vec::new(),
        is_modal: false,
        at: reader.place(from.0),
    }
}

/// An item without anything in it.
pub(crate) fn bare(from: Attributes<'_, '_>, kind: Kind, reader: &mut Reader) -> Result<Item, Fault> {
    let name = from.name("name")?;
    let is_named = name.is_some();
    let bare = unnamed(from, kind, reader);
    let name = name.unwrap_or_else(|| bare.name.clone());
    Ok(Item { slot: from.owned("slot").unwrap_or_else(|| name.clone()), name, is_named, ..bare })
}

/// `<property>` (VoiceXML 2.0 §6.3).
pub(crate) fn property(from: Attributes<'_, '_>) -> Result<(String, String), Fault> {
    Ok((from.required("name")?, from.required("value")?))
}
