//! The settings of an IVR as the REST API writes them.
//!
//! Shape: nine keys, and `vm_pin`, which is ours and written only where it is set.
//! Units: `lifetime` in seconds, `sleep_time` in ms.
//! Errors: [`FieldError`] for a wrong type or range.
//! Sources: `ringme-ivr.md` 1.2; its example for the values of a fresh IVR.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{ExpiryAction, FieldError, MAX_MS, MAX_SECONDS, MAX_TEXT, Patch};
use crate::{ContextId, SoundId};

/// The settings of one IVR (`ringme-ivr.md` 1.2). The default is a fresh IVR's.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Ivr {
    /// The context that receives the call.
    pub entry_context: Option<ContextId>,
    /// Seconds that the menu may take; 0 or unset is no limit.
    pub lifetime: Option<u64>,
    /// What happens then.
    pub lifetime_exp_action: ExpiryAction,
    /// Where the call goes then; needed for `transfer`.
    pub lifetime_exp_transfer_dst: Option<String>,
    /// Milliseconds of silence between the answer and the first rule.
    pub sleep_time: u64,
    /// Whether failed calls go to voicemail.
    pub vm_enabled: bool,
    /// The mailbox's greeting.
    pub vm_greeting: Option<SoundId>,
    /// Whether the recording is attached to the e-mail.
    pub vm_attach_file: bool,
    /// E-mail addresses separated by commas.
    pub vm_mailto: Option<String>,
    /// The PIN with which messages are heard from any telephone; digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    pub vm_pin: Option<String>,
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
            vm_pin: None,
        }
    }
}

impl Ivr {
    /// These settings with a request's changes.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let (new, problems) = self.patched(body)?;
        if problems.is_empty() { Ok(new) } else { Err(problems) }
    }

    /// The same where some fields are wrong: these settings with the others, so that what is wrong with those is found, too; an error
    /// only where the body is no object.
    pub fn patched(&self, body: &Value) -> Result<(Self, Vec<FieldError>), Vec<FieldError>> {
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
        patch.text("vm_pin", MAX_TEXT, &mut new.vm_pin);
        Ok((new, patch.into_problems()))
    }
}
