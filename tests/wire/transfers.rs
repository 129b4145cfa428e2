//! Transfers that fail, as their callers hear it, and a call that the server places into the demo menu.
//!
//! Sources: `ringme-ivr.md` section 7, vector 5, and 2.7.

use std::time::{Duration, Instant};

use antiphon_media::{Audio, Codec};
use antiphon_testkit::{Heard, KnownSounds};
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::media::Ears;
use crate::process::{alone, root};
use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};

/// Prompts that every first start has.
const SOUNDS: [&str; 4] = ["goodbye", "invalid-choice", "demo-welcome", "demo-menu"];
/// How long a call may take to be shown as over.
const PATIENCE: Duration = Duration::from_secs(20);

fn play(server: &Server, file: &str, (service, port): (&str, u16), rtp: u16) -> Sipp {
    let (name, keys) = (format!("{service}-{file}"), [("rtp_port", rtp.to_string())]);
    let (name, server_at) = (name.as_str(), server.ready.udp());
    Sipp::start(server.folder(), &Scenario { file, name, server: server_at, service, port, calls: 1, keys: &keys })
}

fn heard(ears: Ears) -> Heard {
    let known = SOUNDS.iter().fold(KnownSounds::new(Codec::Pcma), |known, name| {
        let file = std::fs::read(root().join(format!("sounds/en/{name}.wav"))).expect("the system has this sound");
        known.with(name, &Audio::from_wav(&file).expect("a WAV file"))
    });
    Heard::of(&ears.close().packets, &known)
}

fn get(server: &Server, token: &str, path: &str) -> Value {
    let (status, body) = server.get(&format!("/api/ver1.0{path}"), Some(token));
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("the API speaks JSON")
}

/// The first sound is for busy, the second for every other failure.
#[test]
fn vector_5_busy_has_its_sound_and_every_other_failure_the_other() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "");
    let (token, exchange) = (server.token(), Exchange::new(&server));
    let sound = |title: &str| get(&server, &token, &format!("/client/@me/sound/?title={title}"))[0]["id"].clone();
    let say = |name: &str, status: &str| json!({"action": "play_sound", "sound": sound(&format!("en/{name}")), "sound_type": "foreground", "call_status": status});
    let cases = [
        ("callee-busy.xml", "goodbye"),
        ("callee-cancelled.xml", "invalid-choice"),
        ("callee-480.xml", "invalid-choice"),
        ("callee-503.xml", "invalid-choice"),
    ];
    let mut calls = Vec::new();
    for (number, (file, expected)) in (301..).zip(cases) {
        let (port, menu) = (free_port(), (number + 100).to_string());
        exchange.phone(&number.to_string(), &format!("sip:{number}@127.0.0.1:{port}"));
        let transfer =
            json!({"action": "transfer", "transfer_dst": number.to_string(), "transfer_timeout": 2, "final": false});
        let end = json!({"action": "hangup"});
        exchange.menu_of(&menu, &[transfer, say("goodbye", "busy"), say("invalid-choice", "no_answer"), end]);
        let callee = play(&server, file, (&number.to_string(), port), free_port());
        let ears = Ears::open(Vec::new());
        let caller = play(&server, "caller.xml", (&menu, free_port()), ears.port());
        calls.push((file, expected, callee, caller, ears));
    }
    for (file, expected, callee, caller, ears) in calls {
        callee.succeeds();
        caller.succeeds();
        let heard = heard(ears);
        let said: Vec<_> =
            ["goodbye", "invalid-choice"].into_iter().filter(|name| !heard.all(name).is_empty()).collect();
        assert_eq!(said, [expected], "{file}: {heard}");
    }
}

#[test]
fn a_callback_into_the_demo_menu_speaks_and_takes_a_key() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "");
    let (token, exchange, port) = (server.token(), Exchange::new(&server), free_port());
    exchange.phone("301", &format!("sip:301@127.0.0.1:{port}"));
    let menu = get(&server, &token, "/client/@me/extension/?name=100")[0]["id"].clone();
    // Half a second of the welcome, and 0 says goodbye.
    let ears = Ears::open(vec![(50, '0')]);
    let callee = play(&server, "callee-listens.xml", ("301", port), ears.port());
    let body = json!({"src_num": ["301"], "dst_num": "100", "variables": {"autoanswer_src": 2, "tag": "spring"}});
    let path = format!("/api/ver1.0/extension/{menu}/callback/");
    let until = Instant::now() + PATIENCE;
    let (status, made) = server.send("POST", &path, &token, &body.to_string());
    assert_eq!(status, 201, "{made}");
    let made: Value = serde_json::from_str(&made).expect("the API speaks JSON");
    assert_eq!(made["call_id"], made["call_api_id"]);
    callee.succeeds();
    let heard = heard(ears);
    assert!(!heard.all("demo-welcome").is_empty() && !heard.all("goodbye").is_empty(), "{heard}");
    let record = loop {
        let past = get(&server, &token, "/client/@me/call_history/");
        match past.as_array().and_then(|calls| calls.first()) {
            Some(call) => break call.clone(),
            None => assert!(Instant::now() < until + PATIENCE, "the call does not end: {}", server.log()),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let of_record = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
    assert_eq!(record["call_uuid"], made["call_id"]);
    assert_eq!(["flow", "tag", "from_username", "to_username"].map(of_record), ["out", "spring", "000*301", "100"]);
    assert_eq!(["result", "ended_by"].map(of_record), ["answered", "antiphon"]);

    let nowhere = json!({"src_num": ["301", "999"], "dst_num": "100", "dst_dtmf": "1"});
    let (status, said) = server.send("POST", &path, &token, &nowhere.to_string());
    assert_eq!(status, 400, "{said}");
    assert!(said.contains("src_num: ") && said.contains("dst_dtmf: "), "{said}");
    let (status, said) =
        server.send("PUT", "/api/ver1.0/client/@me/current_calls/0", &token, r#"{"action":"transfer"}"#);
    assert_eq!(status, 404, "{said}");
}
