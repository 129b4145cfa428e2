//! Speech in the real binary: espeak-ng renders a sound, a program understands, and the settings exchange the engines while it runs.
//!
//! Sources: `ringme-ivr.md` 5.1 (the gate), 2.3 (sounds).

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::process::alone;
use crate::server::Server;

const API: &str = "/api/ver1.0";

fn ask(server: &Server, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = server.send(method, &format!("{API}{path}"), &server.token(), &body.to_string());
    (status, serde_json::from_str(&answer).unwrap_or_default())
}

/// A menu, and the path of its rules of `start`.
fn menu(server: &Server) -> String {
    let (status, extension) = ask(server, "POST", "/client/@me/extension/", &json!({"name": "600", "type": "ivr"}));
    assert_eq!(status, 201, "{extension}");
    let ivr = format!("/extension/{}/ivr", extension["id"]);
    let (status, context) = ask(server, "POST", &format!("{ivr}/context/"), &json!({"name": "Main"}));
    assert_eq!(status, 201, "{context}");
    format!("{ivr}/context/{}/options/start/rules/", context["id"])
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
