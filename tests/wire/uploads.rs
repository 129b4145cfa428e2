//! Recordings that the real binary sends to a web server in Python: the process is killed in the middle of it.
//!
//! Shape: a recording that a kill has cut is sent by the API; the web server reads half of it and no more, and the process is killed
//! again. After the next start the file comes, whole and once.
//! Time: the machine's clock; nothing is waited for but what the web server says.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::exchange::Exchange;
use crate::process::alone;
use crate::recording::{Callers, list};
use crate::scripts::Scripts;
use crate::server::Server;

const SETTINGS: &str = "[sip]\nrate_limit = 0\nnew_rate_limit = 0\n\n[http_client]\nallow = [\"127.0.0.0/8\"]\n";

#[test]
fn a_recording_comes_whole_and_once_although_the_server_is_killed_while_it_sends_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), SETTINGS);
    Exchange::new(&server).recording_menu("700");
    let callers = Callers::place(server.ready.udp(), "700", std::iter::once("one".to_owned()));
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    drop(callers);
    let web = Scripts::start("tests/wire/upload_server.py", &[]);
    let server = Server::start(folder.path(), SETTINGS);
    let token = server.token();
    let recording = list(&server, &token)[0]["id"].as_str().expect("an id").to_owned();
    let url = web.url("/calls/one.wav?call=1");
    let body = json!({ "record_id": recording, "url": url }).to_string();
    let (status, said) = server.send("POST", "/api/ver1.0/client/@me/upload/", &token, &body);
    assert_eq!(status, 202, "{said}");
    web.wait_for("half ");
    server.kill();
    let server = Server::start(folder.path(), SETTINGS);
    let whole = web.wait_for("whole ");
    let file = std::fs::read(folder.path().join(format!("data/recordings/{recording}.wav"))).expect("its file");
    let hash: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(whole, format!("whole /calls/one.wav?call=1 {} {hash} audio/wav", file.len()));
    let token = server.token();
    server.wait_for_log("recording sent to a web server");
    let (_, shown) = server.get("/api/ver1.0/client/@me/upload/", Some(&token));
    let shown: Value = serde_json::from_str(&shown).expect("a list");
    assert_eq!((&shown[0]["state"], &shown[0]["status"]), (&json!("sent"), &json!(201)), "{shown}");
    // A further start sends nothing.
    server.kill();
    let server = Server::start(folder.path(), SETTINGS);
    server.get("/healthz", None);
    std::thread::sleep(Duration::from_secs(1));
    let more: Vec<String> = web.said().into_iter().filter(|line| line.starts_with("begins")).collect();
    assert!(more.is_empty(), "{more:?}");
}
