//! `prepend_cid`: what stands before the name and the number that later callees see.
//!
//! Shape: `action` `prepend` or `reset`; `apply_to` `current` (before what stands there already) or `original` (in its place). `_` follows.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step, set_cid::line};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::one_of("action", &["reset", "prepend"]).or_text("prepend"),
    Field::one_of("apply_to", &["original", "current"]).or_text("current"),
    Field::text("caller_id_name_prefix").or_text(""),
    Field::text("caller_id_number_prefix").or_text(""),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let shown = &mut session.state.caller_id;
    if data.text("action") == Some("reset") || data.text("apply_to") == Some("original") {
        shown.name_prefix.clear();
        shown.number_prefix.clear();
    }
    if data.text("action") != Some("reset") {
        let before = |name: &str, old: &str| line(&format!("{}{old}", data.text(name).unwrap_or_default()));
        shown.name_prefix = before("caller_id_name_prefix", &shown.name_prefix);
        shown.number_prefix = before("caller_id_number_prefix", &shown.number_prefix);
    }
    Ok(Step::Next)
}
