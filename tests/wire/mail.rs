//! Messages by e-mail: from a caller of the real binary to the files of a real mail server, also when either of the two is killed.
//!
//! Shape: one caller who speaks a second of noise over and over; the sound in the letter is compared with it.
//! Time: the machine's clock; Exim thinks for three seconds about each letter where something has to happen meanwhile.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use antiphon_media::codec::Codec;
use antiphon_media::rtp::packet::{HEADER_LEN, Header};
use antiphon_media::source::wav;
use antiphon_testkit::{SipText, likeness, noise};
use base64::Engine;
use serde_json::{Value, json};

use crate::post::Post;
use crate::process::alone;
use crate::server::Server;

/// How long answers may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(40);
/// How much is said before the caller hangs up.
const MESSAGE_MS: u64 = 2_500;

/// A caller who speaks.
struct Speaker {
    sip: UdpSocket,
    server: SocketAddr,
    number: &'static str,
    to: String,
    stop: Arc<AtomicBool>,
    mouth: JoinHandle<()>,
}

/// What the caller says, over and over.
fn words() -> Vec<i16> {
    noise(7, Duration::from_secs(1))
}

impl Speaker {
    #[track_caller]
    fn call(server: SocketAddr, number: &'static str) -> Self {
        let [sip, rtp] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port"));
        sip.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout that is not zero");
        let stop = Arc::new(AtomicBool::new(false));
        let media = rtp.local_addr().expect("it is bound").port();
        let mut speaker = Self {
            sip,
            server,
            number,
            to: format!("<sip:{number}@{server}>"),
            stop: stop.clone(),
            mouth: std::thread::spawn(|| ()),
        };
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 8\r\n"
        );
        speaker.send(speaker.request("INVITE", 1).with_body("application/sdp", &sdp));
        let until = Instant::now() + PATIENCE;
        let answer = loop {
            assert!(Instant::now() < until, "nobody answers");
            let mut buffer = [0; 4_096];
            let Ok(length) = speaker.sip.recv(&mut buffer) else { continue };
            let answer = SipText::parse(&buffer[..length]);
            if answer.status() == Some(200) {
                break answer;
            }
        };
        speaker.to = answer.header("To").expect("an answer has one").to_owned();
        speaker.send(speaker.request("ACK", 1));
        let body = String::from_utf8_lossy(&answer.to_bytes()).into_owned();
        let port = body.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse::<u16>().ok());
        let peer = SocketAddr::from(([127, 0, 0, 1], port.expect("an answer names a port")));
        speaker.mouth = std::thread::spawn(move || speak(&rtp, peer, &stop));
        speaker
    }

    fn request(&self, method: &str, cseq: u32) -> SipText {
        let port = self.sip.local_addr().expect("it is bound").port();
        SipText { start: format!("{method} sip:{}@{} SIP/2.0", self.number, self.server), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{port};rport"))
            .with("Max-Forwards", "70")
            .with("From", "\"Անի Պետրոսյան\" <sip:+37410000001@127.0.0.1>;tag=speaker")
            .with("To", &self.to)
            .with("Call-ID", &format!("speaker{port}"))
            .with("CSeq", &format!("{cseq} {method}"))
            .with("Contact", &format!("<sip:speaker@127.0.0.1:{port}>"))
    }

    fn send(&self, request: SipText) {
        self.sip.send_to(&request.to_bytes(), self.server).expect("loopback takes datagrams");
    }

    fn hang_up(self) {
        self.send(self.request("BYE", 2));
        self.stop.store(true, Ordering::Relaxed);
        self.mouth.join().expect("the mouth does not panic");
    }
}

fn speak(rtp: &UdpSocket, peer: SocketAddr, stop: &AtomicBool) {
    let law = Codec::Pcma.law().expect("PCMA has one");
    let words = words();
    let mut due = Instant::now();
    for (number, samples) in words.chunks_exact(160).cycle().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let mut packet = [0; HEADER_LEN + 160];
        let (sequence, timestamp) = (number as u16, number as u32 * 160);
        let header = Header { marker: number == 0, payload_type: 8, sequence, timestamp, ssrc: 9 };
        let (head, payload) = packet.split_at_mut(HEADER_LEN);
        header.write(head.try_into().expect("a head has its length"));
        law.encode_all(samples, payload);
        // What is not sent is lost, as on any network.
        let _ = rtp.send_to(&packet, peer);
        due += Duration::from_millis(20);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// The API of a server, with a token.
struct Api<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Api<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, token: server.token() }
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.server.send(method, &format!("/api/ver1.0{path}"), &self.token, &body.to_string());
        assert_eq!(status / 100, 2, "{method} {path}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.server.get(&format!("/api/ver1.0{path}"), Some(&self.token));
        assert_eq!(status, 200, "{path}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }

    /// A mailbox whose messages go there; the id of its extension.
    fn mailbox(&self, number: &str, mailto: &str) -> Value {
        let id = self.send("POST", "/client/@me/extension/", &json!({ "name": number, "type": "ivr" }))["id"].clone();
        let settings = json!({ "vm_enabled": true, "vm_mailto": mailto });
        self.send("PUT", &format!("/extension/{id}/ivr/"), &settings);
        id
    }

    /// Waits until a list has an entry that is so.
    #[track_caller]
    fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let list = self.get(path);
            if let Some(found) = list.as_array().into_iter().flatten().find(|entry| is_so(entry)) {
                return found.clone();
            }
            assert!(Instant::now() < until, "{list:#}\n{}", self.server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Leaves a message of a few seconds.
    #[track_caller]
    fn leave_message(&self, number: &'static str) {
        let speaker = Speaker::call(self.server.ready.udp(), number);
        self.until("/client/@me/record/", |entry| {
            entry["state"] == "recording" && entry["duration_ms"].as_u64() >= Some(MESSAGE_MS)
        });
        speaker.hang_up();
    }

    /// The mail to this address once it is in this state.
    #[track_caller]
    fn mail(&self, address: &str, state: &str) -> Value {
        self.until("/client/@me/mail/", |mail| mail["address"] == address && mail["state"] == state)
    }
}

/// The sound in a letter.
#[track_caller]
fn attached(letter: &str) -> Vec<u8> {
    let (_, part) = letter.split_once("Content-Type: audio/wav").expect("a sound");
    let (_, rest) = part.split_once("\n\n").expect("a body");
    let body: String = rest.lines().take_while(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).expect("base64")
}

/// The letter has the sound of the recording, and that is what was said.
#[track_caller]
fn has_the_message(letter: &str, folder: &Path, record: &Value) {
    let sound = attached(letter);
    let file = folder.join(format!("data/recordings/{}.wav", record.as_str().expect("an id")));
    assert_eq!(sound, std::fs::read(file).expect("the recording is there"));
    let heard = wav::read(&sound).expect("it opens");
    assert!(heard.samples.len() as u64 >= MESSAGE_MS * 8, "{} samples", heard.samples.len());
    // Packets that SIPp sends too late on a busy machine are missing; another sound would be at nothing.
    let alike = likeness(&heard.samples, &words());
    assert!(alike > 0.6, "likeness {alike}");
}

#[test]
fn a_real_mail_server_takes_a_message_over_tls_with_its_sound() {
    let _alone = alone();
    let (folder, post) = (tempfile::tempdir().expect("a temporary directory"), Post::start(0));
    let server = Server::start(folder.path(), &post.sending());
    let api = Api::new(&server);
    let mailbox = api.mailbox("071", "\"Mane, sales\" <mane@b.example>, nobody@b.example");
    api.leave_message("071");
    let sent = api.mail("mane@b.example", "sent");
    assert_eq!((&sent["attempts"], &sent["error"]), (&1.into(), &Value::Null));
    // Whom the server does not know it refuses for good, and the API says so.
    let failed = api.mail("nobody@b.example", "failed");
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("nobody of this name")), "{failed}");
    let letters = post.wait_for_letters(1);
    let letter = &letters[0];
    has_the_message(letter, folder.path(), &sent["record_id"]);
    // "Mane, sales", as an encoded word.
    assert!(letter.contains("To: =?utf-8?b?TWFuZSwgc2FsZXM=?= <mane@b.example>"), "{letter}");
    assert!(letter.contains(&format!("Message-ID: <{}@here.example>", sent["message_id"].as_str().expect("a text"))));
    assert!(letter.contains("filename*0*=utf-8''voicemail-071-"), "{letter}");
    assert!(post.log().contains("A=plain:antiphon"), "{}", post.log());
    // It is new until somebody has heard it.
    let messages = format!("/extension/{mailbox}/voicemail");
    let message = api.until(&format!("{messages}/?heard=false"), |_| true);
    assert_eq!(message["id"], sent["record_id"]);
    assert_eq!(api.get(&format!("{messages}/count/")), json!({ "new": 1, "old": 0 }));
    let one = format!("{messages}/{}", message["id"].as_str().expect("an id"));
    assert_eq!(api.send("PUT", &one, &json!({ "heard": true }))["heard"], true);
    assert_eq!(api.get(&format!("{messages}/count/")), json!({ "new": 0, "old": 1 }));
    api.send("DELETE", &one, &Value::Null);
    assert_eq!(api.get(&format!("{messages}/")), json!([]));
}

#[test]
fn killed_while_the_mail_server_thinks_a_mail_comes_after_the_next_start_once() {
    let _alone = alone();
    let (folder, post) = (tempfile::tempdir().expect("a temporary directory"), Post::start(3));
    let server = Server::start(folder.path(), &post.sending());
    Api::new(&server).mailbox("071", "ani@b.example");
    Api::new(&server).leave_message("071");
    post.wait_until_it_thinks();
    server.kill();
    let server = Server::start(folder.path(), &post.sending());
    let sent = Api::new(&server).mail("ani@b.example", "sent");
    has_the_message(&post.wait_for_letters(1)[0], folder.path(), &sent["record_id"]);
    assert!(post.log().contains("SMTP connection lost after final dot"), "{}", post.log());
    // Once more, and nothing comes.
    server.kill();
    let server = Server::start(folder.path(), &post.sending());
    Api::new(&server).mail("ani@b.example", "sent");
    assert_eq!(post.letters().len(), 1, "{}", post.log());
}

#[test]
fn killed_while_it_records_a_mail_has_what_there_is_of_the_message() {
    let _alone = alone();
    let (folder, post) = (tempfile::tempdir().expect("a temporary directory"), Post::start(0));
    let server = Server::start(folder.path(), &post.sending());
    let api = Api::new(&server);
    api.mailbox("071", "ani@b.example");
    let speaker = Speaker::call(server.ready.udp(), "071");
    let long = MESSAGE_MS + 1_000;
    api.until("/client/@me/record/", |entry| entry["duration_ms"].as_u64() >= Some(long));
    server.kill();
    speaker.hang_up();
    let server = Server::start(folder.path(), &post.sending());
    let api = Api::new(&server);
    let sent = api.mail("ani@b.example", "sent");
    let record = format!("/client/@me/record/{}", sent["record_id"].as_str().expect("an id"));
    assert_eq!(api.get(&record)["state"], "interrupted");
    has_the_message(&post.wait_for_letters(1)[0], folder.path(), &sent["record_id"]);
}

#[test]
fn a_mail_waits_for_a_mail_server_that_was_killed_and_comes_once() {
    let _alone = alone();
    let (folder, mut post) = (tempfile::tempdir().expect("a temporary directory"), Post::start(20));
    let server = Server::start(folder.path(), &post.sending());
    let api = Api::new(&server);
    api.mailbox("071", "ani@b.example");
    api.leave_message("071");
    post.wait_until_it_thinks();
    post.kill();
    let waiting = api.until("/client/@me/mail/", |mail| mail["attempts"] == 1);
    assert_eq!(waiting["state"], "waiting");
    assert!(waiting["error"].is_string() && waiting["next_attempt_gmt"].is_string(), "{waiting}");
    post.restart(0);
    let retry = format!("/client/@me/mail/{}/retry/", waiting["id"]);
    api.send("POST", &retry, &Value::Null);
    let sent = api.mail("ani@b.example", "sent");
    assert_eq!((&sent["attempts"], &sent["message_id"]), (&2.into(), &waiting["message_id"]));
    has_the_message(&post.wait_for_letters(1)[0], folder.path(), &sent["record_id"]);
    // What it had of the first attempt it does not deliver.
    assert_eq!(post.letters().len(), 1, "{}", post.log());
}
