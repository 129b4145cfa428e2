//! What a server makes for itself in an empty data directory.
//!
//! Shape: client 1 with the prefix `000`, one application whose secret goes to `<data>/credentials.json`, and the demo menus on the
//! extensions `100` and `102`, made of ordinary stored objects.
//! Time: one transaction, so that a death in the midst leaves an empty store to begin anew with.
//! Errors: [`FirstStartError`].
//! Sources: `interface.md`, "First start".

mod demo;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::store::changes::{CreateApplication, CreateClient};
use crate::store::{Change, ClientId, Edit, Rejected, Secret, Store, UploadError};

/// The prefix of the first client.
const PREFIX: &str = "000";

/// What a start found.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Found {
    /// An empty store, which now holds the first client and the demo.
    Nothing,
    /// A store that somebody uses; nothing was touched.
    Clients,
}

/// Why the first start failed.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The demo's sounds cannot be written.
    #[error("data: {0}")]
    Sounds(#[from] UploadError),
    /// The store refused.
    #[error("store: {0}")]
    Store(#[from] Rejected),
}

/// Fills an empty store. It reads, hashes and writes for some tenths of a second, before the server serves anybody.
///
/// # Errors
/// [`FirstStartError`]; the store is then as empty as before.
pub async fn prepare(store: &Store, data: &Path) -> Result<Found, FirstStartError> {
    if store.snapshot().clients().next().is_some() {
        return Ok(Found::Clients);
    }
    let sounds = demo::stage(store)?;
    store.commit(FirstStart { secret: Secret::random(), sounds, credentials: data.join("credentials.json") }).await?;
    tracing::info!(path = %data.join("credentials.json").display(), "made the first client and the demo menu");
    Ok(Found::Nothing)
}

struct FirstStart {
    secret: Secret,
    sounds: demo::Staged,
    credentials: PathBuf,
}

impl Change for FirstStart {
    type Answer = ClientId;

    fn apply(self, edit: &mut Edit<'_>) -> Result<ClientId, Rejected> {
        let client = CreateClient { prefix: PREFIX.to_owned() }.apply(edit)?;
        let application = CreateApplication { client, secret: self.secret.hash() }.apply(edit)?;
        demo::make(edit, client, self.sounds)?;
        // Before the commit: credentials without a store are written again, a store without credentials is shut.
        write_credentials(&self.credentials, &application, &self.secret).map_err(|error| {
            tracing::error!(%error, path = %self.credentials.display(), "the credentials could not be written");
            Rejected::Storage
        })?;
        Ok(client)
    }
}

fn write_credentials(path: &Path, application: &str, secret: &Secret) -> io::Result<()> {
    let text = serde_json::json!({ "client_id": application, "client_secret": secret.reveal() });
    let beside = path.with_extension("json.new");
    // A leftover may have another mode, which opening it would keep.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
