//! A document taken in, as the vendor's editor does: what is not supported is removed, and here also told.
//!
//! Shape: a text in; the text without those elements, and what they were. What stays keeps its line and column: blanks stand where
//! something was removed. Whether what is left makes sense is not looked at.
//! Errors: a text that is no XML, or whose root is none of VoiceXML.
//! Sources: `voicexml-customizers.md` 1.1, 1.2; 6, row 10.

use roxmltree::Node;

use super::{NAMESPACE, PREFIX, is_spoken, supported};
use crate::vxml::{
    check::Finding,
    elements::Reader,
    wire::{Attributes, Fault, xml},
};

/// A document without what is not supported.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Imported {
    /// What is left.
    pub document: String,
    /// What was removed, in its order.
    pub removed: Vec<Finding>,
}

/// Takes a document in.
pub fn import(text: &str) -> Result<Imported, Finding> {
    taken(text).map_err(Finding::from)
}

pub(crate) fn taken(text: &str) -> Result<Imported, Fault> {
    let text = xml::checked(text)?;
    let tree = xml::parse(&text)?;
    let root = tree.root_element();
    if root.tag_name().name() != "vxml" {
        return Err(Attributes(root).fault("the root is not <vxml>"));
    }
    let mut found = Vec::new();
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        let parent = node.tag_name().name();
        for child in node.children().filter(Node::is_element) {
            match reason(child, parent) {
                // A removed element takes all in it with it.
                Some(reason) => found.push((child, reason)),
                None => stack.push(child),
            }
        }
    }
    // In the order of the page, so that no line is counted twice.
    found.sort_by_key(|(node, _)| node.range().start);
    let mut reader = Reader::default();
    let told = |(node, reason): &(Node<'_, '_>, String)| Finding::of(*node, reader.place(*node), None, reason);
    let removed = found.iter().map(told).collect();
    let ranges: Vec<_> = found.iter().map(|(node, _)| node.range()).collect();
    let mut document = blanked(&text, &ranges);
    if !is_spoken(root) && Attributes(root).vendor("exprlang").is_none() {
        declare(&mut document, root.range().start);
    }
    Ok(Imported { document, removed })
}

/// Why an element cannot stay.
fn reason(node: Node<'_, '_>, parent: &str) -> Option<String> {
    let name = node.tag_name().name();
    if !supported::is_known(name) {
        return Some("there is no such element in this dialect".to_owned());
    }
    (!supported::may_stand(name, parent)).then(|| format!("does not stand in <{parent}> in this dialect"))
}

fn blanked(text: &str, ranges: &[std::ops::Range<usize>]) -> String {
    let mut made = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        made += &text[at..range.start];
        made.extend(text[range.start..range.end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        at = range.end;
    }
    made + &text[at..]
}

/// Binds the prefix at the root.
fn declare(document: &mut String, root: usize) {
    let end = document[root..].find("vxml").map_or(root, |at| root + at + "vxml".len());
    document.insert_str(end, &format!(" xmlns:{PREFIX}=\"{NAMESPACE}\""));
}
