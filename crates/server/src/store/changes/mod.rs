//! The changes that can be made to the configuration, a file a resource.
//!
//! Shape: each is a struct that says what is asked for, and implements [`Change`](super::Change); what it checks, writes and
//! answers stands together.
//! Errors: [`Rejected`]; objects of another client are as if they were not there.
//! Sources: `ringme-ivr.md` 2.3-2.5; `interface.md`, "Beyond RingMe".

mod clients;
mod conferences;
mod contexts;
mod customizers;
mod dids;
mod events;
mod extensions;
mod fields;
mod flows;
mod intervals;
mod ivr;
mod options;
mod phones;
mod pivots;
mod rules;
mod scripts;
mod setup;
mod sounds;
mod variables;
mod vxml;

use std::sync::Arc;

use antiphon_ivr::rules::model::References;
use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::{ContextId, ExtensionId, IntervalId, SoundId};

pub use super::mailboxes::post::{
    DeleteMail, DeleteMessage, ForgetMessage, MarkHeard, PostMessage, RetryMail, SettleMail, Settled, SweepMails,
};
pub use super::tokens::IssueToken;
pub use clients::UpdateClient;
pub use conferences::UpdateConference;
pub use contexts::{CreateContext, DeleteContext, UpdateContext};
pub use customizers::{
    ActivateCustomizer, AddCustomizer, CustomizerEditor, DeactivateCustomizer, DeleteCustomizer, EditCustomizer,
    PutCustomizerConfig, ReplaceCustomizer,
};
pub use dids::{CreateDid, DeleteDid};
pub use events::{CreateEvent, DeleteEvent, UpdateEvent};
pub use extensions::{CreateExtension, DeleteExtension, UpdateExtension};
pub use flows::{CreateFlow, DeleteFlow, UpdateFlow, WrittenFlow};
pub use intervals::{CreateInterval, DeleteInterval, UpdateInterval};
pub use ivr::UpdateIvr;
pub use options::{CreateOption, DeleteOption};
pub use phones::UpdatePhone;
pub use pivots::{UpdatePivot, UpdatedPivot};
pub use rules::{CreateRule, DeleteRule, OptionPath, ReorderRules, UpdateRule};
pub use scripts::{CreateScript, DeleteScript, UpdateScript};
pub use setup::{CreateApplication, CreateClient};
pub use sounds::{CreateSound, DeleteSound, ReplaceSound, RetitleSound};
pub use variables::{CreateVariables, DeleteVariable, SetVariables};
pub use vxml::{PutVxmlDocument, UpdateVxml};

use super::document::IvrDocument;
use super::model::{ClientId, Extension, ExtensionKind};
use super::writer::{Edit, signed};
use super::{Config, Missing, Rejected};

/// A client's extension.
pub(super) fn extension_of(config: &Config, client: ClientId, id: ExtensionId) -> Result<&Arc<Extension>, Missing> {
    config.extension(id).filter(|extension| extension.client == client).ok_or(Missing::Extension)
}

/// The menu of a client's extension, to be changed.
fn document_of(config: &Config, client: ClientId, id: ExtensionId) -> Result<IvrDocument, Missing> {
    let extension = extension_of(config, client, id)?;
    extension.document.as_deref().cloned().ok_or(Missing::Ivr)
}

/// Puts a changed menu into the draft.
fn put_document(edit: &mut Edit<'_>, id: ExtensionId, document: IvrDocument) {
    let Some(extension) = edit.config().extension(id).map(|extension| Extension::clone(extension)) else { return };
    let kind = ExtensionKind::Ivr(Arc::new(document.runs()));
    edit.draft().put_extension(Extension { kind, document: Some(Arc::new(document)), ..extension });
}

/// Writes the row of the menu itself: its settings and counters.
fn write_ivr(edit: &Edit<'_>, id: ExtensionId, document: &IvrDocument) -> Result<(), Rejected> {
    let query = "INSERT INTO ivr (extension, next_context, next_rule, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (extension) DO UPDATE SET
                     next_context = excluded.next_context, next_rule = excluded.next_rule, body = excluded.body";
    let (next_context, next_rule) = (signed(document.next_context), signed(document.next_rule));
    let row = (signed(id.0), next_context, next_rule, json(&document.settings));
    edit.transaction.prepare_cached(query)?.execute(row)?;
    Ok(())
}

/// Refuses a request with what is wrong in its fields, and what would be wrong in what came of it; one problem for each field.
fn all_of<T>(mut problems: Vec<FieldError>, checked: Result<T, Vec<FieldError>>) -> Result<T, Rejected> {
    match checked {
        Ok(checked) if problems.is_empty() => Ok(checked),
        checked => {
            for problem in checked.err().into_iter().flatten() {
                if !problems.iter().any(|known| known.field == problem.field) {
                    problems.push(problem);
                }
            }
            Err(problems.into())
        }
    }
}

/// What the database keeps of an object.
pub(super) fn json<T: serde::Serialize>(object: &T) -> String {
    serde_json::to_string(object).expect("the stored objects have string keys and no failing parts")
}

/// What the rules of a menu may refer to: the client's sounds and intervals, the menu's contexts.
struct Known<'a> {
    config: &'a Config,
    client: ClientId,
    document: &'a IvrDocument,
}

impl References for Known<'_> {
    fn has_sound(&self, sound: SoundId) -> bool {
        self.config.sound(sound).is_some_and(|sound| sound.client == self.client)
    }

    fn has_context(&self, context: ContextId) -> bool {
        self.document.contexts.contains_key(&context)
    }

    fn has_interval(&self, interval: IntervalId) -> bool {
        self.config.interval(interval).is_some_and(|interval| interval.client == self.client)
    }
}
