//! `fax_detect`: tells a fax from a person. It is not built: that is told, and `_` follows.
//!
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::integer("duration"), Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.warn("fax_detect is not built: there is no T.38 and no detector of fax tones; it is passed over").await?;
    Ok(Step::Next)
}
