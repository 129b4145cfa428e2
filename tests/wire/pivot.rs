//! Applications for Pivot of the real binary: a web server in Python that reads forms as PHP does, and callers over SIP.
//!
//! Shape: an application has a page; the test writes what its web server answers, calls it, and reads what the server was told and what
//! the caller was.
//! Time: the machine's clock; nothing sleeps but the web server that is to be too slow.
//! Sources: `kazoo-pivot.md` 7 (the end-to-end cases, by their numbers), 3.2 (failures), 3.6 (leniency).

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use antiphon_testkit::SipText;
use serde_json::{Map, Value, json};

use crate::process::{Running, alone, root};
use crate::server::Server;

pub(crate) const SETTINGS: &str =
    "[sip]\nrate_limit = 0\nnew_rate_limit = 0\n\n[http_client]\nallow = [\"127.0.0.0/8\"]\n";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pages of a test, and who serves them.
pub(crate) struct Pages {
    _process: Running,
    at: SocketAddr,
    folder: PathBuf,
    said: Receiver<String>,
}

impl Pages {
    #[track_caller]
    pub(crate) fn start(folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).expect("the folder takes a folder");
        let mut command = Command::new("python3");
        command
            .arg(root().join("tests/wire/pivot_server.py"))
            .arg(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = Running::start(&mut command);
        let output = process.0.stdout.take().expect("standard output is a pipe");
        let (say, said) = sync_channel(10_000);
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // The test may be over before the process.
            lines.for_each(|line| drop(say.try_send(line)));
        });
        let first = said.recv_timeout(PATIENCE).expect("a web server says where it listens");
        let at = first.strip_prefix("listening on ").and_then(|at| at.parse().ok());
        Self { _process: process, at: at.unwrap_or_else(|| panic!("{first}")), folder, said }
    }

    pub(crate) fn url(&self, page: &str) -> String {
        format!("http://{}/{page}", self.at)
    }

    pub(crate) fn page(&self, name: &str, status: u16, kind: &str, delay: u64, body: &str) {
        let page = json!({"status": status, "type": kind, "delay": delay, "body": body});
        std::fs::write(self.folder.join(format!("{name}.json")), page.to_string()).expect("the folder takes a file");
    }

    fn flow(&self, name: &str, flow: &Value) {
        self.page(name, 200, "application/json", 0, &flow.to_string());
    }

    fn twiml(&self, name: &str, verbs: &str) {
        self.page(name, 200, "text/xml", 0, &format!("<?xml version=\"1.0\"?><Response>{verbs}</Response>"));
    }

    /// The next request for this page.
    #[track_caller]
    pub(crate) fn asked(&self, page: &str) -> Value {
        loop {
            let line = self.said.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nobody asked for {page}"));
            let asked: Value = serde_json::from_str(&line).expect("a line of JSON");
            if asked["path"] == json!(format!("/{page}")) {
                return asked;
            }
        }
    }
}

/// The API of a server.
pub(crate) struct Author<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Author<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self { server, token: server.token() }
    }

    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.server.send(method, &format!("/api/ver1.0{path}"), &self.token, &body.to_string());
        assert_eq!(status / 100, 2, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// An application of this number; where its web server fails, callers hear 603.
    #[track_caller]
    fn pivot(&self, number: &str, url: &str, more: Value) {
        let made = self.ask("POST", "/client/@me/extension/", &json!({"name": number, "type": "pivot"}));
        let mut data = json!({"voice_url": url, "children": {"_": refusal(603, "failed")}, "account_id": "acme"});
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        self.ask("PUT", &format!("/extension/{}/pivot/", made["id"]), &data);
    }
}

/// A node that refuses the caller.
fn refusal(code: u16, message: &str) -> Value {
    json!({"module": "response", "data": {"code": code, "message": message}})
}

/// A node with what follows it.
fn node(module: &str, data: Value, next: Value) -> Value {
    json!({"module": module, "data": data, "children": {"_": next}})
}

/// A caller on sockets of its own.
pub(crate) struct Caller {
    socket: UdpSocket,
    media: UdpSocket,
    server: SocketAddr,
    number: String,
    /// To, with the server's tag once that is known.
    to: String,
    cseq: u32,
    seen: Vec<SipText>,
}

impl Caller {
    /// Calls a number.
    pub(crate) fn call(server: SocketAddr, number: &str) -> Self {
        let [socket, media] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port"));
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout that is not zero");
        media.set_nonblocking(true).expect("a socket may be so");
        let port = media.local_addr().expect("it is bound").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
        );
        let to = format!("<sip:{number}@{server}>");
        let caller = Self { socket, media, server, number: number.to_owned(), to, cseq: 1, seen: Vec::new() };
        let invite = caller.request("INVITE", 1).with("X-Tenant", "7").with("User-Agent", "a telephone");
        caller.send(&invite.with_body("application/sdp", &sdp));
        caller
    }

    pub(crate) fn request(&self, method: &str, cseq: u32) -> SipText {
        let (here, number) = (self.socket.local_addr().expect("it is bound"), &self.number);
        let branch = format!("z9hG4bK{cseq}{method}");
        SipText { start: format!("{method} sip:{number}@{} SIP/2.0", self.server), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP {here};branch={branch};rport"))
            .with("Max-Forwards", "70")
            .with("From", "\"Ann Example\" <sip:+14155550100@sip.example.com>;tag=ann")
            .with("To", &self.to)
            .with("Call-ID", &format!("{number}-{}@127.0.0.1", here.port()))
            .with("CSeq", &format!("{cseq} {method}"))
            .with("Contact", &format!("<sip:ann@{here}>"))
    }

    pub(crate) fn send(&self, message: &SipText) {
        self.socket.send_to(&message.to_bytes(), self.server).expect("loopback takes datagrams");
    }

    /// Presses a key, which is told by INFO.
    pub(crate) fn press(&mut self, key: char) {
        self.cseq += 1;
        let body = format!("Signal={key}\r\nDuration=160\r\n");
        self.send(&self.request("INFO", self.cseq).with_body("application/dtmf-relay", &body));
    }

    /// The next message, answered as it has to be.
    pub(crate) fn hear(&mut self) -> Option<SipText> {
        let mut buffer = [0; 65_536];
        let length = self.socket.recv(&mut buffer).ok()?;
        let message = SipText::parse(&buffer[..length]);
        if let Some(status) = message.status() {
            if let Some(to) = message.header("To").filter(|to| to.contains(";tag=")) {
                self.to = to.to_owned();
            }
            if status >= 200 && message.cseq_method() == "INVITE" {
                let mut ack = self.request("ACK", 1);
                if status >= 300 {
                    // That of a refusal belongs to the INVITE (RFC 3261 §17.1.1.3).
                    for (_, via) in ack.headers.iter_mut().filter(|(name, _)| name == "Via") {
                        *via = via.replace("1ACK", "1INVITE");
                    }
                }
                self.send(&ack);
            }
        } else if message.start.starts_with("BYE ") {
            let same = ["Via", "From", "To", "Call-ID", "CSeq"];
            let good = SipText { start: "SIP/2.0 200 OK".to_owned(), ..SipText::default() };
            let value = |name: &str| message.header(name).unwrap_or_default().to_owned();
            self.send(&same.iter().fold(good, |good, name| good.with(name, &value(name))));
        }
        self.seen.push(message.clone());
        Some(message)
    }

    /// Waits for a message.
    #[track_caller]
    pub(crate) fn until(&mut self, is: impl Fn(&SipText) -> bool) -> SipText {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(message) = self.hear().filter(|message| is(message)) {
                return message;
            }
        }
        panic!("{} saw only {:?}", self.number, self.seen.iter().map(|seen| &seen.start).collect::<Vec<_>>())
    }

    #[track_caller]
    pub(crate) fn up(&mut self) {
        self.until(|message| message.status() == Some(200) && message.cseq_method() == "INVITE");
    }

    /// Waits until so many more packets have come.
    #[track_caller]
    pub(crate) fn listen(&self, packets: usize) {
        let until = Instant::now() + PATIENCE;
        let mut heard = 0;
        while heard < packets {
            assert!(Instant::now() < until, "{} heard only {heard} packets", self.number);
            heard += self.packets().len();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end: the first line of a refusal, or `BYE` with its reason.
    #[track_caller]
    pub(crate) fn over(&mut self) -> String {
        let end = self
            .until(|message| message.status().is_some_and(|status| status >= 300) || message.start.starts_with("BYE "));
        match end.status() {
            Some(_) => end.start.trim_start_matches("SIP/2.0 ").to_owned(),
            None => format!("BYE {}", end.header("Reason").unwrap_or_default()),
        }
    }

    /// Whether the call was answered with this status.
    pub(crate) fn saw(&self, status: u16) -> bool {
        self.seen.iter().any(|seen| seen.status() == Some(status) && seen.cseq_method() == "INVITE")
    }

    /// The SSRC and sequence number of each RTP packet that has come.
    fn packets(&self) -> Vec<(u32, u16)> {
        let mut buffer = [0; 2_048];
        let mut packets = Vec::new();
        while let Ok(length) = self.media.recv(&mut buffer) {
            if length > 12 {
                let ssrc = u32::from_be_bytes([buffer[8], buffer[9], buffer[10], buffer[11]]);
                packets.push((ssrc, u16::from_be_bytes([buffer[2], buffer[3]])));
            }
        }
        packets
    }
}

/// A phone that refuses every call so.
fn refusing(status: &'static str) -> SocketAddr {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let at = socket.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let request = SipText::parse(&buffer[..length]);
            if request.method() == Some("INVITE") {
                let same = ["Via", "From", "Call-ID", "CSeq"];
                let busy = SipText { start: format!("SIP/2.0 {status}"), ..SipText::default() };
                let value = |name: &str| request.header(name).unwrap_or_default().to_owned();
                let busy = same.iter().fold(busy, |busy, name| busy.with(name, &value(name)));
                let busy = busy.with("To", &format!("{};tag=busy", value("To")));
                if socket.send_to(&busy.to_bytes(), from).is_err() {
                    return;
                }
            }
        }
    });
    at
}

fn told(asked: &Value) -> &Map<String, Value> {
    asked["told"].as_object().expect("parameters")
}

/// The parameters of a first request of which nothing more is known.
const FIRST: &str = "Account-ID Api-Version Call-ID Call-Status Caller-ID-Name Caller-ID-Number Custom-SIP-Headers Direction From \
                     From-Realm Language Request Request-Realm To To-Realm";

/// Cases 1, 2 and 6: what a web server is told, by every way of telling it.
#[test]
fn a_web_server_is_told_the_same_by_query_form_and_json() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    let mut continued = Vec::new();
    for (number, method, body) in [("801", "get", "form"), ("802", "post", "form"), ("803", "post", "json")] {
        let headers = json!({"X-Token": "secret 7"});
        let more = json!({"method": method, "req_body_format": body, "custom_request_headers": headers});
        author.pivot(number, &pages.url(&format!("first{number}")), more.clone());
        let mut again = more;
        again["voice_url"] = json!(pages.url(&format!("second{number}")));
        let variables = json!({"custom_application_vars": {"customer_id": 42, "tier": "gold & blue"}});
        pages.flow(
            &format!("first{number}"),
            &node("set_variables", variables, json!({"module": "pivot", "data": again})),
        );
        pages.flow(&format!("second{number}"), &refusal(486, "seen"));
        let mut caller = Caller::call(server.ready.udp(), number);
        let first = pages.asked(&format!("first{number}"));
        let second = pages.asked(&format!("second{number}"));
        assert_eq!(caller.over(), "486 seen");
        assert_eq!(
            (&first["method"], &first["headers"]["x-token"]),
            (&json!(method.to_uppercase()), &json!("secret 7"))
        );
        for (name, value) in [
            ("Account-ID", "acme"),
            ("Api-Version", "4.x"),
            ("Caller-ID-Name", "Ann Example"),
            ("Caller-ID-Number", "+14155550100"),
            ("Direction", "inbound"),
            ("From", "+14155550100"),
            ("From-Realm", "sip.example.com"),
            ("Language", "en-us"),
            ("Request", number),
            ("Request-Realm", "127.0.0.1"),
            ("To", number),
            ("To-Realm", "127.0.0.1"),
            ("Call-Status", "ringing"),
        ] {
            assert_eq!(told(&first)[name], json!(value), "{name} of {first}");
        }
        assert_eq!(told(&first)["Custom-SIP-Headers"]["X-Tenant"], json!("7"), "{first}");
        assert!(
            told(&first)["Call-ID"].as_str().is_some_and(|id| id.starts_with(number) && id.ends_with("@127.0.0.1"))
        );
        let names: BTreeSet<_> = told(&first).keys().map(String::as_str).collect();
        assert_eq!(names, FIRST.split(' ').collect(), "{names:?}");
        let mut second = told(&second).clone();
        assert_eq!(second["Custom-Application-Vars"]["tier"], json!("gold & blue"));
        // These are of each call.
        ["Call-ID", "Request", "To"].iter().for_each(|name| drop(second.remove(*name)));
        // A form knows texts alone.
        second["Custom-Application-Vars"]["customer_id"] =
            json!(second["Custom-Application-Vars"]["customer_id"].to_string().trim_matches('"'));
        continued.push(second);
    }
    assert_eq!(continued[0], continued[1]);
    assert_eq!(continued[1], continued[2]);
}

/// Cases 3 and 4: digits that are collected, that are not, and that were pressed before anybody asked.
#[test]
fn digits_are_collected_under_their_names() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    let second = json!({"module": "pivot", "data": {"voice_url": pages.url("second"), "method": "post"}});
    pages.flow("second", &json!({"module": "hangup"}));
    let collect = json!({"max_digits": 4, "terminators": ["#"], "collection_name": "custom_name", "timeout": 1500});
    pages.flow("collect", &node("tts", json!({"text": "Your number"}), node("collect_dtmf", collect, second.clone())));
    author.pivot("811", &pages.url("collect"), json!({}));
    let mut caller = Caller::call(server.ready.udp(), "811");
    caller.up();
    ['1', '2', '#'].into_iter().for_each(|key| caller.press(key));
    assert_eq!(told(&pages.asked("second"))["Digits"], json!({"custom_name": "12"}));
    caller.over();
    let mut caller = Caller::call(server.ready.udp(), "811");
    caller.up();
    assert_eq!(told(&pages.asked("second"))["Digits"], json!({"custom_name": ""}), "nothing was pressed");
    caller.over();
    let tone = json!({"id": "tone_stream://%(2000,0,440);loops=5"});
    let one = json!({"max_digits": 1, "timeout": 20_000});
    pages.flow("ahead", &node("play", tone, node("collect_dtmf", one, second)));
    author.pivot("812", &pages.url("ahead"), json!({}));
    // In the very moment of the answer, and over the tone.
    for packets in [0, 25] {
        let mut caller = Caller::call(server.ready.udp(), "812");
        caller.up();
        caller.listen(packets);
        let began = Instant::now();
        caller.press('5');
        assert_eq!(told(&pages.asked("second"))["Digits"], json!({"default": "5"}), "behind {packets} packets");
        assert!(began.elapsed() < Duration::from_secs(5), "the tone is stopped, and the key is taken");
        caller.over();
    }
}

/// Case 5: every failure leads to the child `_`, an empty answer to the end, and what is answered as `text/html` is looked at.
#[test]
fn a_web_server_that_fails_leads_to_the_child_of_the_application() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    let busy = refusal(486, "busy").to_string();
    let cases = [
        ("821", 404, "text/html", 0, "no", "603 failed"),
        ("822", 500, "application/json", 0, busy.as_str(), "603 failed"),
        ("823", 200, "application/json", 6, busy.as_str(), "603 failed"),
        ("824", 200, "application/json", 0, "{\"module\":", "603 failed"),
        ("825", 200, "text/xml", 0, "<Foo/>", "603 failed"),
        ("826", 200, "application/json", 0, "", "480 Temporarily Unavailable"),
        ("827", 200, "text/html", 0, busy.as_str(), "486 busy"),
        ("828", 200, "text/html; charset=UTF-8", 0, "<Response><Reject reason=\"busy\"/></Response>", "486 "),
        ("829", 200, "application/json", 0, "{\"module\":\"tts\",\"data\":{}}", "603 failed"),
    ];
    for (number, status, kind, delay, body, _) in cases {
        pages.page(number, status, kind, delay, body);
        author.pivot(number, &pages.url(number), json!({}));
    }
    let nobody = UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).expect("a free port");
    author.pivot("830", &format!("http://{nobody}/"), json!({}));
    let numbers = cases.iter().map(|case| (case.0, case.5)).chain([("830", "603 failed")]);
    let callers: Vec<_> =
        numbers.map(|(number, end)| (number, end, Caller::call(server.ready.udp(), number))).collect();
    for (number, end, mut caller) in callers {
        let said = caller.over();
        assert!(said.starts_with(end), "{number}: {said}\n{}", server.log());
        assert!(!caller.saw(200), "{number} was answered");
    }
    // Only errors are kept where nobody asked for more.
    let (status, debug) = server.get("/v2/accounts/@me/pivot/debug?page_size=100", Some(&author.token));
    let debug: Value = serde_json::from_str(&debug).unwrap_or_default();
    let rows = debug["data"].as_array().cloned().unwrap_or_default();
    let of = |number: &str| {
        rows.iter().find(|row| row["uri"].as_str().is_some_and(|uri| uri.contains(&format!("/{number}?"))))
    };
    assert_eq!(status, 200, "{debug}");
    assert_eq!(of("824").map(|row| &row["has_json_errors"]), Some(&json!(true)), "{debug}");
    assert_eq!(of("829").map(|row| &row["has_schema_errors"]), Some(&json!(true)), "{debug}");
    assert!(of("827").is_none() && of("821").is_some(), "{debug}");
}

/// Cases 7 and 8: what follows a busy phone, and flows that others jump to.
#[test]
fn children_are_chosen_by_cause_then_code_and_jumps_come_back() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    server.add_phone("207", &format!("sip:busy@{}", refusing("486 Busy Here")));
    let children =
        [("USER_BUSY", refusal(603, "cause")), ("sip:486", refusal(484, "code")), ("_", refusal(404, "other"))];
    for (number, left_out, end) in [("841", 0, "603 cause"), ("842", 1, "484 code"), ("843", 2, "404 other")] {
        let children: Map<_, _> =
            children.iter().skip(left_out).map(|(key, flow)| ((*key).to_owned(), flow.clone())).collect();
        pages.flow(number, &json!({"module": "user", "data": {"id": "207", "timeout": 5}, "children": children}));
        author.pivot(number, &pages.url(number), json!({}));
        let said = Caller::call(server.ready.udp(), number).over();
        assert_eq!(said, end, "{number}\n{}", server.log());
    }
    author.ask(
        "POST",
        "/client/@me/flow/",
        &json!({"name": "sub", "flow": {"module": "sleep", "data": {"duration": 1, "unit": "ms"}}}),
    );
    let jump = |name: &str| node("callflow", json!({"id": name}), refusal(603, "back"));
    pages.flow("jump", &jump("sub"));
    author.pivot("844", &pages.url("jump"), json!({}));
    assert_eq!(Caller::call(server.ready.udp(), "844").over(), "603 back");
    let round = json!({"module": "callflow", "data": {"id": "round"}});
    author.ask("POST", "/client/@me/flow/", &json!({"name": "round", "flow": round}));
    pages.flow("round", &round);
    author.pivot("845", &pages.url("round"), json!({}));
    assert!(Caller::call(server.ready.udp(), "845").over().starts_with("480 "), "a call that jumps for ever ends");
}

/// Case 9: a refusal with media is heard before it comes, and the call is never answered.
#[test]
fn a_refusal_with_media_is_heard_before_it_comes() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    let data = json!({"code": "603", "message": "Not today", "media": "tone_stream://%(500,500,440);loops=1"});
    pages.flow("refuse", &json!({"module": "response", "data": data}));
    author.pivot("851", &pages.url("refuse"), json!({}));
    let mut caller = Caller::call(server.ready.udp(), "851");
    assert_eq!(caller.over(), "603 Not today");
    let progress = caller.seen.iter().find(|seen| seen.status() == Some(183)).expect("a 183");
    assert!(progress.body.contains("m=audio") && !caller.saw(200));
    let packets = caller.packets();
    assert!((45..75).contains(&packets.len()), "a second is 50 packets: {}", packets.len());
    assert!(packets.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1.wrapping_add(1) == pair[1].1));
    drop(author);
}

/// Case 10: digits of a Gather go to its action, and silence to what follows it.
#[test]
fn a_gather_asks_its_action_with_digits_and_goes_on_without() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    let gather =
        "<Gather action=\"/process.php\" method=\"GET\" timeout=\"1\" numDigits=\"2\"><Pause length=\"1\"/></Gather>";
    pages.twiml("gather", &format!("{gather}<Redirect method=\"GET\">/process.php?Digits=TIMEOUT</Redirect>"));
    pages.twiml("process.php", "<Hangup/>");
    author.pivot("861", &pages.url("gather"), json!({"req_format": "twiml", "signing_secret": "geheim"}));
    let mut caller = Caller::call(server.ready.udp(), "861");
    let first = pages.asked("gather");
    for (name, value) in
        [("AccountSid", "acme"), ("ApiVersion", "2010-04-01"), ("CallStatus", "ringing"), ("From", "+14155550100")]
    {
        assert_eq!(told(&first)[name], json!(value), "{first}");
    }
    assert!(first["headers"]["x-twilio-signature"].is_string(), "{first}");
    // In the very moment of the answer, and over the pause.
    for packets in [0, 25] {
        caller.up();
        caller.listen(packets);
        ['4', '2'].into_iter().for_each(|key| caller.press(key));
        let asked = pages.asked("process.php");
        let told = (&asked["method"], &told(&asked)["Digits"]);
        assert_eq!(told, (&json!("GET"), &json!("42")), "behind {packets} packets");
        assert!(caller.over().starts_with("BYE"));
        caller = Caller::call(server.ready.udp(), "861");
    }
    caller.up();
    assert_eq!(told(&pages.asked("process.php"))["Digits"], json!("TIMEOUT"));
    caller.over();
}

/// Case 11, as far as it is not data: what is put right is put right, and is not where validation is strict.
#[test]
fn callflows_are_put_right_unless_validation_is_strict() {
    let _alone = alone();
    for (settings, end) in [("", "486 seen"), ("\n[pivot]\nstrict_validation = true\n", "603 failed")] {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let pages = Pages::start(folder.path().join("pages"));
        let server = Server::start(folder.path(), &format!("{SETTINGS}{settings}"));
        let author = Author::new(&server);
        let flows = [
            json!({"module": "response", "data": {"code": "486", "message": "seen"}}),
            json!({"flow": refusal(486, "seen")}),
            json!({"module": "no_such_module", "data": {}, "children": {"_": refusal(486, "seen")}}),
            json!({"module": "noop", "data": {}, "children": refusal(486, "seen")}),
        ];
        for (number, flow) in flows.iter().enumerate() {
            let number = format!("87{number}");
            pages.flow(&number, flow);
            author.pivot(&number, &pages.url(&number), json!({}));
            assert_eq!(Caller::call(server.ready.udp(), &number).over(), end, "{flow}");
        }
    }
}

/// Case 12: one call goes from TwiML to a callflow to TwiML, and hears one stream.
#[test]
fn one_call_goes_from_twiml_to_json_to_twiml() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    pages.twiml("one", "<Pause length=\"1\"/><Redirect>/two</Redirect>");
    let third =
        json!({"module": "pivot", "data": {"voice_url": pages.url("three"), "req_format": "twiml", "debug": true}});
    let tone = json!({"id": "tone_stream://%(500,0,440)"});
    pages.flow("two", &node("play", tone, third));
    pages.twiml("three", "<Pause length=\"1\"/><Hangup/>");
    author.pivot("881", &pages.url("one"), json!({"debug": true}));
    let mut caller = Caller::call(server.ready.udp(), "881");
    let first = pages.asked("one");
    assert!(caller.over().starts_with("BYE"));
    let packets = caller.packets();
    assert!(packets.len() > 120, "{}", packets.len());
    assert!(packets.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1.wrapping_add(1) == pair[1].1));
    let call = told(&first)["Call-ID"].as_str().expect("a Call-ID").replace('@', "%40");
    let (status, shown) = server.get(&format!("/v2/accounts/acme/pivot/debug/{call}"), Some(&author.token));
    let shown: Value = serde_json::from_str(&shown).unwrap_or_default();
    let records = shown["data"].as_array().cloned().unwrap_or_default();
    let iterations: Vec<_> = records.iter().map(|record| record["iteration"].as_u64().unwrap_or_default()).collect();
    assert_eq!((status, iterations), (200, vec![1, 1, 2, 2, 3, 3]), "{shown}");
}
