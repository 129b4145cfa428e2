//! Judging keys by grammars.
//!
//! Shape: a set of positions between keys goes through a grammar, as the bits of a number: so much time as the grammar is long, whatever
//! it repeats. A match is then found again piece by piece, by [`Search`].
//! Errors: none. What is too deep in itself, or takes too many steps, matches nothing.
//! Sources: SRGS 1.0 §2, Appendix H (logical parse).

use super::{
    Active, Expansion, Grammar, Linked, Parse, Part,
    search::{self, Input, Search},
};
use crate::op::{KeyJudge, KeyState, MAX_KEYS};

/// Most steps of one judgement, of all grammars together.
const STEPS: u32 = 200_000;
/// How deep rules may refer to rules.
pub(super) const DEEPEST: u32 = 60;
/// How deep anything may stand in anything, rules in rules with it: what the stack of a thread holds many times.
const DEEPEST_OF_ALL: u32 = 400;

struct Walk<'a> {
    linked: &'a Linked,
    keys: &'a [char],
    /// How many steps are left, of all grammars together.
    left: &'a mut u32,
    /// How deep it is in the grammar.
    level: u32,
    /// Whether something still wanted a key at the end.
    more: bool,
}

impl KeyJudge for Active {
    fn judge(&self, keys: &str) -> KeyState {
        let keys: Vec<char> = keys.chars().take(MAX_KEYS + 1).collect();
        if keys.len() > MAX_KEYS {
            return KeyState::Dead;
        }
        let (mut ends, mut more, mut left) = (false, false, STEPS);
        for linked in self.grammars.iter().filter(|linked| linked.grammar().mode.has_keys()) {
            let mut walk = Walk { linked, keys: &keys, left: &mut left, level: 0, more: false };
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
        let (mut left, mut searched) = (STEPS, search::STEPS);
        self.grammars.iter().enumerate().find_map(|(grammar, linked)| {
            if !linked.grammar().mode.has_keys() || keys.len() > MAX_KEYS {
                return None;
            }
            let mut walk = Walk { linked, keys: &keys, left: &mut left, level: 0, more: false };
            if walk.rule(0, &linked.rule, 1, 0) & (1 << keys.len()) == 0 {
                return None;
            }
            // A match that takes too long to find again has no tags.
            let rule = linked.grammar().rule(&linked.rule);
            let found = rule.and_then(|rule| Search::new(linked, Input::Keys(&keys)).run(rule, &mut searched));
            let parts = found.unwrap_or_else(|| keys.iter().copied().map(Part::Key).collect());
            Some(Parse { grammar, parts })
        })
    }
}

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
        if from == 0 || *self.left == 0 || self.level >= DEEPEST_OF_ALL {
            return 0;
        }
        *self.left -= 1;
        self.level += 1;
        let to = self.advance_in(part, expansion, from, depth);
        self.level -= 1;
        to
    }

    fn advance_in(&mut self, part: usize, expansion: &'a Expansion, from: u128, depth: u32) -> u128 {
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
            Expansion::Word(_) | Expansion::Outside(_) | Expansion::Void => 0,
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
}
