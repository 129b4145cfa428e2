//! The locks on the data directory and on the database, which need not lie in it.
//!
//! Shape: an advisory lock of the kernel on `<data>/lock` and one on the database itself, held while the file is open. They are
//! not the locks that SQLite takes, so that its own tools can still read and copy a database in use.
//! Time: they go with their process, however that ends.
//! Errors: [`StoreError::InUse`], [`StoreError::DatabaseInUse`], [`StoreError::Files`].
//! Sources: `interface.md`, "First start"; flock(2).

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::StoreError;

/// A file that is locked.
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a child that was begun at this moment, until it has become another program. Where it fails,
        // the lock goes with the process.
        let _ = self.0.unlock();
    }
}

/// The right to use a data directory.
pub(super) struct DirectoryLock {
    _held: Held,
}

impl DirectoryLock {
    /// Makes the directory where there is none, for its owner only, and takes it.
    pub(super) fn take(data: &Path) -> Result<Self, StoreError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |cause: io::Error| StoreError::Files { path, cause }
        };
        private_directory(data).map_err(failed(data))?;
        let path = data.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _held: Held(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(data.to_owned())),
            Err(TryLockError::Error(cause)) => Err(StoreError::Files { path, cause }),
        }
    }
}

/// The right to use a database.
pub(super) struct DatabaseLock {
    _held: Held,
}

impl DatabaseLock {
    /// Makes the file where there is none, for its owner only since it holds digest passwords, and takes it.
    pub(super) fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = |cause| StoreError::Files { path: path.to_owned(), cause };
        // SQLite gives its journal files the mode of the database.
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::DatabaseInUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { _held: Held(file) })
    }
}

/// Makes a directory that only its owner may enter, or makes it so.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // Only where it is needed: changing what is right already takes the ownership that a mounted directory may not give.
    if std::fs::metadata(path)?.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}
