//! The elements of a page, one a file: how each is read, and what it does.
//!
//! Shape: `read` takes an element of XML and gives its structure or a [`super::wire::Fault`]; `run` is what executable content does.
//! Sources: VoiceXML 2.0, VoiceXML 2.1; `voicexml-customizers.md` 3.2.

pub(crate) mod assign;
pub(crate) mod audio;
pub(crate) mod catch;
pub(crate) mod choice;
pub(crate) mod choose;
pub(crate) mod clear;
pub(crate) mod data;
pub(crate) mod disconnect;
pub(crate) mod document;
pub(crate) mod enumerate;
pub(crate) mod exec;
pub(crate) mod exit;
pub(crate) mod field;
pub(crate) mod filled;
pub(crate) mod foreach;
pub(crate) mod form;
pub(crate) mod goto;
pub(crate) mod grammar;
pub(crate) mod item;
pub(crate) mod link;
pub(crate) mod log;
pub(crate) mod menu;
pub(crate) mod object;
pub(crate) mod prompt;
pub(crate) mod record;
pub(crate) mod returning;
pub(crate) mod script;
pub(crate) mod speakable;
pub(crate) mod subdialog;
pub(crate) mod submit;
pub(crate) mod terms;
pub(crate) mod throw;
pub(crate) mod transfer;
pub(crate) mod var;

use super::{
    check::{Finding, MAX_ERRORS},
    wire::{Fault, Place},
};

/// What is read along with a page.
#[derive(Default)]
pub(crate) struct Reader {
    /// What is passed over, with its place.
    pub(crate) warnings: Vec<Finding>,
    /// What makes the page void, where all of that is wanted and not the first of it.
    pub(crate) faults: Option<Vec<Fault>>,
    /// Items without names so far.
    unnamed: usize,
    /// Places along the page, one every so many bytes, with their bytes.
    places: Vec<(usize, Place)>,
}

impl Reader {
    /// Most warnings that are kept.
    const MOST: usize = 50;
    /// How far the places that are remembered are apart, about.
    const STRIDE: usize = 512;

    /// One that goes on behind a fault, for whoever wants to know of all.
    pub(crate) fn of_all() -> Self {
        Self { faults: Some(Vec::new()), ..Self::default() }
    }

    /// What was read of an element; nothing where it has a fault and those are gathered.
    pub(crate) fn past<T>(&mut self, read: Result<T, Fault>) -> Result<Option<T>, Fault> {
        match (read, &mut self.faults) {
            (Ok(read), _) => Ok(Some(read)),
            (Err(fault), Some(faults)) if faults.len() + 1 < MAX_ERRORS => {
                faults.push(fault);
                Ok(None)
            }
            (Err(fault), _) => Err(fault),
        }
    }

    /// Something is passed over.
    pub(crate) fn warn(&mut self, node: roxmltree::Node<'_, '_>, text: &str) {
        if self.warnings.len() < Self::MOST {
            let at = self.place(node);
            self.warnings.push(Finding::of(node, at, None, text));
        }
    }

    /// Where a node begins; all nodes are of one page.
    pub(crate) fn place(&mut self, node: roxmltree::Node<'_, '_>) -> Place {
        let (text, byte) = (node.document().input_text(), node.range().start);
        if self.places.is_empty() {
            self.places = places(text);
        }
        let nearest = self.places.partition_point(|(from, _)| *from <= byte) - 1;
        let (from, at) = self.places[nearest];
        text[from..byte].chars().fold(at, Place::behind)
    }

    /// A name for an item that has none.
    pub(crate) fn name(&mut self) -> String {
        self.unnamed += 1;
        format!("$item{}", self.unnamed)
    }
}

/// Places along a text, of which the first is its beginning.
fn places(text: &str) -> Vec<(usize, Place)> {
    let mut at = Place { line: 1, column: 1 };
    let mut found = vec![(0, at)];
    let mut next = Reader::STRIDE;
    for (byte, c) in text.char_indices() {
        if byte >= next {
            found.push((byte, at));
            next = byte + Reader::STRIDE;
        }
        at = at.behind(c);
    }
    found
}
