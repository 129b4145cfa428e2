//! Versions of customizers.
//!
//! Shape: what is in the code was found out by whoever asks for the change, since it takes a process; each change leaves a row that says who
//! made it.
//! Errors: a version that is active is not deleted; what was looked at has to be what is there when it is activated.
//! Sources: `voicexml-customizers.md` 2.4, 2.5.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use antiphon_ivr::ExtensionId;

use super::super::customizer::{Customizer, CustomizerCode, FoundInCode};
use super::super::customizer_config::CustomizerConfig;
use super::super::model::{ClientId, Extension, ExtensionKind};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Config, Missing, Rejected, Taken, limits};
use super::{extension_of, json};

/// Who changes which customizer.
#[derive(Clone, Debug)]
pub struct CustomizerEditor {
    /// Whose the extension is.
    pub client: ClientId,
    /// The extension.
    pub extension: ExtensionId,
    /// The application that asks.
    pub application: Arc<str>,
    /// The present.
    pub now: SystemTime,
}

/// Adds a version. It is not active.
#[derive(Debug)]
pub struct AddCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// The code.
    pub code: CustomizerCode,
    /// What is in it.
    pub found: FoundInCode,
    /// The class that is called.
    pub class_name: String,
    /// Whether the request names that class.
    pub class_edited: bool,
    /// What people say of it.
    pub description: String,
}

/// Gives a version other code.
#[derive(Debug)]
pub struct ReplaceCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// The version as it was when the code was tried.
    pub tried: Arc<Customizer>,
    /// The code.
    pub code: CustomizerCode,
    /// What is in it.
    pub found: FoundInCode,
    /// The class that is called from now on.
    pub class_name: String,
    /// Whether somebody chose it.
    pub class_edited: bool,
}

/// Changes what is said of a version.
#[derive(Debug)]
pub struct EditCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// The version as it was when the class was tried.
    pub tried: Arc<Customizer>,
    /// Another class, and what is in the code under it.
    pub class_name: Option<(String, FoundInCode)>,
    /// Another description.
    pub description: Option<String>,
}

/// Has new calls run a version, and no other.
#[derive(Debug)]
pub struct ActivateCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// The version as it was when it was tried.
    pub tried: Arc<Customizer>,
    /// The methods that it has once it is loaded.
    pub methods: Vec<String>,
}

/// Has new calls run no version, if this is the one they run.
#[derive(Debug)]
pub struct DeactivateCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// Which version.
    pub version: u32,
}

/// Tells all versions something.
#[derive(Debug)]
pub struct PutCustomizerConfig {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// The version that was active, and was tried with it.
    pub tried: Option<Arc<Customizer>>,
    /// What they are told, which follows what they were told when that was tried.
    pub config: CustomizerConfig,
}

/// Removes a version.
#[derive(Debug)]
pub struct DeleteCustomizer {
    /// Who asks.
    pub editor: CustomizerEditor,
    /// Which version.
    pub version: u32,
}

impl CustomizerEditor {
    /// The present, in seconds since 1970.
    pub fn seconds(&self) -> u64 {
        self.now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// A version as it is.
    fn version(&self, config: &Config, version: u32) -> Result<Customizer, Missing> {
        extension_of(config, self.client, self.extension)?;
        let found = config.customizer(self.extension, version).ok_or(Missing::Customizer)?;
        Ok(Customizer::clone(found))
    }

    /// A version as it is, if it is what was tried.
    fn tried(&self, config: &Config, tried: &Customizer) -> Result<Customizer, Rejected> {
        let found = self.version(config, tried.version)?;
        let of = |it: &Customizer| (it.code.sha256.clone(), it.class_name.clone(), it.active);
        if of(&found) == of(tried) { Ok(found) } else { Err(Taken::CustomizerChanged.into()) }
    }

    /// Writes down who changed which version.
    fn audit(&self, edit: &Edit<'_>, action: &str, customizer: &Customizer) -> Result<(), Rejected> {
        self.write_down(edit, action, (customizer.version, &customizer.code.sha256))
    }

    /// Writes down who changed what.
    fn write_down(&self, edit: &Edit<'_>, action: &str, (version, sha256): (u32, &str)) -> Result<(), Rejected> {
        let query = "INSERT INTO customizer_audit (at, client, extension, version, action, sha256, application)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (at, client, extension) = (signed(self.seconds()), signed(self.client.0), signed(self.extension.0));
        let row = (at, client, extension, version, action, sha256, &*self.application);
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let newest = edit.transaction.last_insert_rowid();
        let query = "DELETE FROM customizer_audit WHERE id <= ?1";
        edit.transaction.prepare_cached(query)?.execute([newest - limits::AUDITED_CUSTOMIZERS])?;
        Ok(())
    }
}

/// Refuses more bytes of code than a client may have, where so many go.
fn room(config: &Config, client: ClientId, more: usize, less: usize) -> Result<(), Rejected> {
    let most = limits::CUSTOMIZER_BYTES_OF_A_CLIENT;
    let of_client = config.extensions().filter(|extension| extension.client == client);
    let versions = of_client.flat_map(|extension| config.customizers(extension.id));
    let there: usize = versions.map(|version| version.code.bytes.len()).sum();
    if there - less + more <= most { Ok(()) } else { Err(Rejected::Full { table: "bytes of code", most }) }
}

/// Writes a version into the database and the draft.
fn write(edit: &mut Edit<'_>, customizer: Customizer) -> Result<Arc<Customizer>, Rejected> {
    let query = "INSERT INTO customizer (extension, version, created, modified, class_name, class_edited, description,
                     active, classes, methods, code)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (extension, version) DO UPDATE SET
                     modified = excluded.modified, class_name = excluded.class_name,
                     class_edited = excluded.class_edited, description = excluded.description,
                     active = excluded.active, classes = excluded.classes, methods = excluded.methods,
                     code = excluded.code";
    let row = (
        signed(customizer.extension.0),
        customizer.version,
        signed(customizer.created),
        signed(customizer.modified),
        &customizer.class_name,
        customizer.class_edited,
        &customizer.description,
        customizer.active,
        json(&customizer.found.classes),
        json(&customizer.found.methods),
        &*customizer.code.bytes,
    );
    edit.transaction.prepare_cached(query)?.execute(row)?;
    Ok(edit.draft().put_customizer(customizer))
}

impl Change for AddCustomizer {
    type Answer = Arc<Customizer>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Customizer>, Rejected> {
        let Self { editor, code, found, class_name, class_edited, description } = self;
        extension_of(edit.config(), editor.client, editor.extension)?;
        let most = limits::CUSTOMIZERS_OF_AN_EXTENSION;
        if edit.config().customizers(editor.extension).count() >= most {
            return Err(Rejected::Full { table: "versions", most });
        }
        room(edit.config(), editor.client, code.bytes.len(), 0)?;
        let query = "INSERT INTO customizer_version (extension, last) VALUES (?1, 1)
                     ON CONFLICT (extension) DO UPDATE SET last = last + 1 RETURNING last";
        let last = edit.transaction.prepare_cached(query)?.query_row([signed(editor.extension.0)], |row| row.get(0))?;
        let version = u32::try_from(unsigned(last)).map_err(|_| Rejected::Storage)?;
        let (extension, created) = (editor.extension, editor.seconds());
        let customizer = Customizer {
            extension,
            version,
            created,
            modified: created,
            class_name,
            class_edited,
            description,
            active: false,
            found,
            code,
        };
        editor.audit(edit, "add", &customizer)?;
        write(edit, customizer)
    }
}

impl Change for ReplaceCustomizer {
    type Answer = Arc<Customizer>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Customizer>, Rejected> {
        let Self { editor, tried, code, found, class_name, class_edited } = self;
        let old = editor.tried(edit.config(), &tried)?;
        room(edit.config(), editor.client, code.bytes.len(), old.code.bytes.len())?;
        let modified = editor.seconds();
        let customizer = Customizer { modified, class_name, class_edited, found, code, ..old };
        if customizer.active && !customizer.is_valid() {
            return Err(Taken::CustomizerClass(customizer.class_name).into());
        }
        editor.audit(edit, "code", &customizer)?;
        write(edit, customizer)
    }
}

impl Change for EditCustomizer {
    type Answer = Arc<Customizer>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Customizer>, Rejected> {
        let Self { editor, tried, class_name, description } = self;
        let mut customizer = editor.version(edit.config(), tried.version)?;
        if let Some((class_name, found)) = class_name {
            customizer = editor.tried(edit.config(), &tried)?;
            (customizer.class_name, customizer.class_edited) = (class_name, true);
            customizer.found = found;
            if customizer.active && !customizer.is_valid() {
                return Err(Taken::CustomizerClass(customizer.class_name).into());
            }
        }
        customizer.description = description.unwrap_or(customizer.description);
        customizer.modified = editor.seconds();
        editor.audit(edit, "edit", &customizer)?;
        write(edit, customizer)
    }
}

impl Change for ActivateCustomizer {
    type Answer = Arc<Customizer>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Customizer>, Rejected> {
        let Self { editor, tried, methods } = self;
        let mut customizer = editor.version(edit.config(), tried.version)?;
        if (&customizer.code.sha256, &customizer.class_name) != (&tried.code.sha256, &tried.class_name) {
            return Err(Taken::CustomizerChanged.into());
        }
        if customizer.active {
            return edit
                .config()
                .customizer(editor.extension, tried.version)
                .cloned()
                .ok_or(Missing::Customizer.into());
        }
        // The one that was active goes first: the database knows one at a time.
        if let Some(former) = edit.config().active_customizer(editor.extension).cloned() {
            editor.audit(edit, "deactivate", &former)?;
            write(edit, Customizer { active: false, ..Customizer::clone(&former) })?;
        }
        (customizer.active, customizer.found.methods) = (true, methods);
        editor.audit(edit, "activate", &customizer)?;
        write(edit, customizer)
    }
}

impl Change for DeactivateCustomizer {
    type Answer = Arc<Customizer>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Customizer>, Rejected> {
        let Self { editor, version } = self;
        let customizer = editor.version(edit.config(), version)?;
        if !customizer.active {
            return Ok(Arc::new(customizer));
        }
        editor.audit(edit, "deactivate", &customizer)?;
        write(edit, Customizer { active: false, ..customizer })
    }
}

impl Change for DeleteCustomizer {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let Self { editor, version } = self;
        let customizer = editor.version(edit.config(), version)?;
        if customizer.active {
            return Err(Taken::CustomizerActive.into());
        }
        editor.audit(edit, "delete", &customizer)?;
        let query = "DELETE FROM customizer WHERE extension = ?1 AND version = ?2";
        edit.transaction.prepare_cached(query)?.execute((signed(editor.extension.0), version))?;
        edit.draft().remove_customizer(editor.extension, version);
        Ok(())
    }
}

impl Change for PutCustomizerConfig {
    type Answer = Arc<Extension>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Extension>, Rejected> {
        let Self { editor, tried, config } = self;
        let old = Extension::clone(extension_of(edit.config(), editor.client, editor.extension)?);
        if !matches!(old.kind, ExtensionKind::Vxml(_)) {
            return Err(Missing::Vxml.into());
        }
        let of = |it: &Customizer| (it.version, it.code.sha256.clone(), it.class_name.clone());
        let active = edit.config().active_customizer(editor.extension).map(|active| of(active));
        let follows = config.revision == old.profile.customizer.revision + 1;
        if active != tried.as_deref().map(of) || !follows {
            return Err(Taken::CustomizerChanged.into());
        }
        let most = limits::CUSTOMIZER_CONFIG_BYTES_OF_A_CLIENT;
        let of_client = edit.config().extensions().filter(|extension| extension.client == editor.client);
        let there: usize = of_client.map(|extension| extension.profile.customizer.bytes).sum();
        if there - old.profile.customizer.bytes + config.bytes > most {
            return Err(Rejected::Full { table: "bytes of what customizers are told", most });
        }
        editor.write_down(edit, "config", (0, ""))?;
        let mut profile = old.profile.clone();
        profile.customizer = config;
        let query = "UPDATE extension SET body = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(old.id.0), json(&profile)))?;
        Ok(edit.draft().put_extension(Extension { profile, ..old }))
    }
}
