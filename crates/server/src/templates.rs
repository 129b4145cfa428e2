//! Menus that are made whole by one request: rules as any other, which their owner may then change.
//!
//! Shape: the request that makes an extension names a template in `template`; the sounds that it says are made the client's own, once,
//! so that they can be replaced.
//! Errors: [`Rejected`] names the field; the sounds are staged before, and their errors are [`UploadError`].

pub(crate) mod author;
mod voicemail_menu;

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, SoundId};
use serde_json::Value;

use crate::sounds;
use crate::store::changes::CreateSound;
use crate::store::{Change, ClientId, Config, Edit, Extension, Missing, Rejected, StagedSound, Store, UploadError};

/// The languages of templates.
const LANGUAGES: [&str; 3] = ["en", "ru", "hy"];

/// Makes an extension from a template.
pub struct CreateFromTemplate {
    client: ClientId,
    body: Value,
    language: &'static str,
    sounds: Vec<(&'static str, StagedSound)>,
}

/// Why a template is not begun.
#[derive(Debug, thiserror::Error)]
pub enum NoTemplate {
    /// The request is wrong.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The disk failed.
    #[error(transparent)]
    Sounds(#[from] UploadError),
}

/// What the sound of a template is called.
fn title(language: &str, name: &str) -> String {
    format!("{language}/{name}")
}

/// The client's sound of this title, where it has one.
fn sound_of(config: &Config, client: ClientId, title: &str) -> Option<SoundId> {
    config.sounds().find(|sound| sound.client == client && sound.title == title).map(|sound| sound.id)
}

impl CreateFromTemplate {
    /// Reads a request, and lays the sounds that the client does not have yet beside their place. It writes to the disk: not for a thread
    /// that serves others.
    ///
    /// # Errors
    /// [`NoTemplate`].
    pub fn stage(store: &Store, client: ClientId, body: Value) -> Result<Self, NoTemplate> {
        match body.get("template").and_then(Value::as_str) {
            Some("voicemail_menu") => {}
            _ => return Err(Rejected::field("template", "must be one of: voicemail_menu").into()),
        }
        if body.get("type").is_some_and(|kind| kind != "ivr") {
            return Err(Rejected::field("type", "must be ivr where there is a template").into());
        }
        let language = match body.get("language").filter(|language| !language.is_null()) {
            None => LANGUAGES[0],
            Some(word) => {
                let found = LANGUAGES.into_iter().find(|language| word.as_str() == Some(language));
                found.ok_or_else(|| Rejected::field("language", format!("must be one of: {}", LANGUAGES.join(", "))))?
            }
        };
        let config = store.snapshot();
        let mut staged = Vec::new();
        for name in voicemail_menu::SOUNDS {
            if sound_of(&config, client, &title(language, name)).is_none() {
                let wav = sounds::wav(language, name).unwrap_or_default();
                staged.push((name, store.stage_sound(wav)?));
            }
        }
        Ok(Self { client, body, language, sounds: staged })
    }
}

impl Change for CreateFromTemplate {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let Self { client, body, language, sounds } = self;
        for (name, content) in sounds {
            let body = serde_json::json!({ "title": title(language, name) });
            CreateSound { client, body, uploaded_name: format!("{name}.wav"), content }.apply(edit)?;
        }
        let named = |edit: &Edit<'_>, name| {
            let found = sound_of(edit.config(), client, &title(language, name));
            found.map(|id| (language, name, id)).ok_or(Rejected::from(Missing::Sound))
        };
        let sounds = voicemail_menu::SOUNDS.map(|name| named(edit, name));
        let sounds = sounds.into_iter().collect::<Result<Vec<_>, _>>()?;
        let made: ExtensionId = voicemail_menu::make(edit, client, &body, language, &sounds)?;
        edit.config().extension(made).cloned().ok_or(Rejected::from(Missing::Extension))
    }
}
