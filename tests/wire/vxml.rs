//! Pages of VoiceXML on the real binary: from a web server on loopback, and uploaded; and pages that think hard beside other calls.
//!
//! Time: the machine's clock; nothing sleeps.
//! Sources: RFC 5552 §2 to §4; `voicexml-customizers.md` 3.10, 4 (timing).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::pivot::{Author, Caller, Pages, SETTINGS};
use crate::process::alone;
use crate::server::Server;

fn page(content: &str) -> String {
    format!("<?xml version=\"1.0\"?><vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\">{content}</vxml>")
}

/// A page that takes a key and sends it to its web server.
const ASKING: &str = r#"<form><field name="choice" type="digits?length=1">
    <prompt><audio src="builtin:goodbye"/></prompt><filled><submit next="chosen" namelist="choice"/></filled></field></form>"#;

/// An application of this number.
#[track_caller]
fn application(author: &Author<'_>, number: &str, settings: &Value) -> String {
    let made = author.ask("POST", "/client/@me/extension/", &json!({"name": number, "type": "vxml"}));
    let path = format!("/extension/{}/vxml", made["id"]);
    author.ask("PUT", &path, settings);
    path
}

#[test]
fn a_page_takes_a_key_and_what_it_comes_to_is_in_the_bye_and_in_the_api() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    pages.page("start", 200, "text/xml", 0, &page(ASKING));
    pages.page("chosen", 200, "text/xml", 0, &page(r#"<form><block><exit expr="'done'"/></block></form>"#));
    application(&author, "811", &json!({"url": pages.url("start")}));
    let uploaded = application(&author, "812", &json!({"base_url": pages.url("")}));
    let token = server.token();
    let path = format!("/api/ver1.0{uploaded}/document");
    let (status, said) = server.send("PUT", &path, &token, &page(ASKING));
    assert_eq!(status, 200, "{said}");
    assert_eq!(server.get(&path, Some(&token)), (200, page(ASKING)));
    for number in ["811", "812"] {
        let mut caller = Caller::call(server.ready.udp(), number);
        caller.up();
        caller.listen(10);
        caller.press('5');
        assert_eq!(pages.asked("chosen")["told"], json!({"choice": "5"}));
        let bye = caller.until(|message| message.start.starts_with("BYE "));
        assert_eq!(bye.header("Content-Type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(bye.body, "__reason=exit&__exit=done");
    }
    let calls = author.ask("GET", "/client/@me/call_history/", &json!({}));
    let last = calls.as_array().and_then(|calls| calls.first()).expect("two calls");
    let detail = author.ask(
        "GET",
        &format!("/client/@me/call_history/{}", last["call_uuid"].as_str().unwrap_or_default()),
        &json!({}),
    );
    assert_eq!(detail["ivr"], json!({"exit": "done", "reason": "exit", "values": {}}), "{detail}");
}

/// A page that thinks as hard as it may, again and again.
const BUSY: &str = r##"<catch event="error.semantic"><goto next="#think"/></catch>
    <form id="think"><block><prompt><break time="20ms"/></prompt></block>
      <field name="a" type="digits"><property name="timeout" value="20ms"/><noinput><assign name="a" expr="1"/></noinput></field>
      <block><script>while (true) {}</script></block></form>"##;

#[test]
fn pages_that_think_hard_keep_no_other_call_waiting() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let pages = Pages::start(folder.path().join("pages"));
    let server = Server::start(folder.path(), SETTINGS);
    let author = Author::new(&server);
    pages.page("busy", 200, "text/xml", 0, &page(BUSY));
    application(&author, "813", &json!({"url": pages.url("busy")}));
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get());
    let mut busy: Vec<Caller> = (0..2 * cores + 2).map(|_| Caller::call(server.ready.udp(), "813")).collect();
    busy.iter_mut().for_each(Caller::up);
    let mut waits: Vec<Duration> = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        // The menu of a first start.
        let mut caller = Caller::call(server.ready.udp(), "100");
        caller.up();
        waits.push(began.elapsed());
        caller.listen(10);
        caller.send(&caller.request("BYE", 2));
    }
    waits.sort();
    // The pages take both cores of a small machine; a call that waited for one of them would wait for all.
    assert!(waits[5] < Duration::from_secs(2), "half of them waited longer than {:?}: {waits:?}", waits[5]);
    // They do think all the while: none of them was ended.
    let said = server.get("/metrics", None).1;
    let active = said.lines().find(|line| line.starts_with("antiphon_calls_active")).unwrap_or_default();
    let count: f64 = active.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    assert!(count >= busy.len() as f64, "{active}");
    for caller in &mut busy {
        caller.send(&caller.request("BYE", 2));
    }
}
