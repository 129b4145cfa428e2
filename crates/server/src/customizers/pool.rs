//! The processes of one customizer, and who waits for them.
//!
//! Shape: one task owns the processes; calls come to it by a queue. A process does one thing at a time. The first is started when it is
//! needed, or before where one is kept; another where somebody waits, and one that was lost is replaced. Those that have nothing to do end after
//! a while, but for the one that is kept, and earlier where a call of any customizer finds no place for a process.
//! Time: a call has a deadline, at which it is told so at once, whatever becomes of its process; before a process is free for it, it is
//! told that all are busy.
//! Errors: [`CustomError`]; the queue is full beyond [`WAITING`] calls.
//! Sources: `voicexml-customizers.md` 2.3, 2.6.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use antiphon_ivr::op::{CustomError, CustomErrorKind, CustomResult};
use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tracing::Instrument as _;

use super::{
    Ending, Loads, Shared,
    breaker::Breaker,
    process::{Place, Process},
    run::{self, Fate},
    spare::Spare,
    status::Status,
};

/// Calls of one customizer that wait for a process, at most.
pub(super) const WAITING: usize = 64;
/// A process that has had nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(600);

/// A method to be called.
pub(super) struct Job {
    pub(super) request: Value,
    pub(super) asked: Instant,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<CustomResult, CustomError>>,
    /// The place in the queue, until a process is there.
    pub(super) place: OwnedSemaphorePermit,
    /// The call, for the log.
    pub(super) span: tracing::Span,
}

impl Job {
    /// Tells what came of it; whoever asked may have gone.
    pub(super) fn answer(self, answer: Result<CustomResult, CustomError>) {
        let _ = self.reply.send(answer);
    }
}

/// The way to the task.
pub(super) struct Pool {
    pub(super) jobs: mpsc::Sender<Job>,
    pub(super) places: Arc<Semaphore>,
    pub(super) status: Arc<Status>,
    pub(super) spare: Arc<Spare>,
}

impl Pool {
    /// Starts the task of a customizer.
    pub(super) fn start(shared: &Arc<Shared>, loads: Arc<Loads>) -> Self {
        let (jobs, queue) = mpsc::channel(WAITING);
        let (status, spare) = (Arc::new(Status::default()), Arc::new(Spare::default()));
        let most = shared.settings.workers;
        let owner = Owner {
            // The task goes when the room goes.
            shared: Arc::downgrade(shared),
            loads,
            most,
            status: status.clone(),
            spare: spare.clone(),
            queue,
            waiting: VecDeque::new(),
            idle: Vec::new(),
            tasks: JoinSet::new(),
            starting: 0,
            busy: 0,
            breaker: Breaker::default(),
            last_used: Instant::now(),
            is_kept: false,
        };
        tokio::spawn(owner.run());
        Self { jobs, places: Arc::new(Semaphore::new(WAITING)), status, spare }
    }
}

/// Something that was done beside.
enum Done {
    Started(Result<Process, CustomError>),
    Ran(Process, Fate),
    Ended,
}

struct Owner {
    shared: std::sync::Weak<Shared>,
    loads: Arc<Loads>,
    most: usize,
    status: Arc<Status>,
    spare: Arc<Spare>,
    queue: mpsc::Receiver<Job>,
    waiting: VecDeque<Job>,
    /// Those that have nothing to do, and since when.
    idle: Vec<(Process, Instant)>,
    tasks: JoinSet<Done>,
    starting: usize,
    busy: usize,
    breaker: Breaker,
    last_used: Instant,
    /// Whether one is kept, as it was told last.
    is_kept: bool,
}

impl Owner {
    async fn run(mut self) {
        let wakes = self.spare.wake.clone();
        loop {
            for _ in 0..self.spare.wanted() {
                self.end_oldest();
            }
            self.begin_ahead();
            self.hand_out();
            self.status.show(self.size(), self.busy, self.waiting.len());
            self.status.opened(self.is_open());
            let wake = self.wake();
            tokio::select! {
                job = self.queue.recv() => match job {
                    Some(job) => self.waiting.push_back(job),
                    None => return,
                },
                Some(done) = self.tasks.join_next() => self.take_back(done),
                () = wakes.notified() => {}
                () = sleep_until(wake) => if self.tidy_up() { return },
            }
        }
    }

    fn size(&self) -> usize {
        self.idle.len() + self.starting + self.busy
    }

    /// Starts the process that is kept, where it is kept from now on and there is a place for it.
    fn begin_ahead(&mut self) {
        let is_kept = self.spare.is_kept();
        if is_kept && !self.is_kept && self.size() == 0 {
            self.start(false);
        }
        self.is_kept = is_kept;
    }

    /// How many of those that have nothing to do stay, however long.
    fn staying(&self) -> usize {
        usize::from(self.is_kept && self.busy + self.starting == 0)
    }

    /// Gives calls to processes, and starts processes for those that are left.
    fn hand_out(&mut self) {
        let now = Instant::now();
        self.waiting.retain(|job| !job.reply.is_closed());
        for job in std::mem::take(&mut self.waiting) {
            if job.deadline <= now {
                job.answer(Err(busy("no process was free in time")));
            } else {
                self.waiting.push_back(job);
            }
        }
        if !self.waiting.is_empty() && self.is_open() {
            self.refuse_all(&busy("it failed too often lately, and rests"));
        }
        while !self.waiting.is_empty()
            && let Some(process) = self.ready()
            && let Some(job) = self.waiting.pop_front()
        {
            (self.busy, self.last_used) = (self.busy + 1, now);
            let (status, loads, shared) = (self.status.clone(), self.loads.clone(), self.shared.clone());
            let span = job.span.clone();
            let running = async move {
                let (process, fate) = run::run(process, job, &shared, &loads, &status).await;
                Done::Ran(process, fate)
            };
            self.tasks.spawn(running.instrument(span));
        }
        self.spare.show(self.idle.iter().map(|(_, since)| *since));
        while self.starting < self.waiting.len() && self.size() < self.most {
            if !self.start(true) {
                break;
            }
        }
        if self.size() == 0 && !self.waiting.is_empty() {
            self.refuse_all(&busy("there are as many processes as there may be"));
        }
    }

    /// An idle process that can be asked; those that cannot, because they died meanwhile, end.
    fn ready(&mut self) -> Option<Process> {
        while let Some((process, _)) = self.idle.pop() {
            if process.is_ready() {
                return Some(process);
            }
            let (extension, version) = (self.loads.extension.0, self.loads.version);
            tracing::warn!(extension, version, "a process of a customizer died while it had nothing to do");
            self.end(process);
            self.status.restarted();
        }
        None
    }

    /// Starts a process, where there may be one more, or will be soon while somebody waits for it.
    fn start(&mut self, is_wanted: bool) -> bool {
        let Some(shared) = self.shared.upgrade() else { return false };
        let place = shared.processes.clone().try_acquire_owned().ok();
        if place.is_none() && !(is_wanted && shared.makes_room()) {
            return false;
        }
        let loads = self.loads.clone();
        self.starting += 1;
        self.tasks.spawn(async move {
            let place = if place.is_some() { place } else { shared.place().await };
            Done::Started(match place {
                Some(place) => run::start(&shared, &loads, Place::OfCalls { _place: place }).await,
                None => Err(busy("there are as many processes as there may be")),
            })
        });
        true
    }

    fn take_back(&mut self, done: Result<Done, tokio::task::JoinError>) {
        let now = Instant::now();
        match done {
            Ok(Done::Started(Ok(process))) => {
                self.starting -= 1;
                self.idle.push((process, now));
            }
            // There was no place for it after all; whoever waits may have a process of those that there are.
            Ok(Done::Started(Err(error))) if error.kind == CustomErrorKind::Busy => self.starting -= 1,
            Ok(Done::Started(Err(error))) => {
                self.starting -= 1;
                // Without an interpreter there is nothing that could recover.
                if error.kind != CustomErrorKind::Inactive {
                    self.failed(&error.message);
                }
                // The one for which it was started; the others have starts of their own, or none until the breaker closes.
                if let Some(job) = self.waiting.pop_front() {
                    job.answer(Err(error));
                }
            }
            Ok(Done::Ran(process, Fate::Keep)) => {
                self.busy -= 1;
                self.idle.push((process, now));
            }
            Ok(Done::Ran(process, fate)) => {
                self.busy -= 1;
                if let Fate::Failed(why) = fate {
                    self.failed(why);
                }
                self.end(process);
                self.status.restarted();
                if self.size() < self.most && !self.is_open() {
                    self.start(false);
                }
            }
            Ok(Done::Ended) => {}
            // A task of ours has no panic in it; were there one, its count would stay, and its process is dropped.
            Err(error) => tracing::error!(%error, "a task of a customizer failed"),
        }
    }

    fn end(&mut self, process: Process) {
        let ending = self.shared.upgrade().map(|shared| Ending::of(&shared));
        self.tasks.spawn(async move {
            process.end().await;
            drop(ending);
            Done::Ended
        });
    }

    /// Ends the process that has been idle for longest.
    fn end_oldest(&mut self) {
        if let Some(oldest) = (0..self.idle.len()).min_by_key(|index| self.idle[*index].1) {
            let (process, _) = self.idle.swap_remove(oldest);
            self.end(process);
        }
    }

    fn failed(&mut self, why: &str) {
        self.breaker.failed(Instant::now().into_std());
        if self.is_open() {
            let (extension, version) = (self.loads.extension.0, self.loads.version);
            tracing::warn!(extension, version, why, "a customizer fails again and again; it is not asked for a while");
        }
    }

    fn is_open(&self) -> bool {
        self.breaker.is_open(Instant::now().into_std())
    }

    fn refuse_all(&mut self, error: &CustomError) {
        for job in self.waiting.drain(..) {
            job.answer(Err(error.clone()));
        }
    }

    /// When something is due that nobody tells of.
    fn wake(&self) -> Instant {
        let deadlines = self.waiting.iter().map(|job| job.deadline);
        let has_more = self.idle.len() > self.staying();
        let idle = self.idle.iter().map(|(_, since)| *since + IDLE).filter(|_| has_more);
        let now = Instant::now();
        let closes = self.breaker.open_until(now.into_std()).map(Instant::from_std);
        deadlines.chain(idle).chain(closes).min().unwrap_or(self.last_used.max(now) + IDLE)
    }

    /// Ends what has nothing to do; `true` where there is nothing left, and nobody finds this task any more.
    fn tidy_up(&mut self) -> bool {
        let now = Instant::now();
        let mut index = 0;
        while index < self.idle.len() {
            if self.idle.len() > self.staying() && self.idle[index].1 + IDLE <= now {
                let (process, _) = self.idle.swap_remove(index);
                self.end(process);
            } else {
                index += 1;
            }
        }
        let unused = !self.is_kept && self.size() == 0 && self.waiting.is_empty() && self.tasks.is_empty();
        unused
            && self.last_used + IDLE <= now
            && self.shared.upgrade().is_none_or(|shared| shared.forget(&self.loads, &self.queue))
    }
}

fn busy(message: &str) -> CustomError {
    CustomError { kind: CustomErrorKind::Busy, message: message.to_owned() }
}
