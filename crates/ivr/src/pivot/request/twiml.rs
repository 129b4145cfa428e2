//! The parameters of a request under TwiML's names.
//!
//! Shape: those of KAZOO, and those that Twilio sends besides.
//! Sources: `kazoo-pivot.md` 2.4, 5.4.

use serde_json::Value;

use super::{Parameters, Session};

pub(super) fn add(session: &Session<'_>, into: &mut Parameters) {
    let (call, state) = (&*session.call, &session.state);
    let sip = &call.caller.sip;
    let (name, number) = session.identity();
    let from = session.from_user();
    let mut add = |name: &str, value: &str| drop(into.insert(name.to_owned(), Value::from(value)));
    add("CallSid", session.sip_call_id());
    add("AccountSid", &session.pivot.account);
    add("From", &from);
    add("FromRealm", &sip.from_host);
    add("To", session.to_user());
    add("ToRealm", &sip.to_host);
    add("ApiVersion", "2010-04-01");
    add("Direction", session.direction());
    add("CallerName", if name.is_empty() { &session.policy.unknown_caller } else { &name });
    add("CallerNumber", &number);
    add("Caller", &from);
    add("Called", session.to_user());
    if session.policy.status_in_first_request || state.iteration > 1 {
        add("CallStatus", session.call_status().as_str());
    }
    if !call.caller.diversion_number.is_empty() {
        add("ForwardedFrom", &call.caller.diversion_number);
    }
}
