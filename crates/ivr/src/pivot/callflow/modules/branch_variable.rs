//! `branch_variable`: goes on at the child that is called as a variable's value.
//!
//! Shape: `variable`, a name or a path (`a.b`, or a list), and `scope`. Beside KAZOO's scopes there are `custom_application_vars`, `call`
//! (the parameters of a request) and `digits` (collections). A value that no child is called by leads to `_`.
//! Sources: `kazoo-pivot.md` 4.1, 8 (A21).

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{
    DocumentKind, Interrupted,
    pivot::{RequestFormat, request},
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::any("variable").or_text("").required(),
    Field::text("scope").or_text("custom_channel_vars"),
    Field::text("id"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let path: Vec<String> = match node.data.value("variable") {
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(path)) => path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let scope = node.data.text("scope").unwrap_or_default();
    let id = node.data.said("id").map(str::to_owned).or_else(|| session.state.owners.first().cloned()).unwrap_or_default();
    let document = |kind| session.surroundings.document(kind, &id);
    let values = match scope {
        "custom_channel_vars" => Some(Value::Object(session.state.channel_vars.clone())),
        "custom_application_vars" => Some(Value::Object(session.state.application_vars.clone())),
        "digits" => serde_json::to_value(&session.state.collections).ok(),
        "call" => Some(Value::Object(request::seen(session, RequestFormat::Kazoo))),
        "account" => document(DocumentKind::Account),
        "user" | "merged" => document(DocumentKind::User).or_else(|| document(DocumentKind::Account)),
        "device" => document(DocumentKind::Device),
        other => {
            session.warn(format!("there is no scope {other:?}")).await?;
            None
        }
    };
    let found = values.as_ref().filter(|_| !path.is_empty()).and_then(|values| at(values, &path));
    Ok(found.and_then(said).map_or(Step::Next, Step::Child))
}

/// The value at a path, with names compared as KAZOO writes them in documents: in lower case, with `_` for `-`.
fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    let object = value.as_object()?;
    let same = |name: &str| normal(name) == normal(first);
    let next = object.get(first).or_else(|| object.iter().find(|(name, _)| same(name)).map(|(_, value)| value))?;
    at(next, rest)
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
