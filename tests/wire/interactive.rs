//! Call Interactive of the real binary, against web servers in Python that do as they should, and as they should not.
//!
//! Shape: each menu asks one path, is then silent for a moment, which is its next rule, and hangs up; how long a call is up says what
//! became of the answer. The verbs that nothing may come of would end the call a second after the answer.
//! Time: the machine's clock; all calls are up at once, so that the longest of them, five seconds for a server that never answers,
//! and six for one that is waited for, is what a test takes.

use std::net::UdpSocket;
use std::time::Duration;

use antiphon_testkit::SipText;
use serde_json::{Value, json};

use crate::calls::{Caller, Calls};
use crate::exchange::Exchange;
use crate::process::alone;
use crate::scripts::Scripts;
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
/// How long a phone may take to ring.
const PATIENCE: Duration = Duration::from_secs(30);

/// A rule that asks this path.
pub(crate) fn asking(scripts: &Scripts, path: &str, timeout: Option<u64>) -> Value {
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
        ("716", "/nothing", None, next_rule),
        // The unknown verb is passed over, and so is a jump to nowhere; a caller without a number ends the answer.
        ("717", "/unknown", None, 1.0),
        ("718", "/nobody", None, next_rule),
        ("719", "/nowhere", None, 1.0),
    ];
    let exchange = Exchange::new(&server);
    for (number, path, timeout, _) in cases {
        let silence = json!({ "action": "play_silence", "silence_time": NEXT_RULE });
        exchange.menu_of(number, &[asking(&scripts, path, timeout), silence, json!({ "action": "hangup" })]);
    }
    let past = Calls::new(server.ready.udp()).place(&cases.map(|case| Caller::new(case.0)));
    for (number, path, _, expected) in cases {
        let took = past[number].up.as_secs_f64();
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
    the_debug_tells_what_was_run(&server);
}

#[track_caller]
fn the_debug_tells_what_was_run(server: &Server) {
    let right = debugged(server, "701");
    assert_eq!((&right["ran"], &right["problems"]), (&json!(["Pause 1 s", "Hangup"]), &json!([])));
    for (number, ran, next) in [
        ("716", json!([]), json!("the next rule")),
        ("717", json!(["Pause 1 s", "Hangup"]), Value::Null),
        ("718", json!(["SetVar mgr"]), json!("the next rule")),
        ("719", json!(["Jump to start of context 99", "Pause 1 s", "Hangup"]), Value::Null),
    ] {
        let step = debugged(server, number);
        assert_eq!((&step["ran"], &step["next"]), (&ran, &next), "{step}");
    }
    let wrong = debugged(server, "706");
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
    Calls::new(server.ready.udp()).place(&[Caller::new("700")]);
    let mut buffer = [0; 65_536];
    phone.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
    let length = phone.recv(&mut buffer).expect("the manager's phone rings");
    let invite = SipText::parse(&buffer[..length]);
    let from = invite.header("From").unwrap_or_default();
    assert!(from.starts_with("\"ACME, order 17\" <sip:+78121234567@"), "{from}");
}
