//! `noop`: nothing. What was said before is over anyway when it runs.
//!
//! Shape: no data; `_` follows.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, _session: &mut Session<'_>) -> Result<Step, Interrupted> {
    Ok(Step::Next)
}
