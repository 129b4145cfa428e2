//! Applications in VoiceXML, and their pages.
//!
//! Shape: the application is changed field by field; a page is written and taken away as a whole, and whoever writes it has checked it.
//! Sources: `voicexml-customizers.md` 3.10.

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, vxml::check};
use serde_json::Value;
use url::Url;

use super::super::limits;
use super::super::model::{ClientId, Extension, ExtensionKind};
use super::super::vxml::{VxmlApplication, VxmlDialect, VxmlSource, VxmlTransfer};
use super::super::writer::{Change, Edit, signed};
use super::super::{Config, Missing, Rejected};
use super::fields::Fields;
use super::{extension_of, json};

/// Most characters of an address.
const LONGEST_URL: usize = 2_048;
/// Most properties, and most characters of a value, and of a name that is told.
const MOST_PROPERTIES: usize = 64;
const LONGEST_PROPERTY: usize = 255;

/// Changes an application in VoiceXML.
#[derive(Debug)]
pub struct UpdateVxml {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: any subset of the fields; `null` takes one away.
    pub body: Value,
}

/// Writes the page of an application, which runs from then on; `None` takes it away.
#[derive(Debug)]
pub struct PutVxmlDocument {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The page, which can be loaded.
    pub document: Option<Arc<[u8]>>,
}

/// An application, and its page where it was uploaded.
type Stored = (VxmlApplication, Option<Arc<[u8]>>);

fn application_of(extension: &Extension) -> Result<Stored, Missing> {
    match (&extension.kind, &extension.profile.vxml) {
        (ExtensionKind::Vxml(vxml), Some(application)) => Ok((application.clone(), vxml.document.clone())),
        _ => Err(Missing::Vxml),
    }
}

/// Writes the row of the extension, and puts it into the draft.
fn put(
    edit: &mut Edit<'_>,
    old: Extension,
    application: VxmlApplication,
    document: Option<Arc<[u8]>>,
) -> Result<Arc<Extension>, Rejected> {
    let kind = ExtensionKind::Vxml(application.runs(document));
    let mut profile = old.profile.clone();
    profile.vxml = Some(application);
    let query = "UPDATE extension SET body = ?2 WHERE id = ?1";
    edit.transaction.prepare_cached(query)?.execute((signed(old.id.0), json(&profile)))?;
    Ok(edit.draft().put_extension(Extension { kind, profile, ..old }))
}

impl Change for UpdateVxml {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.extension)?);
        let (mut application, document) = application_of(&old)?;
        let mut fields = Fields::of(&self.body)?;
        let before = application.url.clone();
        address(&mut fields, "url", &mut application.url);
        address(&mut fields, "base_url", &mut application.base_url);
        if application.url.is_some() && application.url != before {
            application.source = VxmlSource::Url;
        }
        source(&mut fields, &mut application, document.is_some());
        let mut word = Some(application.dialect.as_str().to_owned());
        fields.word("dialect", VxmlDialect::WORDS, &mut word);
        application.dialect = word.as_deref().and_then(VxmlDialect::of).unwrap_or_default();
        let mut word = Some(application.transfer.as_str().to_owned());
        fields.word("transfer", VxmlTransfer::WORDS, &mut word);
        application.transfer = word.as_deref().and_then(VxmlTransfer::of).unwrap_or_default();
        fields.flag("early_queuing", &mut application.early_queuing);
        fields.flag("allow_flow", &mut application.allow_flow);
        properties(&self.body, &mut fields, &mut application);
        fields.done()?;
        put(edit, old, application, document)
    }
}

/// Which page runs: the one that is named, else the one that there is.
fn source(fields: &mut Fields<'_>, application: &mut VxmlApplication, is_uploaded: bool) {
    if application.url.is_none() && is_uploaded {
        application.source = VxmlSource::Document;
    }
    let mut word = Some(application.source.as_str().to_owned());
    fields.word("source", VxmlSource::WORDS, &mut word);
    application.source = word.as_deref().and_then(VxmlSource::of).unwrap_or_default();
    match application.source {
        VxmlSource::Document if !is_uploaded => fields.refuse("source", "is document, and no document was uploaded"),
        VxmlSource::Url if is_uploaded && application.url.is_none() => {
            fields.refuse("source", "is url, and there is no url; the document that was uploaded is there");
        }
        // What has no page at all is as it was made.
        VxmlSource::Document | VxmlSource::Url => {}
    }
}

/// An absolute address of a web server.
fn address(fields: &mut Fields<'_>, name: &str, into: &mut Option<String>) {
    let mut found = into.clone();
    fields.long_text(name, LONGEST_URL, &mut found);
    let found = found.filter(|text| !text.is_empty());
    let parsed = found.as_deref().map(Url::parse);
    match parsed {
        None => *into = None,
        Some(Ok(url)) if matches!(url.scheme(), "http" | "https") && url.has_host() => *into = found,
        Some(_) => fields.refuse(name, "must be an absolute URL of http or https"),
    }
}

/// Lays properties over those that are there.
fn properties(body: &Value, fields: &mut Fields<'_>, application: &mut VxmlApplication) {
    let given = match body.get("defaults") {
        None => return,
        Some(Value::Null) => return application.properties.clear(),
        Some(Value::Object(given)) => given,
        Some(_) => return fields.refuse("defaults", "must be an object"),
    };
    application.properties.clear();
    if given.len() > MOST_PROPERTIES {
        fields.refuse("defaults", format!("has more than {MOST_PROPERTIES} properties"));
    }
    for (name, value) in given.iter().take(MOST_PROPERTIES) {
        let value = value.as_str().filter(|value| value.chars().count() <= LONGEST_PROPERTY);
        let fault = match value {
            None => format!("must be a text of at most {LONGEST_PROPERTY} characters"),
            Some(value) => match check::property(name, value) {
                Ok(()) => {
                    application.properties.insert(name.clone(), value.to_owned());
                    continue;
                }
                Err(unfit) => unfit.to_string(),
            },
        };
        let shown: String = name.chars().take(LONGEST_PROPERTY).collect();
        fields.refuse(&format!("defaults.{shown}"), fault);
    }
}

impl Change for PutVxmlDocument {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.extension)?);
        let (mut application, before) = application_of(&old)?;
        let id = signed(self.extension.0);
        match &self.document {
            Some(document) => {
                room(edit.config(), self.client, document.len(), before.map_or(0, |before| before.len()))?;
                let query = "INSERT INTO vxml_document (extension, body) VALUES (?1, ?2)
                             ON CONFLICT (extension) DO UPDATE SET body = excluded.body";
                edit.transaction.prepare_cached(query)?.execute((id, &document[..]))?;
                application.source = VxmlSource::Document;
            }
            None => {
                before.ok_or(Missing::Document)?;
                edit.transaction.prepare_cached("DELETE FROM vxml_document WHERE extension = ?1")?.execute([id])?;
                application.source = VxmlSource::Url;
            }
        }
        put(edit, old, application, self.document)
    }
}

/// All pages of a client lie in memory.
fn room(config: &Config, client: ClientId, more: usize, less: usize) -> Result<(), Rejected> {
    let most = limits::VXML_BYTES_OF_A_CLIENT;
    let size = |extension: &Arc<Extension>| match &extension.kind {
        ExtensionKind::Vxml(vxml) => vxml.document.as_ref().map_or(0, |document| document.len()),
        _ => 0,
    };
    let there: usize = config.extensions().filter(|extension| extension.client == client).map(size).sum();
    if there - less + more <= most { Ok(()) } else { Err(Rejected::Full { table: "bytes of VoiceXML", most }) }
}
