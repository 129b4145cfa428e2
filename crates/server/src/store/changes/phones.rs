//! Telephones: the digest password and the fixed contact.
//!
//! Sources: `interface.md`, "Beyond RingMe".

use antiphon_ivr::ExtensionId;
use serde_json::Value;

use super::super::model::{ClientId, Extension, ExtensionKind, Phone};
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected};
use super::extension_of;
use super::fields::Fields;
use crate::peer_uri;

/// Changes how a telephone is reached and recognised.
#[derive(Debug)]
pub struct UpdatePhone {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: `password` and `contact`, either or both; `null` takes one away.
    pub body: Value,
}

impl Change for UpdatePhone {
    type Answer = Phone;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Phone, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.extension)?);
        let ExtensionKind::Phone(mut phone) = old.kind.clone() else { return Err(Missing::Phone.into()) };
        let mut fields = Fields::of(&self.body)?;
        fields.text("password", &mut phone.password);
        fields.text("contact", &mut phone.contact);
        if phone.password.as_deref().is_some_and(str::is_empty) {
            fields.refuse("password", "must not be empty; null takes it away");
        }
        if let Some(Err(problem)) = phone.contact.as_deref().map(peer_uri::check) {
            fields.refuse("contact", problem.to_string());
        }
        fields.done()?;
        let query = "UPDATE phone SET password = ?2, contact = ?3 WHERE extension = ?1";
        let row = (signed(self.extension.0), &phone.password, &phone.contact);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        edit.draft().put_extension(Extension { kind: ExtensionKind::Phone(phone.clone()), ..old });
        Ok(phone)
    }
}
