//! Speech in the real binary: espeak-ng renders a sound, a program understands, and the settings exchange the engines while it runs.
//!
//! Sources: `ringme-ivr.md` 5.1 (the gate), 2.3 (sounds).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use antiphon_media::{Audio, Codec};
use antiphon_testkit::{Heard, KnownSounds};
use serde_json::{Value, json};

use crate::media::Ears;
use crate::process::alone;
use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};

const API: &str = "/api/ver1.0";

fn ask(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = server.send(method, &format!("{API}{path}"), &server.token(), &body.to_string());
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

/// A menu, 600, and the path of its rules of `start`.
fn menu(server: &Server) -> String {
    let (status, extension) = ask(server, "POST", "/client/@me/extension/", &json!({"name": "600", "type": "ivr"}));
    assert_eq!(status, 201, "{extension}");
    let ivr = format!("/extension/{}/ivr", extension["id"]);
    let (status, context) = ask(server, "POST", &format!("{ivr}/context/"), &json!({"name": "Main"}));
    assert_eq!(status, 201, "{context}");
    let path = format!("{ivr}/context/{}/options/start/rules/", context["id"]);
    let (status, settings) = ask(server, "PUT", &format!("{ivr}/"), &json!({"entry_context": context["id"]}));
    assert_eq!(status, 200, "{settings}");
    path
}

#[test]
fn a_text_becomes_a_sound_and_engines_are_exchanged_by_a_reload() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start(folder.path(), "");
    let text = json!({"text": "We are closed today.", "language": "en-GB"});
    let (status, sound) = ask(&server, "POST", "/client/@me/sound/", &text);
    assert_eq!((status, &sound["title"]), (201, &json!("We are closed today.")), "{sound}");
    let ms = sound["quality"]["duration_ms"].as_u64().unwrap_or_default();
    assert!((800..4_000).contains(&ms), "{sound}");
    let path = format!("/client/@me/sound/{}", sound["id"]);
    let (status, other) = ask(&server, "POST", &path, &json!({"text": "We are open."}));
    assert_eq!((status, &other["id"], other["filename"] == sound["filename"]), (201, &sound["id"], false), "{other}");
    let (status, empty) = ask(&server, "POST", "/client/@me/sound/", &json!({"text": " "}));
    assert_eq!((status, &empty["message"]), (400, &json!("text: there is nothing to say")));

    let rules = menu(&server);
    let words = json!([{"to_option": 1, "transcription": "taxi"}]);
    let rule = json!({"action": "voice_helper", "voice_helper_timeout": 5000, "voice_helper_rules": words});
    let (status, refused) = ask(&server, "POST", &rules, &rule);
    assert_eq!(status, 409, "{refused}");
    assert!(refused["message"].as_str().unwrap_or_default().contains("[speech]"), "{refused}");

    let engine = folder.path().join("engine");
    std::fs::write(&engine, "#!/bin/sh\ncat > /dev/null\n").expect("the folder takes a file");
    std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let settings = format!("[speech]\nengine = \"off\"\nrecogniser = \"command\"\nrecogniser_command = [{engine:?}]\n");
    std::fs::write(folder.path().join("antiphon.toml"), settings).expect("the folder takes a file");
    server.process().signal("HUP");
    server.wait_for_log("settings read again");
    let (status, made) = ask(&server, "POST", &rules, &rule);
    assert_eq!((status, &made[0]["voice_helper_rules"]), (201, &words), "{made}");
    let (status, refused) = ask(&server, "POST", "/client/@me/sound/", &text);
    assert_eq!((status, &refused["message"]), (409, &json!("text: no engine for speech is there")));

    let (status, client) = ask(&server, "PUT", "/client/@me", &json!({"speech_to_text": false}));
    assert_eq!((status, &client["speech_to_text"]), (200, &json!(false)), "{client}");
    let (status, refused) = ask(&server, "POST", &rules, &rule);
    assert_eq!((status, &refused["status"]), (403, &json!("app_access_type_deny")), "{refused}");
}

/// What espeak-ng makes of a text when the server asks it.
fn espeak(text: &str) -> Audio {
    let mut espeak = Command::new("espeak-ng")
        .args(["--stdin", "--stdout", "-b", "1", "-v", "en", "-s", "165"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cargo xtask test installs espeak-ng");
    espeak.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let said = espeak.wait_with_output().expect("it ends").stdout;
    Audio::from_wav(&said).expect("a WAV file")
}

/// A web server that gives one answer.
fn script(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let at = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the server asks");
        let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).expect("a request");
            request.extend_from_slice(&buffer[..read]);
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes())).expect("it is read");
    });
    at
}

#[test]
fn a_caller_hears_what_a_web_script_says_and_what_a_text_was_stored_as() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "[http_client]\nallow = [\"127.0.0.0/8\"]\n");
    let (slot, stored) = ("Your order is ready.", "We are closed today.");
    let (status, sound) = ask(&server, "POST", "/client/@me/sound/", &json!({"text": stored}));
    assert_eq!(status, 201, "{sound}");
    let at = script("<Response><TextToSpeech>Your order is ready.</TextToSpeech></Response>");
    let rules = menu(&server);
    for rule in [
        json!({"action": "call_interactive", "call_interactive_method": "GET", "call_interactive_url": format!("http://{at}/say")}),
        json!({"action": "play_sound", "sound_type": "foreground", "play_sound_from_variable": true}),
        json!({"action": "play_sound", "sound_type": "foreground", "sound": sound["id"]}),
        json!({"action": "hangup"}),
    ] {
        let (status, made) = ask(&server, "POST", &rules, &rule);
        assert_eq!(status, 201, "{made}");
    }
    let ears = Ears::open(Vec::new());
    let keys = [("rtp_port", ears.port().to_string())];
    let caller = Scenario {
        file: "caller.xml",
        name: "spoken-to",
        server: server.ready.udp(),
        service: "600",
        port: free_port(),
        calls: 1,
        keys: &keys,
    };
    Sipp::start(server.folder(), &caller).succeeds();
    let (slot, stored) = (espeak(slot), espeak(stored));
    let known = KnownSounds::new(Codec::Pcma).with("slot", &slot).with("stored", &stored);
    let heard = Heard::of(&ears.close().packets, &known);
    for (name, said) in [("slot", &slot), ("stored", &stored)] {
        // Pauses within a text are silence to the ear.
        let length: std::time::Duration = heard.all(name).iter().map(|span| span.duration()).sum();
        assert!(length > said.duration() / 2, "{heard}\n{}", server.log());
    }
    assert!(heard.first("slot").from < heard.first("stored").from, "{heard}");
}
