//! `<field>` and its `<option>`s (VoiceXML 2.0 §2.3.1).

use super::{
    Reader,
    grammar::GrammarRef,
    item::{self, Parts},
    link::{self, of_keys},
};
use crate::vxml::{
    grammar::{Grammar, Value},
    model::{Item, Kind, Properties},
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
    listening(from, &mut item.properties)?;
    if item.grammars.is_empty() && choices.is_empty() && from.is_vendor() {
        item.grammars.push(any_keys(from)?);
    }
    item.kind = Kind::Field(choices);
    item.is_modal = from.boolean("modal")?.unwrap_or_default();
    Ok(item)
}

/// How an item of the vendor's listens, as properties.
pub(crate) fn listening(from: Attributes<'_, '_>, properties: &mut Properties) -> Result<(), Fault> {
    if !from.is_vendor() {
        return Ok(());
    }
    for name in ["timeout", "interdigittimeout"] {
        from.vendor_time(name)?;
    }
    for name in ["timeout", "interdigittimeout", "termchar"] {
        properties.extend(from.vendor(name).map(|value| (name.to_owned(), value.to_owned())));
    }
    Ok(())
}

/// A field without a grammar takes any keys.
fn any_keys(from: Attributes<'_, '_>) -> Result<GrammarRef, Fault> {
    let length = |name: &str, usual: usize| match from.vendor(name) {
        None => Ok(usual),
        Some(text) => text
            .trim()
            .parse::<usize>()
            .ok()
            .filter(|length| (1..=100).contains(length))
            .ok_or_else(|| from.fault(format!("{name} is no number from 1 to 100: {text:?}"))),
    };
    let (least, most) = (length("minlength", 1)?, length("maxlength", 100)?);
    GrammarRef::of_type(from, &format!("digits?minlength={least};maxlength={most}"))
}
