//! The real server, started for a run and ended after it.
//!
//! Shape: [`Home`] is a data directory that lasts for a scenario, [`Server`] a process in it on free ports.
//! Errors: a server that does not become ready.

use std::{
    fs::{self, File},
    net::SocketAddrV4,
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{http, metrics::Metrics, process::Process};

/// What is measured is the machine and not a setting: no limit for a source, and no refusal of calls for the sake of others.
const UNLIMITED: &str = "[sip]\ntrusted_rate_limit = 0\nmax_lateness_ms = 0\n";

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary.
    pub program: String,
    /// The core it is bound to, if any.
    pub core: Option<usize>,
    /// Its log level.
    pub log: String,
}

/// A data directory that is removed at the end.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// A fresh one.
    ///
    /// # Errors
    /// What the system says.
    pub fn new() -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("antiphon-load-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    /// The data directory of its servers.
    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // What cannot be removed stays in the directory for temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The process.
    pub process: Process,
    /// Where it takes calls.
    pub sip: SocketAddrV4,
    /// Where its REST API and metrics are.
    pub http: SocketAddrV4,
    /// From start to its ready line.
    pub ready_after: Duration,
    home: PathBuf,
}

impl Server {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before that.
    pub fn start(launch: &Launch, home: &Home) -> Result<Self> {
        Self::start_with(launch, home, UNLIMITED)
    }

    /// The same, with a settings file of another text.
    ///
    /// # Errors
    /// As above.
    pub fn start_with(launch: &Launch, home: &Home, settings: &str) -> Result<Self> {
        let data = home.data();
        let arguments = ["serve", "--sip", "udp:127.0.0.1:0", "--http", "127.0.0.1:0", "--log", &launch.log];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.extend(["--data".to_owned(), data.to_string_lossy().into_owned()]);
        let file = home.path.join("antiphon.toml");
        fs::write(&file, settings)?;
        arguments.extend(["--config".to_owned(), file.to_string_lossy().into_owned()]);
        let log = File::create(home.path.join("log"))?;
        let begin = Instant::now();
        let mut process = Process::start(&launch.program, &arguments, launch.core, Stdio::from(log))?;
        let ready = process.line().with_context(|| fs::read_to_string(home.path.join("log")).unwrap_or_default())?;
        let ready_after = begin.elapsed();
        let word = |name: &str| {
            let value = ready.split(' ').find_map(|word| word.strip_prefix(name));
            value.with_context(|| format!("no {name} in {ready}"))
        };
        let sip = word("sip=udp:")?.split(',').next().unwrap_or_default().parse()?;
        let http = word("http=")?.parse()?;
        Ok(Self { process, sip, http, ready_after, home: data })
    }

    /// The application that its first start has made: id and secret.
    ///
    /// # Errors
    /// When the file is not there.
    pub fn credentials(&self) -> Result<(String, String)> {
        let text = fs::read_to_string(self.home.join("credentials.json"))?;
        let json: serde_json::Value = serde_json::from_str(&text)?;
        let word = |name: &str| json[name].as_str().map(str::to_owned).context("no credentials");
        Ok((word("client_id")?, word("client_secret")?))
    }

    /// Its metrics now.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn metrics(&self) -> Result<Metrics> {
        http::request(self.http.into(), "GET", "/metrics", None, None).map(Metrics::new)
    }
}
