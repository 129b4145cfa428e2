//! `<prompt>`, and what is said without one (VoiceXML 2.0 §4.1).

use std::time::Duration;

use super::{
    Reader,
    speakable::{self, Speakable},
};
use crate::vxml::wire::{Attributes, Fault};

/// Something that is said.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub(crate) content: Vec<Speakable>,
    pub(crate) cond: Option<String>,
    pub(crate) count: u32,
    /// Whether a key stops it; as the property says where it is missing.
    pub(crate) barge_in: Option<bool>,
    /// How long is waited for a key, if it is said last.
    pub(crate) timeout: Option<Duration>,
    pub(crate) language: Option<String>,
    /// Whether the page has no `<prompt>` around it.
    is_bare: bool,
}

impl Prompt {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        Ok(Self {
            content: speakable::all(from.0, reader)?,
            cond: from.owned("cond"),
            count: from.count()?,
            barge_in: from.boolean("bargein")?,
            timeout: from.time("timeout")?,
            language: from.language(),
            is_bare: false,
        })
    }

    /// Something that stands without `<prompt>`; pieces beside one another are said as one.
    pub(crate) fn add<T>(
        list: &mut Vec<T>,
        piece: Speakable,
        make: impl FnOnce(Self) -> T,
        last: fn(&mut T) -> Option<&mut Self>,
    ) {
        if let Some(prompt) = list.last_mut().and_then(last).filter(|prompt| prompt.is_bare) {
            prompt.content.push(piece);
            return;
        }
        let content = vec![piece];
        list.push(make(Self {
            content,
            cond: None,
            count: 1,
            barge_in: None,
            timeout: None,
            language: None,
            is_bare: true,
        }));
    }
}
