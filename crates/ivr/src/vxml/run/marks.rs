//! The last mark that was said before a caller did something.
//!
//! Shape: [`Marks`] are those among prompts; [`Interpreter::passed`] is told how much of the prompts was heard, and keeps the last mark
//! of that until an item is filled or something matches.
//! Units: `marktime` in milliseconds of what was said behind the mark: up to the key or voice that stopped it, else to the end.
//! Sources: VoiceXML 2.1 §3; `voicexml-customizers.md` 3.11.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::Interpreter;
use crate::op::Extent;

/// The marks among prompts.
#[derive(Clone, Default, Debug)]
pub(super) struct Marks {
    /// Each with how many prompts are before it.
    marks: Vec<(usize, String)>,
}

/// The last mark that was said.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct LastMark {
    name: String,
    /// How long something was said behind it.
    since: Duration,
}

impl Marks {
    /// Puts a mark behind so many prompts.
    pub(super) fn put(&mut self, prompts: usize, name: &str) {
        self.marks.push((prompts, name.to_owned()));
    }
}

impl LastMark {
    /// Adds itself to what scripts see of an input.
    pub(super) fn show(&self, shadow: &mut Json) {
        shadow["markname"] = json!(self.name);
        shadow["marktime"] = json!(u64::try_from(self.since.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Interpreter<'_> {
    /// So much was heard of prompts with these marks in them.
    pub(super) fn passed(&mut self, marks: &Marks, extent: &Extent) {
        let reached =
            marks.marks.iter().rev().find_map(|(prompt, name)| extent.since(*prompt).map(|since| (name, since)));
        match (reached, &mut self.mark) {
            (Some((name, since)), mark) => *mark = Some(LastMark { name: name.clone(), since }),
            (None, Some(mark)) => mark.since = mark.since.saturating_add(extent.heard()),
            (None, None) => {}
        }
    }

    /// An item that listens to no grammar was filled: adds the last mark to what scripts see of it.
    pub(super) fn show_mark(&mut self, shadow: &mut Json) {
        if let Some(mark) = self.mark.take() {
            mark.show(shadow);
        }
    }
}
