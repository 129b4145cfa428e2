//! A wait for keys of which a grammar says, after each, whether they are enough.
//!
//! Shape: [`Gather`] asks with a [`KeyMatcher`]; [`crate::Gatherer`] decides what the keys and the times mean.
//! Units: waits are [`Duration`]s; keys are a text of `0-9 * # A-D`.
//! Sources: VoiceXML 2.0 Appendix D (timing of DTMF input).

use std::{fmt, sync::Arc, time::Duration};

use crate::{Digit, TypeAhead};

/// Most keys of a gather; a further one is what no grammar matches.
pub const MAX_KEYS: usize = 120;

/// A wait for keys that a grammar judges.
#[derive(Clone, PartialEq, Debug)]
pub struct Gather {
    /// Whether keys pressed before count.
    pub type_ahead: TypeAhead,
    /// What the keys may be.
    pub matcher: KeyMatcher,
    /// How long to wait for the first key.
    pub first_key: Duration,
    /// How long to wait for each further key.
    pub inter_key: Duration,
    /// How long to wait for the terminator once no further key can come.
    pub last_key: Duration,
    /// A key that ends the keys and is none of them, unless the grammar has a use for it.
    pub terminator: Option<Digit>,
}

/// What came of a [`Gather`].
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Gathered {
    /// What was pressed, without the terminator.
    pub keys: String,
    /// How it ended.
    pub end: GatherEnd,
    /// The terminator, where it was pressed.
    pub terminator: Option<Digit>,
}

/// How a [`Gather`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum GatherEnd {
    /// The keys are what the grammar says.
    Match,
    /// They are not.
    NoMatch,
    /// Nothing was pressed.
    NoInput,
}

/// What keys are, so far.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum KeyState {
    /// Nothing that begins so is matched.
    Dead,
    /// Not matched yet.
    Partial,
    /// Matched, and more keys can be, too.
    CanEnd,
    /// Matched, and no further key can be.
    MustEnd,
}

/// Whoever says what keys are.
pub trait KeyJudge: Send + Sync {
    /// What these keys are. It takes a bounded time.
    fn judge(&self, keys: &str) -> KeyState;
}

/// What the keys of a [`Gather`] may be.
#[derive(Clone)]
pub struct KeyMatcher {
    judge: Arc<dyn KeyJudge>,
    name: Arc<str>,
}

impl KeyMatcher {
    /// A matcher, and how logs call it.
    pub fn new(judge: Arc<dyn KeyJudge>, name: &str) -> Self {
        Self { judge, name: name.into() }
    }

    /// What these keys are.
    pub fn judge(&self, keys: &str) -> KeyState {
        self.judge.judge(keys)
    }

    /// How logs call it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for KeyMatcher {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.judge, &other.judge)
    }
}

impl fmt::Debug for KeyMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyMatcher").field(&self.name).finish()
    }
}
