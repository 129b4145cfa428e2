//! Extensions.
//!
//! Shape: an extension is made with its type and number, neither of which changes; an IVR begins with an empty menu, a phone
//! without password and contact, a conference open to all, a pivot without a URL, an application in
//! VoiceXML without a page.
//! Sources: `ringme-ivr.md` 1.8, 2.4.

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, Language};
use serde_json::Value;

use super::super::document::IvrDocument;
use super::super::model::{
    ClientId, ConferenceSettings, DidAs, Extension, ExtensionKind, ExtensionProfile, ExtensionStatus, Phone,
};
use super::super::pivot::PivotApplication;
use super::super::vxml::VxmlApplication;
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Config, Missing, Rejected, Taken, limits};
use super::fields::Fields;
use super::{extension_of, json, write_ivr};

/// Most digits of an internal number.
const MAX_NUMBER: usize = 20;
/// Types that the API knows and this version does not have.
const NOT_BUILT: [&str; 2] = ["queue", "fax"];

/// Makes an extension of a client.
#[derive(Debug)]
pub struct CreateExtension {
    /// Whose it will be.
    pub client: ClientId,
    /// The request: `name` and `type`, and any of the rest.
    pub body: Value,
}

/// Changes an extension's fields.
#[derive(Debug)]
pub struct UpdateExtension {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: ExtensionId,
    /// The request: any subset of the fields.
    pub body: Value,
}

/// Removes an extension and what hangs on it.
#[derive(Debug)]
pub struct DeleteExtension {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: ExtensionId,
}

/// The types that can be made.
#[derive(Copy, Clone)]
enum Kind {
    Ivr,
    Phone,
    Conference,
    Pivot,
    Vxml,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ivr => "ivr",
            Self::Phone => "phone",
            Self::Conference => "conference",
            Self::Pivot => "pivot",
            Self::Vxml => "vxml",
        }
    }
}

/// The fields that may change.
struct Changeable {
    status: ExtensionStatus,
    caller_id_name: Option<String>,
    profile: ExtensionProfile,
}

impl Changeable {
    fn read(&mut self, fields: &mut Fields<'_>) {
        let mut status = Some(self.status.as_str().to_owned());
        fields.word("status", &ExtensionStatus::WORDS, &mut status);
        self.status = status.and_then(|word| word.parse().ok()).unwrap_or_default();
        fields.text("caller_id_name", &mut self.caller_id_name);
        let profile = &mut self.profile;
        fields.text("label", &mut profile.label);
        fields.number("dial_rule_id", &mut profile.dial_rule_id);
        fields.number("dial_rule_limit", &mut profile.dial_rule_limit);
        fields.number("extension_group_id", &mut profile.extension_group_id);
        fields.opaque("extra_params", &mut profile.extra_params);
        fields.text("message_did", &mut profile.message_did);
        fields.flag("ani_rfc3325", &mut profile.ani_rfc3325);
        let mut form = profile.did_as_transfer_caller_id.map(|form| form.as_str().to_owned());
        fields.word("did_as_transfer_caller_id", &DidAs::WORDS, &mut form);
        profile.did_as_transfer_caller_id = form.as_deref().and_then(DidAs::of);
        let mut language = profile.language.map(|language| language.tag().to_owned());
        fields.word("language", &Language::TAGS, &mut language);
        profile.language = language.and_then(|tag| tag.parse().ok());
    }
}

/// The whole name of a number that may come with its client's prefix or without.
fn whole_name(name: &str, prefix: &str) -> Result<String, String> {
    let number = match name.split_once('*') {
        Some((given, number)) if given == prefix => number,
        Some(_) => return Err(format!("begins with another prefix than {prefix}")),
        None => name,
    };
    if (1..=MAX_NUMBER).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(format!("{prefix}*{number}"))
    } else {
        Err(format!("must be 1 to {MAX_NUMBER} digits"))
    }
}

fn kind(fields: &mut Fields<'_>) -> Option<Kind> {
    let word = fields.required_text("type")?;
    match word.as_str() {
        "ivr" => return Some(Kind::Ivr),
        "phone" => return Some(Kind::Phone),
        "conference" => return Some(Kind::Conference),
        "pivot" => return Some(Kind::Pivot),
        "vxml" => return Some(Kind::Vxml),
        word if NOT_BUILT.contains(&word) => fields.refuse("type", format!("{word} is not built yet")),
        _ => fields.refuse("type", "must be one of: ivr, phone, conference, pivot, vxml"),
    }
    None
}

fn room(config: &Config, client: ClientId) -> Result<(), Rejected> {
    let most = limits::EXTENSIONS_OF_A_CLIENT;
    let there = config.extensions().filter(|extension| extension.client == client).count();
    if there < most { Ok(()) } else { Err(Rejected::Full { table: "extensions", most }) }
}

impl Change for CreateExtension {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let client = edit.config().client(self.client).ok_or(Missing::Client)?;
        let mut fields = Fields::of(&self.body)?;
        let name = fields
            .required_text("name")
            .and_then(|name| whole_name(&name, &client.prefix).map_err(|problem| fields.refuse("name", problem)).ok());
        let kind = kind(&mut fields);
        let mut changeable = Changeable {
            status: ExtensionStatus::default(),
            caller_id_name: None,
            profile: ExtensionProfile::default(),
        };
        changeable.read(&mut fields);
        fields.done()?;
        let (Some(name), Some(kind)) = (name, kind) else { return Err(Rejected::field("name", "is required")) };
        if edit.config().has_name(&name) {
            return Err(Taken::ExtensionName(name).into());
        }
        room(edit.config(), self.client)?;
        insert(edit, self.client, name, kind, changeable)
    }
}

fn insert(
    edit: &mut Edit<'_>,
    client: ClientId,
    name: String,
    kind: Kind,
    changeable: Changeable,
) -> Result<Arc<Extension>, Rejected> {
    let Changeable { status, caller_id_name, mut profile } = changeable;
    match kind {
        Kind::Conference => profile.conference = Some(ConferenceSettings::default()),
        Kind::Pivot => profile.pivot = Some(PivotApplication::default()),
        Kind::Vxml => profile.vxml = Some(VxmlApplication::default()),
        Kind::Ivr | Kind::Phone => {}
    }
    let query = "INSERT INTO extension (client, name, kind, status, caller_id_name, create_date, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, datetime('now'), ?6) RETURNING id, create_date";
    let row = (signed(client.0), &name, kind.as_str(), status.as_str(), &caller_id_name, json(&profile));
    let (id, create_date): (i64, String) =
        edit.transaction.prepare_cached(query)?.query_row(row, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let id = ExtensionId(unsigned(id));
    let (kind, document) = match kind {
        Kind::Ivr => {
            let document = IvrDocument::default();
            write_ivr(edit, id, &document)?;
            (ExtensionKind::Ivr(Arc::new(document.runs())), Some(Arc::new(document)))
        }
        Kind::Phone => {
            edit.transaction.prepare_cached("INSERT INTO phone (extension) VALUES (?1)")?.execute([signed(id.0)])?;
            (ExtensionKind::Phone(Phone::default()), None)
        }
        Kind::Conference => (ExtensionKind::Conference(ConferenceSettings::default().entrance(&name)), None),
        Kind::Pivot => (ExtensionKind::Pivot(PivotApplication::default().runs(client, &name)), None),
        Kind::Vxml => (ExtensionKind::Vxml(VxmlApplication::default().runs(None)), None),
    };
    let extension = Extension { id, client, name, status, kind, caller_id_name, create_date, profile, document };
    Ok(edit.draft().put_extension(extension))
}

impl Change for UpdateExtension {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let old = Extension::clone(extension_of(edit.config(), self.client, self.id)?);
        let mut fields = Fields::of(&self.body)?;
        let mut name = Some(old.name.clone());
        fields.text("name", &mut name);
        if name.is_some_and(|name| name != old.name && name != old.number()) {
            fields.refuse("name", "cannot be changed; delete the extension and make another");
        }
        let mut kind = Some(old.kind.as_str().to_owned());
        fields.text("type", &mut kind);
        if kind.is_some_and(|kind| kind != old.kind.as_str()) {
            fields.refuse("type", "cannot be changed; delete the extension and make another");
        }
        let (caller_id_name, profile) = (old.caller_id_name.clone(), old.profile.clone());
        let mut changeable = Changeable { status: old.status, caller_id_name, profile };
        changeable.read(&mut fields);
        fields.done()?;
        let Changeable { status, caller_id_name, profile } = changeable;
        let query = "UPDATE extension SET status = ?2, caller_id_name = ?3, body = ?4 WHERE id = ?1";
        let row = (signed(self.id.0), status.as_str(), &caller_id_name, json(&profile));
        edit.transaction.prepare_cached(query)?.execute(row)?;
        Ok(edit.draft().put_extension(Extension { status, caller_id_name, profile, ..old }))
    }
}

impl Change for DeleteExtension {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        extension_of(edit.config(), self.client, self.id)?;
        if let Some(did) = edit.config().dids().find(|did| did.extension == self.id) {
            return Err(Taken::ExtensionHasDid(did.number.clone()).into());
        }
        edit.transaction.prepare_cached("DELETE FROM extension WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_extension(self.id);
        Ok(())
    }
}
