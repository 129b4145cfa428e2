//! `flush_dtmf`: forgets a collection of digits, and what was typed ahead.
//!
//! Shape: `collection_name`; `_` follows.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::session::DEFAULT};

pub(in crate::pivot) const FIELDS: &[Field] =
    &[Field::text("collection_name").or_text(DEFAULT), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let name = node.data.said("collection_name").unwrap_or(DEFAULT);
    if name == DEFAULT {
        session.typed_ahead().await?;
    }
    session.state.collections.remove(name);
    Ok(Step::Next)
}
