//! The rule surface as the REST API writes it.
//!
//! Shape: structs with the API's own keys; [`Ivr::patch`] and its like read what a user sends (POST over the default, PUT over the
//! stored object), serde writes answers and keeps the stored form.
//! Units: the API's: ms for `timeout`, `inter_digit_timeout`, `sleep_time`, `silence_time` and `voice_helper_timeout`; seconds for
//! `lifetime`, `transfer_timeout`, `record_digits_timeout` and `call_interactive_timeout`.
//! Errors: [`FieldError`]; types and ranges here, what an action needs in [`super::model`].
//! Sources: `ringme-ivr.md` 1.1-1.6, 2.5.

mod names;
mod patch;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use names::{ActionName, CallStatusName, CallerIdAction, ExpiryAction, HttpMethod, PlayDigitsMethod, SoundType};
pub use patch::FieldError;
use patch::{Patch, words};

use super::OptionKey;
use crate::{ContextId, RuleId, SoundId};
use names::Named;

/// Longest of all waits, in milliseconds: a day.
const MAX_MS: u64 = 86_400_000;
/// Longest of all waits, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;
/// Most characters of a label.
const MAX_LABEL: usize = 255;
/// Most characters of any other text.
const MAX_TEXT: usize = 4096;
/// Most digits of one input.
const MAX_DIGITS: u64 = 32;
/// Most bytes of what is only stored and echoed.
const MAX_OPAQUE: usize = 16_384;

/// The settings of one IVR (`ringme-ivr.md` 1.2). The default is a fresh IVR's.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are the API's, described in `ringme-ivr.md` 1.2")]
pub struct Ivr {
    pub entry_context: Option<ContextId>,
    pub lifetime: Option<u64>,
    pub lifetime_exp_action: ExpiryAction,
    pub lifetime_exp_transfer_dst: Option<String>,
    pub sleep_time: u64,
    pub vm_enabled: bool,
    pub vm_greeting: Option<SoundId>,
    pub vm_attach_file: bool,
    pub vm_mailto: Option<String>,
}

impl Default for Ivr {
    fn default() -> Self {
        Self {
            entry_context: None,
            lifetime: Some(1800),
            lifetime_exp_action: ExpiryAction::Hangup,
            lifetime_exp_transfer_dst: None,
            sleep_time: 0,
            vm_enabled: false,
            vm_greeting: None,
            vm_attach_file: true,
            vm_mailto: None,
        }
    }
}

impl Ivr {
    /// These settings with a request's changes.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = self.clone();
        let mut patch = Patch::new(body)?;
        patch.id("entry_context", &mut new.entry_context, ContextId);
        patch.optional_number("lifetime", 0..=MAX_SECONDS, &mut new.lifetime);
        patch.word("lifetime_exp_action", &mut new.lifetime_exp_action);
        patch.text("lifetime_exp_transfer_dst", MAX_TEXT, &mut new.lifetime_exp_transfer_dst);
        patch.number("sleep_time", 0..=MAX_MS, &mut new.sleep_time);
        patch.flag("vm_enabled", false, &mut new.vm_enabled);
        patch.id("vm_greeting", &mut new.vm_greeting, SoundId);
        patch.flag("vm_attach_file", true, &mut new.vm_attach_file);
        patch.text("vm_mailto", MAX_TEXT, &mut new.vm_mailto);
        patch.done(new)
    }
}

/// A context (`ringme-ivr.md` 1.3). The default is a fresh context's, still without a name.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are the API's, described in `ringme-ivr.md` 1.3")]
pub struct Context {
    pub id: ContextId,
    pub name: String,
    pub timeout: u64,
    pub inter_digit_timeout: u64,
    pub digit_len: u64,
    pub allow_any_dial: bool,
    pub description: Option<String>,
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

/// A rule (`ringme-ivr.md` 1.5), written with its 39 keys. The default is a fresh rule's, still without an action.
///
/// `play_sound_from_variable` is none of the 39: it is written only where it is true.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are the API's, described in `ringme-ivr.md` 1.5")]
pub struct Rule {
    pub id: RuleId,
    pub name: Option<String>,
    pub action: Option<ActionName>,
    #[serde(rename = "final")]
    pub is_final: bool,
    pub interval: Option<u64>,
    pub caller_id_action: CallerIdAction,
    pub caller_id: Option<String>,
    pub call_status: CallStatusName,
    pub match_variable_name: Option<String>,
    pub match_variable_value: Option<String>,
    pub hangup_cause: String,
    pub sound: Option<SoundId>,
    pub sound_type: Option<SoundType>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub play_sound_from_variable: bool,
    pub silence_time: Option<u64>,
    pub digits: Option<String>,
    pub play_digits_method: Option<PlayDigitsMethod>,
    pub play_digits_variable: Option<String>,
    pub record_digits_variable: Option<String>,
    pub record_digits_max: Option<u64>,
    pub record_digits_sound: Option<SoundId>,
    pub record_digits_timeout: Option<u64>,
    pub context: Option<ContextId>,
    pub context_option: Option<OptionKey>,
    pub transfer_dst: Option<String>,
    pub transfer_timeout: Option<u64>,
    pub transfer_variable: Option<String>,
    pub set_variable_name: Option<String>,
    pub set_variable_value: Option<String>,
    pub caller_id_number: Option<String>,
    pub caller_id_name: Option<String>,
    pub call_interactive_url: Option<String>,
    pub call_interactive_method: Option<HttpMethod>,
    pub call_interactive_timeout: Option<u64>,
    pub max_rate: Option<u64>,
    pub voice_helper_rules: Option<Value>,
    pub voice_helper_timeout: Option<u64>,
    pub voice_helper_digits_max: Option<u64>,
    pub voice_helper_final_count: Option<u64>,
    pub voice_helper_classic_term: bool,
}

/// What `hangup_cause` is until somebody sets it.
const NORMAL: &str = "normal";

impl Default for Rule {
    fn default() -> Self {
        Self {
            id: RuleId(0),
            name: None,
            action: None,
            is_final: true,
            interval: None,
            caller_id_action: CallerIdAction::Any,
            caller_id: None,
            call_status: CallStatusName::Any,
            match_variable_name: None,
            match_variable_value: None,
            hangup_cause: NORMAL.to_owned(),
            sound: None,
            sound_type: None,
            play_sound_from_variable: false,
            silence_time: None,
            digits: None,
            play_digits_method: None,
            play_digits_variable: None,
            record_digits_variable: None,
            record_digits_max: None,
            record_digits_sound: None,
            record_digits_timeout: None,
            context: None,
            context_option: None,
            transfer_dst: None,
            transfer_timeout: None,
            transfer_variable: None,
            set_variable_name: None,
            set_variable_value: None,
            caller_id_number: None,
            caller_id_name: None,
            call_interactive_url: None,
            call_interactive_method: None,
            call_interactive_timeout: None,
            max_rate: Some(5),
            voice_helper_rules: None,
            voice_helper_timeout: None,
            voice_helper_digits_max: None,
            voice_helper_final_count: None,
            voice_helper_classic_term: true,
        }
    }
}

impl Rule {
    /// This rule with a request's changes; `id` is not the request's to change, `order_position` is read by
    /// [`order_position`], and a request without an action is refused.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut new = self.clone();
        let mut patch = Patch::new(body)?;
        new.patch_action(&mut patch, body);
        new.patch_conditions(&mut patch);
        new.patch_sounds(&mut patch);
        new.patch_routes(&mut patch);
        new.patch_services(&mut patch);
        patch.done(new)
    }

    fn patch_action(&mut self, patch: &mut Patch<'_>, body: &Value) {
        match body.get("action").filter(|action| !action.is_null()) {
            None => patch.refuse(FieldError::required("action")),
            Some(action) => {
                self.action = action.as_str().and_then(ActionName::from_word);
                if self.action.is_none() {
                    let problem = format!("unknown action {action}; one of: {}", words::<ActionName>());
                    patch.refuse(FieldError::new("action", problem));
                }
            }
        }
    }

    fn patch_conditions(&mut self, patch: &mut Patch<'_>) {
        patch.text("name", MAX_LABEL, &mut self.name);
        patch.flag("final", true, &mut self.is_final);
        patch.id("interval", &mut self.interval, std::convert::identity);
        patch.word("caller_id_action", &mut self.caller_id_action);
        patch.text("caller_id", MAX_TEXT, &mut self.caller_id);
        patch.word("call_status", &mut self.call_status);
        patch.text("match_variable_name", MAX_TEXT, &mut self.match_variable_name);
        patch.text("match_variable_value", MAX_TEXT, &mut self.match_variable_value);
        let mut cause = Some(self.hangup_cause.clone());
        patch.text("hangup_cause", MAX_LABEL, &mut cause);
        self.hangup_cause = cause.unwrap_or_else(|| NORMAL.to_owned());
    }

    fn patch_sounds(&mut self, patch: &mut Patch<'_>) {
        patch.id("sound", &mut self.sound, SoundId);
        patch.optional_word("sound_type", &mut self.sound_type);
        patch.flag("play_sound_from_variable", false, &mut self.play_sound_from_variable);
        patch.optional_number("silence_time", 0..=MAX_MS, &mut self.silence_time);
        patch.text("digits", MAX_TEXT, &mut self.digits);
        patch.optional_word("play_digits_method", &mut self.play_digits_method);
        patch.text("play_digits_variable", MAX_TEXT, &mut self.play_digits_variable);
        patch.text("record_digits_variable", MAX_TEXT, &mut self.record_digits_variable);
        patch.optional_number("record_digits_max", 0..=MAX_DIGITS, &mut self.record_digits_max);
        patch.id("record_digits_sound", &mut self.record_digits_sound, SoundId);
        patch.optional_number("record_digits_timeout", 0..=MAX_SECONDS, &mut self.record_digits_timeout);
    }

    fn patch_routes(&mut self, patch: &mut Patch<'_>) {
        patch.id("context", &mut self.context, ContextId);
        patch.parsed("context_option", &mut self.context_option);
        patch.text("transfer_dst", MAX_TEXT, &mut self.transfer_dst);
        patch.optional_number("transfer_timeout", 0..=MAX_SECONDS, &mut self.transfer_timeout);
        patch.text("transfer_variable", MAX_TEXT, &mut self.transfer_variable);
        patch.text("set_variable_name", MAX_TEXT, &mut self.set_variable_name);
        patch.text("set_variable_value", MAX_TEXT, &mut self.set_variable_value);
        patch.text("caller_id_number", MAX_LABEL, &mut self.caller_id_number);
        patch.text("caller_id_name", MAX_LABEL, &mut self.caller_id_name);
    }

    fn patch_services(&mut self, patch: &mut Patch<'_>) {
        patch.text("call_interactive_url", MAX_TEXT, &mut self.call_interactive_url);
        patch.optional_word("call_interactive_method", &mut self.call_interactive_method);
        patch.optional_number("call_interactive_timeout", 0..=MAX_SECONDS, &mut self.call_interactive_timeout);
        patch.optional_number("max_rate", 0..=1_000_000, &mut self.max_rate);
        patch.opaque("voice_helper_rules", MAX_OPAQUE, &mut self.voice_helper_rules);
        patch.optional_number("voice_helper_timeout", 0..=MAX_MS, &mut self.voice_helper_timeout);
        patch.optional_number("voice_helper_digits_max", 0..=MAX_DIGITS, &mut self.voice_helper_digits_max);
        patch.optional_number("voice_helper_final_count", 0..=1_000_000, &mut self.voice_helper_final_count);
        patch.flag("voice_helper_classic_term", true, &mut self.voice_helper_classic_term);
    }
}

/// Where a POST wants its new rule: 1 is first; `None` is last (`ringme-ivr.md` 2.5). `0` counts as 1.
pub fn order_position(body: &Value) -> Result<Option<usize>, Vec<FieldError>> {
    let mut position = None;
    let mut patch = Patch::new(body)?;
    patch.optional_number("order_position", 0..=1_000_000, &mut position);
    let position = position.map(|position| usize::try_from(position.max(1)).unwrap_or(usize::MAX));
    patch.done(position)
}

#[cfg(test)]
mod tests;
