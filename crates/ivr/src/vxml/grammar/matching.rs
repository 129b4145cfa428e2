//! Judging keys by grammars, and finding how they match.
//!
//! Shape: a set of positions between keys goes through a grammar, as the bits of a number: so much time as the grammar is long, whatever
//! it repeats. A match is then found again piece by piece, the first in the order of the document.
//! Errors: none. What refers to itself too deeply, or takes too many steps, matches nothing.
//! Sources: SRGS 1.0 §2, Appendix H (logical parse).

use super::{Active, Expansion, Grammar, Linked, Mode, Parse, Part};
use crate::op::{KeyJudge, KeyState, MAX_KEYS};

/// Most steps of one judgement.
const STEPS: u32 = 200_000;
/// How deep rules may refer to rules.
const DEEPEST: u32 = 60;

struct Walk<'a> {
    linked: &'a Linked,
    keys: &'a [char],
    steps: u32,
    /// Whether something still wanted a key at the end.
    more: bool,
}

impl KeyJudge for Active {
    fn judge(&self, keys: &str) -> KeyState {
        let keys: Vec<char> = keys.chars().take(MAX_KEYS + 1).collect();
        if keys.len() > MAX_KEYS {
            return KeyState::Dead;
        }
        let (mut ends, mut more) = (false, false);
        for linked in self.grammars.iter().filter(|linked| linked.grammar().mode == Mode::Dtmf) {
            let mut walk = Walk { linked, keys: &keys, steps: 0, more: false };
            ends |= walk.rule(0, &linked.rule, 1, 0) & (1 << keys.len()) != 0;
            more |= walk.more;
        }
        match (ends, more) {
            (true, true) => KeyState::CanEnd,
            (true, false) => KeyState::MustEnd,
            (false, true) => KeyState::Partial,
            (false, false) => KeyState::Dead,
        }
    }
}

impl Active {
    /// How keys match, by the first grammar that they match.
    pub(crate) fn parse(&self, keys: &str) -> Option<Parse> {
        let keys: Vec<char> = keys.chars().take(MAX_KEYS + 1).collect();
        self.grammars.iter().enumerate().find_map(|(grammar, linked)| {
            if linked.grammar().mode != Mode::Dtmf || keys.len() > MAX_KEYS {
                return None;
            }
            let mut walk = Walk { linked, keys: &keys, steps: 0, more: false };
            if walk.rule(0, &linked.rule, 1, 0) & (1 << keys.len()) == 0 {
                return None;
            }
            walk.steps = 0;
            let expansion = linked.grammar().rule(&linked.rule)?;
            let mut parts = Vec::new();
            let end = keys.len();
            // A match that takes too long to find again has no tags.
            let found = walk.find((0, expansion), 0, 0, &mut parts, &mut |_, at, _| at == end);
            if !found {
                parts = keys.iter().copied().map(Part::Key).collect();
            }
            Some(Parse { grammar, parts })
        })
    }
}

/// What goes on behind an expansion: whether the rest matches from there.
type Then<'t, 'a> = &'t mut dyn FnMut(&mut Walk<'a>, usize, &mut Vec<Part>) -> bool;

impl<'a> Walk<'a> {
    fn part(&self, part: usize) -> &'a Grammar {
        &self.linked.parts[part]
    }

    fn rule(&mut self, part: usize, name: &str, from: u128, depth: u32) -> u128 {
        let rule = self.part(part).rule(name);
        rule.filter(|_| depth < DEEPEST).map_or(0, |expansion| self.advance(part, expansion, from, depth + 1))
    }

    /// Where an expansion can end that begins at one of these places.
    fn advance(&mut self, part: usize, expansion: &'a Expansion, from: u128, depth: u32) -> u128 {
        self.steps += 1;
        if from == 0 || self.steps > STEPS {
            return 0;
        }
        match expansion {
            Expansion::Key(key) => {
                self.more |= from & (1 << self.keys.len()) != 0;
                let key = key.as_char();
                let pressed = self.keys.iter().enumerate().filter(|(_, pressed)| **pressed == key);
                pressed.filter(|(at, _)| from & (1 << at) != 0).fold(0, |to, (at, _)| to | 1 << (at + 1))
            }
            Expansion::Sequence(parts) => parts.iter().fold(from, |at, next| self.advance(part, next, at, depth)),
            Expansion::OneOf(choices) => {
                choices.iter().fold(0, |to, choice| to | self.advance(part, choice, from, depth))
            }
            Expansion::Repeat(inner, least, most) => self.repeat(part, inner, (*least, *most), from, depth),
            Expansion::Rule(name) => self.rule(part, name, from, depth),
            Expansion::Linked(other, name) => {
                let name = name.as_deref().or(self.part(*other).root.as_deref());
                name.map_or(0, |name| self.rule(*other, name, from, depth))
            }
            Expansion::Tag(_) | Expansion::Null => from,
            Expansion::Outside(_) | Expansion::Void => 0,
        }
    }

    fn repeat(&mut self, part: usize, inner: &'a Expansion, (least, most): (u32, u32), from: u128, depth: u32) -> u128 {
        let mut ends = if least == 0 { from } else { 0 };
        let mut at = from;
        // As many keys as there can be; what matches no key at all is there by then.
        let bound = 2 * MAX_KEYS as u32;
        for count in 1..=most.min(bound) {
            let next = self.advance(part, inner, at, depth);
            if count >= least.min(bound) {
                if next & !ends == 0 {
                    break;
                }
                ends |= next;
            }
            if next == 0 {
                break;
            }
            at = next;
        }
        ends
    }

    /// Finds a way through an expansion and what goes on behind it, and keeps what it is made of.
    fn find(
        &mut self,
        (part, expansion): (usize, &'a Expansion),
        at: usize,
        depth: u32,
        parts: &mut Vec<Part>,
        then: Then<'_, 'a>,
    ) -> bool {
        self.steps += 1;
        if self.steps > STEPS || depth > 4 * DEEPEST {
            return false;
        }
        let kept = parts.len();
        let found = match expansion {
            Expansion::Key(key) if self.keys.get(at) == Some(&key.as_char()) => {
                parts.push(Part::Key(key.as_char()));
                then(self, at + 1, parts)
            }
            Expansion::Key(_) | Expansion::Outside(_) | Expansion::Void => false,
            Expansion::Null => then(self, at, parts),
            Expansion::Tag(tag) => {
                parts.push(Part::Tag(tag.clone()));
                then(self, at, parts)
            }
            Expansion::Sequence(list) => self.find_all(part, list, at, depth + 1, parts, then),
            Expansion::OneOf(list) => list.iter().any(|choice| self.find((part, choice), at, depth + 1, parts, then)),
            Expansion::Repeat(inner, least, most) => {
                self.find_repeat((part, inner), (*least, *most), at, depth + 1, parts, then)
            }
            Expansion::Rule(name) => self.find_rule(part, name, at, depth + 1, parts, then),
            Expansion::Linked(other, name) => {
                let name = name.as_deref().or(self.part(*other).root.as_deref());
                name.is_some_and(|name| self.find_rule(*other, name, at, depth + 1, parts, then))
            }
        };
        if !found {
            parts.truncate(kept);
        }
        found
    }

    fn find_all(
        &mut self,
        part: usize,
        list: &'a [Expansion],
        at: usize,
        depth: u32,
        parts: &mut Vec<Part>,
        then: Then<'_, 'a>,
    ) -> bool {
        match list.split_first() {
            None => then(self, at, parts),
            Some((first, rest)) => self.find((part, first), at, depth, parts, &mut |walk, at, parts| {
                walk.find_all(part, rest, at, depth, parts, then)
            }),
        }
    }

    /// As often as possible first.
    fn find_repeat(
        &mut self,
        (part, inner): (usize, &'a Expansion),
        (least, most): (u32, u32),
        at: usize,
        depth: u32,
        parts: &mut Vec<Part>,
        then: Then<'_, 'a>,
    ) -> bool {
        if most == 0 {
            return then(self, at, parts);
        }
        let further = self.find((part, inner), at, depth, parts, &mut |walk, next, parts| {
            // What matches nothing is not repeated.
            if next == at {
                return least <= 1 && then(walk, next, parts);
            }
            let rest = (least.saturating_sub(1), if most == u32::MAX { most } else { most - 1 });
            walk.find_repeat((part, inner), rest, next, depth + 1, parts, then)
        });
        further || (least == 0 && then(self, at, parts))
    }

    fn find_rule(
        &mut self,
        part: usize,
        name: &str,
        at: usize,
        depth: u32,
        parts: &mut Vec<Part>,
        then: Then<'_, 'a>,
    ) -> bool {
        let Some(expansion) = self.part(part).rule(name) else { return false };
        parts.push(Part::Open(name.to_owned()));
        self.find((part, expansion), at, depth, parts, &mut |walk, at, parts| {
            parts.push(Part::Close);
            then(walk, at, parts) || {
                parts.pop();
                false
            }
        })
    }
}
