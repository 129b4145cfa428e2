//! The live configuration: one writer, immutable snapshots, revisions.
//!
//! Shape: [`Store::snapshot`] is what calls and requests read, from memory; [`Store::commit`] hands a [`Change`] to the one
//! writer thread, which checks it against the present configuration, writes one transaction and publishes the next revision.
//! Time: a change that was answered survives the death of the process; a power cut may lose the last moments (WAL, `NORMAL`).
//! Errors: [`StoreError`] at opening, [`Rejected`] for a change.
//! Sources: `architecture.md`, "A configuration change"; `interface.md`, "First start".
//!
//! The data directory and the database belong to one process: both are locked as long as the store is open.
//! The locks are the kernel's, so a process that was killed holds none.

mod credentials;
mod customizer;
mod customizer_audit;
mod customizer_config;
mod database;
mod document;
mod load;
mod lock;
mod mailboxes;
mod model;
mod pivot;
mod ratings;
mod rejected;
mod sound_files;
mod sound_quality;
mod subscription;
mod tokens;
mod vxml;
mod writer;

pub mod changes;
pub mod config;
pub mod limits;
#[cfg(test)]
mod tests;
pub mod variables;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

pub use config::Config;
pub use credentials::{Secret, SecretHash};
pub use customizer::{Customizer, CustomizerCode, FoundInCode};
pub use customizer_audit::{CustomizerChange, WantedCustomizerChanges};
pub use customizer_config::CustomizerConfig;
pub use document::{ContextDocument, IvrDocument, OptionDocument, StoredRule};
pub(crate) use lock::private_directory;
pub use mailboxes::mail::{Mail, MailBody, MailId, MailState};
pub use mailboxes::{Claim, Count, Mailboxes, Message};
pub use model::{
    Application, Client, ClientId, ConferenceSettings, Did, DidAs, DidId, Extension, ExtensionKind, ExtensionProfile,
    ExtensionStatus, Interval, Phone, Sound,
};
pub use pivot::{Flow, FlowId, PivotApplication};
pub use ratings::{KeptRating, NewRating, WantedRatings};
pub use rejected::{Denied, Missing, Rejected, Taken};
pub use sound_files::{StagedSound, UploadError};
pub(crate) use sound_files::{from_ready_form, ready_form};
pub use sound_quality::SoundQuality;
pub use subscription::{EventId, EventType, Subscription};
pub use tokens::{AccessToken, Grant};
pub use vxml::{VxmlApplication, VxmlDialect, VxmlExtension, VxmlSource, VxmlTransfer};
pub use writer::{Change, Edit};

use ratings::Ratings;
use sound_files::SoundFiles;
use tokens::Tokens;
use writer::Writer;

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory.
    #[error("data: {path} is in use by another server", path = .0.display())]
    InUse(PathBuf),
    /// Another process has the database.
    #[error("store: {path} is in use by another server", path = .0.display())]
    DatabaseInUse(PathBuf),
    /// The directory or a file in it cannot be used.
    #[error("data: {path}: {cause}", path = path.display())]
    Files {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database cannot be opened or read.
    #[error("store: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database is of a version that this one cannot bring up to date.
    #[error("store: {0}")]
    Migration(#[from] refinery::Error),
    /// A row holds what this version cannot read.
    #[error("store: {table} {id} cannot be read: {cause}")]
    Row {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: u64,
        /// What the reader said.
        cause: serde_json::Error,
    },
    /// The writer's thread cannot be started.
    #[error("store: no thread for the writer: {0}")]
    Thread(std::io::Error),
}

/// The configuration of this server. Clones are the same store; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// What has to hold when a change is made.
    condition: Option<Condition>,
}

/// Whether a change may be made to the configuration as it is.
pub type Condition = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

struct Shared {
    // The writer goes first: it ends its work and closes the database before the locks are let go.
    writer: Writer,
    tokens: Arc<Tokens>,
    mailboxes: Arc<Mailboxes>,
    sounds: Arc<SoundFiles>,
    ratings: Arc<Ratings>,
    database: PathBuf,
    _database_lock: lock::DatabaseLock,
    _lock: lock::DirectoryLock,
}

impl Store {
    /// Opens or makes the store of a data directory, with its database at `<data>/antiphon.db`.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::InUse`] when another process has the directory.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        Self::open_with(data, &data.join("antiphon.db"))
    }

    /// Opens or makes the store of a data directory whose database lies elsewhere.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(data: &Path, database: &Path) -> Result<Self, StoreError> {
        let lock = lock::DirectoryLock::take(data)?;
        let sounds = Arc::new(SoundFiles::open(data)?);
        let database_lock = lock::DatabaseLock::take(database)?;
        let mut connection = database::open(database)?;
        let config = load::config(&mut connection, &sounds)?;
        sounds.sweep(&config);
        let tokens = Arc::new(Tokens::load(&connection)?);
        let mailboxes = Arc::new(Mailboxes::load(&connection)?);
        let ratings = Arc::new(Ratings::of(database));
        let beside = writer::Beside {
            sounds: Arc::clone(&sounds),
            tokens: Arc::clone(&tokens),
            mailboxes: Arc::clone(&mailboxes),
            ratings: Arc::clone(&ratings),
        };
        let writer = Writer::start(connection, config, beside)?;
        let (_database_lock, _lock) = (database_lock, lock);
        let database = database.to_owned();
        let shared = Shared { writer, tokens, mailboxes, sounds, ratings, database, _database_lock, _lock };
        Ok(Self { shared: Arc::new(shared), condition: None })
    }

    /// The present configuration.
    pub fn snapshot(&self) -> Arc<Config> {
        self.shared.writer.snapshot()
    }

    /// The revision that is in force: whoever looks at the configuration again after each change waits for this one to change. It ends with
    /// the store.
    pub(crate) fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.writer.changes()
    }

    /// Makes a change durable and visible, and answers with what it made.
    ///
    /// # Errors
    /// [`Rejected`]; nothing was changed then, but for [`Rejected::Storage`], which leaves it open when the disk failed late.
    /// [`Rejected::Outdated`] where the condition of this store does not hold.
    pub async fn commit<C: Change>(&self, mut change: C) -> Result<C::Answer, Rejected> {
        let Some(holds) = &self.condition else { return self.shared.writer.commit(change, None).await?.map_err(stale) };
        for _ in 0..limits::TRIES_OF_A_CONDITION {
            let moment = self.shared.writer.moment();
            if !holds().await {
                return Err(Rejected::Outdated);
            }
            match self.shared.writer.commit(change, Some(moment)).await? {
                Ok(answer) => return Ok(answer),
                // Another change came first, which may or may not matter to the condition.
                Err(unmade) => change = unmade,
            }
        }
        Err(Rejected::Busy)
    }

    /// The same store, whose changes are made only to a configuration of which this holds.
    #[must_use]
    pub fn provided(&self, condition: Condition) -> Self {
        Self { shared: Arc::clone(&self.shared), condition: Some(condition) }
    }

    /// Keeps how a caller rated a call, in a moment; whoever says it does not wait.
    pub fn rate(&self, rating: NewRating) {
        self.shared.writer.rate(rating);
    }

    /// The ratings that are kept, by their time. It reads the disk: not for a thread that serves others.
    ///
    /// # Errors
    /// [`Rejected::Storage`] when the disk fails.
    pub fn ratings(&self, wanted: &WantedRatings) -> Result<Vec<KeptRating>, Rejected> {
        Ok(self.shared.ratings.read(wanted)?)
    }

    /// The changes to customizers that are written down, in their order. It reads the disk: not for a thread that serves others.
    ///
    /// # Errors
    /// [`Rejected::Storage`] when the disk fails.
    pub fn customizer_changes(&self, wanted: &WantedCustomizerChanges) -> Result<Vec<CustomizerChange>, Rejected> {
        Ok(customizer_audit::read(&self.shared.database, wanted)?)
    }

    /// What a bearer token allows at this moment.
    pub fn grant(&self, token: &str, now: SystemTime) -> Option<Grant> {
        self.shared.tokens.grant(token, now)
    }

    /// The messages of mailboxes, and the mails about them.
    pub fn mailboxes(&self) -> &Arc<Mailboxes> {
        &self.shared.mailboxes
    }

    /// Decodes an upload and lays its files beside their place, for a change to take. It reads and writes for as long as a long
    /// sound needs: not for a thread that serves others.
    ///
    /// # Errors
    /// [`UploadError`] when it is no sound that can be played, or the disk fails.
    pub fn stage_sound(&self, upload: &[u8]) -> Result<StagedSound, UploadError> {
        self.shared.sounds.stage(upload)
    }
}

/// A change that was asked for at no revision is made at any.
fn stale<C>(_: C) -> Rejected {
    Rejected::Busy
}
