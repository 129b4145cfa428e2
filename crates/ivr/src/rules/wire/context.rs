//! A context as the REST API writes it.
//!
//! Shape: eight keys.
//! Units: `timeout` and `inter_digit_timeout` in ms.
//! Errors: [`FieldError`] for a wrong type or range, or a missing name.
//! Sources: `ringme-ivr.md` 1.3.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{FieldError, MAX_DIGITS, MAX_LABEL, MAX_MS, MAX_OPAQUE, MAX_TEXT, Patch};
use crate::ContextId;

/// A context (`ringme-ivr.md` 1.3). The default is a fresh context's, still without a name.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Context {
    /// The API's name for it; 0 until it is stored.
    #[schema(read_only)]
    pub id: ContextId,
    /// What people call it; never blank once stored.
    pub name: String,
    /// Milliseconds to wait for the first digit; 0 is no wait.
    pub timeout: u64,
    /// Milliseconds to wait for each further digit; 0 is two seconds.
    pub inter_digit_timeout: u64,
    /// Most digits of an input; 0 leaves it to the options.
    pub digit_len: u64,
    /// Whether a caller may dial internal numbers.
    pub allow_any_dial: bool,
    /// Free text.
    pub description: Option<String>,
    /// Anything; stored and given back.
    pub extra_params: Option<Value>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            id: ContextId(0),
            name: String::new(),
            timeout: 0,
            inter_digit_timeout: 0,
            digit_len: 0,
            allow_any_dial: true,
            description: None,
            extra_params: None,
        }
    }
}

impl Context {
    /// This context with a request's changes; `id` is not the request's to change. A context without a name is refused.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = self.clone();
        let mut name = Some(self.name.clone());
        let mut patch = Patch::new(body)?;
        patch.text("name", MAX_LABEL, &mut name);
        patch.number("timeout", 0..=MAX_MS, &mut new.timeout);
        patch.number("inter_digit_timeout", 0..=MAX_MS, &mut new.inter_digit_timeout);
        patch.number("digit_len", 0..=MAX_DIGITS, &mut new.digit_len);
        patch.flag("allow_any_dial", true, &mut new.allow_any_dial);
        patch.text("description", MAX_TEXT, &mut new.description);
        patch.opaque("extra_params", MAX_OPAQUE, &mut new.extra_params);
        match name.filter(|name| !name.trim().is_empty()) {
            Some(name) => new.name = name,
            None => patch.refuse(FieldError::required("name")),
        }
        patch.done(new)
    }
}
