//! Call Interactive of the real binary, against web servers in Python that do as they should, and as they should not.
//!
//! Shape: each menu asks one path, is then silent for a moment, which is its next rule, and hangs up; how long a call is up says what
//! became of the answer. The verbs that nothing may come of would end the call a second after the answer.
//! Time: the machine's clock; all calls are up at once, so that the longest of them, five seconds for a server that never answers,
//! and six for one that is waited for, is what a test takes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use antiphon_testkit::SipText;
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::process::{Running, alone, root};
use crate::server::Server;

/// An address of this machine where no script may go.
const DENIED: &str = "127.0.0.9";
/// Web servers on this machine may be asked, but for that one.
const SETTINGS: &str = "[sip]\nrate_limit = 0\nnew_rate_limit = 0\n\n\
                        [http_client]\nallow = [\"127.0.0.0/8\"]\ndeny = [\"127.0.0.9/32\"]\n";
/// The next rule of each menu: so long is it silent.
const NEXT_RULE: u64 = 300;
/// How much longer a call may be up on a loaded machine, and the time that our hangup gives to the last sound.
const LATE: f64 = 0.9;
/// How long all of them may take.
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

/// Calls on one socket.
struct Calls {
    socket: UdpSocket,
    /// Held, so that nobody else gets its port.
    _media: UdpSocket,
    server: SocketAddr,
    sdp: String,
}

impl Calls {
    fn new(server: SocketAddr) -> Self {
        let [socket, media] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port"));
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout that is not zero");
        let port = media.local_addr().expect("it is bound").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        );
        Self { socket, _media: media, server, sdp }
    }

    fn request(&self, method: &str, number: &str, from: &str, to: &str) -> SipText {
        let (here, server) = (self.socket.local_addr().expect("it is bound"), self.server);
        SipText { start: format!("{method} sip:{number}@{server} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP {here};branch=z9hG4bK{method}{number};rport"))
            .with("Max-Forwards", "70")
            .with("From", &format!("<sip:{from}@127.0.0.1>;tag={number}"))
            .with("To", to)
            .with("Call-ID", &format!("interactive-{number}"))
            .with("CSeq", &format!("1 {method}"))
            .with("Contact", &format!("<sip:{from}@{here}>"))
    }

    fn send(&self, message: &SipText) {
        self.socket.send_to(&message.to_bytes(), self.server).expect("loopback takes datagrams");
    }

    /// Calls all these numbers at once; how many seconds each was up.
    #[track_caller]
    fn place(&self, from: &str, numbers: &[&str]) -> BTreeMap<String, f64> {
        for number in numbers {
            let to = format!("<sip:{number}@{}>", self.server);
            self.send(&self.request("INVITE", number, from, &to).with_body("application/sdp", &self.sdp));
        }
        let (mut answered, mut up) = (BTreeMap::new(), BTreeMap::new());
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 65_536];
        while up.len() < numbers.len() {
            assert!(Instant::now() < until, "answered {answered:?}, ended {up:?}");
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let message = SipText::parse(&buffer[..length]);
            let Some(number) = message.header("Call-ID").and_then(|id| id.strip_prefix("interactive-")) else {
                continue;
            };
            let number = number.to_owned();
            match message.status() {
                Some(200) => {
                    self.send(&self.request("ACK", &number, from, message.header("To").unwrap_or_default()));
                    answered.entry(number).or_insert_with(Instant::now);
                }
                Some(_) => {}
                None if message.start.starts_with("BYE ") => {
                    let since = answered.get(&number).expect("a call that ends was answered");
                    up.entry(number).or_insert_with(|| since.elapsed().as_secs_f64());
                    self.send(&good(&message));
                }
                None => {}
            }
        }
        up
    }
}

/// 200 to a request.
fn good(request: &SipText) -> SipText {
    let same = ["Via", "From", "To", "Call-ID", "CSeq"];
    let answer = SipText { start: "SIP/2.0 200 OK".to_owned(), ..SipText::default() };
    same.iter().fold(answer, |answer, name| answer.with(name, request.header(name).unwrap_or_default()))
}

/// A rule that asks this path.
fn asking(scripts: &Scripts, path: &str, timeout: Option<u64>) -> Value {
    json!({
        "action": "call_interactive", "call_interactive_url": scripts.url(path), "call_interactive_method": "GET",
        "call_interactive_timeout": timeout,
    })
}

/// Vectors 7 and 9 of `ringme-ivr.md` 7, with a real web server.
#[test]
fn whatever_a_web_server_answers_the_next_rule_runs_at_its_moment() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let scripts = Scripts::start("tests/wire/web_scripts.py", &[DENIED]);
    let server = Server::start(folder.path(), SETTINGS);
    let next_rule = NEXT_RULE as f64 / 1000.0;
    // Number, path, how long it may take, and how long the call is up.
    let cases = [
        ("701", "/right", None, 1.0),
        ("702", "/slow", None, 5.0 + next_rule),
        ("703", "/slow", Some(8), 6.0 + 1.0),
        ("704", "/never", None, 5.0 + next_rule),
        ("705", "/never", Some(1), 1.0 + next_rule),
        ("706", "/wrong", None, next_rule),
        ("707", "/html", None, next_rule),
        ("708", "/empty", None, next_rule),
        ("709", "/error", None, next_rule),
        ("710", "/huge", None, next_rule),
        ("711", "/type", None, next_rule),
        ("712", "/laughs", None, next_rule),
        ("713", "/redirect", None, 1.0),
        ("714", "/loop", None, next_rule),
        ("715", "/away", None, next_rule),
    ];
    let exchange = Exchange::new(&server);
    for (number, path, timeout, _) in cases {
        let silence = json!({ "action": "play_silence", "silence_time": NEXT_RULE });
        exchange.menu_of(number, &[asking(&scripts, path, timeout), silence, json!({ "action": "hangup" })]);
    }
    let up = Calls::new(server.ready.udp()).place("+78121234567", &cases.map(|case| case.0));
    for (number, path, _, expected) in cases {
        let took = up[number];
        assert!(
            took >= expected - 0.05 && took < expected + LATE,
            "{number} {path}: {took} s, not {expected} s\n{}",
            server.log()
        );
    }
    let said = scripts.said();
    let asked = |path: &str| said.iter().filter(|line| line.starts_with(&format!("asked {path}"))).count();
    // Each menu once; the right page also by a redirect, and a loop is followed three times.
    assert_eq!((asked("/wrong"), asked("/right"), asked("/loop"), asked("/away")), (1, 2, 4, 1), "{said:?}");
    assert!(!said.iter().any(|line| line == "denied"), "somebody was sent to {DENIED}: {said:?}");
    let right = said.iter().find(|line| line.starts_with("asked /right?")).expect("it was asked");
    for parameter in [
        "EventType=call_interactive",
        "CallerIDNum=%2B78121234567",
        "CalledDID=701",
        "CalledExtension=000%2A701",
        "CalledNumber=701",
    ] {
        assert!(right.contains(parameter), "{parameter} is not in {right}");
    }
    let right = debugged(&server, "701");
    assert_eq!((&right["ran"], &right["problems"]), (&json!(["Pause 1 s", "Hangup"]), &json!([])));
    let wrong = debugged(&server, "706");
    assert_eq!((&wrong["by"], &wrong["next"]), (&json!("rule 1 call_interactive"), &json!("the next rule")));
    let problem = wrong["problems"][0].as_str().unwrap_or_default();
    assert!(problem.starts_with("line 1, column "), "{wrong}");
}

/// The only step of the only call that an extension has had, as the live debug shows it.
#[track_caller]
fn debugged(server: &Server, number: &str) -> Value {
    let (token, debug) = (server.token(), "/api/ver1.0/client/@me/http_debug/");
    let get = |path: &str| -> Value {
        let (status, body) = server.get(path, Some(&token));
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    };
    let calls = get(&format!("{debug}?extension=000*{number}"));
    let call = calls[0]["call_uuid"].as_str().unwrap_or_else(|| panic!("{calls}"));
    get(&format!("{debug}{call}"))["steps"][0].clone()
}

/// The example of the documentation: a caller is put through to the manager who is responsible, under the customer's name.
#[test]
fn the_example_server_routes_callers_and_hears_of_the_end() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let managers = folder.path().join("managers.csv");
    std::fs::write(&managers, "+78121234567,\"ACME, order 17\",207\n").expect("the folder takes a file");
    let listen = ["--listen", "127.0.0.1:0", "--managers", managers.to_str().expect("a path of a test is text")];
    let scripts = Scripts::start("deploy/examples/call_interactive.py", &listen);
    let server = Server::start(folder.path(), SETTINGS);
    let phone = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let exchange = Exchange::new(&server);
    exchange.phone("207", &format!("sip:manager@{}", phone.local_addr().expect("it is bound")));
    let transfer = json!({ "action": "transfer_from_variable", "transfer_variable": "mgr", "transfer_timeout": 1, "final": false });
    exchange.menu_of("700", &[asking(&scripts, "/manager", None), transfer, json!({ "action": "hangup" })]);
    let calls = Calls::new(server.ready.udp());
    calls.place("+78121234567", &["700"]);
    let mut buffer = [0; 65_536];
    phone.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
    let length = phone.recv(&mut buffer).expect("the manager's phone rings");
    let invite = SipText::parse(&buffer[..length]);
    let from = invite.header("From").unwrap_or_default();
    assert!(from.starts_with("\"ACME, order 17\" <sip:+78121234567@"), "{from}");
}
