//! A script of a menu as the REST API writes it.
//!
//! Shape: `event_type`, `method`, `url`, `timeout`.
//! Units: `timeout` in seconds.
//! Errors: [`FieldError`] for a wrong type or range, or what is missing.
//! Sources: `ringme-ivr.md` 4.5 (configuration), in the style of 1.8 (event subscription).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FieldError, HttpMethod, MAX_SECONDS, MAX_TEXT, Named, Patch, ScriptEvent, words};

/// A web server that is asked at an event of a menu.
#[derive(Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct EventScript {
    /// When.
    pub event_type: ScriptEvent,
    /// How.
    pub method: HttpMethod,
    /// Whom.
    pub url: String,
    /// How many seconds it may take; 0 or unset is 5.
    pub timeout: Option<u64>,
}

impl EventScript {
    /// The script that a request makes, all of it.
    pub fn create(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut patch = Patch::new(body)?;
        let mut event_type = None;
        patch.optional_word("event_type", &mut event_type);
        if body.get("event_type").is_none_or(Value::is_null) {
            patch.refuse(FieldError::new("event_type", format!("is required; one of: {}", words::<ScriptEvent>())));
        }
        let mut new = Self { event_type: event_type.unwrap_or_default(), ..Self::default() };
        new.read(&mut patch);
        if body.get("method").is_none_or(Value::is_null) {
            patch.refuse(FieldError::required("method"));
        }
        patch.done(new)
    }

    /// This script with a request's changes; the event is what it is called by, and stays.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = self.clone();
        let mut patch = Patch::new(body)?;
        new.read(&mut patch);
        patch.done(new)
    }

    fn read(&mut self, patch: &mut Patch<'_>) {
        patch.word("method", &mut self.method);
        let mut url = Some(std::mem::take(&mut self.url)).filter(|url| !url.is_empty());
        patch.text("url", MAX_TEXT, &mut url);
        if url.is_none() {
            patch.refuse(FieldError::required("url"));
        }
        self.url = url.unwrap_or_default();
        patch.optional_number("timeout", 0..=MAX_SECONDS, &mut self.timeout);
    }
}

impl std::str::FromStr for ScriptEvent {
    type Err = UnknownEvent;

    fn from_str(word: &str) -> Result<Self, UnknownEvent> {
        Self::from_word(word).ok_or(UnknownEvent)
    }
}

/// A word that is no event.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("must be dial-in, dial-out or hangup")]
pub struct UnknownEvent;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_script_is_made_whole_and_changed_in_part() {
        let body = json!({"event_type": "dial-out", "method": "POST", "url": "http://crm.example/out", "timeout": "8"});
        let script = EventScript::create(&body).unwrap();
        assert_eq!(
            serde_json::to_value(&script).unwrap(),
            json!({"event_type": "dial-out", "method": "POST", "url": "http://crm.example/out", "timeout": 8})
        );
        let changed = script.patch(&json!({"url": "http://crm.example/new", "event_type": "hangup"})).unwrap();
        assert_eq!(changed, EventScript { url: "http://crm.example/new".into(), ..script.clone() });
        assert_eq!(script.patch(&json!({"timeout": null})).unwrap().timeout, None);
        assert_eq!(script.patch(&json!({"url": null})).unwrap_err()[0].field, "url");
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_told_at_once() {
        let fields = |body: Value| -> Vec<String> {
            EventScript::create(&body).unwrap_err().into_iter().map(|problem| problem.field).collect()
        };
        assert_eq!(fields(json!({})), ["event_type", "url", "method"]);
        assert_eq!(
            fields(json!({"event_type": "answer", "method": "PUT", "url": 1.5e300, "timeout": -1})),
            ["event_type", "method", "timeout"]
        );
        assert_eq!(fields(json!([])), [""]);
    }
}
