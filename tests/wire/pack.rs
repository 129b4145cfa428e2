//! The pack of SIPp scenarios: each row of the issue is a file in `tests/sipp`, played over each transport against one server.
//!
//! Shape: a scenario says by itself what must be answered; a row here says which number it calls and over what. A new scenario
//! is a file and a line of [`PACK`]; a new transport is a line of [`WAYS`].
//! Time: real; every scenario ends within ten seconds, and several are played at once.
//! Errors: the test plays all and then names those that failed, with the messages that passed.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::process::{Running, alone, root};
use crate::server::Server;

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Scenarios at once: they wait more than they work.
const AT_ONCE: usize = 6;

/// The number of the demo menu, which answers.
const MENU: &str = "100";
/// A phone at which nobody answers.
const NOBODY: &str = "180";

/// SIPp takes a message that comes again for a retransmission, and hides it, unless it is told not to.
const SEES_REPETITIONS: &[&str] = &["lost-ack", "repeated-bye", "repeated-invite"];
/// Nothing is repeated over a stream, and a transaction there ends with its answer.
const OVER_DATAGRAMS: &[&str] = &["repeated-bye", "repeated-invite"];

/// Scenarios by their files, and the number that each calls.
const PACK: &[(&str, &str)] = &[
    ("basic-call", MENU),
    ("cancel", NOBODY),
    ("cancel-late", MENU),
    ("no-dialog", MENU),
    ("merged", NOBODY),
    ("bad-sdp", MENU),
    ("methods", MENU),
    ("require", MENU),
    ("scheme", MENU),
    ("version", MENU),
    ("bad-request", MENU),
    ("media-type", MENU),
    ("not-acceptable", MENU),
    ("compact", MENU),
    ("folded", MENU),
    ("record-route", MENU),
    ("repeated-invite", NOBODY),
    ("repeated-bye", MENU),
    ("lost-ack", MENU),
    ("hold", MENU),
    ("late-offer", MENU),
    ("options", MENU),
    ("max-forwards", MENU),
    ("info-digits", MENU),
];

/// A way to the server: its name, SIPp's word for it, how its listeners begin in the ready line, and our own address.
struct Way {
    name: &'static str,
    word: &'static str,
    listener: &'static str,
    host: &'static str,
}

/// The ways that every scenario takes.
const WAYS: &[Way] = &[
    Way { name: "udp", word: "u1", listener: "udp:127.0.0.1", host: "127.0.0.1" },
    Way { name: "tcp", word: "t1", listener: "tcp:127.0.0.1", host: "127.0.0.1" },
];

/// The scenarios that are played over IPv6 too, where loopback has it.
const OVER_IPV6: &[&str] = &["basic-call", "options", "late-offer", "no-dialog"];
const IPV6: Way = Way { name: "udp6", word: "u1", listener: "udp:[::1]", host: "::1" };

/// One scenario over one way.
struct Play<'a> {
    scenario: &'a str,
    number: &'a str,
    way: &'a Way,
    to: SocketAddr,
    port: u16,
}

impl Play<'_> {
    /// Plays it; what went wrong, with the messages that passed.
    fn play(&self, folder: &Path) -> Result<(), String> {
        let name = format!("{}-{}", self.scenario, self.way.name);
        let folder = folder.join(&name);
        std::fs::create_dir_all(&folder).expect("the folder takes a folder");
        let screen = File::create(folder.join("screen")).expect("the folder takes a file");
        let file = root().join("tests/sipp").join(format!("{}.xml", self.scenario));
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(file).current_dir(&folder).args(["-t", self.way.word, "-s", self.number, "-m", "1"]);
        command.args(["-i", self.way.host, "-nostdin", "-trace_err", "-trace_msg", "-timeout_error"]);
        command.args(["-timeout", &format!("{}s", PATIENCE.as_secs()), "-key", "fold", " "]);
        command.args(["-p", &self.port.to_string()]);
        if SEES_REPETITIONS.contains(&self.scenario) {
            command.arg("-nr");
        }
        command.arg(self.to.to_string()).stdout(screen).stderr(Stdio::null());
        let status = Running::start(&mut command).ends_within(PATIENCE * 2);
        if status.success() { Ok(()) } else { Err(format!("{name}: {status}\n{}", words(&folder))) }
    }
}

/// Ports of loopback that nobody uses now, each once: SIPp's own search for one is no match for several at once.
fn free_ports() -> impl Iterator<Item = u16> {
    let first = 20_000 + std::process::id() as u16 % 200 * 50;
    (first..30_500)
        .filter(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

/// What SIPp wrote of messages and errors.
fn words(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let logs = files.filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    logs.map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()).collect()
}

/// A phone that is reached at a port where nobody says anything; the port is held as long as the socket lives.
fn phone_of_nobody(server: &Server) -> UdpSocket {
    let silence = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let at = silence.local_addr().expect("a bound socket has an address");
    let token = server.token();
    let send = |method: &str, path: &str, body: String| {
        let (status, answer) = server.send(method, &format!("/api/ver1.0{path}"), &token, &body);
        assert_eq!(status / 100, 2, "{method} {path}: {answer}");
        serde_json::from_str::<Value>(&answer).unwrap_or_default()
    };
    let body = format!("{{\"name\":\"{NOBODY}\",\"type\":\"phone\",\"status\":\"active\"}}");
    let made = send("POST", "/client/@me/extension/", body);
    let id = made["id"].as_u64().expect("an extension has an id");
    send("PUT", &format!("/extension/{id}/phone/"), format!("{{\"contact\":\"sip:{NOBODY}@{at}\"}}"));
    silence
}

#[test]
fn every_scenario_of_the_pack_passes_over_every_transport() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let has_ipv6 = UdpSocket::bind(("::1", 0)).is_ok();
    let listeners = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:[::1]:0"];
    let server = Server::start_on(folder.path(), "", &listeners[..if has_ipv6 { 3 } else { 2 }]);
    let _nobody = phone_of_nobody(&server);
    let fits = |way: &Way, scenario: &str| way.word.starts_with('u') || !OVER_DATAGRAMS.contains(&scenario);
    let all = WAYS.iter().flat_map(|way| PACK.iter().filter(move |row| fits(way, row.0)).map(move |row| (row, way)));
    let over_ipv6 = PACK.iter().filter(|row| has_ipv6 && OVER_IPV6.contains(&row.0)).map(|row| (row, &IPV6));
    let mut ports = free_ports();
    let plays: Vec<_> = all
        .chain(over_ipv6)
        .map(|((scenario, number), way)| Play {
            scenario,
            number,
            way,
            to: server.ready.at(way.listener),
            port: ports.next().expect("there are free ports"),
        })
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(play) = plays.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(words) = play.play(folder.path()) {
                failed.lock().expect("nobody panics with it").push(words);
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().expect("nobody panics with it");
    assert!(failed.is_empty(), "{} of {} failed\n{}\n{}", failed.len(), plays.len(), failed.join("\n"), server.log());
}
