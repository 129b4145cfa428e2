//! Call Interactive on whole calls: what web servers are told, and what becomes of their answers.
//!
//! Sources: `ringme-ivr.md` 4.

use std::collections::BTreeMap;
use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::Answering;

use crate::web::{Asked, ToldWeb};
use crate::world::{World, on_its_own, pass};

fn told(asked: &Asked) -> BTreeMap<String, String> {
    ToldWeb::parameters(asked).into_iter().collect()
}

fn path(asked: &Asked) -> &str {
    asked.errand.url.path()
}

#[tokio::test]
async fn an_answer_names_whom_to_call_and_as_whom() {
    let world = World::new().await;
    let verbs = "<SetCaller name=\"ACME, order 17\" number=\"+74950000000\"/><SetVar name=\"mgr\">002</SetVar>\
                 <PlaySound>hello.wav</PlaySound>";
    world.web.answer(100, 200, &format!("<?xml version=\"1.0\"?>\n<Response>{verbs}</Response>"));
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("061").await;
    callee.up().await;
    pass(500).await;
    caller.hang_up().await;
    callee.over().await;
    let asked = world.web.asked();
    assert_eq!((asked.len(), asked[0].errand.method.to_string(), path(&asked[0])), (1, "GET".to_owned(), "/ask"));
    let told = told(&asked[0]);
    assert_eq!(told["CallID"].len(), 32, "{told:?}");
    for (name, value) in [
        ("tenant", "7"),
        ("who", "caller"),
        ("EventType", "call_interactive"),
        ("CallAPIID", &told["CallID"]),
        ("CallerIDNum", "caller"),
        ("CalledExtension", "000*061"),
        ("CallStatus", "ANSWER"),
        ("CallFlow", "IN"),
        ("CalledNumber", "061"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert_eq!(told.get("CalledDID"), None, "no public number was dialled");
    assert_eq!(told.get("CallerExtension"), None, "somebody unknown calls");
    let from = callee.requests("INVITE")[0].header("From").unwrap_or_default().to_owned();
    assert!(from.starts_with("\"ACME, order 17\" <sip:+74950000000@"), "{from}");
    assert_eq!(world.heard(&caller, &[&callee]).first("hello").duration(), Duration::from_secs(3));
    world.leaves_nothing().await;
}

/// Vector 7 of `ringme-ivr.md` 7: sleep_time, and then 5 s for a web server that takes 6.
#[tokio::test]
async fn a_slow_web_server_is_given_up_after_five_seconds() {
    let world = World::new().await;
    world.web.answer(6_000, 200, "<Response><Hangup/></Response>");
    let caller = world.caller();
    caller.call("061").await;
    caller.up().await;
    let answered = caller.when(|stage| stage == antiphon_testkit::Stage::Up).expect("it was answered");
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let bye = world.heard(&caller, &[]).first("bye").from - answered;
    assert!(bye.abs_diff(Duration::from_millis(5_500)) <= Duration::from_millis(150), "{bye:?}");
    assert!(world.web.asked()[0].is_given_up);
    world.leaves_nothing().await;
}

#[test]
fn the_end_of_a_call_is_told_as_it_went() {
    for (answering, ends, status) in [
        (Answering::After(Duration::from_secs(1)), Ends::Caller, "ANSWER"),
        (Answering::Refuses(486), Ends::Menu, "BUSY"),
        (Answering::Refuses(503), Ends::Menu, "CONGESTION"),
        (Answering::Refuses(480), Ends::Menu, "CHANUNAVAIL"),
        (Answering::Never, Ends::Menu, "NOANSWER"),
        (Answering::Never, Ends::Caller, "CANCEL"),
    ] {
        on_its_own(ended(answering, ends, status));
    }
}

/// Who ends a call.
#[derive(PartialEq)]
enum Ends {
    Caller,
    Menu,
}

async fn ended(answering: Answering, ends: Ends, status: &str) {
    let world = World::new().await;
    for _ in 0..3 {
        world.web.answer(50, 200, "<Response/>");
    }
    let caller = world.caller();
    let _callee = world.callee("002", 2, answering);
    caller.call("062").await;
    caller.up().await;
    if ends == Ends::Caller {
        pass(4_000).await;
        caller.hang_up().await;
    } else {
        caller.over().await;
    }
    let over = tokio::time::Instant::now();
    pass(1_000).await;
    let asked = world.web.asked();
    assert_eq!(asked.iter().map(path).collect::<Vec<_>>(), ["/dial-in", "/dial-out", "/hangup"], "{status}");
    let (dial_in, dial_out, hangup) = (told(&asked[0]), told(&asked[1]), told(&asked[2]));
    assert_eq!((&dial_in["CallStatus"][..], &dial_in["CallFlow"][..]), ("CALLING", "IN"));
    assert_eq!((&dial_out["CalledNumber"][..], &dial_out["CallFlow"][..]), ("002", "OUT"));
    assert_eq!((&hangup["CallStatus"][..], &hangup["CalledExtension"][..]), (status, "000*062"));
    assert_eq!(hangup.get("EventType"), None, "scripts of a menu speak as VoipNow does");
    assert!(asked[2].at >= over, "told before the end");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_web_server_that_is_told_of_an_end_has_thirty_seconds() {
    let world = World::new().await;
    world.web.answer(50, 200, "<Response/>");
    world.web.answer(50, 200, "<Response><Hangup/></Response>");
    world.web.answer(35_000, 200, "<Response/>");
    let caller = world.caller();
    caller.call("062").await;
    caller.up().await;
    caller.over().await;
    pass(29_000).await;
    assert_eq!(world.load().await, (1, 0), "the call keeps its place, and nothing else");
    pass(1_500).await;
    assert!(world.web.asked()[2].is_given_up);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_request() {
    let world = World::new().await;
    world.web.answer(4_000, 200, "<Response/>");
    let caller = world.caller();
    caller.call("061").await;
    caller.up().await;
    pass(1_500).await;
    caller.hang_up().await;
    pass(500).await;
    assert!(world.web.asked()[0].is_given_up);
    world.leaves_nothing().await;
}
