//! What the REST API refuses, over HTTP of the real binary.
//!
//! Sources: `ringme-ivr.md` section 7, vector 13, and 2.1, 2.5.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::process::alone;
use crate::server::Server;

/// Requests that the client may make in an hour: what the test needs, and a few.
const LIMIT: u64 = 24;

/// The status, the value of a header in seconds, and the body of a request with curl.
fn ask(server: &Server, token: &str, path: &str) -> (String, Option<u64>, Value) {
    let address = format!("http://{}/api/ver1.0{path}", server.ready.http);
    let words = ["-sS", "-i", "-H", &format!("Authorization: Bearer {token}"), &address];
    let output = Command::new("curl").args(words).output().expect("curl is installed: run `cargo xtask install`");
    let text = String::from_utf8(output.stdout).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let reset = head.lines().filter_map(|line| line.split_once(": ")).find(|(name, _)| *name == "x-ratelimit-reset");
    let reset = reset.and_then(|(_, seconds)| seconds.parse().ok());
    (head.lines().next().unwrap_or_default().to_owned(), reset, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn vector_13_ids_of_others_built_in_options_second_options_and_too_many_requests_are_refused() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), &format!("[api]\nrequests_per_hour = {LIMIT}\n"));
    let (exchange, token) = (Exchange::new(&server), server.token());
    let silence = json!({ "action": "play_silence", "silence_time": 100 });
    let hangup = json!({ "action": "hangup" });
    let options = [("start", &[silence, hangup.clone()][..]), ("timeout", std::slice::from_ref(&hangup))];
    let mine = exchange.menu_like("613", json!({}), json!({}), &options);
    let another = exchange.menu_like(
        "614",
        json!({}),
        json!({}),
        &[("start", &[hangup.clone(), hangup.clone(), hangup.clone(), hangup])],
    );
    assert_ne!(mine, another);
    let options = format!("/extension/{mine}/ivr/context/1/options/");
    let order = format!("{options}start/rules/order/");
    let send = |method: &str, path: &str, body: Value| {
        let (status, body) = server.send(method, &format!("/api/ver1.0{path}"), &token, &body.to_string());
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        (
            status,
            body["status"].as_str().unwrap_or_default().to_owned(),
            body["message"].as_str().unwrap_or_default().to_owned(),
        )
    };
    // 3 is a rule of another option, 4 of another menu only; both are rules, and neither is one of these.
    for foreign in [3, 4] {
        let (status, word, message) = send("PUT", &order, json!({ "rules_ids": [2, 1, foreign] }));
        assert_eq!((status, word.as_str()), (400, "invalid_parameter"), "{message}");
        assert!(message.contains("rules_ids"), "{message}");
    }
    assert_eq!(exchange.get(&order), json!({ "rules_ids": [1, 2] }), "nothing has changed");
    assert_eq!(send("PUT", &order, json!({ "rules_ids": [2, 1] })).0, 200);
    let (status, word, message) = send("DELETE", &format!("{options}start"), json!({}));
    assert_eq!((status, word.as_str()), (400, "invalid_parameter"), "{message}");
    assert_eq!(send("POST", &options, json!({ "digits": "1" })).0, 201);
    let (status, word, message) = send("POST", &options, json!({ "digits": "1" }));
    assert_eq!((status, word.as_str()), (409, "conflict"), "{message}");
    assert!(message.contains("digits"), "{message}");
    // Until it is too much: the answer says in seconds when the count begins anew, which is within the hour and comes nearer.
    let mut before = None;
    let refused = (0..=LIMIT).find_map(|_| {
        let (status, reset, body) = ask(&server, &token, &options);
        if status.contains(" 200") {
            before = reset;
            return None;
        }
        Some((status, reset, body))
    });
    let (status, reset, body) = refused.expect("there is a limit");
    assert!(status.contains(" 429"), "{status}");
    assert_eq!(body["status"], "rate_limit_exceeded", "{body}");
    let (before, reset) = (before.expect("every answer says it"), reset.expect("this one too"));
    let hour = Duration::from_secs(3_600).as_secs();
    assert!(reset <= before && before <= hour && reset + 60 > hour, "{before} s, then {reset} s");
}
