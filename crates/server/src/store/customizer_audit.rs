//! Who changed which customizer, as it was written down with each change.
//!
//! Shape: changes write the rows ([`changes::customizers`](super::changes)); whoever reads them opens the database for it.
//! Time: read from the disk, so not on a thread that serves others.
//! Errors: those of the database.
//! Sources: `voicexml-customizers.md` 2.5.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_ivr::ExtensionId;
use rusqlite::Row;

use super::database;
use super::model::ClientId;
use super::writer::{signed, unsigned};

/// A change that was made.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct CustomizerChange {
    /// Its number, which counts up over all clients.
    pub id: u64,
    /// When.
    pub at: SystemTime,
    /// The extension, which may be gone by now.
    pub extension: ExtensionId,
    /// The version; none where all of them are told something else.
    pub version: Option<u32>,
    /// What was done: `add`, `code`, `edit`, `activate`, `deactivate`, `delete` or `config`.
    pub action: String,
    /// The SHA-256 of the version's code from then on, in hexadecimal digits.
    pub sha256: Option<String>,
    /// The application that asked.
    pub application: String,
}

/// Which changes somebody wants to see.
#[derive(Clone, Debug)]
pub struct WantedCustomizerChanges {
    /// Whose.
    pub client: ClientId,
    /// Of this extension only.
    pub extension: Option<ExtensionId>,
    /// The newest first.
    pub newest_first: bool,
    /// So many are left out.
    pub skip: usize,
    /// At most so many.
    pub most: usize,
}

/// Reads from the disk.
pub(super) fn read(path: &Path, wanted: &WantedCustomizerChanges) -> Result<Vec<CustomizerChange>, rusqlite::Error> {
    let order = if wanted.newest_first { "DESC" } else { "ASC" };
    let query = format!(
        "SELECT id, at, extension, version, action, sha256, application FROM customizer_audit
         WHERE client = ?1 AND (?2 IS NULL OR extension = ?2) ORDER BY id {order} LIMIT ?3 OFFSET ?4"
    );
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let extension = wanted.extension.map(|extension| signed(extension.0));
    let values = (signed(wanted.client.0), extension, whole(wanted.most), whole(wanted.skip));
    let reader = database::open_to_read(path)?;
    let mut statement = reader.prepare(&query)?;
    let rows = statement.query_map(values, change)?;
    rows.collect()
}

fn change(row: &Row<'_>) -> Result<CustomizerChange, rusqlite::Error> {
    Ok(CustomizerChange {
        id: unsigned(row.get(0)?),
        at: UNIX_EPOCH + Duration::from_secs(unsigned(row.get(1)?)),
        extension: ExtensionId(unsigned(row.get(2)?)),
        version: Some(row.get(3)?).filter(|version| *version > 0),
        action: row.get(4)?,
        sha256: Some(row.get::<_, String>(5)?).filter(|digits| !digits.is_empty()),
        application: row.get(6)?,
    })
}
