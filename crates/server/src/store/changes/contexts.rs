//! Contexts of an IVR.
//!
//! Shape: a context is made with the options `start`, `timeout` and `invalid`, and goes with its options and rules.
//! Errors: a context that the IVR begins in, or that a rule elsewhere jumps to, stays.
//! Sources: `ringme-ivr.md` 1.3, 2.5 (rows 3 to 7).

use std::sync::Arc;

use antiphon_ivr::rules::wire;
use antiphon_ivr::{ContextId, ExtensionId};
use serde_json::Value;

use super::super::document::{ContextDocument, IvrDocument};
use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, Taken, limits};
use super::{document_of, json, put_document, write_ivr};

/// Makes a context.
#[derive(Debug)]
pub struct CreateContext {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// The request: `name`, and any of the rest.
    pub body: Value,
}

/// Changes a context.
#[derive(Debug)]
pub struct UpdateContext {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// Which context.
    pub id: ContextId,
    /// The request: any subset of the fields.
    pub body: Value,
}

/// Removes a context with its options and rules.
#[derive(Debug)]
pub struct DeleteContext {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// Which context.
    pub id: ContextId,
}

impl Change for CreateContext {
    type Answer = wire::Context;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Context, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let mut context = wire::Context::default().patch(&self.body)?;
        if document.contexts.len() >= limits::CONTEXTS_OF_AN_IVR {
            return Err(Rejected::Full { table: "contexts", most: limits::CONTEXTS_OF_AN_IVR });
        }
        context.id = document.take_context_id();
        write_ivr(edit, self.extension, &document)?;
        let row = (signed(self.extension.0), signed(context.id.0), json(&context));
        let query = "INSERT INTO context (extension, id, body) VALUES (?1, ?2, ?3)";
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let made = ContextDocument::new(context.clone());
        let query = "INSERT INTO context_option (extension, context, digits, position) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = edit.transaction.prepare_cached(query)?;
        for (position, option) in (1_i64..).zip(&made.options) {
            statement.execute((signed(self.extension.0), signed(context.id.0), option.key.as_str(), position))?;
        }
        document.contexts.insert(context.id, Arc::new(made));
        put_document(edit, self.extension, document);
        Ok(context)
    }
}

impl Change for UpdateContext {
    type Answer = wire::Context;

    fn apply(self, edit: &mut Edit<'_>) -> Result<wire::Context, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let context = document.contexts.get(&self.id).ok_or(Missing::Context)?.context.patch(&self.body)?;
        document.edit_context(self.id, |stored| stored.context = context.clone());
        let row = (signed(self.extension.0), signed(self.id.0), json(&context));
        let query = "UPDATE context SET body = ?3 WHERE extension = ?1 AND id = ?2";
        edit.transaction.prepare_cached(query)?.execute(row)?;
        put_document(edit, self.extension, document);
        Ok(context)
    }
}

impl Change for DeleteContext {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        document.contexts.remove(&self.id).ok_or(Missing::Context)?;
        still_wanted(&document, self.id)?;
        let query = "DELETE FROM context WHERE extension = ?1 AND id = ?2";
        edit.transaction.prepare_cached(query)?.execute((signed(self.extension.0), signed(self.id.0)))?;
        put_document(edit, self.extension, document);
        Ok(())
    }
}

/// Whether what is left of the menu leads to a context that was taken out.
fn still_wanted(left: &IvrDocument, context: ContextId) -> Result<(), Taken> {
    if left.settings.entry_context == Some(context) {
        return Err(Taken::EntryContext);
    }
    match left.rules().find(|rule| rule.jump_target == Some(context)) {
        Some(rule) => Err(Taken::JumpTarget(rule.id.0)),
        None => Ok(()),
    }
}
