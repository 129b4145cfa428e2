//! Subscribers are told what happens at extensions.
//!
//! Sources: `ringme-ivr.md` 4.5 (statuses), 4.6.

use std::collections::BTreeMap;
use std::time::Duration;

use antiphon_sip::{ReferOutcome, StatusCode};
use antiphon_testkit::Answering;
use serde_json::json;

use crate::callback::order;
use crate::web::ToldWeb;
use crate::world::{Shape, World, on_its_own, pass, prompt, until};

const ALL: [&str; 4] = ["dial-in", "dial-out", "answer", "hangup"];

/// A world in which somebody is told of everything at these extensions, and answers.
async fn told_of(extensions: &'static [&'static str]) -> World {
    let events = extensions.iter().flat_map(|extension| ALL.map(|kind| (*extension, kind))).collect();
    let world = World::shaped(Shape { events, ..Shape::default() }).await;
    for _ in 0..20 {
        world.web.answer(20, 200, "");
    }
    world
}

type Parameters = BTreeMap<String, String>;

/// All that was told, as the extension of the URL, the event, its status and its flow.
fn told(world: &World) -> Vec<(String, String, String, String)> {
    all(world)
        .into_iter()
        .map(|(extension, told)| {
            let of = |name: &str| told.get(name).cloned().unwrap_or_default();
            (extension, of("EventType"), of("CallStatus"), of("CallFlow"))
        })
        .collect()
}

fn all(world: &World) -> Vec<(String, Parameters)> {
    let asked = world.web.asked();
    asked
        .iter()
        .map(|asked| {
            let extension = asked.errand.url.path().trim_start_matches('/').to_owned();
            (extension, ToldWeb::parameters(asked).into_iter().collect())
        })
        .collect()
}

#[track_caller]
fn assert_told(world: &World, expect: &[(&str, &str, &str, &str)]) {
    let told = told(world);
    let told: Vec<_> = told.iter().map(|(a, b, c, d)| (&a[..], &b[..], &c[..], &d[..])).collect();
    assert_eq!(told, expect);
}

/// Calls the menu and presses a key during its greeting.
async fn choose(caller: &antiphon_testkit::SimPhone, key: char) {
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press(key).await;
}

#[tokio::test]
async fn a_call_that_a_menu_passes_on_is_told_of_from_its_beginning_to_its_end() {
    let world = told_of(&["071", "002"]).await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    choose(&caller, '2').await;
    callee.up().await;
    pass(2_000).await;
    caller.hang_up().await;
    callee.over().await;
    pass(1_000).await;
    assert_told(
        &world,
        &[
            ("071", "dial-in", "CALLING", "IN"),
            ("071", "answer", "ANSWER", "IN"),
            ("071", "dial-out", "CALLING", "OUT"),
            ("002", "dial-in", "CALLING", "IN"),
            ("002", "answer", "ANSWER", "IN"),
            ("002", "hangup", "ANSWER", "IN"),
            ("071", "hangup", "ANSWER", "IN"),
        ],
    );
    let all = all(&world);
    let ids: Vec<_> = all.iter().map(|(_, told)| (&told["CallID"], &told["CallAPIID"])).collect();
    assert!(ids.iter().all(|(id, api)| *id == ids[0].0 && *api == ids[0].0 && id.len() == 32), "{ids:?}");
    let dial_in = &all[0].1;
    let parameters: Vec<_> = dial_in.keys().map(String::as_str).collect();
    let expect = [
        "CallAPIID",
        "CallFlow",
        "CallID",
        "CallStatus",
        "CalledExtension",
        "CalledExtensionID",
        "CalledNumber",
        "CallerIDName",
        "CallerIDNum",
        "EventType",
    ];
    assert_eq!(parameters, expect, "a local call from somebody unknown has no DID and no extension of its own");
    assert_eq!(
        (&dial_in["CalledExtension"][..], &dial_in["CalledNumber"][..], &dial_in["CallerIDNum"][..]),
        ("000*071", "071", "caller")
    );
    let dial_out = &all[2].1;
    assert_eq!((&dial_out["CallerExtension"][..], &dial_out["CalledNumber"][..]), ("000*071", "002"));
    assert_eq!(all[5].1.get("Bridged"), None, "a phone's hangup says nothing of phones");
    assert_eq!(all[6].1["Bridged"], "yes");
    assert_eq!((all[5].1["RemoteNumber"].as_str(), all[6].1["RemoteNumber"].as_str()), ("caller", "caller"));
    assert!(all.iter().all(|(_, told)| !told.contains_key("Transfered")));
    world.leaves_nothing().await;
}

/// The phone that the menu has called transfers the caller to another one.
#[tokio::test]
async fn a_call_that_was_transferred_is_told_of_as_such_when_it_is_over() {
    let world = told_of(&["071", "002", "003"]).await;
    let caller = world.caller();
    let (callee, target) = (
        world.callee("002", 2, Answering::After(Duration::from_secs(1))),
        world.callee("003", 3, Answering::After(Duration::from_secs(1))),
    );
    choose(&caller, '2').await;
    callee.up().await;
    pass(1_000).await;
    let refer = callee.refer("sip:003@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    callee.over().await;
    pass(1_000).await;
    caller.hang_up().await;
    target.over().await;
    pass(1_000).await;
    let hangups: Vec<_> = all(&world).into_iter().filter(|(_, told)| told["EventType"] == "hangup").collect();
    let transferred: Vec<_> =
        hangups.iter().map(|(extension, told)| (&extension[..], told.contains_key("Transfered"))).collect();
    assert_eq!(transferred, [("002", true), ("003", false), ("071", true)], "{}", world.ladder());
    world.leaves_nothing().await;
}

#[test]
fn a_phone_that_is_busy_does_not_answer_or_is_given_up_is_told_of_so() {
    for (answering, patience, status) in [
        (Answering::Refuses(486), Patience::Long, "BUSY"),
        (Answering::Refuses(500), Patience::Long, "CONGESTION"),
        (Answering::Refuses(480), Patience::Long, "NOANSWER"),
        (Answering::Never, Patience::Long, "NOANSWER"),
        (Answering::Never, Patience::Short, "CANCEL"),
    ] {
        on_its_own(unanswered(answering, patience, status));
    }
}

/// Whether the caller hangs up while it rings.
#[derive(PartialEq)]
enum Patience {
    Long,
    Short,
}

async fn unanswered(answering: Answering, patience: Patience, status: &str) {
    let world = told_of(&["002"]).await;
    let caller = world.caller();
    let callee = world.callee("002", 2, answering);
    choose(&caller, '2').await;
    if patience == Patience::Short {
        callee.ringing().await;
        caller.hang_up().await;
    } else {
        caller.over().await;
    }
    pass(1_000).await;
    assert_told(&world, &[("002", "dial-in", "CALLING", "IN"), ("002", "hangup", status, "IN")]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_phone_that_calls_is_told_of_as_the_caller_and_so_is_the_menu_of_it() {
    let world = told_of(&["004", "071"]).await;
    let phone = world.connect(World::setup("004", 4));
    assert_eq!(phone.register("secret").await, 200);
    phone.call("071").await;
    phone.up().await;
    pass(1_000).await;
    phone.hang_up().await;
    pass(1_000).await;
    let mut told = told(&world);
    told.sort();
    let expect = [
        ("004", "answer", "ANSWER", "OUT"),
        ("004", "dial-out", "CALLING", "OUT"),
        ("004", "hangup", "ANSWER", "OUT"),
        ("071", "answer", "ANSWER", "IN"),
        ("071", "dial-in", "CALLING", "IN"),
        ("071", "hangup", "ANSWER", "IN"),
    ];
    assert_eq!(told, expect.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned())));
    for (extension, told) in all(&world) {
        assert_eq!(told["CallerExtension"], "000*004", "{extension}");
        assert_eq!(
            told.get("Bridged").map(String::as_str),
            (extension == "071" && told["EventType"] == "hangup").then_some("no")
        );
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_subscriber_that_never_answers_delays_no_call_and_is_told_again() {
    let events = vec![("071", "dial-in"), ("071", "hangup")];
    let world = World::shaped(Shape { events, ..Shape::default() }).await;
    world.web.answer(600_000, 200, "");
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    let up = tokio::time::Instant::now();
    pass(1_000).await;
    caller.hang_up().await;
    pass(60_000).await;
    let asked = world.web.asked();
    assert!(asked[0].at <= up + Duration::from_millis(100));
    let kinds: Vec<_> = all(&world).into_iter().map(|(_, told)| told["EventType"].clone()).collect();
    // The first try is given up after 5 s; nobody is there for the further ones, and then for those of the hangup.
    assert_eq!(kinds[..5], ["dial-in", "dial-in", "dial-in", "dial-in", "hangup"].map(str::to_owned));
    let rest = asked[1].at - asked[0].at;
    assert!(rest.abs_diff(Duration::from_secs(6)) < Duration::from_millis(100), "{rest:?}");
    world.leaves_nothing().await;
}

#[test]
fn a_callback_is_told_with_its_tag_and_with_an_answering_machine_its_sounds_are_an_answer() {
    for (machine, bridged) in [("true", "yes"), ("false", "no")] {
        on_its_own(async move {
            let world = told_of(&["071", "002"]).await;
            let phone = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
            let variables = json!({"tag": "spring", "answering_machine": machine});
            order(&world, &json!({"src_num": "002", "dst_num": "071", "variables": variables}));
            phone.up().await;
            pass(2_000).await;
            phone.hang_up().await;
            pass(1_000).await;
            assert_told(
                &world,
                &[
                    ("002", "dial-in", "CALLING", "IN"),
                    ("002", "answer", "ANSWER", "IN"),
                    ("071", "dial-in", "CALLING", "IN"),
                    ("071", "answer", "ANSWER", "IN"),
                    ("002", "hangup", "ANSWER", "IN"),
                    ("071", "hangup", "ANSWER", "IN"),
                ],
            );
            let all = all(&world);
            assert!(all.iter().all(|(_, told)| told["Tag"] == "spring"), "{all:?}");
            assert_eq!((&all[5].1["Bridged"][..], &all[2].1["CallerIDNum"][..]), (bridged, "000*002"));
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_message_in_a_mailbox_is_told_of_with_its_recording() {
    let events = vec![("085", "voicemail")];
    let world = World::shaped(Shape { events, ..Shape::default() }).await;
    world.web.answer(20, 200, "");
    let caller = world.caller();
    caller.speak(Some(prompt("caller"))).await;
    caller.call("085").await;
    caller.up().await;
    pass(15_000).await;
    caller.hang_up().await;
    until(|| !world.web.asked().is_empty()).await;
    pass(1_000).await;
    assert_told(&world, &[("085", "voicemail", "ANSWER", "IN")]);
    let told = &all(&world)[0].1;
    let seconds: u64 = told["Duration"].parse().expect("whole seconds");
    assert!((2..15).contains(&seconds), "{seconds}");
    assert_eq!(world.recording(&told["RecordID"])[..4], *b"RIFF");
    world.leaves_nothing().await;
}
