//! `set_alert_info`: what later callees are told by `Alert-Info`.
//!
//! Shape: `alert_info`; `_` follows.
//! Sources: `kazoo-pivot.md` 4.2; RFC 3261 §20.4.

use super::{Field, Node, Session, Step, set_cid::line};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::text("alert_info").required(), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.state.alert_info = node.data.said("alert_info").map(line);
    Ok(Step::Next)
}
