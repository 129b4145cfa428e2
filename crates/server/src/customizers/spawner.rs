//! The thread that starts processes.
//!
//! Shape: commands in, children out, one after the other. A process of ours is killed by the kernel when the thread that started it ends
//! (`PR_SET_PDEATHSIG`), so this thread lives as long as there is somebody who wants processes, and the runtime's threads start none.
//! Errors: those of the system; [`io::ErrorKind::NotFound`] where there is no such program.

use std::{
    io,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// Commands that wait, at most; more is an error of kind [`io::ErrorKind::WouldBlock`].
const WAITING: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// The way to the thread; it ends with the last clone.
#[derive(Clone)]
pub(super) struct Spawner(SyncSender<Job>);

impl Spawner {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(WAITING);
        thread::Builder::new().name("customizers".to_owned()).spawn(move || queue.into_iter().for_each(|job| job()))?;
        Ok(Self(jobs))
    }

    /// Starts a process, whose child belongs to the runtime of whoever asks.
    pub(super) async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        let (started, child) = oneshot::channel();
        let runtime = Handle::current();
        let job = Box::new(move || {
            let _runtime = runtime.enter();
            // Where nobody waits any more, the child is dropped, and killed with that.
            let _ = started.send(command.spawn());
        });
        self.0.try_send(job).map_err(|_| io::ErrorKind::WouldBlock)?;
        child.await.map_err(|_| io::Error::other("the thread that starts processes has ended"))?
    }
}
