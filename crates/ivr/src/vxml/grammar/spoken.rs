//! Words: which grammar they match, and what a caller may say.
//!
//! Shape: [`Active::hear`] matches the words of a recogniser; [`Active::phrases`] tells it what is expected, where that is a list.
//! Errors: none.
//! Sources: SRGS 1.0 §2; VoiceXML 2.0 §3.1; `voicexml-customizers.md` 3.7.

use super::{
    Active, Expansion, Linked, Parse, Part, Value, builtin, matching,
    search::{self, Input, Search},
    words,
};
use crate::op::{KeyJudge, KeyState};

/// Most words of an utterance.
const MAX_WORDS: usize = 200;
/// Most phrases that a recogniser is told of.
const MAX_PHRASES: usize = 300;
/// The longest of them, in bytes.
const MAX_PHRASE: usize = 500;
/// Most steps on the way to them, of all grammars together.
const STEPS: u32 = 10_000;
/// How often a repeat is followed.
const MAX_REPEATS: u32 = 3;

impl Active {
    /// How words match, by the first grammar that they match; and the keys that they stand for, where it is one of keys.
    pub(crate) fn hear(&self, text: &str) -> Option<(Parse, Option<String>)> {
        let words = words(text);
        if words.is_empty() || words.len() > MAX_WORDS {
            return None;
        }
        let mut left = search::STEPS;
        let mut listening = self.grammars.iter().enumerate().filter(|(_, linked)| linked.grammar().mode.has_words());
        listening.find_map(|(grammar, linked)| {
            if let Value::Builtin(kind) = &linked.grammar().value {
                let keys = kind.keys(&words)?;
                let alone = Self { grammars: vec![linked.clone()] };
                let matches = matches!(alone.judge(&keys), KeyState::CanEnd | KeyState::MustEnd);
                let parts = keys.chars().map(Part::Key).collect();
                return matches.then_some((Parse { grammar, parts }, Some(keys)));
            }
            let rule = linked.grammar().rule(&linked.rule)?;
            let parts = Search::new(linked, Input::Words(&words)).run(rule, &mut left)?;
            Some((Parse { grammar, parts }, None))
        })
    }

    /// All that can be said; nothing where that is no list, or a long one.
    pub(crate) fn phrases(&self) -> Vec<String> {
        let (mut phrases, mut steps) = (Vec::new(), 0);
        for linked in self.grammars.iter().filter(|linked| linked.grammar().mode.has_words()) {
            let said = match &linked.grammar().value {
                Value::Builtin(builtin::Kind::Boolean(..)) => {
                    Some(builtin::YES.into_iter().chain(builtin::NO).map(str::to_owned).collect())
                }
                Value::Builtin(_) => None,
                _ => linked
                    .grammar()
                    .rule(&linked.rule)
                    .and_then(|rule| Saying { linked, steps: &mut steps }.said(0, rule, 0)),
            };
            let Some(said) = said else { return Vec::new() };
            phrases.extend(said.into_iter().filter(|phrase| !phrase.is_empty()));
            if phrases.len() > MAX_PHRASES {
                return Vec::new();
            }
        }
        phrases.dedup();
        phrases
    }
}

/// A walk through all that can be said.
struct Saying<'a> {
    linked: &'a Linked,
    steps: &'a mut u32,
}

impl Saying<'_> {
    /// What can be said by an expansion; `None` where that is too much.
    fn said(&mut self, part: usize, expansion: &Expansion, depth: u32) -> Option<Vec<String>> {
        *self.steps += 1;
        if depth > matching::DEEPEST || *self.steps > STEPS {
            return None;
        }
        let linked = self.linked;
        let said = match expansion {
            Expansion::Word(word) => vec![word.written.clone()],
            Expansion::Tag(_) | Expansion::Null => vec![String::new()],
            Expansion::Key(_) | Expansion::Outside(_) | Expansion::Void => Vec::new(),
            Expansion::Sequence(list) => {
                let mut all = vec![String::new()];
                for next in list {
                    all = joined(&all, &self.said(part, next, depth + 1)?)?;
                }
                all
            }
            Expansion::OneOf(list) => {
                let mut all = Vec::new();
                for choice in list {
                    all.extend(self.said(part, choice, depth + 1)?);
                    if all.len() > MAX_PHRASES {
                        return None;
                    }
                }
                all
            }
            Expansion::Repeat(_, _, most) if *most > MAX_REPEATS => return None,
            Expansion::Repeat(inner, least, most) => {
                let once = self.said(part, inner, depth + 1)?;
                let (mut all, mut times) = (Vec::new(), vec![String::new()]);
                for count in 0..=*most {
                    if count >= *least {
                        all.extend(times.iter().cloned());
                    }
                    times = joined(&times, &once)?;
                }
                all
            }
            Expansion::Rule(name) => self.said(part, linked.parts[part].rule(name)?, depth + 1)?,
            Expansion::Linked(other, name) => {
                let name = name.as_deref().or(linked.parts[*other].root.as_deref())?;
                self.said(*other, linked.parts[*other].rule(name)?, depth + 1)?
            }
        };
        (said.len() <= MAX_PHRASES).then_some(said)
    }
}

/// Each of the ones before each of the others.
fn joined(before: &[String], behind: &[String]) -> Option<Vec<String>> {
    if before.len().saturating_mul(behind.len()) > MAX_PHRASES {
        return None;
    }
    let join = |one: &String, other: &String| match (one.is_empty(), other.is_empty()) {
        (false, false) => format!("{one} {other}"),
        _ => format!("{one}{other}"),
    };
    let all: Vec<_> = before.iter().flat_map(|one| behind.iter().map(move |other| join(one, other))).collect();
    all.iter().all(|phrase| phrase.len() <= MAX_PHRASE).then_some(all)
}
