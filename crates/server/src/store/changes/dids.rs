//! Public numbers.
//!
//! Sources: `interface.md`, "Beyond RingMe" and "Where a call goes".

use std::sync::Arc;

use antiphon_ivr::ExtensionId;
use serde_json::Value;

use super::super::model::{ClientId, Did, DidId, bare_number};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Missing, Rejected, Taken, limits};
use super::extension_of;
use super::fields::Fields;

/// Most digits of a public number; E.164 has 15, and some carriers hand over more.
const MAX_NUMBER: usize = 32;

/// Leads a public number to an extension.
#[derive(Debug)]
pub struct CreateDid {
    /// Whose it will be.
    pub client: ClientId,
    /// The request: `did` and `extension_id`.
    pub body: Value,
}

/// Forgets a public number.
#[derive(Debug)]
pub struct DeleteDid {
    /// Whose it is.
    pub client: ClientId,
    /// Which entry.
    pub id: DidId,
}

impl Change for CreateDid {
    type Answer = Arc<Did>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Did>, Rejected> {
        edit.config().client(self.client).ok_or(Missing::Client)?;
        let mut fields = Fields::of(&self.body)?;
        let number = fields.required_text("did").unwrap_or_default();
        let digits = bare_number(&number);
        let well_formed = (1..=MAX_NUMBER).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !number.is_empty() && !well_formed {
            fields.refuse("did", format!("must be 1 to {MAX_NUMBER} digits, with or without a plus before them"));
        }
        let mut extension = None;
        fields.number("extension_id", &mut extension);
        let extension = ExtensionId(extension.unwrap_or_default());
        if extension.0 == 0 {
            fields.refuse("extension_id", "is required");
        } else if extension_of(edit.config(), self.client, extension).is_err() {
            fields.refuse("extension_id", "no such extension");
        }
        fields.done()?;
        if edit.config().has_did(&number) {
            return Err(Taken::DidNumber(number).into());
        }
        let most = limits::DIDS_OF_A_CLIENT;
        if edit.config().dids().filter(|did| did.client == self.client).count() >= most {
            return Err(Rejected::Full { table: "DIDs", most });
        }
        let query = "INSERT INTO did (client, number, extension) VALUES (?1, ?2, ?3)";
        let row = (signed(self.client.0), &number, signed(extension.0));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let id = DidId(unsigned(edit.transaction.last_insert_rowid()));
        Ok(edit.draft().put_did(Did { id, client: self.client, number, extension }))
    }
}

impl Change for DeleteDid {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        edit.config().did_entry(self.id).filter(|did| did.client == self.client).ok_or(Missing::Did)?;
        edit.transaction.prepare_cached("DELETE FROM did WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_did(self.id);
        Ok(())
    }
}
