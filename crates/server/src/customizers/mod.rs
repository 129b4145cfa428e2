//! Customizers: Python classes of an author's own, which run in processes of their own.
//!
//! Shape: [`Customizers::call`] calls a method in one of the processes that a version of an extension's customizer has;
//! [`Customizers::inspect`], [`Customizers::probe`] and [`Customizers::invoke`] use a process that ends with the answer, of a number of their own.
//! Time: each call has a deadline, the settings' `max_time` at most. A process of an active version starts ahead of its calls, others
//! while a call waits for them, and none on a thread that serves others.
//! Errors: [`CustomError`]; whatever the code does, it is its process that has it.
//! Sources: `voicexml-customizers.md` 2.
//!
//! None of this confines hostile code: whoever may write a customizer may do what the server's user may do. Every process belongs to a task
//! that ends it, and the kernel ends it with the server.

pub(crate) mod ahead;
mod breaker;
mod frames;
mod leftovers;
mod mask;
mod pool;
mod process;
mod run;
mod said;
mod spare;
mod spawner;
mod status;
#[cfg(test)]
mod tests;
mod trial;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_ivr::{
    ExtensionId,
    op::{CustomError, CustomErrorKind, CustomResult, Customize},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::{
    settings::CustomizerSettings,
    store::{Customizer, CustomizerConfig, Extension},
    turns::Turns,
};
use pool::{Job, Pool};
use spare::Gone;
use spawner::Spawner;
pub use status::Standing;
pub use trial::{Inspected, NotLoaded};

/// Customizers that have processes, or had some lately, at most.
const POOLS: usize = 256;
/// Of them, those that have a process before anybody calls, at most; and no more than half of all processes.
const AHEAD: usize = 16;
/// How often a place is asked for that others are to make, before a call is told that there is none,
const TRIES: usize = 4;
/// and how long each time.
const ROOM: Duration = Duration::from_secs(1);

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
    /// What the instance is told beside.
    pub config: Arc<CustomizerConfig>,
}

/// By what the processes of a customizer are told from others.
type Key = (ExtensionId, u32, String, String, u64);

impl Loads {
    /// A version that is kept, of its extension.
    pub fn of(customizer: &Customizer, extension: &Extension) -> Self {
        Self {
            extension: customizer.extension,
            extension_name: extension.name.clone(),
            version: customizer.version,
            sha256: customizer.code.sha256.to_string(),
            class_name: customizer.class_name.clone(),
            code: customizer.code.bytes.clone(),
            config: Arc::new(extension.profile.customizer.clone()),
        }
    }

    fn key(&self) -> Key {
        (self.extension, self.version, self.sha256.clone(), self.class_name.clone(), self.config.revision)
    }
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
    /// Processes that there may be for calls.
    processes: Arc<Semaphore>,
    /// Of them, those that are about to end.
    ending: AtomicUsize,
    /// The places of the API's processes.
    trials: Turns,
    pools: Mutex<HashMap<Key, Pool>>,
}

impl Customizers {
    /// Those of a data directory. Nothing is started, and no interpreter is looked for, before one is wanted or kept.
    pub fn open(settings: &CustomizerSettings, data: &Path) -> Self {
        let folder = data.join("customizers");
        // Customizers are told where it is, and are somewhere else than this process.
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        // What an earlier run has left, which may have been killed.
        let ended = leftovers::end_all(&folder);
        if ended > 0 {
            tracing::warn!(ended, "processes of customizers of an earlier run were killed");
        }
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
            ending: AtomicUsize::new(0),
            trials: trial::turns(),
            pools: Mutex::default(),
        }))
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
        let (answer, _gone) = self.send(loads, |reply, place| Job {
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
    ) -> Result<(oneshot::Receiver<Result<CustomResult, CustomError>>, Gone), CustomError> {
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
        Ok((answer, Gone(pool.spare.wake.clone())))
    }

    /// Keeps a process of each of these from now on, the first of them where they are too many, and of no others: their callers find one
    /// that has loaded the code.
    pub(crate) fn keep(&self, wanted: impl Iterator<Item = Arc<Loads>>) {
        let settings = &self.0.settings;
        let most = if settings.python.is_some() { AHEAD.min(settings.processes.div_ceil(2)) } else { 0 };
        let wanted: HashMap<Key, Arc<Loads>> = wanted.take(most).map(|loads| (loads.key(), loads)).collect();
        let mut pools = self.0.pools();
        for (key, pool) in pools.iter() {
            pool.spare.keep(wanted.contains_key(key));
        }
        for (key, loads) in wanted {
            if pools.len() < POOLS || pools.contains_key(&key) {
                pools.entry(key).or_insert_with(|| Pool::start(&self.0, loads)).spare.keep(true);
            }
        }
    }

    /// How it stands with the processes of a version; nothing where it has none.
    pub fn standing(&self, loads: &Loads) -> Standing {
        self.0.pools().get(&loads.key()).map(|pool| pool.status.standing()).unwrap_or_default()
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

    /// A text about a customizer without what it keeps secret.
    fn without_secrets(&self, text: &str, loads: &Loads) -> String {
        let environment = self.settings.environment.iter().map(|(_, value)| value.as_str());
        mask::masked(text, loads.config.reveal().values(), environment)
    }

    /// A name that no folder has.
    fn new_folder(&self) -> PathBuf {
        self.folder.join(self.folders.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Whether a place comes free soon: a process ends, or the one does now that has had nothing to do for longest, whosever it is.
    fn makes_room(&self) -> bool {
        if self.ending.load(Ordering::Acquire) > 0 {
            return true;
        }
        let pools = self.pools();
        let idle = pools.values().filter_map(|pool| Some((pool.spare.oldest()?, pool)));
        let Some((_, pool)) = idle.min_by_key(|(since, _)| *since) else { return false };
        pool.spare.end_oldest();
        true
    }

    /// A place that others make.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        for _ in 0..TRIES {
            match timeout(ROOM, self.processes.clone().acquire_owned()).await {
                Ok(place) => return place.ok(),
                Err(_) if self.makes_room() => {}
                Err(_) => return None,
            }
        }
        None
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

/// A process that ends.
struct Ending(Arc<Shared>);

impl Ending {
    fn of(shared: &Arc<Shared>) -> Self {
        shared.ending.fetch_add(1, Ordering::AcqRel);
        Self(shared.clone())
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ending.fetch_sub(1, Ordering::AcqRel);
    }
}

fn failure(kind: CustomErrorKind, message: &str) -> CustomError {
    CustomError { kind, message: message.to_owned() }
}
