//! The messages of RFC 4475 and RFC 5118, sent to the real binary: each gets its reaction, and OPTIONS gets 200 after each.
//!
//! Shape: the table beside the messages says what the server answers. Responses go to the port of the `Via`, so the sender
//! listens at every port that a message names, on a loopback address of its own.
//! Sources: RFC 4475 §3, RFC 5118 §4; RFC 3261 §18.2.2.

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use antiphon_testkit::SipText;

use crate::process::{alone, root};
use crate::server::Server;

/// The ports that the messages' `Via` headers name, the default first.
const PORTS: [u16; 4] = [5060, 5050, 6050, 19_823];
/// How long the answer to an OPTIONS may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long an answer may come behind that to the OPTIONS.
const LATER: Duration = Duration::from_secs(5);

fn folder() -> PathBuf {
    root().join("crates/sip/src/message/torture")
}

/// Name and reaction of each message.
fn reactions() -> Vec<(String, String)> {
    let table = std::fs::read_to_string(folder().join("reactions.md")).expect("the table lies beside the messages");
    let rows = table.lines().filter(|line| line.starts_with("| rfc"));
    let cell = |row: &str, number: usize| row.split('|').nth(number).unwrap_or_default().trim().to_owned();
    rows.map(|row| (cell(row, 1), cell(row, 3))).collect()
}

struct Sender {
    sockets: Vec<UdpSocket>,
    server: SocketAddr,
    /// Call-ID and CSeq of whatever was answered so far: a refusal that nobody acknowledges comes again.
    known: HashSet<(String, String)>,
    options: u32,
}

impl Sender {
    /// At the first loopback address whose ports are free.
    fn new(server: SocketAddr) -> Self {
        let at = |host: u8| PORTS.map(|port| UdpSocket::bind(SocketAddr::from(([127, 0, 0, host], port))).ok());
        let mut free = (70..200).map(at).filter(|sockets| sockets.iter().all(Option::is_some));
        let sockets: Vec<_> = free.next().expect("some loopback address is free").into_iter().flatten().collect();
        for socket in &sockets {
            socket.set_nonblocking(true).expect("a socket can be told not to wait");
        }
        Self { sockets, server, known: HashSet::new(), options: 0 }
    }

    fn received(&self) -> Vec<SipText> {
        let mut buffer = [0; 65_536];
        let mut messages = Vec::new();
        for socket in &self.sockets {
            while let Ok(length) = socket.recv(&mut buffer) {
                messages.push(SipText::parse(&buffer[..length]));
            }
        }
        messages
    }

    /// Sends the bytes and then OPTIONS; what was new before the answer to the OPTIONS, in the words of the table.
    ///
    /// OPTIONS has its answer at once, and an INVITE has its own from the task of its call: so many answers are waited for as are expected.
    fn reaction(&mut self, name: &str, bytes: &[u8], expected: usize) -> String {
        self.options += 1;
        let call_id = format!("options-{}", self.options);
        let options = options(self.server, &call_id).to_bytes();
        for datagram in [bytes, &options] {
            self.sockets[0].send_to(datagram, self.server).expect("loopback takes datagrams");
        }
        let (mut answers, until) = (Vec::new(), Instant::now() + PATIENCE);
        let is_answered = |answers: &[SipText]| answers.iter().any(|it| it.header("Call-ID") == Some(&call_id));
        while !is_answered(&answers) {
            assert!(Instant::now() < until, "no answer to OPTIONS after {name}, only {answers:?}");
            answers.extend(self.received());
            std::thread::sleep(Duration::from_millis(1));
        }
        let until = Instant::now() + LATER;
        while self.fresh(&answers, &call_id) < expected && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
            answers.extend(self.received());
        }
        // What came to the other ports meanwhile.
        answers.extend(self.received());
        let (options, answers): (Vec<_>, Vec<_>) =
            answers.into_iter().partition(|it| it.header("Call-ID") == Some(&call_id));
        assert_eq!(options[0].status(), Some(200), "OPTIONS after {name}");
        self.words(&answers)
    }

    /// How many of the answers are to the message, and no repetitions.
    fn fresh(&self, answers: &[SipText], options: &str) -> usize {
        let key = |answer: &SipText| ["Call-ID", "CSeq"].map(|name| answer.header(name).unwrap_or_default().to_owned());
        let is_known = |[call_id, cseq]: [String; 2]| self.known.contains(&(call_id, cseq));
        let fresh = answers.iter().filter(|it| it.header("Call-ID") != Some(options) && !is_known(key(it)));
        fresh.count()
    }

    /// The statuses of answers that are no repetitions.
    fn words(&mut self, answers: &[SipText]) -> String {
        let header = |answer: &SipText, name: &str| answer.header(name).unwrap_or_default().to_owned();
        let key = |answer: &SipText| (header(answer, "Call-ID"), header(answer, "CSeq"));
        let new: Vec<_> = answers.iter().filter(|answer| !self.known.contains(&key(answer))).collect();
        self.known.extend(new.iter().map(|answer| key(answer)).filter(|(call_id, _)| !call_id.is_empty()));
        let statuses: Vec<_> = new.iter().map(|answer| answer.status().unwrap_or_default().to_string()).collect();
        if statuses.is_empty() { "silence".to_owned() } else { statuses.join(" ") }
    }
}

fn options(server: SocketAddr, call_id: &str) -> SipText {
    SipText { start: format!("OPTIONS sip:{server} SIP/2.0"), ..SipText::default() }
        .with("Via", &format!("SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{call_id};rport"))
        .with("Max-Forwards", "70")
        .with("From", "<sip:probe@127.0.0.1>;tag=probe")
        .with("To", &format!("<sip:{server}>"))
        .with("Call-ID", call_id)
        .with("CSeq", "1 OPTIONS")
}

/// What makes a message a repetition of another: its first `Via`, and its Call-ID.
fn marks(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let first = |names: [&str; 2]| {
        let value = |line: &str| {
            line.split_once(':').filter(|(name, _)| names.contains(&name.trim())).map(|it| it.1.trim().to_owned())
        };
        text.lines().find_map(value)
    };
    [first(["via", "v"]), first(["call-id", "i"])].into_iter().flatten().collect()
}

/// A server that has met some messages, and who sent them.
struct House {
    server: Server,
    sender: Sender,
    met: HashSet<String>,
    _data: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let server = Server::start(data.path(), "");
        let sender = Sender::new(server.ready.udp());
        Self { server, sender, met: HashSet::new(), _data: data }
    }
}

/// Several messages share branch or Call-ID, and would be repetitions of one another: each goes to the first server that has
/// met none like it.
#[test]
fn the_server_survives_every_torture_message() {
    let _alone = alone();
    let table = reactions();
    let files = std::fs::read_dir(folder()).expect("the messages lie there").flatten();
    let messages = files.filter(|file| file.path().extension().is_some_and(|kind| kind == "dat")).count();
    assert_eq!(messages, table.len(), "each message stands in the table once");
    let (mut houses, mut wrong): (Vec<House>, Vec<String>) = (Vec::new(), Vec::new());
    for (name, expected) in table {
        let bytes = std::fs::read(folder().join(format!("{name}.dat"))).expect("a message is a file");
        let marks = marks(&bytes);
        let fresh = |house: &House| !marks.iter().any(|mark| house.met.contains(mark));
        let number = houses.iter().position(fresh).unwrap_or(houses.len());
        if number == houses.len() {
            houses.push(House::new());
        }
        let house = &mut houses[number];
        house.met.extend(marks);
        let answers = if expected == "silence" { 0 } else { expected.split(' ').count() };
        let got = house.sender.reaction(&name, &bytes, answers);
        if got != expected {
            wrong.push(format!("{name}: expected {expected}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), houses[0].server.log());
}
