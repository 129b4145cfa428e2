//! `<audio>`: a sound, and what is said where it cannot be had (VoiceXML 2.0 §4.1.3).

use super::{
    Reader,
    speakable::{self, Speakable},
    terms::FetchTerms,
};
use crate::vxml::wire::{Attributes, Fault, Given};

/// A sound.
#[derive(Clone, Debug)]
pub(crate) struct Audio {
    pub(crate) source: Given,
    /// The name of a sound that may be there for several languages; the vendor's.
    pub(crate) prompt: Option<String>,
    /// Whether it is said; the vendor's.
    pub(crate) cond: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) otherwise: Vec<Speakable>,
    pub(crate) terms: FetchTerms,
}

impl Audio {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let source = match from.vendor("prompt") {
            Some(prompt) => Given::Text(format!("builtin:{prompt}")),
            None => {
                from.exactly_one(&["src", "expr"])?;
                from.given("src", "expr")?.ok_or_else(|| from.fault("there is neither src nor expr"))?
            }
        };
        Ok(Self {
            source,
            prompt: from.vendor("prompt").map(str::to_owned),
            cond: from.owned("cond"),
            language: from.language(),
            otherwise: speakable::all(from.0, reader)?,
            terms: FetchTerms::read(from)?,
        })
    }
}
