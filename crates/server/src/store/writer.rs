//! The one writer of the configuration.
//!
//! Shape: a plain thread with a bounded queue of changes; each becomes one transaction and one new snapshot.
//! Time: a change waits for those before it and for the disk; readers never wait.
//! Errors: a full queue is [`Rejected::Busy`]; a change that panics is rolled back and refused, and the writer lives on.
//! Sources: `architecture.md`, "A configuration change".

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use rusqlite::{Connection, Transaction};
use tokio::sync::{oneshot, watch};

use super::mailboxes::Mailboxes;
use super::ratings::{Left, NewRating, Ratings, lost};
use super::sound_files::SoundFiles;
use super::tokens::Tokens;
use super::{Config, Rejected, StoreError, limits};

/// Something to do to the configuration, wholly or not at all.
pub trait Change: Send + 'static {
    /// What the one who asked is told.
    type Answer: Send + 'static;

    /// Checks the change against the draft, writes it to the transaction and the draft.
    ///
    /// # Errors
    /// [`Rejected`]; transaction and draft are then thrown away.
    fn apply(self, edit: &mut Edit<'_>) -> Result<Self::Answer, Rejected>;
}

/// What is done once a transaction is in the file.
type Afterwards = Box<dyn FnOnce(&Config)>;

/// A change in the making: the transaction, and the configuration as it will be.
pub struct Edit<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) sounds: &'a Arc<SoundFiles>,
    pub(super) tokens: &'a Arc<Tokens>,
    pub(super) mailboxes: &'a Arc<Mailboxes>,
    config: Config,
    touched: Touched,
    afterwards: Vec<Afterwards>,
}

/// Whether a change concerns the configuration or only what stands beside it, such as tokens.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Touched {
    Nothing,
    Configuration,
}

impl Edit<'_> {
    /// The configuration with what this change did so far.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration, to be changed.
    pub(super) fn draft(&mut self) -> &mut Config {
        self.touched = Touched::Configuration;
        &mut self.config
    }

    /// Does something once the transaction is in the file, with the configuration that is then in force.
    pub(super) fn afterwards(&mut self, work: impl FnOnce(&Config) + 'static) {
        self.afterwards.push(Box::new(work));
    }
}

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// What the store shows at one moment: it is the same again exactly when nothing has changed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Moment {
    /// The configuration's revision.
    revision: u64,
    /// The edition of messages and mails, of which no revision comes.
    edition: u64,
}

/// What the writer's thread works with.
struct Desk {
    connection: Connection,
    published: Arc<ArcSwap<Config>>,
    changes: watch::Sender<u64>,
    beside: Beside,
}

/// What changes touch beside the configuration.
pub(super) struct Beside {
    pub(super) sounds: Arc<SoundFiles>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) mailboxes: Arc<Mailboxes>,
    pub(super) ratings: Arc<Ratings>,
}

/// The writer's thread and the way to it.
pub(super) struct Writer {
    published: Arc<ArcSwap<Config>>,
    changes: watch::Receiver<u64>,
    ratings: Arc<Ratings>,
    mailboxes: Arc<Mailboxes>,
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, config: Config, beside: Beside) -> Result<Self, StoreError> {
        let (told, changes) = watch::channel(config.revision);
        let published = Arc::new(ArcSwap::from_pointee(config));
        let (ratings, mailboxes) = (Arc::clone(&beside.ratings), Arc::clone(&beside.mailboxes));
        let mut desk = Desk { connection, published: Arc::clone(&published), changes: told, beside };
        let (queue, jobs): (SyncSender<Job>, Receiver<Job>) = sync_channel(limits::WAITING_CHANGES);
        let work = move || {
            for job in jobs {
                job(&mut desk);
                desk.beside.ratings.write(&mut desk.connection);
            }
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(work).map_err(StoreError::Thread)?;
        Ok(Self { published, changes, ratings, mailboxes, queue: Some(queue), thread: Some(thread) })
    }

    pub(super) fn snapshot(&self) -> Arc<Config> {
        self.published.load_full()
    }

    /// The revision that is in force, which changes with each that follows.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// The present moment.
    pub(super) fn moment(&self) -> Moment {
        moment(&self.published, &self.mailboxes)
    }

    /// Leaves a rating for the writer, which takes it after what it does now.
    pub(super) fn rate(&self, rating: NewRating) {
        match self.ratings.leave(rating) {
            // A full queue holds changes, and the writer looks for ratings after each.
            Left::First => drop(self.queue.as_ref().map(|queue| queue.try_send(Box::new(|_| {})))),
            Left::More => {}
            Left::NoRoom => {
                lost(1);
                tracing::warn!("a rating is lost, since too many wait for the disk");
            }
        }
    }

    /// Makes a change; where a moment is named that has passed, the change comes back unmade.
    pub(super) async fn commit<C: Change>(
        &self,
        change: C,
        at: Option<Moment>,
    ) -> Result<Result<C::Answer, C>, Rejected> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            if at.is_some_and(|at| at != moment(&desk.published, &desk.beside.mailboxes)) {
                let _ = answer.send(Ok(Err(change)));
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| desk.commit(change))).unwrap_or_else(|_| {
                tracing::error!("a change of the configuration panicked and was rolled back");
                Err(Rejected::Storage)
            });
            // Whoever asked may have gone; the change stands all the same.
            let _ = answer.send(result.map(Ok));
        });
        let queue = self.queue.as_ref().ok_or(Rejected::Storage)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Rejected::Busy,
            TrySendError::Disconnected(_) => Rejected::Storage,
        })?;
        answered.await.map_err(|_| Rejected::Storage)?
    }
}

fn moment(published: &ArcSwap<Config>, mailboxes: &Mailboxes) -> Moment {
    Moment { revision: published.load().revision, edition: mailboxes.edition() }
}

impl Desk {
    fn commit<C: Change>(&mut self, change: C) -> Result<C::Answer, Rejected> {
        let transaction = self.connection.transaction()?;
        let mut edit = Edit {
            transaction: &transaction,
            sounds: &self.beside.sounds,
            tokens: &self.beside.tokens,
            mailboxes: &self.beside.mailboxes,
            config: Config::clone(&self.published.load()),
            touched: Touched::Nothing,
            afterwards: Vec::new(),
        };
        let answer = change.apply(&mut edit)?;
        let Edit { mut config, touched, afterwards, .. } = edit;
        if touched == Touched::Configuration {
            config.revision += 1;
            transaction.execute("UPDATE revision SET number = ?1", [signed(config.revision)])?;
        }
        transaction.commit()?;
        let config = Arc::new(config);
        if touched == Touched::Configuration {
            self.published.store(Arc::clone(&config));
            self.changes.send_replace(config.revision);
        }
        for work in afterwards {
            work(&config);
        }
        Ok(answer)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a queue the thread ends after the changes that it was given.
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the configuration had ended by a panic");
        }
    }
}

/// A number as SQLite keeps it. Ids and revisions count up from one and never come near the difference.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as SQLite gave it back.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
