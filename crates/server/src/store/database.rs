//! The SQLite file.
//!
//! Shape: one connection, for the writer alone; readers read snapshots.
//! Time: WAL with `synchronous = NORMAL`: a commit survives the process, a checkpoint the power cut.
//! Errors: [`StoreError`].
//! Sources: SQLite's documentation of `journal_mode`, `synchronous` and `foreign_keys`.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// The migrations, forward only.
mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Opens or makes the database and brings it up to date. Its file is its owner's only, for it holds digest passwords.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |cause| StoreError::Files { path: path.to_owned(), cause };
    // SQLite gives its journal files the mode of the database.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    migrations::migrations::runner().run(&mut connection)?;
    Ok(connection)
}
