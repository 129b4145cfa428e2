//! `<catch>`, and its short forms `<error>`, `<help>`, `<noinput>`, `<nomatch>` (VoiceXML 2.0 §5.2.2).

use super::{
    Reader,
    exec::{self, Content},
};
use crate::vxml::wire::{Attributes, Fault};

/// What is done when something happens.
#[derive(Clone, Debug)]
pub(crate) struct Catch {
    /// The beginnings of names of events; none is all of them.
    events: Vec<String>,
    pub(crate) cond: Option<String>,
    pub(crate) count: u32,
    pub(crate) content: Content,
}

impl Catch {
    /// Reads one; `None` where the element is none.
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Option<Self>, Fault> {
        let events = match from.0.tag_name().name() {
            "catch" => from.list("event").unwrap_or_default(),
            name @ ("error" | "help" | "noinput" | "nomatch") => vec![name.to_owned()],
            _ => return Ok(None),
        };
        // What VoiceXML 1.0 called it.
        let current = |event: String| match event.strip_prefix("telephone.") {
            Some(rest) => format!("connection.{rest}"),
            None => event.trim_end_matches('.').to_owned(),
        };
        let events: Vec<_> = events.into_iter().map(current).filter(|event| !event.is_empty()).collect();
        Ok(Some(Self { events, cond: from.owned("cond"), count: from.count()?, content: exec::read(from.0, reader)? }))
    }

    /// How many names are compared with an event's.
    pub(crate) fn names(&self) -> usize {
        self.events.len().max(1)
    }

    /// The part of an event's name by which this catches it: the longest, or nothing where it catches all.
    pub(crate) fn catches<'e>(&self, event: &'e str) -> Option<&'e str> {
        if self.events.is_empty() {
            return Some("");
        }
        let begins = |wanted: &String| {
            event.strip_prefix(wanted.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('.'))?;
            Some(&event[..wanted.len()])
        };
        self.events.iter().filter_map(begins).max_by_key(|part| part.len())
    }
}
