//! `cidlistmatch`: goes on by whether the caller's number is in a list.
//!
//! Shape: `id` of a list of the account (`lists.<id>`, numbers or expressions), or `numbers` that stand here. Children `match` and `nomatch`.
//! Errors: a list that is not there matches nothing, which is told.
//! Sources: `kazoo-pivot.md` 4.2.

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{DocumentKind, Interrupted};

pub(in crate::pivot) const FIELDS: &[Field] =
    &[Field::text("id"), Field::texts("numbers"), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let (_, number) = session.identity();
    let mut listed: Vec<String> = node.data.texts("numbers").into_iter().map(str::to_owned).collect();
    if let Some(id) = node.data.said("id") {
        let account = session.surroundings.document(DocumentKind::Account, "");
        let list = account.as_ref().and_then(|account| account.get("lists")?.get(id)).and_then(Value::as_array);
        match list {
            Some(numbers) => listed.extend(numbers.iter().filter_map(Value::as_str).map(str::to_owned)),
            None => session.warn(format!("there is no list {id:?}")).await?,
        }
    }
    let child = if listed.contains(&number) { "match" } else { "nomatch" };
    Ok(Step::Child(child.to_owned()))
}
