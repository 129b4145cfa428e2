//! `<link>`: keys that lead elsewhere wherever its grammar listens (VoiceXML 2.0 §2.5).

use std::sync::Arc;

use super::{grammar::GrammarRef, terms::FetchTerms, throw::Throw};
use crate::vxml::{
    grammar::{Accept, Grammar, Value, keys},
    wire::{Attributes, Fault, Given},
};

/// Where something leads: to a page or dialog, or to an event.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Page(Given, FetchTerms),
    Event(Throw),
}

/// A way that is open wherever its grammars listen.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) way: Way,
    pub(crate) grammars: Vec<GrammarRef>,
}

impl Way {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.exactly_one(&["next", "expr", "event", "eventexpr"])?;
        match from.given("next", "expr")? {
            Some(next) => Ok(Self::Page(next, FetchTerms::read(from)?)),
            None => Throw::read(from).map(Self::Event),
        }
    }
}

impl Link {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Arc<Self>, Fault> {
        let mut grammars = Vec::new();
        grammars.extend(from.get("dtmf").map(|keys| of_keys(from, keys, Value::Keys)).transpose()?);
        grammars.extend(GrammarRef::all(from)?);
        Ok(Arc::new(Self { way: Way::read(from)?, grammars }))
    }
}

/// How much of the words of an element has to be said.
pub(crate) fn accept(from: Attributes<'_, '_>) -> Result<Option<Accept>, Fault> {
    match from.get("accept") {
        None => Ok(None),
        Some("exact") => Ok(Some(Accept::Exact)),
        Some("approximate") => Ok(Some(Accept::Approximate)),
        Some(other) => Err(from.fault(format!("accept is exact or approximate, not {other:?}"))),
    }
}

/// A grammar of one sequence of keys.
pub(crate) fn of_keys(from: Attributes<'_, '_>, text: &str, value: Value) -> Result<GrammarRef, Fault> {
    let keys = keys(text).filter(|_| !text.trim().is_empty());
    let keys = keys.ok_or_else(|| from.fault(format!("{text:?} are no keys")))?;
    Ok(GrammarRef::of(Grammar::of(keys, value)))
}
