//! A document given out: its vendor's namespace is ours, whatever it was called by whoever wrote it.
//!
//! Sources: `voicexml-customizers.md` 1.6; 6, row 9.

use super::{NAMESPACE, PREFIX, import::taken};
use crate::vxml::{
    check::Finding,
    wire::{Fault, xml},
};

/// A document as it is given out. One that does not bind the prefix yet does so then; all else is as it was written.
pub fn export(text: &str) -> Result<String, Finding> {
    given(text).map_err(Finding::from)
}

fn given(text: &str) -> Result<String, Fault> {
    let text = xml::checked(text)?;
    let tree = xml::parse(&text)?;
    let root = tree.root_element();
    let bound = root
        .namespaces()
        .find(|namespace| namespace.name() == Some(PREFIX))
        .map(|namespace| namespace.uri().to_owned());
    let Some(uri) = bound else { return taken(&text).map(|_| declared(&text, root.range().start)) };
    if uri == NAMESPACE {
        return Ok(text.into_owned());
    }
    // The value of an attribute of the root: the first of this name behind its beginning.
    let begin = root.range().start;
    let name = format!("xmlns:{PREFIX}");
    let Some(at) = value_of(&text, begin, &name) else { return Ok(text.into_owned()) };
    let Some(open) = text[at..].find(['"', '\'']).map(|open| at + open) else { return Ok(text.into_owned()) };
    let quote = text[open..].chars().next().unwrap_or('"');
    let close = text[open + 1..].find(quote).map_or(open + 1, |close| open + 1 + close);
    Ok(format!("{}{NAMESPACE}{}", &text[..=open], &text[close..]))
}

/// Where the name of an attribute ends that is called exactly so.
fn value_of(text: &str, begin: usize, name: &str) -> Option<usize> {
    let mut found = text[begin..].match_indices(name).map(|(at, _)| begin + at);
    let is_whole = |at: &usize| {
        let is_begun = text[..*at].ends_with(|c: char| c.is_whitespace());
        is_begun && text[at + name.len()..].trim_start().starts_with('=')
    };
    found.find(is_whole).map(|at| at + name.len())
}

fn declared(text: &str, root: usize) -> String {
    let end = text[root..].find("vxml").map_or(root, |at| root + at + "vxml".len());
    format!("{} xmlns:{PREFIX}=\"{NAMESPACE}\"{}", &text[..end], &text[end..])
}
