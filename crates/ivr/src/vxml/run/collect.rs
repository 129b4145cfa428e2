//! Listening to keys and words.
//!
//! Shape: [`Interpreter::gather`] says what waits, and takes keys by the grammars that listen, and words where somebody understands them;
//! what matched is a [`Matched`].
//! Errors: `noinput`, `nomatch`, `maxspeechtimeout`; `error.noresource` where only words may come and nobody understands them.
//! Sources: VoiceXML 2.0 §3.1, Appendix D; `voicexml-customizers.md` 3.6, 3.7.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{
    Event, Interpreter, Stop,
    grammars::Owner,
    marks::{LastMark, Marks},
};
use crate::{
    DigitSet, Listen, ListenEnd, ListenFrom, Listened, Recogniser, TypeAhead, Utterance,
    op::{Gather, GatherEnd, Gathered, KeyMatcher},
    vxml::{
        grammar::{Active, Linked, Parse, Part, Value},
        model::Item,
        script::ScopeId,
    },
};

/// Input that matched.
#[derive(Debug)]
pub(super) struct Matched {
    /// The keys or words.
    pub(super) said: Said,
    pub(super) owner: Owner,
    /// A scope whose `i` is what they mean.
    pub(super) meaning: ScopeId,
}

/// What a caller has pressed or said.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Said {
    pub(super) text: String,
    is_spoken: bool,
    /// How sure it is that it was this, from 0 to 1.
    confidence: f64,
    /// The last mark that was said before.
    mark: Option<LastMark>,
}

impl Said {
    /// As scripts see it.
    pub(super) fn shadow(&self) -> Json {
        let mode = if self.is_spoken { "voice" } else { "dtmf" };
        // A key is a key.
        let confidence = if self.confidence >= 1.0 { json!(1) } else { json!(self.confidence) };
        let mut shadow = json!({"confidence": confidence, "utterance": self.text, "inputmode": mode});
        if let Some(mark) = &self.mark {
            mark.show(&mut shadow);
        }
        shadow
    }
}

impl Interpreter<'_> {
    /// Waits for input at an item.
    pub(super) async fn gather(&mut self, item: &Arc<Item>) -> Result<Matched, Stop> {
        let (active, owners) = self.active(item).await?;
        if active.grammars.is_empty() {
            return Err(Event::semantic("no grammar listens").into());
        }
        let active = Arc::new(active);
        let (takes_keys, takes_words) = (self.takes("dtmf"), self.takes("voice") && self.surroundings.understands());
        if !takes_keys && !takes_words {
            return Err(Event::with("error.noresource", "nobody understands what callers say here").into());
        }
        let first_key = self.timeout.take().unwrap_or_else(|| self.time_property("timeout", 5));
        let name = if item.is_named { format!("for {}", item.name) } else { format!("at {}", item.at) };
        let gather = Gather {
            type_ahead: TypeAhead::Keep,
            matcher: KeyMatcher::new(active.clone(), &name),
            first_key,
            inter_key: self.time_property("interdigittimeout", 3),
            last_key: self.time_property("termtimeout", 0),
            terminator: self.termination(),
        };
        let has_words = active.grammars.iter().any(|linked| linked.grammar().mode.has_words());
        if !(takes_words && has_words) {
            self.flush(true).await?;
            let gathered = self.call.gather(gather).await?;
            self.gathered(!gathered.keys.is_empty());
            return self.pressed(&active, &owners, gathered);
        }
        let (listen, marks) = self.listen(&active, gather, takes_keys).await?;
        let listened = self.call.listen(listen).await?;
        self.passed(&marks, &listened.extent);
        let pressed = listened.gathered.as_ref().is_some_and(|gathered| !gathered.keys.is_empty());
        self.gathered(pressed || !listened.results.is_empty());
        match listened.gathered {
            Some(gathered) => self.pressed(&active, &owners, gathered),
            None => self.heard(&active, &owners, listened),
        }
    }

    /// A wait for the caller is over, in which it did something or nothing.
    fn gathered(&mut self, has_input: bool) {
        if has_input { self.heard_caller() } else { self.rested() }
    }

    /// A wait for words, with the prompts that they may stop; all before those have been said.
    async fn listen(&mut self, active: &Active, gather: Gather, takes_keys: bool) -> Result<(Listen, Marks), Stop> {
        let (prompts, marks) = self.flush_all_but_last().await?;
        let no_input = gather.first_key;
        let listen = Listen {
            prompts,
            from: ListenFrom::PromptsEnd,
            no_input,
            longest: no_input.saturating_add(self.time_property("maxspeechtimeout", 30)),
            end_silence: self.time_property("completetimeout", 1),
            language: self.frame.document.language.clone(),
            phrases: active.phrases(),
            wanted: Vec::new(),
            max_results: Some(1),
            type_ahead: TypeAhead::Keep,
            max_digits: 0,
            inter_digit: gather.inter_key,
            terminators: DigitSet::NONE,
            keys: (takes_keys && Self::has_keys(active)).then(|| Box::new(gather)),
        };
        Ok((listen, marks))
    }

    fn pressed(&mut self, active: &Active, owners: &[Owner], gathered: Gathered) -> Result<Matched, Stop> {
        match gathered.end {
            GatherEnd::NoInput => Err(Event::new("noinput").into()),
            GatherEnd::NoMatch => Err(Event::new("nomatch").into()),
            GatherEnd::Match => {
                let parse = active.parse(&gathered.keys).ok_or_else(|| Event::new("nomatch"))?;
                let said =
                    Said { text: gathered.keys.clone(), is_spoken: false, confidence: 1.0, mark: self.mark.take() };
                self.matching(active, owners, &parse, &gathered.keys, said)
            }
        }
    }

    fn heard(&mut self, active: &Active, owners: &[Owner], listened: Listened) -> Result<Matched, Stop> {
        let Some(Utterance { text, confidence }) = listened.results.into_iter().next() else {
            let event = match (listened.ended_by, listened.recogniser) {
                (ListenEnd::Longest, Recogniser::Worked) if listened.guess.is_some() => "maxspeechtimeout",
                (ListenEnd::Longest, Recogniser::Worked) => "nomatch",
                _ => "noinput",
            };
            return Err(Event::new(event).into());
        };
        let confidence = confidence.map_or(1.0, |percent| f64::from(percent) / 100.0);
        if confidence < self.number_property("confidencelevel", 0.5) {
            return Err(Event::new("nomatch").into());
        }
        let (parse, keys) = active.hear(&text).ok_or_else(|| Event::new("nomatch"))?;
        let keys = keys.unwrap_or_default();
        let said = Said { text, is_spoken: true, confidence, mark: self.mark.take() };
        self.matching(active, owners, &parse, &keys, said)
    }

    fn matching(
        &mut self,
        active: &Active,
        owners: &[Owner],
        parse: &Parse,
        keys: &str,
        said: Said,
    ) -> Result<Matched, Stop> {
        let owner = owners[parse.grammar].clone();
        let meaning = self.interpret(active, parse, keys)?;
        self.remember(&said, meaning)?;
        Ok(Matched { said, owner, meaning })
    }

    /// What input means, as `i` of a scope of its own.
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
    fn remember(&mut self, said: &Said, meaning: ScopeId) -> Result<(), Stop> {
        if self.is_python {
            return Ok(self.engine.put(self.session, "DTMF", &json!(said.text))?);
        }
        let application = self.frame.application;
        self.engine.put(meaning, "l", &json!([said.shadow()]))?;
        for name in ["confidence", "utterance", "inputmode"] {
            self.engine.assign(&[meaning], &format!("l.{name}"), &format!("l[0].{name}"), self.session)?;
        }
        self.engine.assign(&[meaning], "l.interpretation", "i", self.session)?;
        self.engine.assign(&[meaning], "l[0].interpretation", "i", self.session)?;
        if said.mark.is_some() {
            for name in ["markname", "marktime"] {
                self.engine.assign(&[meaning], &format!("l.{name}"), &format!("l[0].{name}"), self.session)?;
            }
        }
        Ok(self.engine.bind(&[meaning], "l", application, "lastresult$")?)
    }

    /// Whether keys are listened to at all, so that they may stop prompts.
    pub(super) fn has_keys(active: &Active) -> bool {
        active.grammars.iter().any(|linked| linked.grammar().mode.has_keys())
    }
}

/// A match as the engine takes it: rules in rules, with their tags and keys. Depth is bounded by that of the match.
fn tree(rule: &str, parts: &mut std::slice::Iter<'_, Part>) -> Json {
    let (mut text, mut list) = (String::new(), Vec::new());
    while let Some(part) = parts.next() {
        match part {
            Part::Key(key) => text.push(*key),
            Part::Word(word) => {
                let space = if text.is_empty() { "" } else { " " };
                text = format!("{text}{space}{word}");
            }
            Part::Tag(tag) => list.push(json!({"tag": tag})),
            Part::Open(name) => {
                let inner = tree(name, parts);
                let (inside, space) =
                    (inner["text"].as_str().unwrap_or_default(), if has_words(&text) { " " } else { "" });
                text = format!("{text}{space}{inside}");
                list.push(inner);
            }
            Part::Close => break,
        }
    }
    json!({"rule": rule, "text": text, "parts": list})
}

/// Whether a text is one of words.
fn has_words(text: &str) -> bool {
    text.chars().any(|c| c.is_alphabetic() && !matches!(c, 'A'..='D'))
}
