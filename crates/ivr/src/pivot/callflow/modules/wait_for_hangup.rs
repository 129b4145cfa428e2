//! `wait_for_hangup`: waits until the call ends.
//!
//! Shape: no data; nothing follows.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.wait_for_end().await?;
    Ok(Step::Stop)
}
