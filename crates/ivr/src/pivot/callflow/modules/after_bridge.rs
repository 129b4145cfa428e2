//! `after_bridge`: what becomes of the caller when whoever is called next has hung up.
//!
//! Shape: `action` `park`, `transfer` or `hangup`; `data` is the target of a transfer, or whether a hang-up is meant. `_` follows.
//! Sources: `kazoo-pivot.md` 4.2.

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::AfterBridge};

pub(in crate::pivot) const FIELDS: &[Field] =
    &[Field::one_of("action", &["park", "transfer", "hangup"]), Field::any("data"), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let wanted = !matches!(node.data.value("data"), Some(Value::Bool(false)));
    session.state.after_bridge = match (node.data.text("action"), node.data.said("data")) {
        (Some("park"), _) if wanted => Some(AfterBridge::Park),
        (Some("hangup"), _) if wanted => Some(AfterBridge::Hangup),
        (Some("transfer"), Some(target)) => Some(AfterBridge::Transfer(target.to_owned())),
        (Some("transfer"), None) => {
            session.warn("after_bridge has no target in data; it is passed over").await?;
            None
        }
        _ => None,
    };
    Ok(Step::Next)
}
