//! Customizers: Python classes of an author's own, which run in processes of their own.
//!
//! Shape: [`Customizers::call`] calls a method in one of the processes that a version of an extension's customizer has;
//! [`Customizers::inspect`], [`Customizers::probe`] and [`Customizers::invoke`] use a process that ends with the answer.
//! Time: each call has a deadline, the settings' `max_time` at most. A process starts while a call waits for it, and never on a thread that
//! serves others.
//! Errors: [`CustomError`]; whatever the code does, it is its process that has it.
//! Sources: `voicexml-customizers.md` 2.
//!
//! None of this confines hostile code: whoever may write a customizer may do what the server's user may do. Every process belongs to a task
//! that ends it, and the kernel ends it with the server.

mod breaker;
mod frames;
mod pool;
mod process;
mod run;
mod said;
mod spawner;
mod status;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_ivr::{
    ExtensionId,
    op::{CustomError, CustomErrorKind, CustomResult, Customize},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{settings::CustomizerSettings, store::Customizer};
use frames::Answer;
use pool::{Job, Pool};
use process::Process;
use said::Speaker;
use spawner::Spawner;
pub use status::Standing;

/// Customizers that have processes, or had some lately, at most.
const POOLS: usize = 256;
/// How long looking at code may take.
const INSPECTION: Duration = Duration::from_secs(10);

/// A version of a customizer, as a process loads it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Loads {
    /// Whose it is.
    pub extension: ExtensionId,
    /// How that is called.
    pub extension_name: String,
    /// The version.
    pub version: u32,
    /// The SHA-256 of the code, in hexadecimal digits.
    pub sha256: String,
    /// The class.
    pub class_name: String,
    /// The code.
    pub code: Arc<[u8]>,
}

/// By what the processes of a customizer are told from others.
type Key = (ExtensionId, u32, String, String);

impl Loads {
    /// A version that is kept, of an extension of this name.
    pub fn of(customizer: &Customizer, extension_name: &str) -> Self {
        Self {
            extension: customizer.extension,
            extension_name: extension_name.to_owned(),
            version: customizer.version,
            sha256: customizer.code.sha256.to_string(),
            class_name: customizer.class_name.clone(),
            code: customizer.code.bytes.clone(),
        }
    }

    fn key(&self) -> Key {
        (self.extension, self.version, self.sha256.clone(), self.class_name.clone())
    }
}

/// What is in the code of a customizer.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Inspected {
    /// The classes of the file, in their order.
    pub classes: Vec<String>,
    /// The public methods of the class that was asked for, or of the first.
    pub methods: Vec<String>,
}

/// Why code cannot be looked at, or does not load.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotLoaded {
    /// It is no Python.
    #[error("line {line}, column {col}: {message}")]
    Syntax {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        col: u64,
        /// What is wrong.
        message: String,
    },
    /// Loading it failed, or a class is not in it.
    #[error("{0}")]
    Refused(String),
    /// There is no Python to ask.
    #[error("there is no Python interpreter (customizer.python)")]
    NoPython,
    /// Python died of it, or took too long.
    #[error("Python died of it, or took too long")]
    Died,
    /// Too much is going on.
    #[error("there are as many processes as there may be")]
    Busy,
}

/// Everybody's customizers. Clones are the same.
#[derive(Clone)]
pub struct Customizers(Arc<Shared>);

/// What the parts of the room share.
struct Shared {
    settings: CustomizerSettings,
    /// Where the folders of processes are.
    folder: PathBuf,
    folders: AtomicU64,
    spawner: OnceLock<Spawner>,
    /// Processes that there may be.
    processes: Arc<Semaphore>,
    pools: Mutex<HashMap<Key, Pool>>,
}

impl Customizers {
    /// Those of a data directory. Nothing is started, and no interpreter is looked for, before one is wanted.
    pub fn open(settings: &CustomizerSettings, data: &Path) -> Self {
        let folder = data.join("customizers");
        // What processes of an earlier run have left.
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %folder.display(), "the folders of old customizers were not removed");
        }
        Self(Arc::new(Shared {
            settings: settings.clone(),
            folder,
            folders: AtomicU64::new(0),
            spawner: OnceLock::new(),
            processes: Arc::new(Semaphore::new(settings.processes)),
            pools: Mutex::default(),
        }))
    }

    /// The settings.
    pub fn settings(&self) -> &CustomizerSettings {
        &self.0.settings
    }

    /// Calls a method. Dropped, the call is given up.
    ///
    /// # Errors
    /// [`CustomError`].
    pub async fn call(&self, loads: &Arc<Loads>, customize: &Customize) -> Result<CustomResult, CustomError> {
        let request = frames::call(customize)?;
        let asked = Instant::now();
        let most = self.0.settings.max_time;
        let deadline = asked + customize.timer.map_or(most, |timer| timer.min(most));
        let answer = self.send(loads, |reply, place| Job {
            request,
            asked,
            deadline,
            reply,
            place,
            span: tracing::Span::current(),
        })?;
        answer.await.unwrap_or_else(|_| Err(failure(CustomErrorKind::Crash, "nobody answers")))
    }

    /// Leaves a job for the owner of the processes.
    fn send(
        &self,
        loads: &Arc<Loads>,
        job: impl FnOnce(oneshot::Sender<Result<CustomResult, CustomError>>, OwnedSemaphorePermit) -> Job,
    ) -> Result<oneshot::Receiver<Result<CustomResult, CustomError>>, CustomError> {
        let mut pools = self.0.pools();
        if pools.len() >= POOLS && !pools.contains_key(&loads.key()) {
            return Err(failure(CustomErrorKind::Busy, "too many customizers are in use"));
        }
        let pool = pools.entry(loads.key()).or_insert_with(|| Pool::start(&self.0, loads.clone()));
        let place = pool.places.clone().try_acquire_owned();
        let place = place.map_err(|_| failure(CustomErrorKind::Busy, "too many calls wait for it"))?;
        let (reply, answer) = oneshot::channel();
        // Under the lock: the owner goes only when it has found its queue empty under the same lock. It has a place for each permit.
        let sent = pool.jobs.try_send(job(reply, place));
        sent.map_err(|_| failure(CustomErrorKind::Busy, "too many calls wait for it"))?;
        Ok(answer)
    }

    /// What is in code, which is read and not run.
    ///
    /// # Errors
    /// [`NotLoaded`].
    pub async fn inspect(&self, code: &[u8], class_name: Option<&str>) -> Result<Inspected, NotLoaded> {
        let speaker = Speaker { extension: 0, version: 0 };
        let mut process = self.process(speaker).await?;
        let asked = timeout(INSPECTION, process.ask(frames::inspect(code, class_name))).await;
        process.end().await;
        let answer = understood(asked.ok())?;
        Ok(Inspected { classes: answer.classes, methods: answer.methods })
    }

    /// The methods of a customizer that was loaded, in a process that ends with it.
    ///
    /// # Errors
    /// [`NotLoaded`].
    pub async fn probe(&self, loads: &Loads) -> Result<Vec<String>, NotLoaded> {
        let mut process = self.process(Speaker { extension: loads.extension.0, version: loads.version }).await?;
        let asked = timeout(INSPECTION, process.ask(frames::load(loads))).await;
        process.end().await;
        Ok(understood(asked.ok())?.methods)
    }

    /// Calls a method in a process of its own, whether the version is active or not.
    ///
    /// # Errors
    /// [`CustomError`].
    pub async fn invoke(&self, loads: &Loads, customize: &Customize) -> Result<CustomResult, CustomError> {
        let request = frames::call(customize)?;
        let place = self.0.processes.clone().try_acquire_owned();
        let place = place.map_err(|_| failure(CustomErrorKind::Busy, "there are as many processes as there may be"))?;
        let mut process = run::start(&self.0, loads, place).await?;
        let most = self.0.settings.max_time;
        let deadline = Instant::now() + customize.timer.map_or(most, |timer| timer.min(most));
        let answer = timeout_at(deadline, process.ask(request)).await;
        process.end().await;
        match answer {
            Ok(Ok(answer)) => answer.returned().map_err(|fault| {
                run::tell(loads, "invoke", &fault);
                fault.told()
            }),
            Ok(Err(_)) => Err(failure(CustomErrorKind::Crash, "its process died")),
            Err(_) => Err(failure(CustomErrorKind::Timeout, "its time ran out")),
        }
    }

    /// How it stands with the processes of a version; nothing where it has none.
    pub fn standing(&self, loads: &Loads) -> Standing {
        self.0.pools().get(&loads.key()).map(|pool| pool.status.standing()).unwrap_or_default()
    }

    /// A process without a customizer.
    async fn process(&self, speaker: Speaker) -> Result<Process, NotLoaded> {
        let place = self.0.processes.clone().try_acquire_owned().map_err(|_| NotLoaded::Busy)?;
        Process::start(&self.0, place, speaker).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NotLoaded::NoPython,
            io::ErrorKind::WouldBlock => NotLoaded::Busy,
            _ => {
                tracing::error!(%error, "the process of a customizer cannot be started");
                NotLoaded::Died
            }
        })
    }
}

impl Shared {
    /// The thread that starts processes.
    fn spawner(&self) -> io::Result<Spawner> {
        if let Some(spawner) = self.spawner.get() {
            return Ok(spawner.clone());
        }
        let spawner = Spawner::start()?;
        Ok(self.spawner.get_or_init(|| spawner).clone())
    }

    /// A name that no folder has.
    fn new_folder(&self) -> PathBuf {
        self.folder.join(self.folders.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Takes a customizer without processes from the table, unless a call has come for it.
    fn forget(&self, loads: &Loads, queue: &mpsc::Receiver<Job>) -> bool {
        let mut pools = self.pools();
        queue.is_empty() && pools.remove(&loads.key()).is_some()
    }

    /// The table is whole after every change to it.
    fn pools(&self) -> MutexGuard<'_, HashMap<Key, Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(kind: CustomErrorKind, message: &str) -> CustomError {
    CustomError { kind, message: message.to_owned() }
}

/// An answer about code.
fn understood(asked: Option<io::Result<Answer>>) -> Result<Answer, NotLoaded> {
    let answer = asked.and_then(Result::ok).ok_or(NotLoaded::Died)?;
    answer.checked().map_err(|fault| match fault.kind.as_str() {
        "syntax" => NotLoaded::Syntax { line: fault.line, col: fault.col, message: fault.message },
        _ => NotLoaded::Refused(fault.message),
    })
}
