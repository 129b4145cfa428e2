//! `receive_fax`: receives a fax. It is not built: that is told, and `_` follows.
//!
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::text("owner_id"), Field::object("media"), Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.warn("receive_fax is not built: there is no T.38 and no detector of fax tones; it is passed over").await?;
    Ok(Step::Next)
}
