//! A rule as the REST API writes it.
//!
//! Shape: 39 keys, most of them for one action only.
//! Units: `silence_time` and `voice_helper_timeout` in ms, the other times in seconds.
//! Errors: [`FieldError`] for a wrong type or range, or a missing action; what an action needs is checked in [`crate::rules::model`].
//! Sources: `ringme-ivr.md` 1.5.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ActionName, CallStatusName, CallerIdAction, FieldError, HttpMethod, InteractiveDialect, MAX_DIGITS, MAX_LABEL,
    MAX_MS, MAX_OPAQUE, MAX_SECONDS, MAX_TEXT, Named, Patch, PlayDigitsMethod, SoundType, TransferMode, VoicemailStep,
    words,
};
use crate::{ContextId, IntervalId, RuleId, SoundId, rules::OptionKey};

/// A rule (`ringme-ivr.md` 1.5), written with its 39 keys. The default is a fresh rule's, still without an action.
///
/// `play_sound_from_variable`, `transfer_mode`, `call_interactive_dialect` and the fields of `voicemail` are none of the 39: they are written
/// only where they are not as in a fresh rule.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Rule {
    /// The API's name for it; 0 until it is stored.
    #[schema(read_only)]
    pub id: RuleId,
    /// A label.
    pub name: Option<String>,
    /// What it does; `None` only in a fresh rule.
    pub action: Option<ActionName>,
    /// `final`: whether a transfer that fails ends the call.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The time interval that must be active.
    pub interval: Option<IntervalId>,
    /// How it looks at the caller's number.
    pub caller_id_action: CallerIdAction,
    /// The pattern for it.
    pub caller_id: Option<String>,
    /// How the transfer before must have ended.
    pub call_status: CallStatusName,
    /// A variable that must be equal to `match_variable_value`.
    pub match_variable_name: Option<String>,
    /// What that variable must hold.
    pub match_variable_value: Option<String>,
    /// Stored, without effect.
    pub hangup_cause: String,
    /// `play_sound`: which sound.
    pub sound: Option<SoundId>,
    /// `play_sound`: what digits do meanwhile.
    pub sound_type: Option<SoundType>,
    /// `play_sound`, `quality_rate` and `voice_helper`: the rendered speech of the call in place of the sound, where there is some.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(extensions(("x-optional" = json!(true))))]
    pub play_sound_from_variable: bool,
    /// `play_silence`: milliseconds.
    pub silence_time: Option<u64>,
    /// `play_digits`: what is spoken.
    pub digits: Option<String>,
    /// `play_digits` and `play_digits_from_variable`: how.
    pub play_digits_method: Option<PlayDigitsMethod>,
    /// `play_digits_from_variable`: the variable.
    pub play_digits_variable: Option<String>,
    /// `record_digits`: the variable.
    pub record_digits_variable: Option<String>,
    /// `record_digits`: most digits.
    pub record_digits_max: Option<u64>,
    /// `record_digits`: the prompt.
    pub record_digits_sound: Option<SoundId>,
    /// `record_digits`: seconds.
    pub record_digits_timeout: Option<u64>,
    /// `jump_to_context`: where to.
    pub context: Option<ContextId>,
    /// `jump_to_context`: which option there; `start` where unset.
    #[schema(value_type = Option<String>)]
    pub context_option: Option<OptionKey>,
    /// `transfer` and `simple_transfer`: numbers separated by spaces.
    pub transfer_dst: Option<String>,
    /// All transfers: seconds of ringing; 0 or unset is 60.
    pub transfer_timeout: Option<u64>,
    /// All transfers: how they are made. An addition of ours.
    #[serde(skip_serializing_if = "TransferMode::is_usual")]
    #[schema(value_type = String, pattern = "^(trunk|bridge|refer|auto)$", extensions(("x-optional" = json!(true))))]
    pub transfer_mode: TransferMode,
    /// `transfer_from_variable`: the variable.
    pub transfer_variable: Option<String>,
    /// `set_variable`: the variable.
    pub set_variable_name: Option<String>,
    /// `set_variable`: its value.
    pub set_variable_value: Option<String>,
    /// `set_caller_id_number`: the number.
    pub caller_id_number: Option<String>,
    /// `set_caller_id_name`: the name.
    pub caller_id_name: Option<String>,
    /// `call_interactive`: whom to ask.
    pub call_interactive_url: Option<String>,
    /// `call_interactive`: how.
    pub call_interactive_method: Option<HttpMethod>,
    /// `call_interactive`: seconds.
    pub call_interactive_timeout: Option<u64>,
    /// `call_interactive`: whose words the web server speaks. An addition of ours.
    #[serde(skip_serializing_if = "InteractiveDialect::is_usual")]
    #[schema(value_type = String, pattern = "^(ucom|voipnow)$", extensions(("x-optional" = json!(true))))]
    pub call_interactive_dialect: InteractiveDialect,
    /// `quality_rate`: the best rating.
    pub max_rate: Option<u64>,
    /// `voice_helper`: words and options, `[{"to_option", "transcription"}]`; checked in the model, and kept as written.
    pub voice_helper_rules: Option<Value>,
    /// `voice_helper`: milliseconds.
    pub voice_helper_timeout: Option<u64>,
    /// `voice_helper`: most digits.
    pub voice_helper_digits_max: Option<u64>,
    /// `voice_helper`: most results.
    pub voice_helper_final_count: Option<u64>,
    /// `voice_helper`: whether `#` ends the listening.
    pub voice_helper_classic_term: bool,
    /// `voicemail`: which step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(open|next|previous|play|keep|delete)$", extensions(("x-optional" = json!(true))))]
    pub voicemail_step: Option<VoicemailStep>,
    /// `voicemail`: the number of the mailbox; the one of the calling telephone where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    pub voicemail_mailbox: Option<String>,
    /// `voicemail`: the PIN that the caller gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    pub voicemail_pin: Option<String>,
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
            transfer_mode: TransferMode::Trunk,
            transfer_variable: None,
            set_variable_name: None,
            set_variable_value: None,
            caller_id_number: None,
            caller_id_name: None,
            call_interactive_url: None,
            call_interactive_method: None,
            call_interactive_timeout: None,
            call_interactive_dialect: InteractiveDialect::Ucom,
            max_rate: Some(5),
            voice_helper_rules: None,
            voice_helper_timeout: None,
            voice_helper_digits_max: None,
            voice_helper_final_count: None,
            voice_helper_classic_term: true,
            voicemail_step: None,
            voicemail_mailbox: None,
            voicemail_pin: None,
        }
    }
}

impl Rule {
    /// This rule with a request's changes; `id` is not the request's to change, `order_position` is read by
    /// [`super::order_position`], and a request without an action is refused.
    pub fn patch(&self, body: &Value) -> Result<Self, Vec<FieldError>> {
        let (new, problems) = self.patched(body)?;
        if problems.is_empty() { Ok(new) } else { Err(problems) }
    }

    /// The same where some fields are wrong: this rule with the others, so that what is wrong with those is found, too; an error only
    /// where the body is no object.
    pub fn patched(&self, body: &Value) -> Result<(Self, Vec<FieldError>), Vec<FieldError>> {
        let mut new = self.clone();
        let mut patch = Patch::new(body)?;
        new.patch_action(&mut patch, body);
        new.patch_conditions(&mut patch);
        new.patch_sounds(&mut patch);
        new.patch_routes(&mut patch);
        new.patch_services(&mut patch);
        Ok((new, patch.into_problems()))
    }

    /// The rule as it is kept: JSON of what is not as in a fresh rule, and without its id.
    pub fn stored(&self) -> String {
        static FRESH: LazyLock<Value> = LazyLock::new(|| json!(Rule::default()));
        let mut written = json!(Self { id: RuleId(0), ..self.clone() });
        if let (Value::Object(fields), Value::Object(fresh)) = (&mut written, &*FRESH) {
            fields.retain(|name, value| fresh.get(name) != Some(value));
        }
        written.to_string()
    }

    /// The context that the rule leads to. One that an earlier action left behind is none.
    pub fn jump_target(&self) -> Option<ContextId> {
        self.context.filter(|_| self.action == Some(ActionName::JumpToContext))
    }

    /// The sound that the rule plays. One that an earlier action left behind is none.
    pub fn played_sound(&self) -> Option<SoundId> {
        match self.action {
            Some(ActionName::PlaySound | ActionName::QualityRate | ActionName::VoiceHelper) => self.sound,
            Some(ActionName::RecordDigits) => self.record_digits_sound,
            _ => None,
        }
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
        patch.id("interval", &mut self.interval, IntervalId);
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
        patch.word("transfer_mode", &mut self.transfer_mode);
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
        patch.word("call_interactive_dialect", &mut self.call_interactive_dialect);
        patch.optional_number("max_rate", 0..=1_000_000, &mut self.max_rate);
        patch.opaque("voice_helper_rules", MAX_OPAQUE, &mut self.voice_helper_rules);
        patch.optional_number("voice_helper_timeout", 0..=MAX_MS, &mut self.voice_helper_timeout);
        patch.optional_number("voice_helper_digits_max", 0..=MAX_DIGITS, &mut self.voice_helper_digits_max);
        patch.optional_number("voice_helper_final_count", 0..=1_000_000, &mut self.voice_helper_final_count);
        patch.flag("voice_helper_classic_term", true, &mut self.voice_helper_classic_term);
        patch.optional_word("voicemail_step", &mut self.voicemail_step);
        patch.text("voicemail_mailbox", MAX_TEXT, &mut self.voicemail_mailbox);
        patch.text("voicemail_pin", MAX_TEXT, &mut self.voicemail_pin);
    }
}
