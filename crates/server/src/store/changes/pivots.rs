//! Applications for Pivot.
//!
//! Sources: `kazoo-pivot.md` 1.

use std::sync::Arc;

use antiphon_ivr::ExtensionId;
use antiphon_ivr::pivot::{UrlGuard, Warning};
use antiphon_ivr::rules::wire::FieldError;
use serde_json::{Map, Value};

use super::super::model::{ClientId, Extension, ExtensionKind};
use super::super::pivot::{OTHERWISE, PivotApplication, SigningSecretText};
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected};
use super::fields::Fields;
use super::{all_of, extension_of, json};

/// The data of the node, by its names there. `req_timeout` is in seconds, as an example of KAZOO has it.
const DATA: [&str; 10] = [
    "voice_url",
    "method",
    "req_format",
    "req_body_format",
    "req_timeout_ms",
    "req_timeout",
    "cdr_url",
    "debug",
    "skip_module",
    "custom_request_headers",
];
/// Most bytes of the data and of the child together.
const MOST: usize = 256 * 1024;

/// Changes an application for Pivot.
#[derive(Debug)]
pub struct UpdatePivot {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: any subset of the node's data, `children`, `account_id` and `signing_secret`; `null` takes one away.
    pub body: Value,
    /// Where web servers may not be.
    pub guard: UrlGuard,
}

/// A changed application, and what was put right in it.
#[derive(Debug)]
pub struct UpdatedPivot {
    /// The extension.
    pub extension: Arc<Extension>,
    /// What was put right.
    pub warnings: Vec<Warning>,
}

impl Change for UpdatePivot {
    type Answer = UpdatedPivot;

    fn apply(self, edit: &mut Edit<'_>) -> Result<UpdatedPivot, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.extension)?);
        let Some(mut application) = old.profile.pivot.clone() else { return Err(Missing::Pivot.into()) };
        let mut fields = Fields::of(&self.body)?;
        fields.text("account_id", &mut application.account_id);
        let mut secret = application.signing_secret.take().map(|secret| secret.0);
        fields.text("signing_secret", &mut secret);
        application.signing_secret = secret.filter(|secret| !secret.is_empty()).map(SigningSecretText);
        if let Some(body) = self.body.as_object() {
            merge(body, &mut application.data);
            children(body, &mut fields, &mut application.otherwise);
        }
        let mut problems = fields.problems();
        problems.extend(guarded(&self.guard, &application));
        if json(&application).len() > MOST {
            problems.push(FieldError::new("", format!("the application has more than {MOST} bytes")));
        }
        let (pivot, warnings) = all_of(problems, application.check(self.client))?;
        let mut profile = old.profile.clone();
        profile.pivot = Some(application);
        let query = "UPDATE extension SET body = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(self.extension.0), json(&profile)))?;
        let kind = ExtensionKind::Pivot(Arc::new(pivot));
        let extension = edit.draft().put_extension(Extension { kind, profile, ..old });
        Ok(UpdatedPivot { extension, warnings })
    }
}

/// Lays the fields of the node's data over those that are there.
fn merge(body: &Map<String, Value>, data: &mut Map<String, Value>) {
    for (name, value) in DATA.iter().filter_map(|name| body.get_key_value(*name)) {
        match value {
            Value::Null => drop(data.remove(name)),
            value => drop(data.insert(name.clone(), value.clone())),
        }
    }
}

/// Reads `children`, of which only `_` means anything.
fn children(body: &Map<String, Value>, fields: &mut Fields<'_>, otherwise: &mut Option<Value>) {
    match body.get("children") {
        None => {}
        Some(Value::Null) => *otherwise = None,
        Some(Value::Object(children)) => {
            if let Some(other) = children.keys().find(|key| *key != OTHERWISE) {
                fields.refuse(&format!("children.{other}"), "only the child _ is ever run");
            }
            let is_absent = |flow: &&Value| flow.as_object().is_some_and(Map::is_empty) || flow.is_null();
            *otherwise = children.get(OTHERWISE).filter(|flow| !is_absent(flow)).cloned();
        }
        Some(_) => fields.refuse("children", "must be an object"),
    }
}

/// The URLs that nobody may be asked at.
fn guarded(guard: &UrlGuard, application: &PivotApplication) -> Vec<FieldError> {
    let url = |name: &str| Some((name.to_owned(), application.data.get(name)?.as_str()?));
    let urls = ["voice_url", "cdr_url"].into_iter().filter_map(url);
    urls.filter_map(|(name, url)| Some(FieldError::new(&name, guard.check(url).err()?.to_string()))).collect()
}
