//! Sounds.
//!
//! Shape: an upload is decoded and written by whoever received it; the writer renames its files and adds the row.
//! Errors: a sound that a menu plays stays.
//! Sources: `ringme-ivr.md` 1.8, 2.3.

use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::SoundId;
use serde_json::Value;

use super::super::model::{ClientId, Sound};
use super::super::sound_files::StagedSound;
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Config, Missing, Rejected, Taken, limits};
use super::fields::Fields;
use super::json;

/// Most characters of the name of an uploaded file.
const MAX_NAME: usize = 255;

/// Keeps an upload as a new sound.
pub struct CreateSound {
    /// Whose it will be.
    pub client: ClientId,
    /// The request: `title`.
    pub body: Value,
    /// The name of the uploaded file, as its sender gave it.
    pub uploaded_name: String,
    /// The upload.
    pub content: StagedSound,
}

/// Gives a sound another content.
pub struct ReplaceSound {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: SoundId,
    /// The request: `title` where that changes too.
    pub body: Value,
    /// The name of the uploaded file, as its sender gave it.
    pub uploaded_name: String,
    /// The upload.
    pub content: StagedSound,
}

/// Gives a sound another title.
#[derive(Debug)]
pub struct RetitleSound {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: SoundId,
    /// The request: `title`.
    pub body: Value,
}

/// Removes a sound.
#[derive(Debug)]
pub struct DeleteSound {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: SoundId,
}

fn sound_of(config: &Config, client: ClientId, id: SoundId) -> Result<Sound, Missing> {
    let sound = config.sound(id).filter(|sound| sound.client == client).ok_or(Missing::Sound)?;
    Ok(Sound::clone(sound))
}

fn required_title(body: &Value) -> Result<String, Rejected> {
    let mut fields = Fields::of(body)?;
    let title = fields.required_text("title");
    fields.done()?;
    Ok(title.unwrap_or_default())
}

/// The last part of a path, without what a terminal or a header could trip over.
fn base_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    base.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// Whether a client may have a sound of this length, in place of another one where it replaces that.
fn room(config: &Config, client: ClientId, replaced: Option<SoundId>, length: Duration) -> Result<(), Rejected> {
    let others = config.sounds().filter(|sound| sound.client == client && Some(sound.id) != replaced);
    let (count, time) =
        others.fold((0, Duration::ZERO), |(count, time), sound| (count + 1, time + sound.audio.duration()));
    if count >= limits::SOUNDS_OF_A_CLIENT {
        return Err(Rejected::Full { table: "sounds", most: limits::SOUNDS_OF_A_CLIENT });
    }
    let hours = limits::SOUND_HOURS_OF_A_CLIENT;
    if time + length > Duration::from_secs(3600) * hours {
        return Err(Rejected::Full { table: "hours of sound", most: hours as usize });
    }
    Ok(())
}

fn place(edit: &Edit<'_>, content: &StagedSound) -> Result<(), Rejected> {
    edit.sounds.place(content).map_err(|error| {
        tracing::error!(%error, "an uploaded sound could not be put in its place");
        Rejected::Storage
    })
}

impl Change for CreateSound {
    type Answer = Arc<Sound>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Sound>, Rejected> {
        edit.config().client(self.client).ok_or(Missing::Client)?;
        let title = required_title(&self.body)?;
        room(edit.config(), self.client, None, self.content.audio.duration())?;
        let uploaded_name = base_name(&self.uploaded_name);
        let query = "INSERT INTO sound (client, title, filename, uploaded_name, quality) VALUES (?1, ?2, ?3, ?4, ?5)";
        let quality = json(&self.content.quality);
        let row = (signed(self.client.0), &title, &self.content.filename, &uploaded_name, quality);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let id = SoundId(unsigned(edit.transaction.last_insert_rowid()));
        place(edit, &self.content)?;
        let (filename, audio) = (self.content.filename.clone(), Arc::clone(&self.content.audio));
        let quality = Some(self.content.quality.clone());
        Ok(edit.draft().put_sound(Sound { id, client: self.client, title, filename, uploaded_name, quality, audio }))
    }
}

impl Change for ReplaceSound {
    type Answer = Arc<Sound>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Sound>, Rejected> {
        let mut sound = sound_of(edit.config(), self.client, self.id)?;
        let mut fields = Fields::of(&self.body)?;
        let mut title = Some(sound.title.clone());
        fields.text("title", &mut title);
        fields.done()?;
        sound.title = title.filter(|title| !title.trim().is_empty()).unwrap_or(sound.title);
        sound.uploaded_name = base_name(&self.uploaded_name);
        sound.audio = Arc::clone(&self.content.audio);
        sound.quality = Some(self.content.quality.clone());
        room(edit.config(), self.client, Some(self.id), sound.audio.duration())?;
        let old = std::mem::replace(&mut sound.filename, self.content.filename.clone());
        let query = "UPDATE sound SET title = ?2, filename = ?3, uploaded_name = ?4, quality = ?5 WHERE id = ?1";
        let quality = json(&self.content.quality);
        let row = (signed(self.id.0), &sound.title, &sound.filename, &sound.uploaded_name, quality);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        place(edit, &self.content)?;
        forget(edit, old);
        Ok(edit.draft().put_sound(sound))
    }
}

impl Change for RetitleSound {
    type Answer = Arc<Sound>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Sound>, Rejected> {
        let sound = sound_of(edit.config(), self.client, self.id)?;
        let title = required_title(&self.body)?;
        let query = "UPDATE sound SET title = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(self.id.0), &title))?;
        Ok(edit.draft().put_sound(Sound { title, ..sound }))
    }
}

impl Change for DeleteSound {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let sound = sound_of(edit.config(), self.client, self.id)?;
        let plays = edit.config().extensions().find(|extension| {
            extension.client == self.client && extension.document.as_ref().is_some_and(|menu| menu.plays(self.id))
        });
        if let Some(extension) = plays {
            return Err(Taken::SoundInUse(extension.name.clone()).into());
        }
        edit.transaction.prepare_cached("DELETE FROM sound WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_sound(self.id);
        forget(edit, sound.filename);
        Ok(())
    }
}

/// Removes a content once nothing in force names it.
fn forget(edit: &mut Edit<'_>, filename: String) {
    let sounds = Arc::clone(edit.sounds);
    edit.afterwards(move |config| sounds.remove_unless_used(&filename, config));
}
