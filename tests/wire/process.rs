//! Programs that the wire tests start.
//!
//! Shape: every child is ended with its handle, by its own id and no other.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use antiphon_media::codec::Codec;

/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);

/// A program that was started and ends with this handle.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts a program that nobody types to.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// Starts a program with the standard input that the command has.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                panic!("{name} is not installed: run `cargo xtask install`")
            }
            Err(error) => panic!("{name} does not start: {error}"),
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ends_within(&mut self, patience: Duration) -> ExitStatus {
        let until = Instant::now() + patience;
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return status,
                Ok(None) if Instant::now() < until => std::thread::sleep(POLL),
                Ok(None) => panic!("a program has not ended within {patience:?}"),
                Err(error) => panic!("a program cannot be waited for: {error}"),
            }
        }
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(told.is_ok_and(|status| status.success()), "the signal was not sent");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace")
}

/// The `antiphon` binary, built as this test was.
pub(crate) fn antiphon() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let folder = test.parent().and_then(Path::parent).expect("tests lie in deps");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "antiphon-server", "--bin", "antiphon"]).current_dir(root());
        if Codec::Opus.is_built() {
            cargo.args(["--features", "opus"]);
        }
        cargo.arg("--target-dir").arg(folder.parent().expect("profiles lie in the target directory"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        // What cargo says to a test of its package would look to build scripts as if something had changed.
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for name in names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
        assert!(cargo.status().is_ok_and(|status| status.success()), "the server does not build");
        folder.join("antiphon")
    })
}

/// One server at a time: two would disturb each other's clocks.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
