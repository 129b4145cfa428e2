//! `<filled>`: what is done when items have been filled (VoiceXML 2.0 §2.4).

use super::{
    Reader,
    exec::{self, Content},
};
use crate::vxml::wire::{Attributes, Fault};

/// What is done then.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    /// The item in which it stands.
    pub(crate) owner: Option<usize>,
    /// Whether all of the names have to be filled.
    pub(crate) wants_all: bool,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) content: Content,
}

impl Filled {
    pub(crate) fn read(from: Attributes<'_, '_>, owner: Option<usize>, reader: &mut Reader) -> Result<Self, Fault> {
        let wants_all = match from.get("mode") {
            None => owner.is_none(),
            Some("all") => true,
            Some("any") => false,
            Some(other) => return Err(from.fault(format!("the mode {other:?} is neither any nor all"))),
        };
        Ok(Self { owner, wants_all, names: from.list("namelist"), content: exec::read(from.0, reader)? })
    }
}
