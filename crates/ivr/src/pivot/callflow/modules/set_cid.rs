//! `set_cid`: whom later callees see. The parameters of requests stay.
//!
//! Shape: `caller_id_name`, `caller_id_number`; an empty one takes the rewrite away. `_` follows.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("caller_id_name").or_text(""),
    Field::text("caller_id_number").or_text(""),
    Field::flag("skip_module"),
];

/// What may stand in a header.
pub(super) fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
}

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.state.caller_id.name = node.data.said("caller_id_name").map(line);
    session.state.caller_id.number = node.data.said("caller_id_number").map(line);
    Ok(Step::Next)
}
