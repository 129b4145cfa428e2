//! `offnet`: `resources` by its old name.
//!
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step, resources};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = resources::FIELDS;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    resources::run(node, session).await
}
