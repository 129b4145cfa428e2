//! What a web server is told of a call.
//!
//! Shape: a session and an [`Ask`] in, a [`Fetch`] out. With GET the parameters stand in the query, with POST in the body.
//! Units: whole seconds.
//! Errors: [`BadRequest`] where a URL cannot be asked.
//! Sources: `kazoo-pivot.md` 2.1 to 2.7, 8 (A13, A16, A17, A29).

mod kazoo;
mod signature;
mod tell;
mod twiml;

pub use tell::{Teller, of_call};

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Ask, BodyFormat, Policy, RequestFormat, Session, State, encode,
    guard::{self, Refused},
    session::{Asker, DEFAULT},
};
use crate::{Fetch, FetchBody, FetchMethod, Meanwhile};

/// The longest URL that is asked.
const MAX_URL: usize = 16 * 1024;
/// How many redirects are followed (`kazoo-pivot.md` 2.1).
const MAX_REDIRECTS: u8 = 5;
/// The program, to web servers.
const USER_AGENT: &str = concat!("Antiphon/", env!("CARGO_PKG_VERSION"));
/// What is understood.
const ACCEPT: &str = "application/json, application/xml, text/xml";

/// Why a request cannot be made.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadRequest {
    /// Its URL cannot be asked.
    #[error("the URL {0}")]
    Refused(#[from] Refused),
    /// Its URL is too long.
    #[error("with its parameters, the URL is too long")]
    TooLong,
}

/// Parameters, by their names.
pub type Parameters = Map<String, Value>;

/// What a web server is asked. What goes with one request only is taken out of the session.
///
/// # Errors
/// [`BadRequest`].
pub fn fetch(session: &mut Session<'_>, ask: &Ask) -> Result<Fetch, BadRequest> {
    session.policy.guard.check(&ask.url)?;
    let parameters = parameters(session, ask.data.format, ask.asker);
    let step = step(&session.state);
    let shape = Shape { url: &ask.url, method: ask.method, body: ask.data.body, headers: &ask.data.headers };
    prepared(&shape, &parameters, &session.policy, session.pivot.secret.as_deref(), ask.data.patience, &step)
}

/// What a request looks like, beside its parameters.
struct Shape<'a> {
    url: &'a str,
    method: FetchMethod,
    body: BodyFormat,
    headers: &'a [(String, String)],
}

fn prepared(
    shape: &Shape<'_>,
    parameters: &Parameters,
    policy: &Policy,
    secret: Option<&str>,
    patience: Duration,
    step: &str,
) -> Result<Fetch, BadRequest> {
    policy.guard.check(shape.url)?;
    let form = encode::form(parameters);
    let mut headers = vec![("User-Agent".to_owned(), USER_AGENT.to_owned()), ("Accept".to_owned(), ACCEPT.to_owned())];
    headers.extend(shape.headers.iter().cloned());
    let (url, body) = match shape.method {
        FetchMethod::Get => (encode::with_query(shape.url, &form), None),
        FetchMethod::Post | FetchMethod::Put | FetchMethod::Patch => {
            (encode::with_query(shape.url, ""), Some(body(shape.body, parameters.clone(), form)))
        }
    };
    if url.len() > MAX_URL {
        return Err(BadRequest::TooLong);
    }
    if let Some(secret) = secret {
        let posted = body.is_some() && shape.body == BodyFormat::Form;
        let signature = signature::of(secret, &url, if posted { Some(parameters) } else { None });
        headers.push(("X-Twilio-Signature".to_owned(), signature));
    }
    Ok(Fetch {
        method: shape.method,
        url,
        headers,
        body,
        patience: patience.clamp(Duration::from_millis(1), policy.longest_patience),
        max_bytes: policy.max_body,
        redirects: MAX_REDIRECTS,
        step: step.to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    })
}

/// The request's number; with `debug` where its records are to be shown (`kazoo-pivot.md` 6.1).
fn step(state: &State) -> String {
    let debug = if state.data.debug { " debug" } else { "" };
    format!("pivot {}{debug}", state.iteration)
}

fn body(format: BodyFormat, parameters: Parameters, form: String) -> FetchBody {
    match format {
        BodyFormat::Form => {
            FetchBody { content_type: "application/x-www-form-urlencoded".to_owned(), bytes: form.into_bytes() }
        }
        BodyFormat::Json => FetchBody {
            content_type: "application/json".to_owned(),
            bytes: Value::Object(parameters).to_string().into_bytes(),
        },
    }
}

/// The parameters of a request; those of one request only are taken out of the session.
pub fn parameters(session: &mut Session<'_>, format: RequestFormat, asker: Asker) -> Parameters {
    // The later ones win: the format's own, then those of verbs, then the author's.
    let mut parameters: Parameters =
        session.state.user_vars.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    results(session, &mut parameters);
    for (name, value) in std::mem::take(&mut session.state.once) {
        parameters.insert(name, Value::from(value));
    }
    let digits = digits(session, format, asker);
    match format {
        RequestFormat::Kazoo => kazoo::add(session, &mut parameters),
        RequestFormat::Twiml => twiml::add(session, &mut parameters),
    }
    // A verb that says what was pressed, and be it nothing, knows better than what was collected before.
    if let Some(digits) = digits
        && !parameters.contains_key("Digits")
    {
        parameters.insert("Digits".to_owned(), digits);
    }
    parameters
}

/// The parameters that a request would have now; nothing is taken out of the session.
pub fn seen(session: &mut Session<'_>, format: RequestFormat) -> Parameters {
    let state = session.state.clone();
    let parameters = parameters(session, format, Asker::Pivot);
    session.state = state;
    parameters
}

/// What came of verbs, in TwiML's words.
fn results(session: &Session<'_>, into: &mut Parameters) {
    let state = &session.state;
    let mut add = |name: &str, value: Value| drop(into.insert(name.to_owned(), value));
    if let Some(recording) = &state.recording {
        add("RecordingUrl", Value::from(recording.url.as_str()));
        add("RecordingDuration", Value::from(recording.length.as_secs()));
        add("RecordingSid", Value::from(recording.id.as_str()));
    }
    if let Some(dial) = &state.dial {
        add("DialCallStatus", Value::from(dial.status.as_str()));
        add("DialCallDuration", Value::from(dial.talk.as_secs()));
        if !dial.sid.is_empty() {
            add("DialCallSid", Value::from(dial.sid.as_str()));
        }
    }
    if let Some(queue) = &state.queue_sid {
        add("QueueSid", Value::from(queue.as_str()));
    }
    if let Some(status) = state.call_status.filter(|_| state.iteration > 1) {
        add("CallStatus", Value::from(status.as_str()));
    }
}

/// What was pressed (`kazoo-pivot.md` 2.5): the key that ended a recording, else the collections, else what was gathered.
fn digits(session: &mut Session<'_>, format: RequestFormat, asker: Asker) -> Option<Value> {
    let state = &mut session.state;
    let pressed = state.digit_pressed.take();
    let gathered = std::mem::take(&mut state.digits_collected);
    let gathered = Some(gathered).filter(|digits| !digits.is_empty());
    let single = pressed.or(gathered).map(Value::from);
    let collections = || {
        let all: Map<String, Value> =
            state.collections.iter().map(|(name, digits)| (name.clone(), Value::from(digits.as_str()))).collect();
        (!all.is_empty()).then_some(Value::Object(all))
    };
    match (format, asker) {
        // One text, so what TwiML has gathered goes before what a callflow has collected.
        (RequestFormat::Twiml, Asker::Pivot) => {
            single.or_else(|| state.collections.get(DEFAULT).map(|digits| digits.as_str().into()))
        }
        // What a callflow has collected is not what a document has.
        (RequestFormat::Twiml, Asker::Verb | Asker::Aside) => single,
        (RequestFormat::Kazoo, _) => single.or_else(collections),
    }
}

/// Header fields that web servers are told of (A29).
pub(super) fn told_headers(headers: &[(String, String)], policy: &Policy) -> Map<String, Value> {
    let hidden = |name: &str| policy.hidden_headers.iter().any(|hidden| hidden.eq_ignore_ascii_case(name));
    let told = headers.iter().filter(|(name, _)| !hidden(name));
    told.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// Whether a URL is one that can be asked.
pub fn is_address(url: &str) -> bool {
    guard::host(url).is_some()
}
