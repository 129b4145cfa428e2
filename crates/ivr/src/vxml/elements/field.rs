//! `<field>` and its `<option>`s (VoiceXML 2.0 §2.3.1).

use super::{
    Reader,
    grammar::GrammarRef,
    item::{self, Parts},
    link::{self, of_keys},
};
use crate::vxml::{
    grammar::{Grammar, Value},
    model::{Item, Kind},
    wire::{Attributes, Fault, collapsed},
};

/// The options of a field: their words and keys.
pub(crate) type Choices = Vec<(String, Option<String>)>;

pub(crate) fn read(from: Attributes<'_, '_>, parts: &mut Parts, reader: &mut Reader) -> Result<Item, Fault> {
    let mut item = item::read(from, Kind::Field(Vec::new()), parts, reader)?;
    let mut choices = Vec::new();
    for child in from.0.children().filter(|child| child.tag_name().name() == "option") {
        let option = Attributes(child);
        let words = collapsed(&option.text());
        let keys = option.owned("dtmf");
        let value =
            option.owned("value").or_else(|| (!words.is_empty()).then(|| words.clone())).or_else(|| keys.clone());
        let value = value.ok_or_else(|| option.fault("it has neither words nor keys nor a value"))?;
        let value = Value::Text(value);
        item.grammars.extend(keys.as_deref().map(|keys| of_keys(option, keys, value.clone())).transpose()?);
        if !words.is_empty() {
            let accept = link::accept(option)?.unwrap_or_default();
            item.grammars.push(GrammarRef::of(Grammar::of_words(&words, accept, value)));
        }
        choices.push((words, keys));
    }
    if let Some(kind) = from.get("type") {
        item.grammars.push(GrammarRef::of_type(from, kind)?);
    }
    item.kind = Kind::Field(choices);
    item.is_modal = from.boolean("modal")?.unwrap_or_default();
    Ok(item)
}
