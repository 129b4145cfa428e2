//! Recordings of the real binary: through the REST API, and after the process was killed while it recorded.
//!
//! Shape: many callers on one socket, who send no sound; a file is measured against the time from the answer to the kill.
//! Time: the machine's clock. `KILLS=20 cargo test -p antiphon-tests --test wire recording -- --nocapture` kills twenty servers with
//! fifty recordings each, a thousand files, and says what was missing. Without it there are two.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use antiphon_media::source::wav;
use antiphon_testkit::SipText;
use serde_json::Value;

use crate::exchange::Exchange;
use crate::process::alone;
use crate::server::Server;

/// Calls of one server.
const CALLS: usize = 50;
/// What a kill may cost.
const LOST: Duration = Duration::from_secs(1);
/// Nobody is slowed down for calling so often.
const SETTINGS: &str = "[sip]\nrate_limit = 0\nnew_rate_limit = 0\n";
/// How long answers may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Callers who are up, by name, and since when.
pub(crate) struct Callers {
    /// Held, so that nobody else gets the ports.
    _sockets: (UdpSocket, UdpSocket),
    up: BTreeMap<String, Instant>,
}

impl Callers {
    /// Calls this number so many times and waits until all are answered.
    #[track_caller]
    pub(crate) fn place(server: SocketAddr, number: &str, names: impl Iterator<Item = String>) -> Self {
        let [sip, rtp] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port"));
        sip.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout that is not zero");
        let port = sip.local_addr().expect("it is bound").port();
        let media = rtp.local_addr().expect("it is bound").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 8\r\n"
        );
        let names: Vec<String> = names.collect();
        let request = |method: &str, name: &str, to: &str| {
            SipText { start: format!("{method} sip:{number}@{server} SIP/2.0"), ..SipText::default() }
                .with("Via", &format!("SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{name};rport"))
                .with("Max-Forwards", "70")
                .with("From", &format!("<sip:{name}@127.0.0.1>;tag={name}"))
                .with("To", to)
                .with("Call-ID", name)
                .with("CSeq", &format!("1 {method}"))
                .with("Contact", &format!("<sip:{name}@127.0.0.1:{port}>"))
        };
        for name in &names {
            let invite = request("INVITE", name, &format!("<sip:{number}@{server}>"));
            let invite = invite.with_body("application/sdp", &sdp);
            sip.send_to(&invite.to_bytes(), server).expect("loopback takes datagrams");
        }
        let (mut up, until) = (BTreeMap::new(), Instant::now() + PATIENCE);
        let mut buffer = [0; 4_096];
        while up.len() < names.len() {
            assert!(Instant::now() < until, "{} of {} calls are up", up.len(), names.len());
            let Ok(length) = sip.recv(&mut buffer) else { continue };
            let answer = SipText::parse(&buffer[..length]);
            if answer.status() != Some(200) {
                continue;
            }
            let (name, to) = (answer.header("Call-ID").unwrap_or_default(), answer.header("To").unwrap_or_default());
            sip.send_to(&request("ACK", name, to).to_bytes(), server).expect("loopback takes datagrams");
            up.entry(name.to_owned()).or_insert_with(Instant::now);
        }
        Self { _sockets: (sip, rtp), up }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("data/recordings")).expect("the folder of recordings");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "wav")).collect()
}

/// How long a file is that opens, by what its head says.
#[track_caller]
fn opened(path: &Path) -> Duration {
    let file = std::fs::read(path).expect("it can be read");
    let claimed = u32::from_le_bytes(file[40..44].try_into().expect("a head")) as usize;
    assert!(claimed <= file.len() - 44, "{}: {claimed} of {}", path.display(), file.len());
    let sound = wav::read(&file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Duration::from_secs_f64(sound.samples.len() as f64 / f64::from(sound.rate))
}

pub(crate) fn list(server: &Server, token: &str) -> Vec<Value> {
    let (status, body) = server.get("/api/ver1.0/client/@me/record/?order=asc", Some(token));
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("a list")
}

#[test]
fn a_kill_while_it_records_costs_at_most_a_second_of_each_recording() {
    let _alone = alone();
    let rounds: u64 = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(2);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (mut measured, mut behind, mut losses) = (0, 0, Vec::new());
    for round in 0..rounds {
        let server = Server::start(folder.path(), SETTINGS);
        if round == 0 {
            Exchange::new(&server).recording_menu("700");
        }
        let names = (0..CALLS).map(|number| format!("k{round}x{number}"));
        let callers = Callers::place(server.ready.udp(), "700", names);
        // Anywhere in two seconds to the microsecond: of a second's flush, a block, a pass, a write.
        std::thread::sleep(Duration::from_micros(200_000 + RandomState::new().hash_one(round) % 2_000_000));
        let killed = Instant::now();
        server.kill();
        // As they lie there, nobody has repaired them.
        for path in files(folder.path()) {
            let samples = path.metadata().expect("it is there").len() - 44;
            // A head that is behind its samples: the kill came between the two.
            behind += usize::from(samples > 0 && opened(&path) < Duration::from_secs_f64(samples as f64 / 32_000.0));
        }
        let server = Server::start(folder.path(), SETTINGS);
        let recordings = list(&server, &server.token());
        for (name, since) in &callers.up {
            let lasted = killed - *since;
            let mine: Vec<&Value> = recordings.iter().filter(|entry| entry["from_username"] == name.as_str()).collect();
            let kept = match mine[..] {
                [entry] => {
                    assert_eq!(entry["state"], "interrupted", "{entry}");
                    let id = entry["id"].as_str().expect("an id");
                    let length = opened(&folder.path().join(format!("data/recordings/{id}.wav")));
                    assert_eq!(length.as_millis() as u64, entry["duration_ms"].as_u64().expect("a length"), "{entry}");
                    length
                }
                [] => Duration::ZERO,
                _ => panic!("{name} has {} recordings", mine.len()),
            };
            let lost = lasted.saturating_sub(kept);
            assert!(lost <= LOST, "round {round}: {name} lasted {lasted:?} and {kept:?} is kept\n{}", server.log());
            losses.push(lost);
            measured += 1;
        }
        let (status, _) = server.get("/healthz", None);
        assert_eq!(status, 200);
    }
    assert_eq!(measured, rounds as usize * CALLS);
    losses.sort_unstable();
    let (middle, worst) = (losses[losses.len() / 2], losses[losses.len() - 1]);
    let said = writeln!(
        std::io::stderr(),
        "{measured} recordings, {behind} with a head behind its samples; missing: {middle:?} of half, {worst:?} at most"
    );
    said.expect("standard error is open");
    assert!(worst > Duration::ZERO, "the measure measures");
    assert!(files(folder.path()).len() >= measured * 9 / 10, "most have been recorded");
}

#[test]
fn a_file_that_takes_no_more_ends_its_recording_in_order_and_the_call_goes_on() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start(folder.path(), SETTINGS);
    Exchange::new(&server).recording_menu("700");
    let token = server.token();
    // Three seconds and a bit, which ends amid a block and amid a sample.
    let most = 100_001;
    let process = server.process().0.id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={most}")]).status();
    assert!(limited.expect("util-linux is installed").success());
    let callers = Callers::place(server.ready.udp(), "700", (0..5).map(|number| format!("full{number}")));
    let until = Instant::now() + PATIENCE;
    while list(&server, &token).iter().filter(|entry| entry["ended"] == "storage").count() < callers.up.len() {
        assert!(Instant::now() < until, "{:?}\n{}", list(&server, &token), server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    for entry in list(&server, &token) {
        let id = entry["id"].as_str().expect("an id");
        let path = folder.path().join(format!("data/recordings/{id}.wav"));
        let (length, bytes) = (opened(&path), path.metadata().expect("it is there").len());
        assert!((most - 2 * 8_000..=most).contains(&bytes), "{entry}: {bytes} bytes");
        assert_eq!(entry["bytes"].as_u64(), Some(bytes), "{entry}");
        assert_eq!(entry["duration_ms"].as_u64(), Some(length.as_millis() as u64), "{entry}");
        let control =
            format!("/api/ver1.0/client/@me/current_calls/{}/recording", entry["call_uuid"].as_str().expect("an id"));
        // The call is up, and no longer recorded as soon as its next block finds nobody.
        while !server.get(&control, Some(&token)).1.contains("\"off\"") {
            assert!(Instant::now() < until, "{:?}\n{}", server.get(&control, Some(&token)), server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    server.wait_for_log("a recording could not be written; it ends");
}

/// Fetches into a file with curl; the status and the bytes.
fn fetch(server: &Server, path: &str, token: &str, words: &[&str]) -> (String, Vec<u8>) {
    let into = server.folder().join("fetched");
    let address = format!("http://{}/api/ver1.0{path}", server.ready.http);
    let mut command = Command::new("curl");
    command.args(["-sS", "-w", "%{http_code}", "-H", &format!("Authorization: Bearer {token}"), "-o"]).arg(&into);
    let output = command.args(words).arg(address).output().expect("curl is installed: run `cargo xtask install`");
    let bytes = std::fs::read(&into).unwrap_or_default();
    (String::from_utf8_lossy(&output.stdout).into_owned(), bytes)
}

#[test]
fn a_recording_is_controlled_listed_fetched_while_it_grows_and_deleted() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), SETTINGS);
    Exchange::new(&server).recording_menu("700");
    let token = server.token();
    let _callers = Callers::place(server.ready.udp(), "700", std::iter::once("caller".to_owned()));
    let until = Instant::now() + PATIENCE;
    while list(&server, &token).first().is_none_or(|entry| entry["bytes"].as_u64() < Some(20_000)) {
        assert!(Instant::now() < until, "nothing is recorded:\n{}", server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let entry = list(&server, &token)[0].clone();
    assert_eq!((&entry["state"], &entry["type"], &entry["channels"]), (&"recording".into(), &"call".into(), &2.into()));
    let record = format!("/client/@me/record/{}", entry["id"].as_str().expect("an id"));
    let (status, growing) = fetch(&server, &format!("{record}/wav"), &token, &[]);
    assert_eq!(status, "200");
    assert_eq!(u32::from_le_bytes(growing[40..44].try_into().expect("a head")) as usize, growing.len() - 44);
    assert!(wav::read(&growing).is_ok());
    let (status, part) = fetch(&server, &format!("{record}/wav"), &token, &["-r", "40-99"]);
    assert_eq!((status.as_str(), part.len(), &part[4..]), ("206", 60, &growing[44..100]));
    assert_eq!(fetch(&server, &format!("{record}/wav"), &token, &["-r", "999999999-"]).0, "416");
    assert_eq!(server.send("DELETE", &format!("/api/ver1.0{record}"), &token, "").0, 409);
    let control =
        format!("/api/ver1.0/client/@me/current_calls/{}/recording", entry["call_uuid"].as_str().expect("an id"));
    for (body, state) in [
        (r#"{"action":"pause","gap":"silence"}"#, "paused"),
        (r#"{"action":"resume"}"#, "recording"),
        (r#"{"action":"start"}"#, "recording"),
        (r#"{"action":"stop"}"#, "off"),
        (r#"{"action":"pause"}"#, "off"),
    ] {
        let (status, answer) = server.send("POST", &control, &token, body);
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!((status, answer["state"].as_str()), (200, Some(state)), "{body}");
    }
    assert_eq!(server.send("POST", &control, &token, r#"{"action":"sing"}"#).0, 400);
    assert!(server.get(&control, Some(&token)).1.contains("\"off\""));
    let until = Instant::now() + PATIENCE;
    while list(&server, &token)[0]["ended"] != "stopped" {
        assert!(Instant::now() < until, "{:?}", list(&server, &token));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(server.send("DELETE", &format!("/api/ver1.0{record}"), &token, "").0, 204);
    assert_eq!(server.get(&format!("/api/ver1.0{record}"), Some(&token)).0, 404);
    assert!(files(folder.path()).is_empty());
}
