//! `privacy`: whether later callees see who calls.
//!
//! Shape: `mode` `full` or `yes` (neither name nor number), `name`, `number`. `_` follows.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::Privacy};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::one_of("mode", &["full", "name", "number", "yes", "none", "no"]).or_text("full"),
    Field::one_of("endpoint_strategy", &["overwrite", "merge"]),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.state.privacy = match node.data.text("mode") {
        Some("name") => Privacy::Name,
        Some("number") => Privacy::Number,
        Some("none" | "no") => Privacy::None,
        _ => Privacy::Full,
    };
    Ok(Step::Next)
}
