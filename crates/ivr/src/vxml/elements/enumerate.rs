//! `<enumerate>`: the choices of a menu or field, one after the other (VoiceXML 2.0 §2.2.4).

use super::{
    Reader,
    speakable::{self, Speakable},
};
use crate::vxml::wire::{Attributes, Fault};

/// What is said for each choice; its words where nothing is there.
#[derive(Clone, Debug)]
pub(crate) struct Enumerate {
    pub(crate) template: Vec<Speakable>,
}

impl Enumerate {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        Ok(Self { template: speakable::all(from.0, reader)? })
    }
}
