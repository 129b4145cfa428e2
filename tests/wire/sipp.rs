//! SIPp as a caller and a callee.
//!
//! Shape: one process a scenario; what it writes goes to a folder of its own and is shown when it fails.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::process::{Running, root};

/// How long a scenario may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A running SIPp.
pub(crate) struct Sipp {
    process: Running,
    name: String,
    folder: PathBuf,
}

/// What a scenario is told.
pub(crate) struct Scenario<'a> {
    /// The file in `tests/sipp`.
    pub(crate) file: &'a str,
    /// What messages of a failure call it.
    pub(crate) name: &'a str,
    /// The far end.
    pub(crate) server: SocketAddr,
    /// The number that is called.
    pub(crate) service: &'a str,
    /// Its own port.
    pub(crate) port: u16,
    /// How many calls it makes or takes.
    pub(crate) calls: usize,
    /// Values of the keywords that the file names.
    pub(crate) keys: &'a [(&'a str, String)],
}

/// A port of loopback that nobody uses now, over UDP or TCP, and that is given to nobody else: not again by us, and not by the kernel to
/// whoever wants any port, which would take it before its program has it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two processes at once begin apart.
    let (first, count) = (10_000, 6_000);
    let begin = (std::process::id() % 60) as u16 * 100;
    let is_free =
        |port: &u16| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = (0..count).map(|_| first + (begin + NEXT.fetch_add(1, Ordering::Relaxed) % count) % count);
    ports.find(is_free).expect("loopback has a free port")
}

impl Sipp {
    /// Over UDP and IPv4.
    pub(crate) fn start(folder: &Path, scenario: &Scenario<'_>) -> Self {
        Self::start_with(folder, scenario, &["-i", "127.0.0.1"])
    }

    /// With SIPp's own words for its address and transport.
    pub(crate) fn start_with(folder: &Path, scenario: &Scenario<'_>, words: &[&str]) -> Self {
        let folder = folder.join(format!("sipp-{}", scenario.name));
        std::fs::create_dir_all(&folder).expect("the folder takes a folder");
        let output = File::create(folder.join("screen")).expect("the folder takes a file");
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(root().join("tests/sipp").join(scenario.file)).current_dir(&folder);
        command.args(["-s", scenario.service, "-nostdin", "-trace_err", "-trace_msg"]).args(words);
        command.args(["-m", &scenario.calls.to_string(), "-p", &scenario.port.to_string()]);
        command.args(["-timeout", &format!("{}s", PATIENCE.as_secs()), "-timeout_error"]);
        for (name, value) in scenario.keys {
            command.args(["-key", name, value]);
        }
        let errors = output.try_clone().expect("a file can have two writers");
        command.arg(scenario.server.to_string()).stdout(output).stderr(errors);
        Self { process: Running::start(&mut command), name: scenario.name.to_owned(), folder }
    }

    /// Waits for its end, and sees that every call went as the scenario says; the messages that passed.
    #[track_caller]
    pub(crate) fn succeeds(mut self) -> String {
        let status = self.process.ends_within(PATIENCE + Duration::from_secs(10));
        assert!(status.success(), "SIPp, {}: {status}\n{}", self.name, self.words());
        self.words()
    }

    /// Waits for its end, and sees that a call did not go as the scenario says.
    #[track_caller]
    pub(crate) fn fails(mut self) -> String {
        let status = self.process.ends_within(PATIENCE + Duration::from_secs(10));
        assert!(!status.success(), "SIPp, {}: it should have failed\n{}", self.name, self.words());
        self.words()
    }

    /// The messages and errors that it wrote.
    fn words(&self) -> String {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut texts: Vec<_> = files
            .map(|file| (file.file_name(), std::fs::read(file.path()).unwrap_or_default()))
            .map(|(name, text)| format!("== {}\n{}", name.to_string_lossy(), String::from_utf8_lossy(&text)))
            .collect();
        texts.sort();
        texts.concat()
    }
}
