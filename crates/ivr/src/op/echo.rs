//! Hearing oneself.
//!
//! Sources: `kazoo-pivot.md` 5.4 (Echo).

use std::time::Duration;

use crate::{Digit, DigitSet};

/// The caller hears what it says, until the caller hangs up or one of these is the case. It heeds the limit of [`super::Op::Limit`].
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Echo {
    /// Keys that end it.
    pub ends_by: DigitSet,
    /// How long it lasts at most.
    pub longest: Option<Duration>,
}

/// How an [`Echo`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Echoed {
    /// This key was pressed.
    Key(Digit),
    /// It took as long as it may.
    Longest,
}
