//! `<form>` (VoiceXML 2.0 §2.1).

use roxmltree::Node;

use super::{
    Reader,
    catch::Catch,
    data::Data,
    exec, field,
    filled::Filled,
    grammar::GrammarRef,
    item::{self, Parts},
    link::Link,
    object::Object,
    record::Record,
    script::Script,
    subdialog::Subdialog,
    transfer::Transfer,
    var::Var,
};
use crate::vxml::{
    contactpro::top,
    model::{Dialog, Item, Kind, Start},
    wire::{Attributes, Fault},
};

/// A dialog without anything in it.
pub(crate) fn bare(from: Attributes<'_, '_>) -> Result<Dialog, Fault> {
    let is_shared = match from.get("scope") {
        None | Some("dialog") => false,
        Some("document") => true,
        Some(other) => return Err(from.fault(format!("the scope {other:?} is neither dialog nor document"))),
    };
    Ok(Dialog::empty(from.owned("id"), is_shared))
}

pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Dialog, Fault> {
    let mut form = bare(from)?;
    for node in from.0.children().filter(Node::is_element) {
        let added = add(Attributes(node), &mut form, reader);
        reader.past(added)?;
    }
    Ok(form)
}

fn add(child: Attributes<'_, '_>, form: &mut Dialog, reader: &mut Reader) -> Result<(), Fault> {
    if let Some(catch) = Catch::read(child, reader)? {
        form.handlers.push(catch);
        return Ok(());
    }
    match child.0.tag_name().name() {
        "var" => form.start.push(Start::Var(Var::read(child)?)),
        "script" => form.start.push(Start::Script(Script::read(child)?)),
        "data" => form.start.push(Start::Data(Data::read(child)?)),
        "property" => form.properties.extend([item::property(child)?]),
        "grammar" | "dtmf" => form.grammars.push(GrammarRef::read(child)?),
        "link" => form.links.push(Link::read(child)?),
        "filled" => form.filled.push(Filled::read(child, None, reader)?),
        name => {
            let mut parts = Parts { index: form.items.len(), filled: Vec::new() };
            let Some(item) = form_item(child, name, &mut parts, reader)? else { return Ok(()) };
            if form.item(&item.name).is_some() {
                return Err(child.fault(format!("a second item {}", item.name)));
            }
            form.add(item);
            form.filled.extend(parts.filled);
        }
    }
    Ok(())
}

fn form_item(
    from: Attributes<'_, '_>,
    name: &str,
    parts: &mut Parts,
    reader: &mut Reader,
) -> Result<Option<Item>, Fault> {
    Ok(Some(match name {
        "block" => top::block(from, reader)?,
        "callout" | "customstate" | "soap" => top::control(from, reader)?,
        "field" => field::read(from, parts, reader)?,
        "initial" => item::read(from, Kind::Initial, parts, reader)?,
        "record" => {
            let record = Record::read(from)?;
            let is_modal = from.boolean("modal")?.unwrap_or(true);
            Item { is_modal, ..item::read(from, Kind::Record(record), parts, reader)? }
        }
        "transfer" => item::read(from, Kind::Transfer(Transfer::read(from)?), parts, reader)?,
        "subdialog" => item::read(from, Kind::Subdialog(Subdialog::read(from)?), parts, reader)?,
        "object" => item::read(from, Kind::Object(Object::read(from)?), parts, reader)?,
        name => {
            exec::misplaced(from.0, name, reader)?;
            return Ok(None);
        }
    }))
}
