//! The settings of conferences.

use antiphon_ivr::ExtensionId;
use antiphon_ivr::conference::MAX_PIN;
use serde_json::Value;

use super::super::model::{ClientId, ConferenceSettings, Extension, ExtensionKind};
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, limits};
use super::fields::Fields;
use super::{extension_of, json};

/// Changes the settings of a conference. Those who are in it notice nothing.
#[derive(Debug)]
pub struct UpdateConference {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: `pin`, `max_members`, `muted`, `tones` and `music`, any of them; `null` takes the PIN away.
    pub body: Value,
}

impl Change for UpdateConference {
    type Answer = ConferenceSettings;

    fn apply(self, edit: &mut Edit<'_>) -> Result<ConferenceSettings, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.extension)?);
        let Some(mut settings) = old.profile.conference.clone() else { return Err(Missing::Conference.into()) };
        let mut fields = Fields::of(&self.body)?;
        fields.text("pin", &mut settings.pin);
        let is_pin = |pin: &str| (1..=MAX_PIN).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit());
        if settings.pin.as_deref().is_some_and(|pin| !is_pin(pin)) {
            fields.refuse("pin", format!("must be 1 to {MAX_PIN} digits; null takes it away"));
        }
        let mut most = Some(settings.max_members);
        fields.number("max_members", &mut most);
        match most {
            Some(most @ 2..=limits::MEMBERS_OF_A_CONFERENCE) => settings.max_members = most,
            _ => fields.refuse("max_members", format!("must be 2 to {}", limits::MEMBERS_OF_A_CONFERENCE)),
        }
        fields.flag("muted", &mut settings.muted);
        fields.flag("tones", &mut settings.tones);
        fields.flag("music", &mut settings.music);
        fields.done()?;
        let mut profile = old.profile.clone();
        profile.conference = Some(settings.clone());
        let query = "UPDATE extension SET body = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(self.extension.0), json(&profile)))?;
        let kind = ExtensionKind::Conference(settings.entrance(&old.name));
        edit.draft().put_extension(Extension { kind, profile, ..old });
        Ok(settings)
    }
}
