//! The parameters of a request under KAZOO's names.
//!
//! Shape: what is not known is left out, and so is an empty object.
//! Sources: `kazoo-pivot.md` 2.3, 2.6, 2.7, 8 (A16, A17, A27, A29).

use serde_json::Value;

use super::{Parameters, Session, told_headers};

pub(super) fn add(session: &Session<'_>, into: &mut Parameters) {
    let (call, state, policy) = (&*session.call, &session.state, &session.policy);
    let sip = &call.caller.sip;
    let (name, number) = session.identity();
    let mut add = |name: &str, value: &str| drop(into.insert(name.to_owned(), Value::from(value)));
    add("Account-ID", &session.pivot.account);
    add("Api-Version", "4.x");
    add("Call-ID", session.sip_call_id());
    add("Caller-ID-Name", if name.is_empty() { &policy.unknown_caller } else { &name });
    add("Caller-ID-Number", &number);
    add("Direction", session.direction());
    add("From", &session.from_user());
    add("From-Realm", &sip.from_host);
    add("Language", &session.language());
    add("Request", session.request_user());
    add("Request-Realm", &sip.request_host);
    add("To", session.to_user());
    add("To-Realm", &sip.to_host);
    if policy.status_in_first_request || state.iteration > 1 {
        add("Call-Status", session.call_status().as_str());
    }
    if let Some(recording) = &state.recording {
        add("Recording-Url", &recording.url);
        add("Recording-ID", &recording.id);
        add("Recording-Duration", &recording.length.as_secs().to_string());
    }
    objects(session, into);
}

fn objects(session: &Session<'_>, into: &mut Parameters) {
    let state = &session.state;
    if !state.application_vars.is_empty() {
        into.insert("Custom-Application-Vars".to_owned(), Value::Object(state.application_vars.clone()));
    }
    let headers = told_headers(&session.call.caller.sip.headers, &session.policy);
    if !headers.is_empty() {
        into.insert("Custom-SIP-Headers".to_owned(), Value::Object(headers));
    }
    match state.owners.as_slice() {
        [] => {}
        [one] => drop(into.insert("User-ID".to_owned(), Value::from(one.as_str()))),
        several => drop(into.insert("User-ID".to_owned(), Value::from(several.to_vec()))),
    }
}
