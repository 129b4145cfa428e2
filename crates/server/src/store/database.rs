//! The SQLite file.
//!
//! Shape: one connection, for the writer alone; readers read snapshots, and what no snapshot has by a connection for each time.
//! Time: WAL with `synchronous = NORMAL`: a commit survives the process, a checkpoint the power cut.
//! Errors: [`StoreError`].
//! Sources: SQLite's documentation of `journal_mode`, `synchronous` and `foreign_keys`.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// The migrations, forward only.
mod migrations {
    refinery::embed_migrations!("migrations");
}

/// Opens the database, which may be an empty file, and brings it up to date.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    migrations::migrations::runner().run(&mut connection)?;
    Ok(connection)
}

/// Opens the database for somebody who reads it once.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    // Not kept open: the last to close the database is the writer, who then puts everything into the one file.
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(reader)
}
