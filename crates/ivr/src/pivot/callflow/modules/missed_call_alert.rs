//! `missed_call_alert`: has somebody told when the call ends and nobody has talked to the caller.
//!
//! Shape: `recipients`; one whose id is a URL gets the call in a POST, as `webhook` sends it. `_` follows.
//! Errors: addresses and users are told nothing, which is told: this surface sends no mail.
//! Sources: `kazoo-pivot.md` 4.2.

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted,
    pivot::{MissedCall, schema::ListOf},
};

const RECIPIENTS: ListOf = ListOf {
    fields: &[Field::any("id").required(), Field::one_of("type", &["user", "email"]).required()],
    bare: Some(("id", &[("type", "email")])),
};

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::list("recipients", &RECIPIENTS).required(), Field::flag("skip_module")];

/// Most web servers that are told.
const MOST: usize = 10;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let mut urls = Vec::new();
    for recipient in node.data.list("recipients") {
        let ids = match recipient.value("id") {
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(id)) => vec![id.clone()],
            _ => Vec::new(),
        };
        for id in ids {
            match session.policy.guard.check(&id) {
                Ok(()) => urls.push(id),
                Err(_) => session.warn(format!("{id:?} is told of no missed call: only URLs are")).await?,
            }
        }
    }
    urls.truncate(MOST);
    session.state.missed_call = (!urls.is_empty()).then_some(MissedCall { urls });
    Ok(Step::Next)
}
