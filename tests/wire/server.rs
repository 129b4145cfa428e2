//! The server as a process.
//!
//! Shape: started on free ports with a settings file in its own directory; its ready line is parsed; its log is kept and
//! shown when a test fails.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Running, antiphon};

/// How long a start may take in a debug build on a loaded machine.
const START: Duration = Duration::from_secs(40);
/// Media ports of a server.
const STREAMS: u16 = 64;

pub(crate) struct Server {
    process: Running,
    folder: PathBuf,
    /// What it said that it is ready with.
    pub(crate) ready: Ready,
}

/// The ready line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) sip: Vec<String>,
    pub(crate) http: SocketAddr,
    pub(crate) capacity: usize,
}

impl Ready {
    /// `antiphon ready sip=udp:127.0.0.1:5060,… http=127.0.0.1:8080 capacity=N`.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.trim_end().strip_prefix("antiphon ready ")?.split(' ');
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        let (sip, http, capacity) = (value("sip")?, value("http")?, value("capacity")?);
        let sip = sip.split(',').map(str::to_owned).collect();
        words.next().is_none().then_some(Self { sip, http: http.parse().ok()?, capacity: capacity.parse().ok()? })
    }

    /// Where it takes SIP over UDP.
    pub(crate) fn udp(&self) -> SocketAddr {
        self.at("udp")
    }

    /// Where it takes SIP on the listener that begins so, as in `tls:127.0.0.1`.
    pub(crate) fn at(&self, beginning: &str) -> SocketAddr {
        let listener = self.sip.iter().find(|listener| listener.starts_with(&format!("{beginning}:")));
        let at = listener.and_then(|listener| listener.split_once(':')?.1.parse().ok());
        at.unwrap_or_else(|| panic!("no listener {beginning} among {:?}", self.sip))
    }
}

/// A row of media ports that nobody uses now, above those that the kernel gives to whoever wants any port.
pub(crate) fn free_media_ports() -> String {
    let seed = (std::process::id() % 35) as u16;
    let bases = (0..35u16).map(|step| 61_000 + (seed + step * 8) % 35 * STREAMS * 2);
    let is_free = |port: u16| UdpSocket::bind(("127.0.0.1", port)).is_ok();
    let mut free = bases.filter(|base| (0..STREAMS).all(|number| is_free(base + number * 2)));
    let base = free.next().expect("somewhere there are free ports");
    format!("{base}-{}", base + STREAMS * 2 - 1)
}

/// The command that starts a server in this folder, with its settings beside its data.
pub(crate) fn command(folder: &Path, settings: &str) -> Command {
    command_on(folder, settings, &["udp:127.0.0.1:0", "tcp:127.0.0.1:0"])
}

/// The same with these listeners.
pub(crate) fn command_on(folder: &Path, settings: &str, listeners: &[&str]) -> Command {
    let file = folder.join("antiphon.toml");
    std::fs::write(&file, settings).expect("the folder takes a file");
    let mut command = Command::new(antiphon());
    command.args(listeners.iter().flat_map(|listener| ["--sip", listener])).args(["--http", "127.0.0.1:0"]);
    command.arg("--rtp-ports").arg(free_media_ports()).arg("--config").arg(file);
    command.arg("--data").arg(folder.join("data")).env("RUST_BACKTRACE", "0");
    command
}

impl Server {
    /// Starts a server and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(folder: &Path, settings: &str) -> Self {
        Self::run(folder, command(folder, settings))
    }

    /// The same with these listeners.
    #[track_caller]
    pub(crate) fn start_on(folder: &Path, settings: &str, listeners: &[&str]) -> Self {
        Self::run(folder, command_on(folder, settings, listeners))
    }

    #[track_caller]
    fn run(folder: &Path, mut command: Command) -> Self {
        let log = File::create(folder.join("log")).expect("the folder takes a file");
        let mut process = Running::start(command.stdout(Stdio::piped()).stderr(log));
        let output = process.0.stdout.take().expect("standard output is a pipe");
        let (said, line) = sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            // Nobody waits any more when the start has failed.
            let _ = said.send(read.map(|_| line));
        });
        let line = line.recv_timeout(START).ok().and_then(Result::ok).unwrap_or_default();
        let ready = Ready::parse(&line);
        let folder = folder.to_owned();
        let Some(ready) = ready else { panic!("no ready line but {line:?}; the log:\n{}", log_of(&folder)) };
        Self { process, folder, ready }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Kills it as the power would: it learns of nothing.
    pub(crate) fn kill(mut self) {
        self.process.0.kill().expect("the server lives");
        self.process.0.wait().expect("a killed server ends");
    }

    pub(crate) fn log(&self) -> String {
        log_of(&self.folder)
    }

    /// Waits until the log says this.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, words: &str) {
        let until = Instant::now() + START;
        while !self.log().contains(words) {
            assert!(Instant::now() < until, "the log does not say {words:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends JSON to a path of the HTTP side with curl; the status, and the body.
    pub(crate) fn send(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let authorization = format!("-HAuthorization: Bearer {token}");
        let address = format!("http://{}{path}", self.ready.http);
        let words = ["-w", "\n%{http_code}", "-X", method, "-HContent-Type: application/json", "-d", body];
        let words = words.iter().copied().chain([authorization.as_str(), &address]);
        curl(&words.map(str::to_owned).collect::<Vec<_>>())
    }

    /// Uploads a WAV file under this title; the status, and the body.
    pub(crate) fn upload(&self, title: &str, file: &Path, token: &str) -> (u16, String) {
        let address = format!("http://{}/api/ver1.0/client/@me/sound/", self.ready.http);
        let authorization = format!("-HAuthorization: Bearer {token}");
        let form = [format!("-Ftitle={title}"), format!("-Ffile=@{}", file.display())];
        let words = ["-w", "\n%{http_code}", &authorization, &form[0], &form[1], &address];
        curl(&words.map(str::to_owned))
    }

    /// Makes a phone extension of this name at a fixed contact.
    pub(crate) fn add_phone(&self, name: &str, contact: &str) {
        let (token, extensions) = (self.token(), "/api/ver1.0/client/@me/extension/");
        let body = format!(r#"{{"name":"{name}","type":"phone"}}"#);
        let (status, made) = self.send("POST", extensions, &token, &body);
        assert_eq!(status / 100, 2, "{made}");
        let made: Value = serde_json::from_str(&made).expect("an extension is JSON");
        let path = format!("/api/ver1.0/extension/{}/phone/", made["id"]);
        let (status, said) = self.send("PUT", &path, &token, &format!(r#"{{"contact":"{contact}"}}"#));
        assert_eq!(status, 200, "{said}");
    }

    /// Gets a path of the HTTP side with curl; the status, and the body.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let mut words = vec!["-w".to_owned(), "\n%{http_code}".to_owned()];
        words.extend(token.map(|token| format!("-HAuthorization: Bearer {token}")));
        words.push(format!("http://{}{path}", self.ready.http));
        curl(&words)
    }

    /// A token of the first client.
    pub(crate) fn token(&self) -> String {
        let file = self.folder.join("data/credentials.json");
        let text = std::fs::read_to_string(file).expect("a first start writes credentials");
        let credentials: Value = serde_json::from_str(&text).expect("credentials are JSON");
        let word = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        let (id, secret) = (word("client_id"), word("client_secret"));
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let address = format!("http://{}/oauth/token", self.ready.http);
        let (_, body) = curl(&["-w".to_owned(), "\n%{http_code}".to_owned(), "-d".to_owned(), form, address]);
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        answer["access_token"].as_str().expect("a token was given").to_owned()
    }
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn curl(words: &[String]) -> (u16, String) {
    let output = Command::new("curl").arg("-sS").args(words).output();
    let output = output.unwrap_or_else(|error| panic!("curl: {error}: run `cargo xtask install`"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or_default();
    (status.parse().unwrap_or_default(), body.to_owned())
}

#[test]
fn a_ready_line_is_read_and_anything_else_is_not() {
    let line = "antiphon ready sip=udp:127.0.0.1:5060,tcp:127.0.0.1:5061 http=127.0.0.1:8080 capacity=8192\n";
    let ready = Ready::parse(line).expect("a ready line");
    assert_eq!(ready.sip, ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5061"]);
    assert_eq!((ready.http.port(), ready.capacity, ready.udp().port()), (8080, 8192, 5060));
    for wrong in ["", "antiphon ready", "antiphon ready sip=udp:127.0.0.1:1 http=here capacity=1", "ready"] {
        assert_eq!(Ready::parse(wrong), None, "{wrong}");
    }
}
