//! Web servers of scripts, as processes of their own.
//!
//! Shape: a program in Python, which says where it listens and then whatever it has to tell, a line each.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use crate::process::{Running, root};

/// How long one may take to start, or to say what a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A web server of scripts, as a process.
pub(crate) struct Scripts {
    _process: Running,
    at: SocketAddr,
    said: Receiver<String>,
}

impl Scripts {
    /// Starts one, which says where it listens.
    #[track_caller]
    pub(crate) fn start(file: &str, words: &[&str]) -> Self {
        let mut command = Command::new("python3");
        command.arg(root().join(file)).args(words).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Running::start(&mut command);
        let output = process.0.stdout.take().expect("standard output is a pipe");
        let (say, said) = sync_channel(1_000);
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // The test may be over before the process.
            lines.for_each(|line| drop(say.try_send(line)));
        });
        let first = said.recv_timeout(PATIENCE).expect("a web server says where it listens");
        let at = first.strip_prefix("listening on ").and_then(|at| at.parse().ok());
        Self { _process: process, at: at.unwrap_or_else(|| panic!("{first}")), said }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// The next thing it says that begins so.
    #[track_caller]
    pub(crate) fn wait_for(&self, beginning: &str) -> String {
        loop {
            let line = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it did not say {beginning:?}"));
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    /// What it has said until now.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }
}
