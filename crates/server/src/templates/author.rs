//! Writing a menu with the same changes that the API makes.
//!
//! Shape: a menu is open at one context and in one language; what is written goes there.
//! Errors: [`Rejected`], as the API would refuse it.

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId, SoundId};
use serde_json::{Value, json};

use crate::store::changes::{CreateContext, CreateExtension, CreateOption, CreateRule, OptionPath, UpdateIvr};
use crate::store::{Change, ClientId, Edit, Rejected};

/// A menu that is being written, open at one context.
pub(crate) struct Menu<'a> {
    client: ClientId,
    pub(crate) extension: ExtensionId,
    sounds: &'a [(&'static str, &'static str, SoundId)],
    language: &'static str,
    context: ContextId,
}

impl<'a> Menu<'a> {
    /// Makes the extension of this request, as a menu.
    pub(crate) fn create(
        edit: &mut Edit<'_>,
        client: ClientId,
        body: &Value,
        sounds: &'a [(&'static str, &'static str, SoundId)],
    ) -> Result<Self, Rejected> {
        let mut body = body.clone();
        body["type"] = "ivr".into();
        let extension = CreateExtension { client, body }.apply(edit)?.id;
        Ok(Self { client, extension, sounds, language: "en", context: ContextId(0) })
    }

    /// A context whose keys act at once: one digit is a whole input, and internal numbers cannot be dialled.
    pub(crate) fn context(&self, edit: &mut Edit<'_>, name: &str) -> Result<ContextId, Rejected> {
        let body = json!({
            "name": name, "digit_len": 1, "allow_any_dial": false, "timeout": 5000, "inter_digit_timeout": 2000,
        });
        Ok(CreateContext { client: self.client, extension: self.extension, body }.apply(edit)?.id)
    }

    /// The context that receives calls.
    pub(crate) fn begin_in(&self, edit: &mut Edit<'_>, context: ContextId) -> Result<(), Rejected> {
        let body = json!({"entry_context": context, "lifetime": 1800});
        UpdateIvr { client: self.client, extension: self.extension, body }.apply(edit)?;
        Ok(())
    }

    /// Goes on in this language and context.
    pub(crate) fn turn_to(&mut self, language: &'static str, context: ContextId) {
        self.language = language;
        self.context = context;
    }

    /// A sound by its name.
    pub(crate) fn sound(&self, name: &str) -> Option<SoundId> {
        self.sounds.iter().find(|(l, n, _)| *l == self.language && *n == name).map(|(_, _, id)| *id)
    }

    /// A prompt that a key stops.
    pub(crate) fn say(&self, name: &str) -> Value {
        json!({"action": "play_sound", "sound": self.sound(name), "sound_type": "background"})
    }

    /// A prompt that plays to its end.
    pub(crate) fn announce(&self, name: &str) -> Value {
        json!({"action": "play_sound", "sound": self.sound(name), "sound_type": "foreground"})
    }

    /// Writes an option of the context, with its rules.
    pub(crate) fn option(
        &self,
        edit: &mut Edit<'_>,
        digits: &str,
        rules: impl IntoIterator<Item = Value>,
    ) -> Result<(), Rejected> {
        let (client, extension, context) = (self.client, self.extension, self.context);
        let key = match digits.parse::<OptionKey>() {
            Ok(key) if key.is_built_in() => key,
            Ok(_) | Err(_) => {
                CreateOption { client, extension, context, body: json!({"digits": digits}) }.apply(edit)?
            }
        };
        for body in rules {
            let path = OptionPath { client, extension, context, key: key.clone() };
            CreateRule { path, body }.apply(edit)?;
        }
        Ok(())
    }
}
