//! `dead_air`: answers, and is silent until the call ends.
//!
//! Shape: no data; nothing follows.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.answer().await?;
    session.wait_for_end().await?;
    Ok(Step::Stop)
}
