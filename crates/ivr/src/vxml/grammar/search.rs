//! Finding how keys or words match a grammar, with the tags that stand among them.
//!
//! Shape: a machine that goes forward and back: what is still to be matched is a list that shares its ends, and where there was a choice
//! the rest of it is remembered. The first way in the order of the document is found, with repeats as often as possible. Nothing of it
//! lies on the stack, however long the grammar is.
//! Errors: none; what takes too many steps is not found.
//! Sources: SRGS 1.0 §2, Appendix H (logical parse).

use super::{Expansion, Linked, Part, matching::DEEPEST};

/// Most steps, of all grammars together.
pub(super) const STEPS: u32 = 200_000;
/// Most bytes of tags in what is found.
const MAX_TAGS: usize = 256 << 10;

/// What is matched.
#[derive(Copy, Clone)]
pub(super) enum Input<'a> {
    Keys(&'a [char]),
    Words(&'a [String]),
}

impl Input<'_> {
    fn len(self) -> usize {
        match self {
            Self::Keys(keys) => keys.len(),
            Self::Words(words) => words.len(),
        }
    }
}

/// What is still to be matched, the next in front.
#[derive(Copy, Clone)]
struct Rest<'a> {
    step: Step<'a>,
    /// In how many rules it stands.
    depth: u32,
    /// What comes behind it, by its number.
    behind: Option<usize>,
}

#[derive(Copy, Clone)]
enum Step<'a> {
    /// An expansion of one of the linked grammars.
    One(usize, &'a Expansion),
    /// One after the other.
    All(usize, &'a [Expansion]),
    /// One of these.
    Any(usize, &'a [Expansion]),
    /// So often at least and at most, as often as possible.
    Repeat(usize, &'a Expansion, u32, u32),
    /// The same, once it was matched from this place on.
    Repeated(usize, &'a Expansion, u32, u32, usize),
    /// The end of a rule.
    Close,
}

/// A place to which it goes back.
struct Choice {
    at: usize,
    next: Option<usize>,
    /// How many parts were found before it.
    kept: usize,
}

/// A part of what was found, while more is sought.
#[derive(Copy, Clone)]
enum Found<'a> {
    Key(char),
    Word(&'a str),
    Tag(&'a str),
    Open(&'a str),
    Close,
}

/// A search for one way through a grammar.
pub(super) struct Search<'a> {
    linked: &'a Linked,
    input: Input<'a>,
    rests: Vec<Rest<'a>>,
    choices: Vec<Choice>,
    parts: Vec<Found<'a>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(linked: &'a Linked, input: Input<'a>) -> Self {
        Self { linked, input, rests: Vec::new(), choices: Vec::new(), parts: Vec::new() }
    }

    /// The first way on which all of the input is taken, with no more steps than are left.
    pub(super) fn run(mut self, rule: &'a Expansion, left: &mut u32) -> Option<Vec<Part>> {
        let next = self.before(Step::One(0, rule), 0, None);
        self.choices.push(Choice { at: 0, next, kept: 0 });
        while let Some(Choice { mut at, mut next, kept }) = self.choices.pop() {
            self.parts.truncate(kept);
            loop {
                *left = left.checked_sub(1)?;
                let Some(rest) = next.map(|next| self.rests[next]) else {
                    if at == self.input.len() {
                        return self.found();
                    }
                    break;
                };
                let Some(on) = self.step(rest, &mut at) else { break };
                next = on;
            }
        }
        None
    }

    fn found(self) -> Option<Vec<Part>> {
        let tags = self.parts.iter().map(|part| if let Found::Tag(tag) = part { tag.len() } else { 0 });
        if tags.sum::<usize>() > MAX_TAGS {
            return None;
        }
        let part = |part| match part {
            Found::Key(key) => Part::Key(key),
            Found::Word(word) => Part::Word(word.to_owned()),
            Found::Tag(tag) => Part::Tag(tag.to_owned()),
            Found::Open(rule) => Part::Open(rule.to_owned()),
            Found::Close => Part::Close,
        };
        Some(self.parts.into_iter().map(part).collect())
    }

    fn before(&mut self, step: Step<'a>, depth: u32, behind: Option<usize>) -> Option<usize> {
        self.rests.push(Rest { step, depth, behind });
        Some(self.rests.len() - 1)
    }

    fn choice(&mut self, at: usize, next: Option<usize>) {
        self.choices.push(Choice { at, next, kept: self.parts.len() });
    }

    /// Does one thing; `None` where it does not match.
    fn step(&mut self, rest: Rest<'a>, at: &mut usize) -> Option<Option<usize>> {
        let Rest { step, depth, behind } = rest;
        Some(match step {
            Step::One(part, expansion) => return self.one(part, expansion, rest, at),
            Step::All(part, list) => match list.split_first() {
                None => behind,
                Some((first, others)) => {
                    let behind = self.before(Step::All(part, others), depth, behind);
                    self.before(Step::One(part, first), depth, behind)
                }
            },
            Step::Any(part, list) => {
                let (first, others) = list.split_first()?;
                if !others.is_empty() {
                    let other = self.before(Step::Any(part, others), depth, behind);
                    self.choice(*at, other);
                }
                self.before(Step::One(part, first), depth, behind)
            }
            Step::Repeat(_, _, _, 0) => behind,
            Step::Repeat(part, inner, least, most) => {
                if least == 0 {
                    self.choice(*at, behind);
                }
                let again = self.before(Step::Repeated(part, inner, least, most, *at), depth, behind);
                self.before(Step::One(part, inner), depth, again)
            }
            // What matches nothing is there as often as it has to be.
            Step::Repeated(_, _, _, _, from) if from == *at => behind,
            Step::Repeated(part, inner, least, most, _) => {
                let most = if most == u32::MAX { most } else { most - 1 };
                self.before(Step::Repeat(part, inner, least.saturating_sub(1), most), depth, behind)
            }
            Step::Close => {
                self.parts.push(Found::Close);
                behind
            }
        })
    }

    fn one(&mut self, part: usize, expansion: &'a Expansion, rest: Rest<'a>, at: &mut usize) -> Option<Option<usize>> {
        let Rest { depth, behind, .. } = rest;
        Some(match expansion {
            Expansion::Key(key) => {
                let Input::Keys(keys) = self.input else { return None };
                let key = keys.get(*at).filter(|pressed| **pressed == key.as_char())?;
                self.parts.push(Found::Key(*key));
                *at += 1;
                behind
            }
            Expansion::Word(word) => {
                let Input::Words(words) = self.input else { return None };
                words.get(*at).filter(|said| **said == word.plain)?;
                self.parts.push(Found::Word(&word.written));
                *at += 1;
                behind
            }
            Expansion::Outside(_) | Expansion::Void => return None,
            Expansion::Null => behind,
            Expansion::Tag(tag) => {
                self.parts.push(Found::Tag(tag));
                behind
            }
            Expansion::Sequence(list) => self.before(Step::All(part, list), depth, behind),
            Expansion::OneOf(list) => self.before(Step::Any(part, list), depth, behind),
            Expansion::Repeat(inner, least, most) => {
                self.before(Step::Repeat(part, inner, *least, *most), depth, behind)
            }
            Expansion::Rule(name) => self.rule(part, name, rest)?,
            Expansion::Linked(other, name) => {
                let linked = self.linked;
                let name = name.as_deref().or(linked.parts[*other].root.as_deref())?;
                self.rule(*other, name, rest)?
            }
        })
    }

    fn rule(&mut self, part: usize, name: &'a str, Rest { depth, behind, .. }: Rest<'a>) -> Option<Option<usize>> {
        let linked = self.linked;
        let expansion = linked.parts[part].rule(name).filter(|_| depth < DEEPEST)?;
        self.parts.push(Found::Open(name));
        let behind = self.before(Step::Close, depth, behind);
        Some(self.before(Step::One(part, expansion), depth + 1, behind))
    }
}
