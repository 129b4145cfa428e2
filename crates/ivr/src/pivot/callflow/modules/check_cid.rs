//! `check_cid`: goes on by the caller's number.
//!
//! Shape: `regex`, found anywhere in the number. Without a match the child `nomatch`, else `match`, or with `use_absolute_mode` the child that is
//! called as the number; `_` where there is none. A match may change who calls: `caller_id.external` and `user_id`, all of them.
//! Errors: an expression that is none matches nothing, and is told.
//! Sources: `kazoo-pivot.md` 4.1.

use regex::RegexBuilder;

use super::{Field, Node, Session, Step};
use crate::Interrupted;

const EXTERNAL: &[Field] = &[Field::text("name"), Field::text("number")];
const CALLER_ID: &[Field] = &[Field::fields("external", EXTERNAL)];

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("regex").or_text(".*"),
    Field::flag("use_absolute_mode").or_flag(false),
    Field::fields("caller_id", CALLER_ID),
    Field::text("user_id"),
    Field::flag("skip_module"),
];

/// Most bytes of a compiled expression: whoever writes it is not trusted.
const MAX_COMPILED: usize = 256 * 1024;

/// An expression of a callflow.
pub(super) fn expression(written: &str) -> Option<regex::Regex> {
    RegexBuilder::new(written).size_limit(MAX_COMPILED).build().ok()
}

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let (_, number) = session.identity();
    let written = node.data.text("regex").unwrap_or(".*");
    let expression = expression(written);
    if expression.is_none() {
        session.warn(format!("{written:?} is no regular expression; it matches nothing")).await?;
    }
    let matches = expression.is_some_and(|expression| expression.is_match(&number));
    let child = match (matches, node.data.flag("use_absolute_mode")) {
        (false, _) => node.child("nomatch"),
        (true, true) => node.child(&number),
        (true, false) => node.child("match"),
    };
    let Some(child) = child.cloned() else { return Ok(Step::Next) };
    if matches {
        identify(node, session);
    }
    Ok(Step::Into(child))
}

fn identify(node: &Node, session: &mut Session<'_>) {
    let external = node.data.inner("caller_id").inner("external");
    let (name, number, user) = (external.said("name"), external.said("number"), node.data.said("user_id"));
    if let (Some(name), Some(number), Some(user)) = (name, number, user) {
        session.state.shown = Some((name.to_owned(), number.to_owned()));
        session.state.owners = vec![user.to_owned()];
    }
}
