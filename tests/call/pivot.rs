//! Applications for Pivot on whole calls: what web servers are asked, what becomes of their answers, and what callers hear meanwhile.
//!
//! Sources: `kazoo-pivot.md` 1 to 4, 7 (end-to-end cases 6 and 9); RFC 3960 (early media), RFC 3326 (Reason).

use std::collections::BTreeMap;
use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Proof, SimPhone, SipText, Stage, authorization, noise};
use serde_json::{Value, json};

use crate::web::{Asked, ToldWeb};
use crate::world::{Author, Shape, World, on_its_own, pass, prompt, wav};

const JSON: &str = "application/json";
const XML: &str = "text/xml; charset=utf-8";
/// How exact a moment has to be.
const CLOSE: Duration = Duration::from_millis(150);

/// The application 311, whose web server is at `http://app.test/voice`; the menu 312, which leads there; the number +37411111111.
pub(crate) async fn fill(author: &Author) {
    let fallback = json!({"module": "response", "data": {"code": 486, "message": "No application"}});
    let data = json!({
        "voice_url": "http://app.test/voice?tenant=7", "method": "post", "children": {"_": fallback}, "account_id": "acme",
        "debug": true,
    });
    let application = author.pivot("311", data).await;
    author.did("+37411111111", application).await;
    let transfer = json!({"start": [{"action": "transfer", "transfer_dst": "311"}]});
    author.menu("312", json!({"name": "To an application", "digit_len": 1}), transfer).await;
}

fn flow(world: &World, ms: u64, flow: &Value) {
    world.web.answer_as(ms, 200, JSON, flow.to_string().into_bytes());
}

fn twiml(world: &World, ms: u64, verbs: &str) {
    world.web.answer_as(ms, 200, XML, format!("<?xml version=\"1.0\"?>\n<Response>{verbs}</Response>").into_bytes());
}

/// A web server has the sound that the prompt of this name is.
fn sound(world: &World, ms: u64, seed: u64, length: u64) {
    world.web.answer_as(ms, 200, "audio/wav", wav(&noise(seed, Duration::from_millis(length))));
}

fn told(asked: &Asked) -> BTreeMap<String, String> {
    ToldWeb::parameters(asked).into_iter().collect()
}

/// What a phone was answered with this status.
pub(crate) fn response(caller: &SimPhone, status: u16) -> Option<SipText> {
    caller.messages().into_iter().map(|(_, message)| message).find(|message| message.status() == Some(status))
}

/// Fails unless all that was heard is one stream: one source, no sequence number and no moment missing.
#[track_caller]
pub(crate) fn is_one_stream(caller: &SimPhone) {
    let packets = caller.received();
    assert!(packets.len() > 10, "{} packets", packets.len());
    for pair in packets.windows(2) {
        assert_eq!(pair[0].ssrc, pair[1].ssrc, "another source");
        assert_eq!(pair[0].sequence.wrapping_add(1), pair[1].sequence, "a gap in the sequence");
        assert_eq!(pair[0].timestamp.wrapping_add(160), pair[1].timestamp, "a gap in the timestamps");
    }
}

#[tokio::test]
async fn a_caller_who_is_not_answered_hears_a_prompt_and_then_the_words_of_the_refusal() {
    let world = World::new().await;
    let data = json!({"code": "603", "message": "Not today", "media": "http://sounds.test/bye.wav"});
    flow(&world, 100, &json!({"module": "response", "data": data}));
    sound(&world, 50, 16, 1_000);
    let caller = world.caller();
    caller.call("311").await;
    let why = caller.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 603), "{why:?}");
    assert!(response(&caller, 183).is_some_and(|progress| progress.body.contains("m=audio")), "{}", world.ladder());
    assert_eq!(response(&caller, 603).map(|refusal| refusal.start).as_deref(), Some("SIP/2.0 603 Not today"));
    assert!(response(&caller, 200).is_none_or(|ok| ok.cseq_method() != "INVITE"), "{}", world.ladder());
    assert_eq!(world.heard(&caller, &[]).first("bye").duration(), prompt("bye").duration());
    is_one_stream(&caller);
    let told = told(&world.web.asked()[0]);
    for (name, value) in
        [("Account-ID", "acme"), ("tenant", "7"), ("To", "311"), ("Request", "311"), ("From", "caller")]
    {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name} in {told:?}");
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_heard_before_the_answer_goes_on_after_it_in_the_same_stream() {
    let world = World::new().await;
    let after = json!({"module": "answer", "children": {"_": {"module": "play", "data": {"id": "thanks"}, "children": {"_":
        {"module": "response", "data": {"code": 480, "message": "Enough \"said\""}}}}}});
    flow(&world, 100, &json!({"module": "play", "data": {"id": "hello", "answer": false}, "children": {"_": after}}));
    let caller = world.caller();
    caller.call("311").await;
    pass(2_000).await;
    assert_eq!(caller.stage(), Stage::Ringing);
    caller.up().await;
    let answered = caller.when(|stage| stage == Stage::Up).expect("it was answered");
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration());
    assert!(heard.first("hello").from + prompt("hello").duration() <= answered + CLOSE);
    assert_eq!(heard.first("thanks").duration(), prompt("thanks").duration());
    is_one_stream(&caller);
    let progress = response(&caller, 183).expect("a 183").body;
    let answer = caller.messages().into_iter().map(|(_, message)| message);
    let mut answer = answer.filter(|message| message.status() == Some(200) && message.cseq_method() == "INVITE");
    // A caller with 100rel has the answer already.
    assert!(
        answer.next().is_some_and(|answer| answer.body.is_empty() || answer.body == progress),
        "{}",
        world.ladder()
    );
    let reason = caller.requests("BYE")[0].header("Reason").unwrap_or_default().to_owned();
    assert_eq!(reason, r#"SIP;cause=480;text="Enough \"said\"""#);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_sound_of_a_web_server_is_fetched_once_for_two_callers_and_a_slow_one_is_waited_for_with_the_filler() {
    let world = World::new().await;
    let play = json!({"module": "play", "data": {"id": "http://sounds.test/hello.wav"}, "children": {"_": {"module": "hangup"}}});
    flow(&world, 50, &play);
    sound(&world, 3_000, 12, 3_000);
    let one = world.caller();
    one.call("311").await;
    one.up().await;
    assert_eq!(one.over().await, EndReason::RemoteBye);
    let heard = world.heard(&one, &[]);
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration());
    let asked = world.web.asked();
    let waited = heard.first("hello").from - asked[1].at;
    assert!(waited >= Duration::from_secs(3) && waited < Duration::from_millis(3_300), "{waited:?}");
    let loud =
        |payload: &[u8]| payload.iter().any(|byte| antiphon_media::codec::Law::A.decode(*byte).unsigned_abs() > 60);
    let filled = one.received().into_iter().find(|packet| packet.at > asked[1].at && loud(&packet.payload));
    let filled = filled.expect("something is heard").at - asked[1].at;
    assert!(filled.abs_diff(Duration::from_millis(700)) < CLOSE, "the filler begins after {filled:?}");
    flow(&world, 50, &play);
    let other = world.connect(World::setup("other", 11));
    other.call("311").await;
    other.over().await;
    assert_eq!(world.heard(&other, &[]).first("hello").duration(), prompt("hello").duration());
    assert_eq!(world.web.asked().len(), 3, "two documents and one sound");
    world.leaves_nothing().await;
}

#[test]
fn where_the_web_server_fails_the_child_of_the_extension_runs() {
    for (number, status) in [("311", 500), ("311", 404), ("312", 500), ("+37411111111", 500)] {
        on_its_own(failing(number, status));
    }
}

async fn failing(number: &str, status: u16) {
    let world = World::new().await;
    world.web.answer_as(100, status, JSON, br#"{"module":"answer"}"#.to_vec());
    let caller = world.caller();
    caller.call(number).await;
    let why = caller.over().await;
    if number == "312" {
        // The menu has answered.
        assert_eq!(why, EndReason::RemoteBye);
        let reason = caller.requests("BYE")[0].header("Reason").unwrap_or_default().to_owned();
        assert_eq!(reason, r#"SIP;cause=486;text="No application""#, "{number}");
    } else {
        assert!(matches!(why, EndReason::Rejected(status) if status.code() == 486), "{number}: {why:?}");
        let refusal = response(&caller, 486).map(|refusal| refusal.start);
        assert_eq!(refusal.as_deref(), Some("SIP/2.0 486 No application"), "{number}");
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_call_goes_from_twiml_to_json_to_twiml_to_a_menu_of_rules_and_keeps_its_stream_and_its_variables() {
    let world = World::new().await;
    twiml(&world, 1_000, "<Play>http://sounds.test/hello.wav</Play><Redirect>http://app.test/two</Redirect>");
    sound(&world, 50, 12, 3_000);
    let again = json!({"module": "pivot", "data": {"voice_url": "http://app.test/three", "debug": true}});
    let variables = json!({"custom_application_vars": {"tier": "gold & blue"}});
    flow(&world, 1_000, &json!({"module": "set_variables", "data": variables, "children": {"_": again}}));
    // The menu 074 says its advertisement first.
    twiml(&world, 1_000, "<Dial>074</Dial>");
    let caller = world.caller();
    caller.call("311").await;
    caller.up().await;
    caller.until("has heard the advertisement", |_| !world.heard(&caller, &[]).all("ad").is_empty()).await;
    pass(2_500).await;
    caller.hang_up().await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    let order = ["hello", "ad"].map(|name| heard.first(name).from);
    assert!(order[0] < order[1], "{heard}");
    is_one_stream(&caller);
    let asked = world.web.asked();
    let paths: Vec<_> = asked.iter().map(|asked| asked.errand.url.path().to_owned()).collect();
    assert_eq!(paths, ["/voice", "/hello.wav", "/two", "/three"]);
    assert_eq!(told(&asked[3]).get("Custom-Application-Vars[tier]").map(String::as_str), Some("gold & blue"));
    let calls = world.server.rooms.http_debug.calls(antiphon_server::store::ClientId(1));
    let steps: Vec<_> = calls[0].steps.iter().map(|step| step.step.clone()).collect();
    assert_eq!(steps, ["pivot 1 debug", "pivot 2 debug", "pivot 3 debug"]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_request() {
    let world = World::new().await;
    flow(&world, 4_000, &json!({"module": "answer"}));
    let caller = world.caller();
    caller.call("311").await;
    pass(1_000).await;
    caller.hang_up().await;
    caller.over().await;
    pass(100).await;
    assert!(world.web.asked()[0].is_given_up);
    world.leaves_nothing().await;
}

/// What a desk that knows a user by a password answers to an INVITE.
fn desk(request: &SipText, challenge: &str) -> SipText {
    let is_known = request.header("Proxy-Authorization").is_some();
    let start = if is_known { "SIP/2.0 486 Busy Here" } else { "SIP/2.0 407 Proxy Authentication Required" };
    let value = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let answer = SipText { start: start.to_owned(), ..SipText::default() };
    let same = ["Via", "From", "Call-ID", "CSeq"];
    let answer = same.iter().fold(answer, |answer, name| answer.with(name, &value(name)));
    let answer = answer.with("To", &format!("{};tag=desk", value("To")));
    if is_known { answer } else { answer.with("Proxy-Authenticate", challenge) }
}

#[tokio::test]
async fn a_party_by_a_uri_is_told_headers_of_its_own_and_logged_in_to_where_it_asks() {
    let challenge = "Digest realm=\"desk\", nonce=\"n1\"";
    let world = World::shaped(Shape { sip: "dial_hosts = [\"127.0.0.3\"]", ..Shape::default() }).await;
    let sip = "<Sip username=\"ann\" password=\"geheim\">sip:desk@127.0.0.3?X-Case=a%20b</Sip>";
    twiml(&world, 50, &format!("<Dial>{sip}</Dial><Reject/>"));
    let socket = world.net.bind(([127, 0, 0, 3], 5060).into()).expect("nobody has it");
    let caller = world.caller();
    caller.call("311").await;
    let mut invites = Vec::new();
    while invites.len() < 2 {
        let datagram = tokio::time::timeout(Duration::from_secs(10), socket.receive()).await.expect("an INVITE");
        let request = SipText::parse(&datagram.payload);
        if request.method() == Some("INVITE") {
            socket.send(&desk(&request, challenge).to_bytes(), datagram.from);
            invites.push(request);
        }
    }
    let why = caller.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 503), "{why:?}");
    assert!(invites.iter().all(|invite| invite.header("X-Case") == Some("a b")), "{invites:?}");
    assert_eq!(invites[0].header("Proxy-Authorization"), None, "nobody has asked yet");
    let uri = invites[1].start.split(' ').nth(1).unwrap_or_default();
    let proof = Proof { user: "ann", password: "geheim", method: "INVITE", uri };
    let expected = authorization(challenge, &proof).expect("a challenge");
    let response =
        |text: &str| text.split("response=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    let said = invites[1].header("Proxy-Authorization").expect("it was asked for");
    assert!(said.contains("username=\"ann\"") && response(said) == response(&expected), "{said}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_action_of_a_dial_is_told_after_the_call_how_long_a_caller_has_talked_who_hangs_up() {
    let world = World::new().await;
    twiml(&world, 50, "<Dial action=\"/after\">002</Dial>");
    world.web.answer(50, 200, "");
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    let caller = world.caller();
    caller.call("311").await;
    caller.up().await;
    pass(3_200).await;
    caller.hang_up().await;
    caller.over().await;
    pass(1_000).await;
    let asked = world.web.asked();
    let after = asked.iter().find(|asked| asked.errand.url.path() == "/after").expect("the action is told");
    let told = told(after);
    let sid = callee.requests("INVITE")[0].header("Call-ID").unwrap_or_default().to_owned();
    for (name, value) in [
        ("DialCallStatus", "completed"),
        ("DialCallDuration", "3"),
        ("DialBridged", "true"),
        ("DialCallSid", sid.as_str()),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name} in {told:?}");
    }
    world.leaves_nothing().await;
}
