//! A menu as its author wrote it: what the API shows and edits, and what the runnable menu is built from.
//!
//! Shape: settings, contexts by id, each with its options in the order of their making, each with its rules in order.
//! Sources: `ringme-ivr.md` 1.2-1.5, 2.5.

use std::collections::BTreeMap;

use antiphon_ivr::rules::{EventScripts, OptionKey, model, wire};
use antiphon_ivr::{ContextId, RuleId, SoundId};

use super::limits;

/// The menu of one extension.
#[derive(Clone, Debug)]
pub struct IvrDocument {
    /// The extension's own settings.
    pub settings: wire::Ivr,
    /// Its contexts.
    pub contexts: BTreeMap<ContextId, ContextDocument>,
    /// Who is asked at its events, at most one an event, in their order.
    pub scripts: Vec<wire::EventScript>,
    pub(super) next_context: u64,
    pub(super) next_rule: u64,
}

/// A context with its options.
#[derive(Clone, Debug)]
pub struct ContextDocument {
    /// The context's own fields.
    pub context: wire::Context,
    /// Its options, oldest first; the three built-in ones are always there.
    pub options: Vec<OptionDocument>,
}

/// An option with its rules.
#[derive(Clone, Debug)]
pub struct OptionDocument {
    /// What leads to it.
    pub key: OptionKey,
    /// Its rules, first to last.
    pub rules: Vec<wire::Rule>,
}

impl Default for IvrDocument {
    fn default() -> Self {
        Self {
            settings: wire::Ivr::default(),
            contexts: BTreeMap::new(),
            scripts: Vec::new(),
            next_context: 1,
            next_rule: 1,
        }
    }
}

impl IvrDocument {
    /// The menu that runs on calls.
    pub(super) fn build(&self) -> model::Built {
        let mut built = model::Ivr::build(&self.settings, self.contexts.values().map(ContextDocument::parts));
        built.ivr.scripts = EventScripts::build(&self.scripts);
        built
    }

    pub(super) fn take_context_id(&mut self) -> ContextId {
        let id = ContextId(self.next_context);
        self.next_context += 1;
        id
    }

    pub(super) fn take_rule_id(&mut self) -> RuleId {
        let id = RuleId(self.next_rule);
        self.next_rule += 1;
        id
    }

    /// Every rule of the menu.
    pub(super) fn rules(&self) -> impl Iterator<Item = &wire::Rule> {
        self.contexts.values().flat_map(|context| &context.options).flat_map(|option| &option.rules)
    }

    /// Whether anything in the menu plays the sound.
    pub(super) fn plays(&self, sound: SoundId) -> bool {
        self.settings.vm_greeting == Some(sound) || self.rules().any(|rule| rule.played_sound() == Some(sound))
    }
}

impl ContextDocument {
    /// A new context, with the options that every context has.
    pub(super) fn new(context: wire::Context) -> Self {
        let options = OptionKey::BUILT_IN.map(|key| OptionDocument { key, rules: Vec::new() });
        Self { context, options: options.into() }
    }

    /// The option of a key.
    pub fn option(&self, key: &OptionKey) -> Option<&OptionDocument> {
        self.options.iter().find(|option| option.key == *key)
    }

    pub(super) fn option_mut(&mut self, key: &OptionKey) -> Option<&mut OptionDocument> {
        self.options.iter_mut().find(|option| option.key == *key)
    }

    /// The options as they are listed: the built-in ones, then the newest first.
    pub fn listed(&self) -> impl Iterator<Item = &OptionDocument> {
        let built_in = OptionKey::BUILT_IN.into_iter().filter_map(|key| self.option(&key));
        built_in.chain(self.options.iter().rev().filter(|option| !option.key.is_built_in()))
    }

    pub(super) fn is_full(&self) -> bool {
        self.options.len() >= limits::OPTIONS_OF_A_CONTEXT
    }

    fn parts(&self) -> (&wire::Context, Vec<(OptionKey, Vec<wire::Rule>)>) {
        let options = self.options.iter().map(|option| (option.key.clone(), option.rules.clone()));
        (&self.context, options.collect())
    }
}

impl OptionDocument {
    /// The rule of an id.
    pub fn rule(&self, id: RuleId) -> Option<&wire::Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}
