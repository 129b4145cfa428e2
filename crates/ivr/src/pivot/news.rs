//! What web servers are told of a call beside its requests.
//!
//! Shape: the call as KAZOO writes it down, in lower case and with `_`; and the order to tell it, by a query or a form.
//! Units: two seconds between attempts.
//! Sources: `kazoo-pivot.md` 4.2 (webhook).

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Pivot, Policy, State, encode};
use crate::{Call, Fetch, FetchBody, FetchMethod, Meanwhile, op::Tell};

/// How long a web server is waited for before it is told again.
const PAUSE: Duration = Duration::from_secs(2);

/// The call.
pub(super) fn of_call(call: &Call, state: &State, pivot: &Pivot, language: &str) -> Map<String, Value> {
    let (caller, sip) = (&call.caller, &call.caller.sip);
    let (name, number) = state.shown.clone().unwrap_or_else(|| (caller.name.clone(), caller.number.clone()));
    let address = |user: &str, host: &str| if host.is_empty() { user.to_owned() } else { format!("{user}@{host}") };
    let call_id = if sip.call_id.is_empty() { &caller.call_id } else { &sip.call_id };
    let texts = [
        ("account_id", pivot.account.clone()),
        ("call_id", call_id.clone()),
        ("caller_id_name", name),
        ("caller_id_number", number),
        ("cluster_id", "antiphon".to_owned()),
        ("direction", "inbound".to_owned()),
        ("from", address(&sip.from_user, &sip.from_host)),
        ("from_realm", sip.from_host.clone()),
        ("from_user", sip.from_user.clone()),
        ("interaction_id", caller.call_id.clone()),
        ("language", language.to_owned()),
        ("request", address(&sip.request_user, &sip.request_host)),
        ("request_realm", sip.request_host.clone()),
        ("request_user", sip.request_user.clone()),
        ("to", address(&sip.to_user, &sip.to_host)),
        ("to_realm", sip.to_host.clone()),
        ("to_user", sip.to_user.clone()),
    ];
    let mut told: Map<String, Value> = texts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if !state.application_vars.is_empty() {
        told.insert("custom_application_vars".to_owned(), Value::Object(state.application_vars.clone()));
    }
    told
}

/// The order to tell it.
pub(super) fn tell(url: &str, method: FetchMethod, told: &Map<String, Value>, retries: u8, policy: &Policy) -> Tell {
    let form = encode::form(told);
    let (url, body) = match method {
        FetchMethod::Get => (encode::with_query(url, &form), None),
        _ => {
            let content_type = "application/x-www-form-urlencoded".to_owned();
            (encode::with_query(url, ""), Some(FetchBody { content_type, bytes: form.into_bytes() }))
        }
    };
    let fetch = Fetch {
        method,
        url,
        headers: Vec::new(),
        body,
        patience: policy.longest_patience,
        max_bytes: 64 * 1024,
        redirects: 5,
        step: "pivot webhook".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    };
    Tell { fetch, retries, pause: PAUSE }
}
