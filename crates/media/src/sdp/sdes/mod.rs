//! SDES: keys of SRTP that an offer and its answer carry.
//!
//! Shape: [`Secrecy`] says what we do with one peer and holds our keys; a line of the peer's becomes the key that it
//! sends under. What a key does to packets is in [`crate::srtp`].
//! Errors: a line that asks for what we do not do is passed over, as the RFC has it, and the next one is looked at.
//! Sources: RFC 4568 sections 4 to 6 and 9.1.
//!
//! The keys stand in the description as they are, so they are as secret as the signalling: whoever reads that hears all.

mod line;

pub(super) use line::{Line, write};

use super::SdpError;
use super::parse::Medium;
use crate::srtp::{Keying, MAX_MATERIAL, MasterKey, Suite};
use std::sync::Arc;

/// Lines of one medium that are looked at.
const MAX_LINES: usize = 16;
/// Random bytes that [`LocalKeys`] are made from.
const RANDOM: usize = Suite::ALL.len() * MAX_MATERIAL;

/// Our keys in one dialog: one for each suite, so that no two suites share one.
#[derive(Clone, Eq, PartialEq)]
pub struct LocalKeys {
    keys: [MasterKey; Suite::ALL.len()],
}

impl LocalKeys {
    /// Random bytes that the owner draws for them.
    pub const RANDOM: usize = RANDOM;

    /// Makes them from random bytes, which nothing else may be made from.
    pub fn new(random: &[u8; RANDOM]) -> Self {
        let mut at = 0;
        let keys = Suite::ALL.map(|suite| {
            let mut part = zeroize::Zeroizing::new([0; MAX_MATERIAL]);
            part.iter_mut().zip(&random[at..]).for_each(|(to, from)| *to = *from);
            at += MAX_MATERIAL;
            MasterKey::of_random(suite, &part)
        });
        Self { keys }
    }

    /// Our key for a suite.
    fn of(&self, suite: Suite) -> &MasterKey {
        let known = self.keys.iter().find(|key| key.suite() == suite);
        known.expect("there is a key for each suite")
    }

    /// The lines of an offer: a tag, counted from 1, and a key, in the order in which we would have them.
    pub(super) fn offered(&self) -> impl Iterator<Item = (u32, &MasterKey)> {
        (1..).zip(&self.keys)
    }
}

impl std::fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKeys")
    }
}

/// What we do about SRTP with one peer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Secrecy {
    /// Nothing: sound goes and comes plain, and whoever offers only SRTP is refused.
    #[default]
    Plain,
    /// We take SRTP where it is offered, and plain sound too. Our own offers are plain.
    Answered(Arc<LocalKeys>),
    /// The same, and our own offers have keys beside a plain profile, so that the peer has the choice.
    Offered(Arc<LocalKeys>),
    /// We take and offer nothing plain.
    Required(Arc<LocalKeys>),
}

impl Secrecy {
    /// Our keys, where there is a use for them.
    pub(super) fn keys(&self) -> Option<&LocalKeys> {
        match self {
            Self::Plain => None,
            Self::Answered(keys) | Self::Offered(keys) | Self::Required(keys) => Some(keys),
        }
    }

    /// Our keys, where our offers have them.
    pub(super) fn offered_keys(&self) -> Option<&LocalKeys> {
        match self {
            Self::Plain | Self::Answered(_) => None,
            Self::Offered(keys) | Self::Required(keys) => Some(keys),
        }
    }

    /// What we and the peer agree on for one of its media lines, with the tag of its line.
    ///
    /// # Errors
    /// [`SdpError::NoCommonSuite`] and [`SdpError::PlainRefused`], as they say.
    pub(super) fn agree(&self, medium: &Medium) -> Result<Option<(u32, Keying)>, SdpError> {
        let secure = medium.profile().is_some_and(super::Profile::is_secure);
        let chosen = self.keys().and_then(|keys| {
            let line = medium.values("crypto").take(MAX_LINES).find_map(Line::read)?;
            let Line { tag, key, mki } = line;
            Some((tag, Keying { ours: keys.of(key.suite()).clone(), theirs: key, mki }))
        });
        match chosen {
            Some(chosen) => Ok(Some(chosen)),
            None if secure => Err(SdpError::NoCommonSuite),
            None if matches!(self, Self::Required(_)) => Err(SdpError::PlainRefused),
            None => Ok(None),
        }
    }

    /// Whether an answer may choose this line: one of our offer, by its tag (RFC 4568 section 5.1.3).
    pub(super) fn has_offered(&self, tag: u32, suite: Suite) -> bool {
        self.offered_keys().is_some_and(|keys| keys.offered().any(|(ours, key)| ours == tag && key.suite() == suite))
    }
}

#[cfg(test)]
mod tests;
