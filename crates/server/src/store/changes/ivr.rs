//! The settings of an IVR.
//!
//! Sources: `ringme-ivr.md` 1.2, 2.5 (rows 1 and 2).

use antiphon_ivr::ExtensionId;
use antiphon_ivr::rules::{Ivr, wire, wire::FieldError};
use serde_json::Value;

use super::super::Rejected;
use super::super::model::ClientId;
use super::super::writer::{Change, Edit};
use super::{Known, all_of, document_of, put_document, write_ivr};

/// Changes the settings of an IVR.
#[derive(Debug)]
pub struct UpdateIvr {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: any subset of the fields.
    pub body: Value,
}

impl Change for UpdateIvr {
    type Answer = wire::Ivr;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Ivr, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let (settings, problems) = document.settings.patched(&self.body)?;
        let known = Known { config: edit.config(), client: self.client, document: &document };
        let mut wrong = Ivr::check(&settings, &known).err().unwrap_or_default();
        let is_told = settings.vm_enabled && settings.vm_mailto.as_deref().is_some_and(|told| !told.trim().is_empty());
        if is_told && !edit.mailboxes.is_mail_set() {
            wrong.push(FieldError::new("vm_mailto", "this server sends no e-mail: its settings have no [mail]"));
        }
        all_of(problems, if wrong.is_empty() { Ok(()) } else { Err(wrong) })?;
        document.settings = settings.clone();
        write_ivr(edit, self.extension, &document)?;
        put_document(edit, self.extension, document);
        Ok(settings)
    }
}
