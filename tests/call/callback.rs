//! Calls that we place: somebody is rung, and has then called a number; and callers who are sent elsewhere while they talk.
//!
//! Sources: `ringme-ivr.md` 2.7, 1.7.

use std::sync::Arc;
use std::time::Duration;

use antiphon_server::call::CallEvent;
use antiphon_server::call::place::{Placement, spawn};
use antiphon_server::callbacks::{Directory, read};
use antiphon_server::trace::CallTrace;
use antiphon_sip::{EndReason, ReferOutcome, StatusCode};
use antiphon_testkit::{Answering, SimPhone, Stage};
use serde_json::{Value, json};

use crate::referring::{is_unbroken, spoken, talking};
use crate::world::{TRUNK, World, on_its_own, pass, prompt};

/// Orders a callback in the name of the menu 071.
#[track_caller]
pub(crate) fn order(world: &World, body: &Value) -> Arc<CallTrace> {
    let rooms = &world.server.rooms;
    let config = rooms.store.snapshot();
    let extension = config.find_extension("071", None).expect("the menu").clone();
    let trunks = &rooms.settings.load().trunks;
    let directory = Directory { config: &config, trunks, client: extension.client };
    let order = read(body, &directory).unwrap_or_else(|problems| panic!("{problems:?}"));
    let admitted = rooms.callbacks.admit(extension.client, 1_000).expect("there is room");
    let call = spawn(rooms.clone(), Placement { extension, config: config.clone(), order, admitted });
    rooms.trace.call(call).expect("it is in progress")
}

fn outcome(call: &CallTrace) -> Option<&'static str> {
    call.record(|record| record.ended.map(|(_, outcome)| outcome))
}

fn from(phone: &SimPhone) -> String {
    phone.requests("INVITE")[0].header("From").unwrap_or_default().to_owned()
}

const SOON: Answering = Answering::After(Duration::from_secs(1));

#[tokio::test]
async fn whoever_answers_a_callback_into_a_menu_is_its_caller() {
    let world = World::new().await;
    let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, Answering::Never));
    let call = order(&world, &json!({"src_num": ["002", "003"], "dst_num": "071"}));
    one.up().await;
    assert_eq!(other.over().await, EndReason::Cancelled);
    let reason = other.requests("CANCEL")[0].header("Reason").map(str::to_owned);
    assert_eq!(reason.as_deref(), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    assert!(from(&one).contains("sip:071@"), "{}", from(&one));
    pass(3_500).await;
    let heard = world.heard(&one, &[]);
    assert_eq!(heard.first("ad").duration(), Duration::from_secs(2), "{heard}");
    // It presses a key and is transferred, under its own number.
    let target = world.callee("050", 50, SOON);
    pass(7_500).await;
    target.up().await;
    assert!(from(&target).contains("sip:002@"), "{}", from(&target));
    pass(1_000).await;
    one.hang_up().await;
    assert_eq!(target.over().await, EndReason::RemoteBye);
    is_unbroken(&one);
    pass(100).await;
    assert_eq!(outcome(&call), Some("caller_hung_up"));
    call.record(|record| {
        assert_eq!((record.from.as_str(), record.to.as_str(), record.ended_by()), ("000*002", "071", Some("caller")));
    });
    world.leaves_nothing().await;
}

#[tokio::test]
async fn two_telephones_are_joined_and_each_sees_the_other() {
    let world = World::new().await;
    let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
    one.speak(Some(prompt("002"))).await;
    other.speak(Some(prompt("003"))).await;
    order(&world, &json!({"src_num": ["002"], "dst_num": "003"}));
    other.up().await;
    pass(3_000).await;
    let (first, second) = (spoken(&world, &one, &other, &[&other]), spoken(&world, &other, &one, &[&one]));
    assert!(first.min(second) > Duration::from_millis(2_700), "{first:?} {second:?}\n{}", world.ladder());
    let rang: Duration = world.heard(&one, &[&other]).all("ringback").iter().map(|span| span.duration()).sum();
    assert!(rang.abs_diff(Duration::from_secs(1)) < Duration::from_millis(150), "{rang:?}");
    assert!(from(&one).contains("sip:003@") && from(&other).contains("sip:002@"), "{} {}", from(&one), from(&other));
    other.hang_up().await;
    assert_eq!(one.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_shown_said_and_pressed_is_what_the_order_says() {
    let world = World::new().await;
    let config = world.server.rooms.store.snapshot();
    let sound = |title: &str| config.sounds().find(|sound| sound.title == title).expect("a sound").id.0;
    let (one, other) = (world.callee("002", 2, SOON), world.callee("trunk", TRUNK, SOON));
    other.speak(Some(prompt("trunk"))).await;
    let body = json!({
        "src_num": "002", "dst_num": "+7987654321", "caller_id_number": "555", "caller_id_name": "Shop", "dst_ani": "+37410000000",
        "announce_sound_id": sound("busy"), "dst_announce_sound_id": sound("nobody"), "dst_dtmf": "12",
        "variables": {"autoanswer_src": 0, "autoanswer_dst": 3, "tag": "spring"},
    });
    let call = order(&world, &body);
    one.up().await;
    let invite = &one.requests("INVITE")[0];
    assert_eq!(invite.header("Call-Info"), Some("<sip:anonymous@anonymous.invalid>;answer-after=0"));
    assert!(from(&one).contains("Shop <sip:555@"), "{}", from(&one));
    other.up().await;
    let invite = &other.requests("INVITE")[0];
    assert_eq!(invite.header("Call-Info"), Some("<sip:anonymous@anonymous.invalid>;answer-after=3"));
    assert!(from(&other).contains("<sip:+37410000000@"), "{}", from(&other));
    pass(3_000).await;
    let heard = world.heard(&one, &[&other]);
    assert_eq!(heard.first("busy").duration(), prompt("busy").duration(), "{heard}");
    assert_eq!(world.heard(&other, &[]).first("nobody").duration(), prompt("nobody").duration());
    // It rings for a second, and for as long as the other hears the announcement and the keys.
    let rang: Duration = heard.all("ringback").iter().map(|span| span.duration()).sum();
    assert!(rang.abs_diff(Duration::from_millis(2_400)) < Duration::from_millis(250), "{rang:?} of {heard}");
    assert_eq!(crate::digits::state::in_events(&other), "12");
    assert_eq!(call.record(|record| record.tag.clone()).as_deref(), Some("spring"));
    one.hang_up().await;
    other.over().await;
    world.leaves_nothing().await;
}

#[test]
fn a_callback_that_nobody_answers_is_over_and_says_why() {
    for (answering, expected, within) in
        [(Answering::Busy, "busy", 1), (Answering::Refuses(480), "failed", 1), (Answering::Never, "no_answer", 20)]
    {
        on_its_own(async move {
            let world = World::new().await;
            let phone = world.callee("002", 2, answering);
            let call = order(&world, &json!({"src_num": ["002"], "dst_num": "071", "wait_for_pickup": 20}));
            pass(within * 1_000 + 500).await;
            assert_eq!(outcome(&call), Some(expected), "{answering:?}");
            if answering == Answering::Never {
                assert_eq!(phone.over().await, EndReason::Cancelled);
            }
            assert!(world.server.rooms.callbacks.admit(call.client, 1).is_some(), "its places are free again");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_callback_is_hung_up_while_it_rings() {
    let world = World::new().await;
    let phone = world.callee("002", 2, Answering::Never);
    let call = order(&world, &json!({"src_num": ["002"], "dst_num": "071"}));
    phone.ringing().await;
    assert!(call.hang_up());
    assert_eq!(phone.over().await, EndReason::Cancelled);
    pass(100).await;
    assert_eq!(outcome(&call), Some("hung_up"));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callback_lasts_as_long_as_it_may() {
    let world = World::new().await;
    let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
    order(&world, &json!({"src_num": ["002"], "dst_num": "003", "call_duration": 30}));
    other.up().await;
    let up = tokio::time::Instant::now();
    assert_eq!((one.over().await, other.over().await), (EndReason::RemoteBye, EndReason::RemoteBye));
    assert_eq!(up.elapsed().as_secs(), 29, "a second of it went by while the other rang");
    world.leaves_nothing().await;
}

#[test]
fn whoever_is_left_goes_where_the_order_says() {
    for source_hangs_up in [true, false] {
        on_its_own(async move {
            let world = World::new().await;
            let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
            let last = world.callee("050", 50, SOON);
            let body = json!({"src_num": "002", "dst_num": "003", "transfer_after_src_hangup": "050",
                              "transfer_after_dst_hangup": "050"});
            let call = order(&world, &body);
            other.up().await;
            pass(1_000).await;
            let (goes, stays) = if source_hangs_up { (&one, &other) } else { (&other, &one) };
            goes.hang_up().await;
            last.up().await;
            assert_eq!((stays.stage(), goes.over().await), (Stage::Up, EndReason::LocalBye));
            let expected = format!("sip:{}@", stays.setup().name);
            assert!(from(&last).contains(&expected), "{}", from(&last));
            pass(1_000).await;
            stays.hang_up().await;
            assert_eq!(last.over().await, EndReason::RemoteBye);
            is_unbroken(stays);
            pass(100).await;
            assert_eq!(outcome(&call), Some("caller_hung_up"));
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn whoever_is_left_may_go_to_a_menu() {
    let world = World::new().await;
    let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
    order(&world, &json!({"src_num": "002", "dst_num": "003", "transfer_after_src_hangup": "071"}));
    other.up().await;
    pass(1_000).await;
    one.hang_up().await;
    pass(3_500).await;
    assert!(!world.heard(&other, &[]).all("ad").is_empty(), "{}", world.heard(&other, &[]));
    other.hang_up().await;
    world.leaves_nothing().await;
}

#[test]
fn nobody_is_transferred_outside_where_the_order_forbids_it() {
    let done = ReferOutcome::Completed(StatusCode::OK);
    for (allowed, expected) in [(true, done), (false, ReferOutcome::Refused(StatusCode::FORBIDDEN))] {
        on_its_own(async move {
            let world = World::new().await;
            let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
            let trunk = world.callee("trunk", TRUNK, SOON);
            order(&world, &json!({"src_num": "002", "dst_num": "003", "allow_public_transfer": allowed}));
            other.up().await;
            pass(500).await;
            assert_eq!(other.refer("sip:+7987654321@127.0.0.1").await.outcome().await, expected);
            assert_eq!(trunk.stage() == Stage::Up, allowed);
            one.hang_up().await;
            other.over().await;
            world.leaves_nothing().await;
        });
    }
}

/// A telephone of the order has a second line, which a menu has connected to somebody outside; either of the two calls may be asked to join the
/// rest.
#[test]
fn nobody_is_joined_to_somebody_outside_where_the_order_forbids_it() {
    for (allowed, from_order) in [(true, true), (true, false), (false, true), (false, false)] {
        on_its_own(async move {
            let world = World::new().await;
            let (one, other) = (world.callee("002", 2, SOON), world.callee("003", 3, SOON));
            let (trunk, line) = (world.callee("trunk", TRUNK, SOON), world.connect(World::setup("003", 13)));
            order(&world, &json!({"src_num": "002", "dst_num": "003", "allow_public_transfer": allowed}));
            other.up().await;
            line.call("071").await;
            line.up().await;
            pass(3_500).await;
            line.press('1').await;
            trunk.up().await;
            pass(500).await;
            let (asked, named, number) = match from_order {
                true => (&other, &line, "+7987654321"),
                false => (&line, &other, "nowhere"),
            };
            let replaces = named.dialog().replace(';', "%3B").replace('=', "%3D");
            let refer = asked.refer(&format!("sip:{number}@127.0.0.1?Replaces={replaces}")).await;
            let outcome = refer.outcome().await;
            assert_eq!(outcome == ReferOutcome::Completed(StatusCode::OK), allowed, "{outcome:?} {from_order}");
            // A referrer whose transfer has succeeded has two seconds to hang up by itself.
            pass(2_500).await;
            assert_eq!((one.stage(), trunk.stage()), (Stage::Up, Stage::Up));
            assert_eq!(line.stage() == Stage::Up, !allowed, "{from_order}");
            one.hang_up().await;
            if !allowed {
                other.over().await;
                line.hang_up().await;
            }
            trunk.over().await;
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_draining_house_places_no_calls() {
    let world = World::new().await;
    let phone = world.callee("002", 2, SOON);
    world.server.rooms.calls.drain();
    let call = order(&world, &json!({"src_num": ["002"], "dst_num": "071"}));
    pass(500).await;
    assert_eq!((outcome(&call), phone.requests("INVITE").len()), (Some("failed"), 0));
    world.leaves_nothing().await;
}

fn only_call(world: &World) -> Arc<CallTrace> {
    world.server.rooms.trace.calls().pop().expect("there is a call")
}

#[test]
fn a_caller_in_a_menu_is_sent_to_a_telephone_or_to_another_menu() {
    for to in ["003", "086"] {
        on_its_own(async move {
            let world = World::new().await;
            let (caller, callee) = (world.caller(), world.callee("003", 3, SOON));
            caller.call("071").await;
            caller.up().await;
            pass(1_500).await;
            assert!(only_call(&world).tell(CallEvent::SendTo(to.to_owned())));
            pass(2_000).await;
            let heard = world.heard(&caller, &[]);
            assert!(heard.first("ad").duration() < Duration::from_millis(1_100), "{heard}");
            assert_eq!(callee.stage() == Stage::Up, to == "003");
            assert_eq!(caller.stage(), Stage::Up);
            caller.hang_up().await;
            is_unbroken(&caller);
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_caller_who_talks_is_sent_elsewhere_and_the_other_is_hung_up() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, SOON);
    target.speak(Some(prompt("003"))).await;
    assert!(only_call(&world).tell(CallEvent::SendTo("003".to_owned())));
    target.up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    pass(1_000).await;
    assert!(spoken(&world, &caller, &target, &[&callee, &target]) > Duration::from_millis(800));
    // And back, from there.
    assert!(only_call(&world).tell(CallEvent::SendTo("071".to_owned())));
    target.over().await;
    pass(3_000).await;
    assert_eq!(world.heard(&caller, &[&callee, &target]).all("ad").len(), 2);
    caller.hang_up().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_for_whom_it_rings_is_sent_elsewhere_and_that_is_cancelled() {
    let world = World::new().await;
    let (caller, callee) = (world.caller(), world.callee("002", 2, Answering::Never));
    let target = world.callee("003", 3, SOON);
    caller.call("002").await;
    callee.ringing().await;
    assert!(only_call(&world).tell(CallEvent::SendTo("003".to_owned())));
    assert_eq!(callee.over().await, EndReason::Cancelled);
    caller.up().await;
    target.hang_up().await;
    caller.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_is_about_to_transfer_is_sent_elsewhere_itself() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let (target, last) = (world.callee("003", 3, Answering::Never), world.callee("050", 50, SOON));
    let _refer = caller.refer("sip:003@127.0.0.1").await;
    target.ringing().await;
    assert!(only_call(&world).tell(CallEvent::SendTo("050".to_owned())));
    last.up().await;
    assert_eq!(target.over().await, EndReason::Cancelled);
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    assert_eq!(caller.stage(), Stage::Up);
    caller.hang_up().await;
    last.over().await;
    world.leaves_nothing().await;
}
