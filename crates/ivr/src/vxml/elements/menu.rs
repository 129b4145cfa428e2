//! `<menu>`: a form of one item, whose choices lead elsewhere (VoiceXML 2.0 §2.2).

use super::{
    Reader,
    choice::Choice,
    field, form,
    item::{self, Parts},
    link,
};
use crate::vxml::{
    model::{Dialog, Kind},
    wire::{Attributes, Fault},
};

/// Keys that a choice of a menu that numbers them may have of its own.
const UNNUMBERED: [&str; 3] = ["0", "*", "#"];

pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Dialog, Fault> {
    let mut menu = form::bare(from)?;
    let is_numbered = from.boolean("dtmf")?.unwrap_or_default();
    let accept = link::accept(from)?.unwrap_or_default();
    let mut keys = '1'..='9';
    let mut choices = Vec::new();
    for child in from.0.children().filter(|child| child.tag_name().name() == "choice") {
        let choice = Attributes(child);
        let own = choice.get("dtmf");
        if let Some(own) = own.filter(|own| is_numbered && !UNNUMBERED.contains(&own.trim())) {
            let fault = choice.fault(format!("the menu numbers its choices, so that this one cannot be {own}"));
            reader.past::<()>(Err(fault))?;
        }
        let key = if is_numbered && own.is_none() { keys.next() } else { None };
        choices.extend(reader.past(Choice::read(choice, key, accept))?);
    }
    let mut parts = Parts::default();
    let mut the_item = item::read(from, Kind::Menu(choices), &mut parts, reader)?;
    the_item.cond = None;
    the_item.expr = None;
    field::listening(from, &mut the_item.properties)?;
    menu.handlers = std::mem::take(&mut the_item.handlers);
    menu.properties = std::mem::take(&mut the_item.properties);
    menu.add(the_item);
    Ok(menu)
}
