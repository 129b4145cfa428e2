//! Options of a context.
//!
//! Errors: the built-in options can neither be made nor deleted.
//! Sources: `ringme-ivr.md` 1.4, 2.5 (rows 8 to 10).

use std::sync::Arc;

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId};
use serde_json::Value;

use super::super::document::OptionDocument;
use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, Taken, limits};
use super::fields::Fields;
use super::{document_of, put_document};

/// Makes an option.
#[derive(Debug)]
pub struct CreateOption {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// The context.
    pub context: ContextId,
    /// The request: `digits`.
    pub body: Value,
}

/// Removes an option with its rules.
#[derive(Debug)]
pub struct DeleteOption {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// The context.
    pub context: ContextId,
    /// Which option.
    pub key: OptionKey,
}

impl Change for CreateOption {
    type Answer = OptionKey;

    fn apply(self, edit: &mut Edit<'_>) -> Result<OptionKey, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let context = document.contexts.get(&self.context).ok_or(Missing::Context)?;
        let mut fields = Fields::of(&self.body)?;
        let digits = fields.required_text("digits");
        fields.done()?;
        let key: OptionKey = match digits.unwrap_or_default().parse() {
            Ok(key) => key,
            Err(problem) => return Err(Rejected::field("digits", format!("{problem}"))),
        };
        if context.option(&key).is_some() {
            return Err(Taken::OptionDigits(key.to_string()).into());
        }
        if context.is_full() {
            return Err(Rejected::Full { table: "options", most: limits::OPTIONS_OF_A_CONTEXT });
        }
        let option = Arc::new(OptionDocument::new(key.clone(), Vec::new()));
        document.edit_context(self.context, |context| context.options.push(option));
        let query = "INSERT INTO context_option (extension, context, digits, position)
                     SELECT ?1, ?2, ?3, COALESCE(MAX(position), 0) + 1
                     FROM context_option WHERE extension = ?1 AND context = ?2";
        let row = (signed(self.extension.0), signed(self.context.0), key.as_str());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        put_document(edit, self.extension, document);
        Ok(key)
    }
}

impl Change for DeleteOption {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let context = document.contexts.get(&self.context).ok_or(Missing::Context)?;
        if self.key.is_built_in() {
            return Err(Rejected::field("digits", format!("the built-in option {} cannot be deleted", self.key)));
        }
        context.option(&self.key).ok_or(Missing::Option)?;
        document.edit_context(self.context, |context| context.options.retain(|option| option.key != self.key));
        let query = "DELETE FROM context_option WHERE extension = ?1 AND context = ?2 AND digits = ?3";
        let row = (signed(self.extension.0), signed(self.context.0), self.key.as_str());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        put_document(edit, self.extension, document);
        Ok(())
    }
}
