//! The request of a web script: what it is told about the call.
//!
//! Shape: a script, the occasion and the call in, a [`Fetch`] out. With GET the parameters stand in the query, with POST in a form.
//! Errors: [`BadRequest`] where variables make a URL that cannot be asked.
//! Sources: `ringme-ivr.md` 4.2 (Ucom), 4.5 (VoipNow); the two differ as the table says.
//!
//! | parameter                                   | Ucom                  | VoipNow                                  |
//! |---------------------------------------------|-----------------------|------------------------------------------|
//! | EventType                                   | `call_interactive`    | absent                                   |
//! | CallID, CallerIDNum, CallerIDName, CallAPIID | always               | always                                   |
//! | CalledDID                                   | where there is one    | where there is one                       |
//! | CalledExtension                             | the menu              | the menu; absent where the menu dials out |
//! | CalledExtensionID, CallerExtensionID        | with the extension    | absent                                   |
//! | CallerExtension                             | on internal calls     | on internal calls, and where the menu dials out |
//! | CallStatus                                  | `ANSWER`              | `ANSWER`; `CALLING` in Dial-In and Dial-Out; how the call went in Hangup |
//! | CallFlow                                    | `IN`                  | `IN`; `OUT` where the menu dials out      |
//! | CalledNumber                                | as dialled            | as dialled; the numbers that are dialled out |
//! | `cb_variable_…`                             | each of a callback    | absent                                   |

use super::{Dialect, MAX_BYTES, MAX_REDIRECTS, WebScript, is_address, url};
use crate::{Call, Fetch, FetchBody, FetchMethod, Meanwhile};

/// The longest URL that is asked.
const MAX_URL: usize = 16 * 1024;
/// The longest form that is sent.
const MAX_FORM: usize = 64 * 1024;

/// Why a web server is asked.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Occasion {
    /// A rule or an action of the menu says so.
    Action,
    /// The call has reached the menu.
    DialIn,
    /// The menu calls these numbers.
    DialOut {
        /// The numbers, with commas between them.
        numbers: String,
    },
    /// The call is over.
    Hangup {
        /// How it went, in the words of `ringme-ivr.md` 4.5.
        status: &'static str,
    },
}

/// Why a request cannot be made.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadRequest {
    /// Variables in the front of the URL may leave nothing that can be asked.
    #[error("with its variables put in, the URL is none of a web server")]
    NoAddress,
    /// Too long.
    #[error("with its variables put in, the request is too long")]
    TooLong,
}

/// What a script is asked.
pub(super) fn fetch(script: &WebScript, occasion: &Occasion, call: &Call, step: &str) -> Result<Fetch, BadRequest> {
    let parameters = parameters(script.dialect, occasion, call);
    let url = url::expanded(&script.url, &call.vars);
    let (url, body) = match script.method {
        FetchMethod::Get => (url::with_query(&url, &parameters), None),
        FetchMethod::Post | FetchMethod::Put | FetchMethod::Patch => {
            let form = url::form(&parameters);
            if form.len() > MAX_FORM {
                return Err(BadRequest::TooLong);
            }
            let content_type = "application/x-www-form-urlencoded".to_owned();
            (url::with_query(&url, &[]), Some(FetchBody { content_type, bytes: form.into_bytes() }))
        }
    };
    if url.len() > MAX_URL {
        return Err(BadRequest::TooLong);
    }
    if !is_address(&url) {
        return Err(BadRequest::NoAddress);
    }
    Ok(Fetch {
        method: script.method,
        url,
        headers: Vec::new(),
        body,
        patience: script.patience,
        max_bytes: MAX_BYTES,
        redirects: MAX_REDIRECTS,
        step: step.to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    })
}

fn parameters(dialect: Dialect, occasion: &Occasion, call: &Call) -> Vec<(String, String)> {
    let ucom = dialect == Dialect::Ucom;
    let (caller, menu) = (&call.caller, &call.served);
    let dials_out = matches!(occasion, Occasion::DialOut { .. });
    let mut told = Told(Vec::new());
    if ucom {
        told.add("EventType", "call_interactive");
    }
    told.add("CallID", &caller.call_id);
    told.add("CallerIDNum", &caller.number);
    told.add("CallerIDName", &caller.name);
    if !caller.did.is_empty() {
        told.add("CalledDID", &caller.did);
    }
    if !dials_out {
        told.add("CalledExtension", &menu.name);
        if ucom {
            told.add("CalledExtensionID", &menu.id.to_string());
        }
    }
    let calling = if dials_out { Some(menu) } else { caller.extension.as_ref() };
    if let Some(calling) = calling {
        told.add("CallerExtension", &calling.name);
        if ucom {
            told.add("CallerExtensionID", &calling.id.to_string());
        }
    }
    told.add(
        "CallStatus",
        match occasion {
            Occasion::Action => "ANSWER",
            Occasion::DialIn | Occasion::DialOut { .. } => "CALLING",
            Occasion::Hangup { status } => status,
        },
    );
    told.add("CallFlow", if dials_out { "OUT" } else { "IN" });
    told.add(
        "CalledNumber",
        match occasion {
            Occasion::DialOut { numbers } => numbers,
            Occasion::Action | Occasion::DialIn | Occasion::Hangup { .. } => &caller.called_number,
        },
    );
    // The API knows calls by one name.
    told.add("CallAPIID", &caller.call_id);
    if ucom {
        for (name, value) in call.callback.iter() {
            told.add(&format!("cb_variable_{name}"), value);
        }
    }
    told.0
}

struct Told(Vec<(String, String)>);

impl Told {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }
}
