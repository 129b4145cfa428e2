//! What later callees are told of the caller.
//!
//! Shape: a caller id and header fields, as modules have set them.
//! Sources: `kazoo-pivot.md` 4.2 (`set_cid`, `prepend_cid`, `set_alert_info`, `privacy`), 4.1 (`set_variables` with `export`).

use serde_json::Value;

use super::{Privacy, Session};
use crate::{CallerId, Language};

impl Session<'_> {
    /// Who calls, as later callees see it.
    pub fn caller_id(&self) -> CallerId {
        let rewrite = &self.state.caller_id;
        let (name, number) = self.identity();
        let prefixed = |prefix: &str, own: &Option<String>, otherwise: String| {
            format!("{prefix}{}", own.as_ref().cloned().unwrap_or(otherwise))
        };
        let hides = |what: Privacy| self.state.privacy == what || self.state.privacy == Privacy::Full;
        let shown = |hidden: bool, text: String| if hidden { String::new() } else { text };
        CallerId {
            number: shown(hides(Privacy::Number), prefixed(&rewrite.number_prefix, &rewrite.number, number)),
            name: shown(hides(Privacy::Name), prefixed(&rewrite.name_prefix, &rewrite.name, name)),
        }
    }

    /// Name and number of the caller, as web servers see them.
    pub fn identity(&self) -> (String, String) {
        let caller = &self.call.caller;
        self.state.shown.clone().unwrap_or_else(|| (caller.name.clone(), caller.number.clone()))
    }

    /// Header fields of every later INVITE.
    pub fn leg_headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        if let Some(alert) = &self.state.alert_info {
            headers.push(("Alert-Info".to_owned(), alert.clone()));
        }
        if self.policy.variables_in_headers {
            for name in &self.state.exported {
                if let Some(value) = self.state.application_vars.get(name).and_then(plain) {
                    headers.push((format!("X-CAV-{name}"), value));
                }
            }
        }
        headers
    }
}

/// A value that fits into one line.
pub(crate) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    (!text.contains(|c: char| c.is_control())).then_some(text)
}

impl Session<'_> {
    /// The Call-ID of the caller's dialog; of a call that we placed, its name in the API.
    pub fn sip_call_id(&self) -> &str {
        let caller = &self.call.caller;
        if caller.sip.call_id.is_empty() { &caller.call_id } else { &caller.sip.call_id }
    }

    /// Who began the call: `inbound` is the caller, `outbound` is us.
    pub fn direction(&self) -> &'static str {
        if self.call.caller.sip.call_id.is_empty() && !self.call.caller.call_id.is_empty() {
            "outbound"
        } else {
            "inbound"
        }
    }

    /// The user of From, or the number that is known of the caller.
    pub fn from_user(&self) -> String {
        let sip = &self.call.caller.sip;
        if sip.from_user.is_empty() { self.identity().1 } else { sip.from_user.clone() }
    }

    /// What was dialled, as it was dialled.
    pub fn to_user(&self) -> &str {
        let caller = &self.call.caller;
        if caller.sip.to_user.is_empty() { &caller.called_number } else { &caller.sip.to_user }
    }

    /// Where the call was sent to.
    pub fn request_user(&self) -> &str {
        let caller = &self.call.caller;
        if caller.sip.request_user.is_empty() { &caller.called_number } else { &caller.sip.request_user }
    }

    /// The language of the call, in lower case, as KAZOO writes it (A27).
    pub fn language(&self) -> String {
        let usual = match self.call.language {
            Language::English => "en-us",
            Language::Russian => "ru-ru",
            Language::Armenian => "hy-am",
        };
        self.state.language.as_deref().unwrap_or(usual).to_ascii_lowercase()
    }
}
