//! `<choice>`: a way out of a menu (VoiceXML 2.0 §2.2.2).

use std::sync::Arc;

use super::{
    grammar::GrammarRef,
    link::{self, Way, of_keys},
};
use crate::vxml::{
    grammar::{Accept, Grammar, Value},
    wire::{Attributes, Fault, collapsed},
};

/// A way out of a menu.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) way: Way,
    /// The keys for it, if it has any.
    pub(crate) keys: Option<String>,
    /// Its words.
    pub(crate) words: String,
    pub(crate) grammars: Vec<GrammarRef>,
}

impl Choice {
    /// Reads one; the menu gives it a key where it has none.
    pub(crate) fn read(from: Attributes<'_, '_>, key: Option<char>, accept: Accept) -> Result<Arc<Self>, Fault> {
        let keys = from.owned("dtmf").or_else(|| key.map(|key| key.to_string()));
        let mut grammars = Vec::new();
        grammars.extend(keys.as_deref().map(|keys| of_keys(from, keys, Value::Keys)).transpose()?);
        let own_grammars = GrammarRef::all(from)?;
        let has_grammar = !own_grammars.is_empty();
        grammars.extend(own_grammars);
        let own = from.0.children().filter(|child| !GrammarRef::is_one(child.tag_name().name()));
        let words: String = own
            .flat_map(|child| child.descendants())
            .filter_map(|node| node.text().filter(|_| node.is_text()))
            .collect();
        let words = collapsed(&words);
        if !words.is_empty() && !has_grammar {
            let accept = link::accept(from)?.unwrap_or(accept);
            grammars.push(GrammarRef::of(Grammar::of_words(&words, accept, Value::Keys)));
        }
        Ok(Arc::new(Self { way: Way::read(from)?, keys, words, grammars }))
    }
}
