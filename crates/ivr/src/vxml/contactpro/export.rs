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
    let Some(at) = text[begin..].find(&name).map(|at| begin + at + name.len()) else { return Ok(text.into_owned()) };
    let Some(open) = text[at..].find(['"', '\'']).map(|open| at + open) else { return Ok(text.into_owned()) };
    let quote = text[open..].chars().next().unwrap_or('"');
    let close = text[open + 1..].find(quote).map_or(open + 1, |close| open + 1 + close);
    Ok(format!("{}{NAMESPACE}{}", &text[..=open], &text[close..]))
}

fn declared(text: &str, root: usize) -> String {
    let end = text[root..].find("vxml").map_or(root, |at| root + at + "vxml".len());
    format!("{} xmlns:{PREFIX}=\"{NAMESPACE}\"{}", &text[..end], &text[end..])
}
