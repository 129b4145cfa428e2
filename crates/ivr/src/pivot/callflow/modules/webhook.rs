//! `webhook`: tells a web server of the call, and waits for nothing.
//!
//! Shape: `uri`, `http_verb`, `custom_data` (it wins; its `type` and `action` are left out), `retries`. `_` follows at once.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::{FetchMethod, Interrupted, pivot::news};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::url("uri"),
    Field::one_of("http_verb", &["post", "get"]),
    Field::object("custom_data"),
    Field::integer("retries").within(0, 4),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let Some(uri) = data.said("uri").map(str::to_owned) else {
        session.warn("webhook has no uri").await?;
        return Ok(Step::Next);
    };
    if let Err(refused) = session.policy.guard.check(&uri) {
        session.warn(format!("uri {refused}")).await?;
        return Ok(Step::Next);
    }
    let mut told = news::of_call(session.call, &session.state, &session.pivot, &session.language());
    for (name, value) in data.object("custom_data").into_iter().flatten() {
        if !["type", "action"].contains(&name.as_str()) {
            told.insert(name.clone(), value.clone());
        }
    }
    let method = if data.text("http_verb") == Some("get") { FetchMethod::Get } else { FetchMethod::Post };
    let retries = u8::try_from(data.count("retries", 2)).unwrap_or(2);
    let mut tell = news::tell(&uri, method, &told, retries, &session.policy);
    tell.fetch.headers.push(("X-Hook-ID".to_owned(), session.sip_call_id().to_owned()));
    tell.fetch.headers.push(("X-Account-ID".to_owned(), session.pivot.account.clone()));
    session.call.tell(tell).await?;
    Ok(Step::Next)
}
