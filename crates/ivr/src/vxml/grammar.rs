//! Grammars: which keys and words mean what.
//!
//! Shape: SRGS in XML ([`srgs`]) or ABNF ([`abnf`]), JSGF ([`jsgf`]) and the built-in types ([`builtin`]) become one [`Grammar`]; [`Active`] judges keys by
//! several of them at once, [`Active::parse`] says which matched, and with which tags, and [`Active::hear`] does so for words.
//! Units: keys are a text of `0-9 * # A-D`, at most [`crate::op::MAX_KEYS`]; words are in small letters, without signs.
//! Errors: [`GrammarError`]; a grammar of words matches no keys, and one of keys no words.
//! Sources: SRGS 1.0 §2 (rules), §4 (grammar documents); SISR 1.0; VoiceXML 2.0 Appendix P (built-in types); `voicexml-customizers.md` 3.7.

pub(crate) mod abnf;
pub(crate) mod builtin;
pub(crate) mod jsgf;
mod matching;
mod search;
mod spoken;
pub(crate) mod srgs;

use std::{collections::BTreeMap, sync::Arc};

use super::script::TagStyle;
use crate::Digit;

/// Most rules, items and tokens of a grammar.
pub(crate) const MAX_NODES: usize = 20_000;
/// How deep they may stand in one another.
pub(crate) const MAX_DEPTH: usize = 40;

/// What a grammar or a part of it takes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Expansion {
    Key(Digit),
    Word(Word),
    Sequence(Vec<Expansion>),
    OneOf(Vec<Expansion>),
    /// At least so often, at most so often.
    Repeat(Box<Expansion>, u32, u32),
    /// A rule of this grammar.
    Rule(String),
    /// A rule of another grammar: its address as it is written, and the rule, or the root.
    Outside(String),
    /// The same, found: its number among the parts.
    Linked(usize, Option<String>),
    Tag(String),
    /// Nothing, and it is enough.
    Null,
    /// Nothing can be enough.
    Void,
}

/// A word of a grammar.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Word {
    /// As it is compared.
    pub(crate) plain: String,
    /// As it is written.
    pub(crate) written: String,
}

/// Whether keys or words are wanted.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Mode {
    Dtmf,
    Voice,
    /// Keys, and what a caller calls them: the built-in types.
    Both,
}

impl Mode {
    pub(crate) fn has_keys(self) -> bool {
        matches!(self, Self::Dtmf | Self::Both)
    }

    pub(crate) fn has_words(self) -> bool {
        matches!(self, Self::Voice | Self::Both)
    }
}

/// How much of a text has to be said for it.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub(crate) enum Accept {
    /// All of it.
    #[default]
    Exact,
    /// Some words of it, in their order.
    Approximate,
}

/// A grammar as it is written.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Grammar {
    pub(crate) mode: Mode,
    pub(crate) root: Option<String>,
    pub(crate) rules: BTreeMap<String, Expansion>,
    pub(crate) tags: TagStyle,
    /// What is between keys and value, where that is not what tags say.
    pub(crate) value: Value,
}

/// What a match is worth where no tags say it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    /// The keys.
    Keys,
    /// What a built-in type makes of them.
    Builtin(builtin::Kind),
    /// A text.
    Text(String),
}

/// Why a grammar cannot be used.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub(crate) enum GrammarError {
    /// It is malformed; the text says where and how.
    #[error("the grammar cannot be read: {0}")]
    Bad(String),
    /// A form of grammar that is not known.
    #[error("grammars of the type {0} are not known")]
    Format(String),
    /// A built-in type that is not known.
    #[error("there is no built-in grammar {0}")]
    Builtin(String),
}

/// A grammar with all that it refers to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Linked {
    /// The first is the grammar itself.
    pub(crate) parts: Vec<Arc<Grammar>>,
    /// The rule that is matched.
    pub(crate) rule: String,
}

/// A match: what the tags said and which keys they stand at.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Parse {
    /// Which of the active grammars.
    pub(crate) grammar: usize,
    pub(crate) parts: Vec<Part>,
}

/// A piece of a match, in their order.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Part {
    Key(char),
    Word(String),
    Tag(String),
    Open(String),
    Close,
}

/// The grammars that listen, the one that goes first in front.
#[derive(Clone, Debug, Default)]
pub(crate) struct Active {
    pub(crate) grammars: Vec<Linked>,
}

impl Grammar {
    /// A grammar of one rule.
    pub(crate) fn of(expansion: Expansion, value: Value) -> Self {
        let rules = BTreeMap::from([("root".to_owned(), expansion)]);
        Self { mode: Mode::Dtmf, root: Some("root".to_owned()), rules, tags: TagStyle::Guess, value }
    }

    /// A grammar of these words, one after the other; some of them may be enough.
    pub(crate) fn of_words(text: &str, accept: Accept, value: Value) -> Self {
        let word = |word| match accept {
            Accept::Exact => Expansion::Word(word),
            Accept::Approximate => Expansion::Repeat(Box::new(Expansion::Word(word)), 0, 1),
        };
        let words = written(text).into_iter().map(word).collect();
        Self { mode: Mode::Voice, ..Self::of(Expansion::Sequence(words), value) }
    }

    pub(crate) fn rule(&self, name: &str) -> Option<&Expansion> {
        self.rules.get(name)
    }

    /// Whether it refers to others.
    pub(crate) fn has_outside(&self) -> bool {
        let mut stack: Vec<&Expansion> = self.rules.values().collect();
        while let Some(expansion) = stack.pop() {
            match expansion {
                Expansion::Outside(_) => return true,
                Expansion::Sequence(parts) | Expansion::OneOf(parts) => stack.extend(parts),
                Expansion::Repeat(inner, ..) => stack.push(inner),
                _ => {}
            }
        }
        false
    }

    /// The addresses of other grammars in it, without their fragments.
    pub(crate) fn outside(&mut self) -> Vec<&mut Expansion> {
        let mut found = Vec::new();
        let mut stack: Vec<&mut Expansion> = self.rules.values_mut().collect();
        while let Some(expansion) = stack.pop() {
            match expansion {
                Expansion::Outside(_) => found.push(expansion),
                Expansion::Sequence(parts) | Expansion::OneOf(parts) => stack.extend(parts),
                Expansion::Repeat(inner, ..) => stack.push(inner),
                _ => {}
            }
        }
        found
    }

    /// Whether all its own references lead somewhere, and its root is there.
    pub(crate) fn check(&self) -> Result<(), GrammarError> {
        let missing = |name: &str| GrammarError::Bad(format!("there is no rule {name}"));
        if let Some(root) = self.root.as_deref().filter(|root| self.rule(root).is_none()) {
            return Err(missing(root));
        }
        let mut stack: Vec<&Expansion> = self.rules.values().collect();
        while let Some(expansion) = stack.pop() {
            match expansion {
                Expansion::Rule(name) if self.rule(name).is_none() => return Err(missing(name)),
                Expansion::Sequence(parts) | Expansion::OneOf(parts) => stack.extend(parts),
                Expansion::Repeat(inner, ..) => stack.push(inner),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Linked {
    /// A grammar that refers to no other.
    pub(crate) fn alone(grammar: Arc<Grammar>, rule: Option<&str>) -> Result<Self, GrammarError> {
        // The only rule there is can be the only one that is meant.
        let only = || grammar.rules.keys().next().filter(|_| grammar.rules.len() == 1).cloned();
        let rule = rule.map(str::to_owned).or_else(|| grammar.root.clone()).or_else(only);
        let rule = rule.ok_or_else(|| GrammarError::Bad("it has no root, and no rule is named".to_owned()))?;
        if grammar.rule(&rule).is_none() {
            return Err(GrammarError::Bad(format!("there is no rule {rule}")));
        }
        Ok(Self { parts: vec![grammar], rule })
    }

    pub(crate) fn grammar(&self) -> &Grammar {
        &self.parts[0]
    }
}

/// The words of a text, as they are compared: in small letters, without the signs around them.
pub(crate) fn words(text: &str) -> Vec<String> {
    written(text).into_iter().map(|word| word.plain).collect()
}

/// The words of a text as they are written, and as they are compared.
pub(crate) fn written(text: &str) -> Vec<Word> {
    let plain = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let words = text.split_whitespace().map(plain).filter(|word| !word.is_empty());
    words.map(|written| Word { plain: written.to_lowercase(), written }).collect()
}

/// A sequence of keys.
pub(crate) fn keys(keys: &str) -> Option<Expansion> {
    keys.chars()
        .filter(|c| !c.is_whitespace())
        .map(|key| Digit::from_char(key).map(Expansion::Key))
        .collect::<Option<Vec<_>>>()
        .map(Expansion::Sequence)
}

/// The keys of a text of tokens, which may be named or written without spaces.
pub(crate) fn tokens(text: &str) -> Option<Vec<Expansion>> {
    let mut found = Vec::new();
    for token in text.split_whitespace() {
        match token.trim_matches('"').to_ascii_lowercase().as_str() {
            "star" => found.extend(Digit::from_char('*').map(Expansion::Key)),
            "pound" | "hash" => found.extend(Digit::from_char('#').map(Expansion::Key)),
            word => match keys(&word.strip_prefix("dtmf-").unwrap_or(word).replace("star", "*").replace("pound", "#"))?
            {
                Expansion::Sequence(keys) => found.extend(keys),
                other => found.push(other),
            },
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests;
