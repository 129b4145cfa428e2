//! Waiting for the disk, apart from writing: a flush may take long, and sound must not wait for it.
//!
//! Shape: jobs to a thread of its own, in order; on virtual time there is no thread, and each job is done at once.
//! Time: the writer asks about once a second. While a flush takes longer than that, the next one is left out, and a power cut may then
//! cost as much more.
//! Errors: a flush that fails is logged: what the medium lost nobody can write again.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use tokio::sync::oneshot;

use super::disk::{Disk, Output};

/// Jobs that wait at most; what finds no room is done by the writer itself.
const JOBS: usize = 256;
/// More files than this are flushed together with all else on the disk: one wait in place of many.
const ONE_BY_ONE: usize = 8;

/// Something to wait for.
pub(super) enum Job {
    /// Flush these files, which grow, and their names where some are new.
    Flush(Vec<Arc<dyn Output>>, Names),
    /// Flush a file that is whole, then write the last line beside it.
    Finish {
        /// The sound.
        sound: Arc<dyn Output>,
        /// What says whose it is.
        sidecar: Arc<dyn Output>,
        /// Where the line goes.
        at: u64,
        /// The line.
        line: Vec<u8>,
    },
    /// Say that everything before is done.
    Tell(oneshot::Sender<()>),
}

/// Whether the names of files were on the medium before.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Names {
    /// All were.
    Known,
    /// Some were not.
    New,
}

/// Where jobs go.
pub(super) struct Flusher {
    disk: Arc<dyn Disk>,
    jobs: Option<SyncSender<Job>>,
}

impl Flusher {
    /// One that does each job at once.
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, jobs: None }
    }

    /// Gives it a thread.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let (jobs, queue): (_, Receiver<Job>) = sync_channel(JOBS);
        let disk = self.disk.clone();
        let work = move || queue.into_iter().for_each(|job| perform(&*disk, job));
        thread::Builder::new().name("flusher".to_owned()).spawn(work)?;
        self.jobs = Some(jobs);
        Ok(())
    }

    /// Has a job done.
    pub(super) fn give(&self, job: Job) {
        let left = match &self.jobs {
            None => Some(job),
            Some(jobs) => jobs.try_send(job).err().map(|refused| match refused {
                std::sync::mpsc::TrySendError::Full(job) | std::sync::mpsc::TrySendError::Disconnected(job) => job,
            }),
        };
        match left {
            None => {}
            // The disk is behind with flushes that were asked for: the next one covers this one.
            Some(Job::Flush(..)) if self.jobs.is_some() => {
                metrics::counter!("antiphon_recording_flushes_skipped_total").increment(1);
            }
            Some(job) => perform(&*self.disk, job),
        }
    }
}

fn perform(disk: &dyn Disk, job: Job) {
    let done = match job {
        Job::Flush(files, _) if files.len() > ONE_BY_ONE => disk.flush_all(),
        Job::Flush(files, names) => {
            let flushed = files.iter().try_for_each(|file| file.flush());
            flushed.and_then(|()| if names == Names::New { disk.flush_names() } else { Ok(()) })
        }
        Job::Finish { sound, sidecar, at, line } => {
            let written = sound.flush().and_then(|()| sidecar.write_at(at, &line)).and_then(|()| sidecar.flush());
            // A short recording was never flushed before.
            written.and_then(|()| disk.flush_names())
        }
        Job::Tell(reply) => {
            // Whoever asked may have gone.
            let _ = reply.send(());
            Ok(())
        }
    };
    if let Err(error) = done {
        tracing::error!(%error, "recordings could not be flushed to the disk");
    }
}
