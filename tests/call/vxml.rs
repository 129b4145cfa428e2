//! Pages of VoiceXML on whole calls: extensions, pages that callers name, and what is left of a call when it is over.
//!
//! Sources: RFC 5552 §2 to §4; VoiceXML 2.0 §1.5.4 (final processing); `voicexml-customizers.md` 3.4, 3.10.

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{SimPhone, Stage};
use serde_json::json;

use crate::web::ToldWeb;
use crate::world::{Author, World, on_its_own, pass, prompt};

/// The public number of 321.
pub(crate) const NUMBER: &str = "+37422222222";

/// The application 321, whose page is at `http://app.test/start.vxml` and which has a public number, and 322, whose page was uploaded.
pub(crate) async fn fill(author: &Author) {
    let application = author.vxml("321", json!({"url": "http://app.test/start.vxml"}), None).await;
    author.did(NUMBER, application).await;
    let page = page(
        r#"<form><field name="choice" type="digits?length=1"><prompt><audio src="builtin:hello"/></prompt>
             <filled><log label="chosen" expr="choice"/><exit namelist="choice"/></filled></field></form>"#,
    );
    let settings = json!({"base_url": "http://app.test/pages/", "defaults": {"timeout": "2s"}});
    author.vxml("322", settings, Some(page)).await;
}

/// A page of this content.
pub(crate) fn page(content: &str) -> Vec<u8> {
    page_with("", content)
}

/// The same, with these attributes of its root.
pub(crate) fn page_with(attributes: &str, content: &str) -> Vec<u8> {
    let head = "<?xml version=\"1.0\"?>\n<vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\"";
    format!("{head} {attributes}>{content}</vxml>").into()
}

/// A page is what is answered next, a tenth of a second later.
pub(crate) fn answer(world: &World, content: &str) {
    answer_after(world, 100, content);
}

/// The same after so many milliseconds.
pub(crate) fn answer_after(world: &World, ms: u64, content: &str) {
    world.web.answer_as(ms, 200, "text/xml", page(content));
}

/// A caller of the application 321, once it is answered.
pub(crate) async fn calls(world: &World) -> SimPhone {
    let caller = world.caller();
    caller.call("321").await;
    caller.up().await;
    caller
}

/// What the BYE to a caller has in its body, as pairs.
#[track_caller]
pub(crate) fn farewell(caller: &SimPhone) -> Vec<(String, String)> {
    let byes = caller.requests("BYE");
    assert_eq!(byes[0].header("Content-Type"), Some("application/x-www-form-urlencoded"), "{:?}", byes[0]);
    url::form_urlencoded::parse(byes[0].body.as_bytes()).into_owned().collect()
}

pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a page's `exit` has as `expr`, from the BYE.
#[track_caller]
pub(crate) fn exit_of(caller: &SimPhone) -> String {
    let said = farewell(caller);
    let exit = said.iter().find(|(name, _)| name == "__exit");
    exit.unwrap_or_else(|| panic!("there is no value: {said:?}")).1.clone()
}

/// What the last call has left for the world outside.
fn conclusion(world: &World) -> Option<Vec<(String, String)>> {
    let calls = world.server.rooms.trace.calls();
    calls.last().and_then(|call| call.record(|record| record.conclusion.clone()))
}

/// What the last call has noted.
pub(crate) fn notes(world: &World) -> Vec<String> {
    let calls = world.server.rooms.http_debug.calls(antiphon_server::store::ClientId(1));
    calls.last().into_iter().flat_map(|call| call.steps.iter().flat_map(|step| step.ran.clone())).collect()
}

#[tokio::test]
async fn a_page_that_was_uploaded_takes_a_key_and_its_values_go_with_the_bye() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("322").await;
    caller.up().await;
    pass(1_000).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let expected = pairs(&[("__reason", "exit"), ("choice", "7")]);
    assert_eq!(farewell(&caller), expected);
    assert_eq!(conclusion(&world), Some(expected));
    assert_eq!(notes(&world), ["chosen: 7", "exit choice=7"]);
    assert!(
        world.heard(&caller, &[]).first("hello").duration() < prompt("hello").duration(),
        "the key stops the prompt"
    );
    assert!(world.web.asked().is_empty(), "no web server is asked for it");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn silence_is_as_long_as_the_application_says_where_the_page_says_nothing() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("322").await;
    caller.up().await;
    pass(9_000).await;
    let heard = world.heard(&caller, &[]);
    let pause = heard.all("hello")[1].from - heard.all("hello")[0].from - prompt("hello").duration();
    assert!(pause.abs_diff(Duration::from_secs(2)) < Duration::from_millis(150), "{pause:?}");
    caller.hang_up().await;
    caller.over().await;
    world.leaves_nothing().await;
}

#[test]
fn the_first_page_is_there_before_the_answer_and_where_it_is_not_the_call_is_refused() {
    for (status, body, refused) in [
        (200, page("<form><block><exit expr=\"'done'\"/></block></form>"), None),
        (404, Vec::new(), Some(500)),
        (200, b"<vxml version='2.1'><form>".to_vec(), Some(500)),
    ] {
        on_its_own(first_page(status, body, refused));
    }
}

async fn first_page(status: u16, body: Vec<u8>, refused: Option<u16>) {
    let world = World::new().await;
    world.web.answer_as(1_000, status, "text/xml", body);
    let caller = world.caller();
    caller.call("321").await;
    pass(900).await;
    assert_ne!(caller.stage(), Stage::Up);
    match (caller.over().await, refused) {
        (EndReason::RemoteBye, None) => {
            assert_eq!(farewell(&caller), pairs(&[("__reason", "exit"), ("__exit", "done")]));
        }
        (EndReason::Rejected(why), Some(refused)) => assert_eq!(why.code(), refused),
        other => panic!("{other:?}"),
    }
    pass(1_000).await;
    let calls = world.server.rooms.trace.calls();
    let outcome = calls.last().and_then(|call| call.record(|record| record.ended.map(|(_, outcome)| outcome)));
    assert_eq!(outcome, Some(if refused.is_some() { "failed" } else { "finished" }));
    drop(calls);
    {}
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_names_the_page_and_how_it_is_asked_for() {
    let world = World::new().await;
    answer(
        &world,
        "<form><block><exit expr=\"session.connection.aai + ' ' + session.connection.protocol.sip.requesturi.own\"/></block></form>",
    );
    let caller = world.caller();
    let url = "http%3A%2F%2Fapp.test%2Fa%3Fb%3Dc";
    caller
        .call_uri(&format!("sip:dialog@127.0.0.1;voicexml={url};postbody=x%3D1;maxage=7;aai=some%20data;own=1"))
        .await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(farewell(&caller), pairs(&[("__reason", "exit"), ("__exit", "some data 1")]));
    let asked = world.web.asked();
    assert_eq!(asked[0].errand.url.as_str(), "http://app.test/a?b=c");
    assert_eq!(ToldWeb::parameters(&asked[0]), pairs(&[("b", "c"), ("x", "1")]));
    let header = |name: &str| asked[0].errand.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    assert_eq!(header("Cache-Control").map(|(_, value)| value.as_str()), Some("max-age=7"));
    world.leaves_nothing().await;
}

/// RFC 5552 §4: whoever is told that the call is over is told why.
#[test]
fn a_call_that_ends_by_what_no_page_handles_says_so() {
    for content in [
        "<form><block><var name=\"a\" expr=\"missing.b\"/></block></form>",
        "<form><block><throw event=\"com.example.lost\"/></block></form>",
        "<form><catch event=\"error\"><goto next=\"#lost\"/></catch><block><goto next=\"#lost\"/></block></form>",
    ] {
        on_its_own(ends_by_error(content));
    }
}

async fn ends_by_error(content: &'static str) {
    let world = World::new().await;
    answer(&world, content);
    let caller = world.caller();
    caller.call("321").await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(farewell(&caller), pairs(&[("__reason", "error")]));
    world.leaves_nothing().await;
}

/// RFC 5552 §2.3, §2.4.
#[test]
fn what_call_control_says_to_a_page_is_json_or_a_text() {
    for (said, expected) in [
        (";ccxml=%7B%22values%22%3A%7B%22order%22%3A%5B7%2Ctrue%5D%7D%7D", "object 7 true"),
        (";ccxml=order%207", "string order 7"),
        (";ccxml=7", "number 7"),
        ("", "undefined undefined"),
    ] {
        on_its_own(call_control(said, expected));
    }
}

async fn call_control(said: &'static str, expected: &'static str) {
    let world = World::new().await;
    answer(
        &world,
        "<form><script>var said = session.connection.ccxml, list = said &amp;&amp; said.values &amp;&amp; said.values.order;</script>\
         <block><exit expr=\"typeof said + ' ' + (list ? list.join(' ') : said)\"/></block></form>",
    );
    let caller = world.caller();
    let url = "http%3A%2F%2Fapp.test%2Fa";
    caller.call_uri(&format!("sip:dialog@127.0.0.1;voicexml={url}{said}")).await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(farewell(&caller), pairs(&[("__reason", "exit"), ("__exit", expected)]));
    world.leaves_nothing().await;
}

/// RFC 5552 §2.4.
#[tokio::test]
async fn a_page_knows_the_invite_and_what_is_agreed_for_sound() {
    let world = World::new().await;
    answer(
        &world,
        "<form><script>var sip = session.connection.protocol.sip, m = sip.media[0];</script><block><exit namelist=\"id max proof whole sound\"/></block>\
         <var name=\"id\" expr=\"sip.headers['call-id'] != ''\"/><var name=\"max\" expr=\"sip.headers['max-forwards']\"/>\
         <var name=\"proof\" expr=\"'authorization' in sip.headers || 'proxy-authorization' in sip.headers\"/>\
         <var name=\"whole\" expr=\"'' + sip.requesturi\"/>\
         <var name=\"sound\" expr=\"[m.type, m.direction, m.format[0].name, m.format[0].rate].join(' ')\"/></form>",
    );
    let caller = world.caller();
    caller.call("321").await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let said = farewell(&caller);
    let value = |name: &str| said.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    assert_eq!((value("id"), value("max"), value("proof")), ("true", "70", "false"));
    assert!(value("whole").starts_with("sip:321@"), "{said:?}");
    assert_eq!(value("sound"), "audio sendrecv audio/PCMA 8000");
    world.leaves_nothing().await;
}

/// RFC 3261 §18.1.1: a phone that takes no connections is told that the call is over, and not all that there was to say.
#[tokio::test]
async fn a_bye_that_is_too_large_for_a_datagram_arrives_without_its_body() {
    let world = World::new().await;
    answer(&world, "<form><block><exit expr=\"'x'.repeat(3000)\"/></block></form>");
    let caller = world.caller();
    caller.call("321").await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let byes = caller.requests("BYE");
    assert_eq!((byes.len(), byes[0].header("Content-Type"), byes[0].body.as_str()), (1, None, ""));
    let kept = conclusion(&world).expect("it is in the detail of the call");
    assert_eq!(kept[1], ("__exit".to_owned(), "x".repeat(3_000)));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_page_that_may_not_be_named_is_refused_without_asking_for_it() {
    let world = World::new().await;
    for (number, (parameters, refused)) in [
        ("", 400),
        (";voicexml=start.vxml", 400),
        (";voicexml=ftp%3A%2F%2Fapp.test%2F", 400),
        (";voicexml=http%3A%2F%2Felsewhere.test%2F", 403),
        (";voicexml=http%3A%2F%2Fapp.test%2F;maxage=soon", 400),
    ]
    .into_iter()
    .enumerate()
    {
        let caller = world.connect(World::setup("caller", 10 + number as u8));
        caller.call_uri(&format!("sip:dialog@127.0.0.1{parameters}")).await;
        let why = caller.over().await;
        assert!(matches!(why, EndReason::Rejected(status) if status.code() == refused), "{parameters}: {why:?}");
    }
    assert!(world.web.asked().is_empty());
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_page_that_a_caller_names_is_not_sought_behind_a_redirect() {
    let world = World::new().await;
    world.web.redirect(10, "http://elsewhere.test/");
    answer(&world, "<form><block><exit expr=\"'elsewhere'\"/></block></form>");
    let caller = world.connect(World::setup("caller", 10));
    caller.call_uri("sip:dialog@127.0.0.1;voicexml=http%3A%2F%2Fapp.test%2F").await;
    let why = caller.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 500), "{why:?}");
    assert_eq!(world.web.asked().len(), 1, "nobody asks elsewhere");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn after_the_caller_has_hung_up_the_page_may_still_tell_its_web_server() {
    let world = World::new().await;
    answer(
        &world,
        r#"<catch event="connection.disconnect.hangup">
             <log label="conf">gone</log><submit next="http://app.test/bye" namelist="who"/></catch>
           <var name="who" expr="'caller'"/>
           <form><field type="digits"><prompt><audio src="builtin:hello"/></prompt></field></form>"#,
    );
    answer(&world, r#"<form><block><log>after</log><exit expr="'late'"/></block></form>"#);
    let caller = world.caller();
    caller.call("321").await;
    caller.up().await;
    pass(500).await;
    caller.hang_up().await;
    caller.over().await;
    pass(1_000).await;
    let asked = world.web.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].errand.url.as_str(), "http://app.test/bye?who=caller");
    assert_eq!(conclusion(&world), Some(pairs(&[("__reason", "exit"), ("__exit", "late")])));
    let notes = notes(&world);
    assert!(notes.contains(&"conf: gone".to_owned()) && notes.contains(&"after".to_owned()), "{notes:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_a_page_does_after_its_call_has_an_end() {
    let world = World::new().await;
    answer(
        &world,
        r#"<catch event="connection.disconnect.hangup"><goto next="http://app.test/again"/></catch>
           <form><field type="digits"><prompt><audio src="builtin:hello"/></prompt></field></form>"#,
    );
    for _ in 0..100 {
        answer(&world, r#"<form><block><submit next="http://app.test/again" method="post"/></block></form>"#);
    }
    let caller = world.caller();
    caller.call("321").await;
    caller.up().await;
    caller.hang_up().await;
    caller.over().await;
    pass(10_000).await;
    let asked = world.web.asked().len();
    assert_eq!(asked, 1 + 32, "requests after the end are counted");
    assert_eq!(world.load().await, (0, 0));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_web_server_that_is_slow_after_the_call_is_given_up() {
    let world = World::new().await;
    answer(
        &world,
        r#"<catch event="connection.disconnect.hangup"><submit next="http://app.test/slow" fetchtimeout="60s"/></catch>
           <form><field type="digits"><prompt><audio src="builtin:hello"/></prompt></field></form>"#,
    );
    world.web.answer_as(50_000, 200, "text/xml", page(""));
    let caller = world.caller();
    caller.call("321").await;
    caller.up().await;
    caller.hang_up().await;
    caller.over().await;
    pass(29_000).await;
    assert_eq!(world.load().await, (1, 0), "the call keeps its place, and sends nothing");
    let ports = &world.server.rooms.ports;
    assert_eq!(ports.free(), ports.total(), "another call may have its port");
    pass(2_000).await;
    assert_eq!(world.load().await, (0, 0));
    assert!(world.web.asked()[1].is_given_up);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_page_that_hangs_up_says_why_in_the_bye_and_goes_on() {
    let world = World::new().await;
    answer(
        &world,
        r#"<catch event="connection.disconnect.hangup"><data src="http://app.test/told"/><log>told</log></catch>
           <var name="order" expr="42"/>
           <form><block><prompt><audio src="builtin:bye"/></prompt><disconnect namelist="order"/></block></form>"#,
    );
    world.web.answer_as(100, 200, "text/xml", b"<ok/>".to_vec());
    let caller = world.caller();
    caller.call("321").await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(farewell(&caller), pairs(&[("__reason", "disconnect"), ("order", "42")]));
    assert_eq!(world.heard(&caller, &[]).first("bye").duration(), prompt("bye").duration());
    pass(1_000).await;
    assert_eq!(world.web.asked().len(), 2);
    assert!(notes(&world).contains(&"told".to_owned()));
    assert_eq!(conclusion(&world), Some(pairs(&[("__reason", "disconnect"), ("order", "42")])));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_the_caller_has_said_is_played_to_it_and_sent_as_a_file() {
    let world = World::new().await;
    answer(
        &world,
        r#"<form><record name="said" beep="false" maxtime="10s" finalsilence="9s" dtmfterm="true"/>
             <block><prompt bargein="false"><audio expr="said"/></prompt>
               <submit next="http://app.test/upload" method="post" enctype="multipart/form-data" namelist="said"/></block></form>"#,
    );
    answer(&world, "<form><block><exit expr=\"'kept'\"/></block></form>");
    let caller = world.caller();
    caller.speak(Some(prompt("caller"))).await;
    caller.call("321").await;
    caller.up().await;
    pass(3_000).await;
    caller.press('#').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(farewell(&caller), pairs(&[("__reason", "exit"), ("__exit", "kept")]));
    let known = [&caller];
    let heard: Duration = world.heard(&caller, &known).all("caller").iter().map(|span| span.duration()).sum();
    assert!(heard > Duration::from_secs(2), "the caller hears itself for {heard:?}");
    let asked = world.web.asked();
    let body = asked[1].errand.body.clone().expect("a form");
    let header =
        asked[1].errand.headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.clone());
    assert!(header.is_some_and(|kind| kind.starts_with("multipart/form-data; boundary=")));
    let at = body.windows(4).position(|window| window == b"RIFF").expect("a file of sound");
    let head = String::from_utf8_lossy(&body[..at]).into_owned();
    assert!(head.contains("name=\"said\"; filename="), "{head}");
    assert!(body.len() - at > 2 * 8_000 * 2, "two seconds and more: {} bytes", body.len() - at);
    world.leaves_nothing().await;
}
