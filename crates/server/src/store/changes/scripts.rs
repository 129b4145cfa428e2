//! The scripts of an IVR: who is asked at its events.
//!
//! Errors: a second script for an event.
//! Sources: `ringme-ivr.md` 4.1, 4.5.

use antiphon_ivr::ExtensionId;
use antiphon_ivr::rules::EventScripts;
use antiphon_ivr::rules::wire::{EventScript, ScriptEvent};
use serde_json::Value;

use super::super::model::ClientId;
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected, Taken};
use super::{document_of, json, put_document, write_ivr};

/// Makes a script.
#[derive(Debug)]
pub struct CreateScript {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// The request: `event_type`, `method`, `url`, and `timeout`.
    pub body: Value,
}

/// Changes a script.
#[derive(Debug)]
pub struct UpdateScript {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// Which script.
    pub event: ScriptEvent,
    /// The request: any of the fields but `event_type`.
    pub body: Value,
}

/// Removes a script.
#[derive(Debug)]
pub struct DeleteScript {
    /// Whose the IVR is.
    pub client: ClientId,
    /// The IVR.
    pub extension: ExtensionId,
    /// Which script.
    pub event: ScriptEvent,
}

impl Change for CreateScript {
    type Answer = EventScript;

    fn apply(self, edit: &mut Edit<'_>) -> Result<EventScript, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let script = EventScript::create(&self.body)?;
        EventScripts::check(&script)?;
        if document.scripts.iter().any(|other| other.event_type == script.event_type) {
            return Err(Taken::EventScript(script.event_type.to_string()).into());
        }
        // An IVR that nobody has written anything into may have no row yet.
        write_ivr(edit, self.extension, &document)?;
        let query = "INSERT INTO ivr_script (extension, event_type, body) VALUES (?1, ?2, ?3)";
        let row = (signed(self.extension.0), script.event_type.to_string(), json(&script));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        document.scripts.push(script.clone());
        document.scripts.sort_by_key(|script| script.event_type.to_string());
        put_document(edit, self.extension, document);
        Ok(script)
    }
}

impl Change for UpdateScript {
    type Answer = EventScript;

    fn apply(self, edit: &mut Edit<'_>) -> Result<EventScript, Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let stored = document.scripts.iter_mut().find(|script| script.event_type == self.event);
        let stored = stored.ok_or(Missing::Script)?;
        let script = stored.patch(&self.body)?;
        EventScripts::check(&script)?;
        *stored = script.clone();
        let query = "UPDATE ivr_script SET body = ?3 WHERE extension = ?1 AND event_type = ?2";
        let row = (signed(self.extension.0), self.event.to_string(), json(&script));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        put_document(edit, self.extension, document);
        Ok(script)
    }
}

impl Change for DeleteScript {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let mut document = document_of(edit.config(), self.client, self.extension)?;
        let count = document.scripts.len();
        document.scripts.retain(|script| script.event_type != self.event);
        if document.scripts.len() == count {
            return Err(Missing::Script.into());
        }
        let query = "DELETE FROM ivr_script WHERE extension = ?1 AND event_type = ?2";
        edit.transaction.prepare_cached(query)?.execute((signed(self.extension.0), self.event.to_string()))?;
        put_document(edit, self.extension, document);
        Ok(())
    }
}
