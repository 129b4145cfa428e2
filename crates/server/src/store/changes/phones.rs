//! Telephones: the digest password, the fixed contact, and the mailbox whose messages light the lamp.
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
    /// The request: any of `password`, `contact` and `mailbox`; `null` takes one away.
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
        let mut number = None;
        fields.text("mailbox", &mut number);
        if self.body.get("mailbox").is_some() {
            phone.mailbox = None;
        }
        if let Some(number) = number {
            let mailbox = edit.config().find_extension(&number, Some(self.client));
            let mailbox = mailbox.filter(|found| found.client == self.client && found.document.is_some());
            phone.mailbox = mailbox.map(|mailbox| mailbox.id);
            if phone.mailbox.is_none() {
                fields.refuse("mailbox", "must be the number of a menu");
            }
        }
        fields.done()?;
        let query = "UPDATE phone SET password = ?2, contact = ?3, mailbox = ?4 WHERE extension = ?1";
        let mailbox = phone.mailbox.map(|mailbox| signed(mailbox.0));
        let row = (signed(self.extension.0), &phone.password, &phone.contact, mailbox);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        edit.draft().put_extension(Extension { kind: ExtensionKind::Phone(phone.clone()), ..old });
        Ok(phone)
    }
}
