//! Listening to keys.
//!
//! Shape: [`Interpreter::gather`] says what waits, and takes keys by the grammars that listen; what matched is a [`Matched`].
//! Errors: `noinput`, `nomatch`; `error.noresource` where only the voice is wanted, which nobody understands yet.
//! Sources: VoiceXML 2.0 §3.1, Appendix D; `voicexml-customizers.md` 3.6, 3.7.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Event, Interpreter, Stop, grammars::Owner};
use crate::{
    TypeAhead,
    op::{Gather, GatherEnd, KeyMatcher},
    vxml::{
        grammar::{Active, Linked, Mode, Parse, Part, Value},
        model::Item,
        script::ScopeId,
    },
};

/// Keys that matched.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) keys: String,
    pub(super) owner: Owner,
    /// A scope whose `i` is what they mean.
    pub(super) meaning: ScopeId,
}

impl Interpreter<'_> {
    /// Waits for keys at an item.
    pub(super) async fn gather(&mut self, item: &Arc<Item>) -> Result<Matched, Stop> {
        let (active, owners) = self.active(item).await?;
        if active.grammars.is_empty() && !item.kind.has_words() {
            return Err(Event::semantic("no grammar listens").into());
        }
        if !self.takes_keys() {
            return Err(Event::with("error.noresource", "nobody understands what callers say here").into());
        }
        let first_key = self.timeout.take().unwrap_or_else(|| self.time_property("timeout", 5));
        self.flush(true).await?;
        let active = Arc::new(active);
        let name = if item.is_named { format!("for {}", item.name) } else { format!("at {}", item.at) };
        let gather = Gather {
            type_ahead: TypeAhead::Keep,
            matcher: KeyMatcher::new(active.clone(), &name),
            first_key,
            inter_key: self.time_property("interdigittimeout", 3),
            last_key: self.time_property("termtimeout", 0),
            terminator: self.termination(),
        };
        let gathered = self.call.gather(gather).await?;
        self.rested();
        match gathered.end {
            GatherEnd::NoInput => Err(Event::new("noinput").into()),
            GatherEnd::NoMatch => Err(Event::new("nomatch").into()),
            GatherEnd::Match => {
                let parse = active.parse(&gathered.keys).ok_or_else(|| Event::new("nomatch"))?;
                let owner = owners[parse.grammar].clone();
                let meaning = self.interpret(&active, &parse, &gathered.keys)?;
                self.remember(&gathered.keys, meaning)?;
                Ok(Matched { keys: gathered.keys, owner, meaning })
            }
        }
    }

    /// What keys mean, as `i` of a scope of its own.
    fn interpret(&mut self, active: &Active, parse: &Parse, keys: &str) -> Result<ScopeId, Stop> {
        let linked: &Linked = &active.grammars[parse.grammar];
        let grammar = linked.grammar();
        let scope = self.engine.open(&[])?;
        match &grammar.value {
            Value::Builtin(kind) => self.engine.put(scope, "i", &kind.value(keys))?,
            Value::Text(text) => self.engine.put(scope, "i", &text.clone().into())?,
            Value::Keys => {
                let mut parts = parse.parts.iter();
                let tree = tree("", &mut parts);
                self.engine.interpret(&tree, grammar.tags, scope, "i")?;
            }
        }
        Ok(scope)
    }

    /// What the caller did last, for all of the application.
    fn remember(&mut self, keys: &str, meaning: ScopeId) -> Result<(), Stop> {
        if self.is_python {
            return Ok(self.engine.put(self.session, "DTMF", &json!(keys))?);
        }
        let result = json!({"confidence": 1, "utterance": keys, "inputmode": "dtmf"});
        let application = self.frame.application;
        self.engine.put(meaning, "l", &json!([result]))?;
        for (name, expr) in
            [("confidence", "1"), ("utterance", "l[0].utterance"), ("inputmode", "'dtmf'"), ("interpretation", "i")]
        {
            self.engine.assign(&[meaning], &format!("l.{name}"), expr, self.session)?;
        }
        self.engine.assign(&[meaning], "l[0].interpretation", "i", self.session)?;
        if let Some(mark) = self.mark.take() {
            self.engine.assign(&[meaning], "l.markname", &json!(mark).to_string(), self.session)?;
        }
        Ok(self.engine.bind(&[meaning], "l", application, "lastresult$")?)
    }

    /// Whether keys are listened to at all, so that they may stop prompts.
    pub(super) fn has_keys(active: &Active) -> bool {
        active.grammars.iter().any(|linked| linked.grammar().mode == Mode::Dtmf)
    }
}

/// A match as the engine takes it: rules in rules, with their tags and keys. Depth is bounded by that of the match.
fn tree(rule: &str, parts: &mut std::slice::Iter<'_, Part>) -> Json {
    let (mut text, mut list) = (String::new(), Vec::new());
    while let Some(part) = parts.next() {
        match part {
            Part::Key(key) => text.push(*key),
            Part::Tag(tag) => list.push(json!({"tag": tag})),
            Part::Open(name) => {
                let inner = tree(name, parts);
                text += inner["text"].as_str().unwrap_or_default();
                list.push(inner);
            }
            Part::Close => break,
        }
    }
    json!({"rule": rule, "text": text, "parts": list})
}
