//! What is told of a call when it is over: recordings that wait, actions and callbacks of TwiML, whoever missed it, and its record.
//!
//! Shape: the state of the last pivot of the call, and what whoever performed the call knows of it.
//! Units: whole seconds; `Timestamp` counts from the year 0, as Erlang does.
//! Errors: nobody waits for what comes of it.
//! Sources: `kazoo-pivot.md` 2.8, 4.2 (`missed_call_alert`), 4.4, 8 (A20).

use serde_json::{Map, Value};

use crate::{
    Call, CallRecord, EndedCall, Ending, FetchMethod, Interrupted,
    pivot::{Pivot, Policy, State, causes, news, temporal::GREGORIAN},
};

/// Whether [`after`] has anything to do; that is known at the end of the call only.
pub fn has_epilogue(_pivot: &Pivot) -> bool {
    true
}

/// Tells of a call that is over.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn after(pivot: &Pivot, ended: &mut EndedCall) -> Result<(), Interrupted> {
    let (ending, record, talked) = (ended.status(), ended.record().clone(), ended.has_talked());
    let call = ended.call();
    let Some(mut state) = call.pivot.take() else { return Ok(()) };
    for waiting in std::mem::take(&mut state.uploads) {
        call.upload(waiting.0).await?;
    }
    if let Some(missed) = state.missed_call.take().filter(|_| !talked) {
        let told = news::of_call(call, &state, pivot, state.language.as_deref().unwrap_or("en-us"));
        for url in &missed.urls {
            call.tell(news::tell(url, FetchMethod::Post, &told, 2, &state.policy)).await?;
        }
    }
    if let Some(url) = state.cdr_url.take() {
        let told = told(call, &state, ending, &record);
        call.tell(news::tell(&url, FetchMethod::Post, &told, 0, &state.policy)).await?;
    }
    for farewell in state.farewells {
        farewell.over(ended).say(ended.call()).await?;
    }
    Ok(())
}

/// The record of a call.
fn told(call: &Call, state: &State, ending: Ending, record: &CallRecord) -> Map<String, Value> {
    let (caller, sip) = (&call.caller, &call.caller.sip);
    let (name, number) = state.shown.clone().unwrap_or_else(|| (caller.name.clone(), caller.number.clone()));
    let address = |user: &str, host: &str| if host.is_empty() { user.to_owned() } else { format!("{user}@{host}") };
    let own_id = if sip.call_id.is_empty() { &caller.call_id } else { &sip.call_id };
    let callee = if sip.to_user.is_empty() { &caller.called_number } else { &sip.to_user };
    let texts = [
        ("Call-ID", own_id.clone()),
        ("Call-Direction", if sip.call_id.is_empty() { "outbound" } else { "inbound" }.to_owned()),
        ("Caller-ID-Name", name),
        ("Caller-ID-Number", number),
        ("Callee-ID-Number", callee.clone()),
        ("From", address(&sip.from_user, &sip.from_host)),
        ("To", address(&sip.to_user, &sip.to_host)),
        ("Request", address(&sip.request_user, &sip.request_host)),
        ("From-Tag", sip.from_tag.clone()),
        ("To-Tag", record.to_tag.clone()),
        ("Hangup-Cause", causes::of_status(record.status).to_owned()),
        ("Hangup-Code", format!("sip:{}", record.status)),
        ("Disposition", ending.as_str().to_owned()),
        ("Other-Leg-Call-ID", record.other_call_id.clone()),
        ("User-Agent", sip.user_agent.clone()),
        ("Interaction-ID", caller.call_id.clone()),
    ];
    let mut told: Map<String, Value> = texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    let mut add = |name: &str, value: Value| drop(told.insert(name.to_owned(), value));
    let created = record.created.as_second().saturating_add(GREGORIAN);
    let seconds = |length: std::time::Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    add("Duration-Seconds", record.duration.as_secs().into());
    add("Billing-Seconds", record.answered.as_secs().into());
    add("Ringing-Seconds", record.duration.saturating_sub(record.answered).as_secs().into());
    add("Channel-Created-Time", created.into());
    add("Timestamp", created.saturating_add(seconds(record.duration)).into());
    if !state.application_vars.is_empty() {
        add("Custom-Application-Vars", Value::Object(state.application_vars.clone()));
    }
    let headers = headers(&sip.headers, &state.policy);
    if !headers.is_empty() {
        add("Custom-SIP-Headers", Value::Object(headers));
    }
    if !state.recordings.is_empty() {
        add("Media-Recordings", Value::from(state.recordings.clone()));
    }
    told
}

fn headers(all: &[(String, String)], policy: &Policy) -> Map<String, Value> {
    crate::pivot::request::told_headers(all, policy)
}
