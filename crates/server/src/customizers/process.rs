//! One process that runs a customizer.
//!
//! Shape: [`Process::start`] starts one, [`Process::ask`] asks it one thing at a time, [`Process::end`] ends it in order; one that is dropped
//! is killed with all that it started.
//! Time: the end takes [`TERM`] at most; whoever asks has a limit.
//! Errors: what is read from it that is no answer, and the end of its socket, are its death.
//! Sources: `voicexml-customizers.md` 2.6.
//!
//! The program itself makes its process group and sets its limits before it reads any code. Doing so here, between fork and exec, would
//! copy this process's page tables at each start, while sound has to go out every few milliseconds.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{RecvFlags, recv},
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt as _,
    net::UnixStream,
    process::{Child, Command},
    sync::OwnedSemaphorePermit,
    task::JoinSet,
    time::timeout,
};

use super::{
    Shared,
    frames::{self, Answer},
    leftovers,
    said::{self, Speaker},
};
use crate::turns::Turn;

/// What Python runs.
const PROGRAM: &str = include_str!("worker.py");
/// How long a process that is asked to end may take.
const TERM: Duration = Duration::from_millis(200);
/// How long the last lines of a process that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// Processes of the user at most, threads among them; the kernel counts them all, not those of a customizer alone.
const PROCESSES: u64 = 1024;
/// Files that it may have open.
const FILES: u64 = 128;
/// What of the server's environment a customizer sees.
const ENVIRONMENT: [&str; 4] = ["PATH", "LANG", "ODBCINI", "ODBCSYSINI"];

/// A process, alone with one customizer.
pub(super) struct Process {
    child: Child,
    pid: Option<Pid>,
    socket: UnixStream,
    /// How many requests it was asked.
    pub(super) asked: u64,
    /// Whoever reads what it prints.
    listeners: JoinSet<()>,
    _folder: Folder,
    _place: Place,
}

/// The right to have a process.
pub(super) enum Place {
    /// One of those for calls.
    OfCalls { _place: OwnedSemaphorePermit },
    /// One of those for the API.
    OfApi { _turn: Turn },
}

impl Process {
    /// Starts one in a folder of its own.
    pub(super) async fn start(shared: &Shared, place: Place, speaker: Speaker) -> io::Result<Self> {
        let folder = Folder::make(shared.new_folder()).await?;
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let socket = UnixStream::from_std(ours)?;
        let command = command(shared, &folder.0, theirs.into())?;
        let mut child = shared.spawner()?.spawn(command).await?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let mut listeners = JoinSet::new();
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            listeners.spawn(said::listen(speaker.clone(), stdout));
            listeners.spawn(said::listen(speaker, stderr));
        }
        Ok(Self { child, pid, socket, asked: 0, listeners, _folder: folder, _place: place })
    }

    /// Asks it something.
    pub(super) async fn ask(&mut self, request: Value) -> io::Result<Answer> {
        self.asked += 1;
        frames::ask(&mut self.socket, self.asked, request).await
    }

    /// Whether it waits to be asked: it has not ended, and has said nothing that nobody asked for.
    pub(super) fn is_ready(&self) -> bool {
        let has_ended = self.pid.filter(|_| self.child.id().is_some()).is_none_or(|pid| {
            // It is not waited for, so that its number stays its own until the last signal.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), options).is_ok_and(|status| status.is_some())
        });
        let said = recv(&self.socket, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        !has_ended && matches!(said, Err(Errno::AGAIN))
    }

    /// Ends it: it is asked to, then killed, and all that it started with it.
    pub(super) async fn end(mut self) {
        self.signal(Signal::TERM);
        // Its end of the socket closes when it ends; it is not waited for yet, so that its number stays its own until the last signal.
        let gone = async { while self.socket.read(&mut [0; 4096]).await.is_ok_and(|count| count > 0) {} };
        let _ = timeout(TERM, gone).await;
        self.died().await;
    }

    /// How it ended, of one that has died by itself; what it started is killed.
    pub(super) async fn died(mut self) -> Option<ExitStatus> {
        self.signal(Signal::KILL);
        // The kernel does it at once, but for a process that hangs in it.
        let status = timeout(TERM, self.child.wait()).await.ok().and_then(Result::ok);
        let _ = timeout(LAST_WORDS, async { while self.listeners.join_next().await.is_some() {} }).await;
        status
    }

    /// Its group may not be made yet, and it may have ended already. Its number is its own until it was waited for.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid.filter(|_| self.child.id().is_some()) {
            let _ = kill_process_group(pid, signal);
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn command(shared: &Shared, folder: &Path, socket: OwnedFd) -> io::Result<Command> {
    let settings = &shared.settings;
    let python = settings.python.as_ref().ok_or(io::ErrorKind::NotFound)?;
    let limits = json!({
        "RLIMIT_AS": settings.memory_bytes, "RLIMIT_NOFILE": FILES, "RLIMIT_CORE": 0, "RLIMIT_NPROC": PROCESSES,
    });
    let mut command = Command::new(python);
    command.args(["-I", "-B", "-X", "faulthandler", "-c", PROGRAM]);
    command.env_clear();
    command.envs(ENVIRONMENT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.env("TMPDIR", folder);
    command.envs(settings.environment.iter().map(|(name, value)| (name, value)));
    command.env("CUSTOMIZER_LIMITS", limits.to_string()).env(leftovers::MARK, folder);
    command.stdin(Stdio::from(socket)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.current_dir(folder).kill_on_drop(true);
    Ok(command)
}

/// A folder that goes with its process, and with whatever was started from it.
struct Folder(PathBuf);

impl Folder {
    async fn make(path: PathBuf) -> io::Result<Self> {
        let make = move || {
            crate::store::private_directory(&path)?;
            Ok(Self(path))
        };
        tokio::task::spawn_blocking(make).await.map_err(io::Error::other)?
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        let remove = move || {
            let ended = leftovers::end_all(&path);
            if ended > 0 {
                tracing::warn!(ended, "a customizer left processes behind, which were killed");
            }
            if let Err(error) = std::fs::remove_dir_all(&path) {
                tracing::debug!(%error, "the folder of a customizer was not removed");
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}
