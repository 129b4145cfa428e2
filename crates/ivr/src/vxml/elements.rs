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

use std::collections::BTreeMap;

use super::{check::Finding, wire::Place};

/// What is read along with a page.
#[derive(Default)]
pub(crate) struct Reader {
    /// What is passed over, with its place.
    pub(crate) warnings: Vec<Finding>,
    /// Items without names so far.
    unnamed: usize,
    /// The places that were asked for, by their bytes.
    places: BTreeMap<usize, Place>,
}

impl Reader {
    /// Most warnings that are kept.
    const MOST: usize = 50;

    /// Something is passed over.
    pub(crate) fn warn(&mut self, node: roxmltree::Node<'_, '_>, text: &str) {
        if self.warnings.len() < Self::MOST {
            let at = self.place(node);
            self.warnings.push(Finding::of(node, at, None, text));
        }
    }

    /// Where a node begins. It is counted from the nearest place before it, so that no text is counted more than a few times, whether an
    /// element is asked for before those in it or after them.
    pub(crate) fn place(&mut self, node: roxmltree::Node<'_, '_>) -> Place {
        let (text, byte) = (node.document().input_text(), node.range().start);
        let before = self.places.range(..=byte).next_back();
        let (from, mut at) = before.map_or((0, Place { line: 1, column: 1 }), |(from, at)| (*from, *at));
        for c in text[from..byte].chars() {
            at = if c == '\n' { Place { line: at.line + 1, column: 1 } } else { Place { column: at.column + 1, ..at } };
        }
        self.places.insert(byte, at);
        at
    }

    /// A name for an item that has none.
    pub(crate) fn name(&mut self) -> String {
        self.unnamed += 1;
        format!("$item{}", self.unnamed)
    }
}
