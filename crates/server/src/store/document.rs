//! A menu as its author wrote it, and as it runs.
//!
//! Shape: settings, contexts by id, each with its options in the order of their making, each with its rules in order. Contexts and
//! options are shared with the revisions before: a change copies the one option and the one context that it touches, and makes
//! runnable what it changed and nothing else.
//! Sources: `ringme-ivr.md` 1.2-1.5, 2.5.
//!
//! A rule is kept as the text that its row in the database has, and as it runs; what the API shows is read from the text. As a
//! structure it would take seven times the memory, and there may be a million rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use antiphon_ivr::rules::{EventScripts, OptionKey, Rule, model, wire};
use antiphon_ivr::{ContextId, RuleId, SoundId};

use super::limits;

/// The menu of one extension.
#[derive(Clone, Debug)]
pub struct IvrDocument {
    /// The extension's own settings.
    pub settings: wire::Ivr,
    /// Its contexts.
    pub contexts: BTreeMap<ContextId, Arc<ContextDocument>>,
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
    pub options: Vec<Arc<OptionDocument>>,
    runs: Arc<model::Context>,
}

/// An option with its rules.
#[derive(Clone, Debug)]
pub struct OptionDocument {
    /// What leads to it.
    pub key: OptionKey,
    /// Its rules, first to last.
    pub rules: Vec<StoredRule>,
    runs: model::Rules,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct StoredRule {
    /// Its id.
    pub id: RuleId,
    text: Arc<str>,
    /// `None` where this version cannot run it.
    runs: Option<Arc<Rule>>,
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
    pub(super) fn runs(&self) -> model::Ivr {
        let contexts = self.contexts.iter().map(|(id, context)| (*id, Arc::clone(&context.runs)));
        let scripts = EventScripts::build(&self.scripts);
        model::Ivr { scripts, ..model::Ivr::of(&self.settings, contexts.collect()) }
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

    /// Changes a context in place; what no other revision shares is not copied.
    pub(super) fn edit_context<T>(&mut self, id: ContextId, edit: impl FnOnce(&mut ContextDocument) -> T) -> Option<T> {
        let context = Arc::make_mut(self.contexts.get_mut(&id)?);
        let edited = edit(context);
        context.make_runnable();
        Some(edited)
    }

    /// Changes the rules of an option in place.
    pub(super) fn edit_rules<T>(
        &mut self,
        context: ContextId,
        key: &OptionKey,
        edit: impl FnOnce(&mut Vec<StoredRule>) -> T,
    ) -> Option<T> {
        self.edit_context(context, |context| {
            let option = Arc::make_mut(context.options.iter_mut().find(|option| option.key == *key)?);
            let edited = edit(&mut option.rules);
            option.make_runnable();
            Some(edited)
        })?
    }

    /// Every rule of the menu that runs.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        let options = self.contexts.values().flat_map(|context| &context.options);
        options.flat_map(|option| option.runs.iter().map(|rule| &**rule))
    }

    /// How many rules there are.
    pub(super) fn count(&self) -> usize {
        let options = self.contexts.values().flat_map(|context| &context.options);
        options.map(|option| option.rules.len()).sum()
    }

    /// Whether anything in the menu plays the sound.
    pub(super) fn plays(&self, sound: SoundId) -> bool {
        self.settings.vm_greeting == Some(sound) || self.rules().any(|rule| rule.sound == Some(sound))
    }
}

impl ContextDocument {
    /// A new context, with the options that every context has.
    pub(super) fn new(context: wire::Context) -> Self {
        let options = OptionKey::BUILT_IN.map(|key| Arc::new(OptionDocument::new(key, Vec::new())));
        Self::of(context, options.into())
    }

    /// A context with these options, the oldest first.
    pub(super) fn of(context: wire::Context, options: Vec<Arc<OptionDocument>>) -> Self {
        let runs = Arc::new(runnable(&context, &options));
        Self { context, options, runs }
    }

    fn make_runnable(&mut self) {
        self.runs = Arc::new(runnable(&self.context, &self.options));
    }

    /// The option of a key.
    pub fn option(&self, key: &OptionKey) -> Option<&OptionDocument> {
        self.options.iter().find(|option| option.key == *key).map(|option| &**option)
    }

    /// The options as they are listed: the built-in ones, then the newest first.
    pub fn listed(&self) -> impl Iterator<Item = &OptionDocument> {
        let built_in = OptionKey::BUILT_IN.into_iter().filter_map(|key| self.option(&key));
        let others = self.options.iter().rev().filter(|option| !option.key.is_built_in());
        built_in.chain(others.map(|option| &**option))
    }

    pub(super) fn is_full(&self) -> bool {
        self.options.len() >= limits::OPTIONS_OF_A_CONTEXT
    }
}

fn runnable(context: &wire::Context, options: &[Arc<OptionDocument>]) -> model::Context {
    model::Context::of(context, options.iter().map(|option| (option.key.clone(), Arc::clone(&option.runs))))
}

impl OptionDocument {
    /// An option with these rules.
    pub(super) fn new(key: OptionKey, rules: Vec<StoredRule>) -> Self {
        let runs = runnable_rules(&rules);
        Self { key, rules, runs }
    }

    fn make_runnable(&mut self) {
        self.runs = runnable_rules(&self.rules);
    }

    /// The rule of an id.
    pub fn rule(&self, id: RuleId) -> Option<&StoredRule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

fn runnable_rules(rules: &[StoredRule]) -> model::Rules {
    rules.iter().filter_map(|rule| rule.runs.clone()).collect()
}

impl StoredRule {
    /// A rule that was checked, with what the check made of it.
    pub(super) fn new(written: &wire::Rule, runs: Rule) -> Self {
        Self { id: written.id, text: written.stored().into(), runs: Some(Arc::new(Rule { id: written.id, ..runs })) }
    }

    /// A rule as its row has it. One that this version cannot run is kept, logged, and not run.
    ///
    /// # Errors
    /// What the reader says where it is no rule.
    pub(super) fn load(id: RuleId, text: &str) -> Result<Self, serde_json::Error> {
        let written = wire::Rule { id, ..serde_json::from_str(text)? };
        let runs = Rule::check_stored(&written);
        if let Err(problems) = &runs {
            tracing::warn!(rule = %id, problem = %problems[0], "a stored rule cannot run");
        }
        Ok(Self { id, text: written.stored().into(), runs: runs.ok().map(Arc::new) })
    }

    /// What its row has.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The rule as its author wrote it.
    pub fn written(&self) -> wire::Rule {
        let rule: wire::Rule = serde_json::from_str(&self.text).expect("the text was made from a rule");
        wire::Rule { id: self.id, ..rule }
    }
}
