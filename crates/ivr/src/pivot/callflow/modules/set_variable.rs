//! `set_variable`: a variable of the channel, which `branch_variable` looks at.
//!
//! Shape: `variable`, `value`, `channel`; KAZOO's two names are written as its channels have them. `_` follows.
//! Sources: `kazoo-pivot.md` 4.1.

use serde_json::{Map, Value};

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::session::MAX_VARIABLES};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("variable"),
    Field::text("value"),
    Field::one_of("channel", &["a", "both"]).or_text("a"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let Some(name) = node.data.said("variable") else {
        session.warn("set_variable names no variable").await?;
        return Ok(Step::Next);
    };
    let name = match name {
        "call_priority" => "Call-Priority",
        "group_id" => "Group-ID",
        other => other,
    };
    let vars = &mut session.state.channel_vars;
    let value = Value::from(node.data.text("value").unwrap_or_default());
    let size = |vars: &Map<String, Value>| vars.iter().map(|(name, value)| name.len() + value.to_string().len()).sum::<usize>();
    if size(vars) + name.len() + value.to_string().len() <= MAX_VARIABLES {
        vars.insert(name.to_owned(), value);
    }
    Ok(Step::Next)
}
