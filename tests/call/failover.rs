//! A trunk that has several addresses, of which some are out of order; and the trunk after it.
//!
//! Sources: RFC 3263 §4.3; `docs/rfc/3263.md`, "When the next way is tried".

use std::net::IpAddr;
use std::time::Duration;

use antiphon_server::locate::{Record, Srv};
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Passed, SimPhone, SipText, Stage};
use tokio::time::Instant;

use crate::world::{Shape, World, on_its_own, pass, prompt};

/// The hosts of the first trunk, in the order of their priority, and the one of the second.
const FIRST: u8 = 91;
const SECOND: u8 = 92;
const OTHER: u8 = 93;

fn host(last: u8) -> IpAddr {
    [127, 0, 0, last].into()
}

/// A trunk by a name with two hosts, and another trunk by its address.
fn shape() -> Shape {
    let trunks = "[[trunk]]\nname = \"carrier\"\nuri = \"sip:carrier.example\"\ndial = ['^\\+']\n\n\
                  [[trunk]]\nname = \"other\"\nuri = \"sip:127.0.0.93\"\ndial = ['^\\+']\n";
    let srv = |priority, target: &str| Record::Srv(Srv { priority, weight: 1, port: 5060, target: target.to_owned() });
    let names = vec![
        ("_sip._udp.carrier.example", srv(2, "b.carrier.example")),
        ("_sip._udp.carrier.example", srv(1, "a.carrier.example")),
        ("a.carrier.example", Record::Address(host(FIRST))),
        ("b.carrier.example", Record::Address(host(SECOND))),
    ];
    Shape { trunks: trunks.to_owned(), names, ..Shape::default() }
}

const PICKS_UP: Answering = Answering::After(Duration::from_secs(1));

/// Calls the menu and chooses the number outside.
async fn choose(caller: &SimPhone) {
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('1').await;
}

/// Each INVITE with a new branch that the server has sent, with its time and the host it went to.
fn attempts(world: &World) -> Vec<(Instant, u8)> {
    let mut branches = Vec::new();
    let mut attempts = Vec::new();
    for Passed { at, to, payload, .. } in world.net.tape() {
        let message = SipText::parse(&payload);
        let IpAddr::V4(ip) = to.ip() else { continue };
        let outside = [FIRST, SECOND, OTHER].contains(&ip.octets()[3]);
        if outside && message.method() == Some("INVITE") && !branches.contains(&message.branch().to_owned()) {
            branches.push(message.branch().to_owned());
            attempts.push((at, ip.octets()[3]));
        }
    }
    attempts
}

fn hosts(attempts: &[(Instant, u8)]) -> Vec<u8> {
    attempts.iter().map(|(_, host)| *host).collect()
}

/// How the first host fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Silent,
    Says(u16),
    NoRoute,
}

#[test]
fn when_the_first_address_fails_the_second_is_called_while_the_caller_hears_ringback() {
    let faults = [
        (Fault::Silent, 4_000),
        (Fault::Says(503), 0),
        (Fault::NoRoute, 0),
        (Fault::Says(500), 0),
        (Fault::Says(408), 0),
    ];
    for (fault, waits) in faults {
        on_its_own(falls_over(fault, Duration::from_millis(waits)));
    }
}

async fn falls_over(fault: Fault, waits: Duration) {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    let first = match fault {
        Fault::Silent => Some(world.callee("first", FIRST, Answering::Deaf)),
        Fault::Says(status) => Some(world.callee("first", FIRST, Answering::Refuses(status))),
        Fault::NoRoute => {
            world.net.cut_off(host(FIRST));
            None
        }
    };
    let second = world.callee("second", SECOND, PICKS_UP);
    second.speak(Some(prompt("second"))).await;
    choose(&caller).await;
    second.up().await;
    pass(2_000).await;
    let made = attempts(&world);
    let case = format!("{fault:?}\n{}", world.ladder());
    assert_eq!(hosts(&made), [FIRST, SECOND], "{case}");
    let waited = made[1].0 - made[0].0;
    assert!(waited.abs_diff(waits) < Duration::from_millis(50), "{waited:?}, {case}");
    let heard = world.heard(&caller, &[&second]);
    let rang: Duration = heard.all("ringback").iter().map(|span| span.duration()).sum();
    assert!(rang.abs_diff(waits + Duration::from_secs(1)) < Duration::from_millis(200), "{rang:?}: {heard}\n{case}");
    assert!(!heard.all("second").is_empty(), "{heard}\n{case}");
    caller.hang_up().await;
    assert_eq!(second.over().await, EndReason::RemoteBye, "{case}");
    drop(first);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_way_that_said_100_is_waited_for() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    // It rings for longer than a silent one is waited for.
    let first = world.callee("first", FIRST, Answering::After(Duration::from_secs(8)));
    let second = world.callee("second", SECOND, PICKS_UP);
    // All that is heard of it for now is its 100.
    world.net.lose(1, |_, _, payload| payload.starts_with(b"SIP/2.0 180"));
    choose(&caller).await;
    first.up().await;
    assert_eq!(hosts(&attempts(&world)), [FIRST]);
    assert!(second.requests("INVITE").is_empty());
    caller.hang_up().await;
    first.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn when_a_trunk_is_exhausted_the_next_one_that_allows_the_number_is_called() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    let _dead = world.callee("first", FIRST, Answering::Deaf);
    let _full = world.callee("second", SECOND, Answering::Refuses(503));
    let other = world.callee("other", OTHER, PICKS_UP);
    choose(&caller).await;
    other.up().await;
    assert_eq!(hosts(&attempts(&world)), [FIRST, SECOND, OTHER], "{}", world.ladder());
    let invite = &other.requests("INVITE")[0];
    assert!(invite.start.starts_with("INVITE sip:+7987654321@127.0.0.93"), "{}", invite.start);
    caller.hang_up().await;
    other.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn when_every_way_has_failed_the_dial_has() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    let phones = [FIRST, SECOND, OTHER].map(|host| world.callee("full", host, Answering::Refuses(503)));
    choose(&caller).await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(hosts(&attempts(&world)), [FIRST, SECOND, OTHER], "{}", world.ladder());
    drop(phones);
    world.leaves_nothing().await;
}

#[test]
fn an_answer_that_holds_for_all_ways_is_not_asked_for_twice() {
    for status in [486, 404, 403, 603, 302, 501] {
        on_its_own(async move {
            let world = World::shaped(shape()).await;
            let caller = world.caller();
            let _first = world.callee("first", FIRST, Answering::Refuses(status));
            let _second = world.callee("second", SECOND, PICKS_UP);
            choose(&caller).await;
            caller.over().await;
            assert_eq!(hosts(&attempts(&world)), [FIRST], "{status}\n{}", world.ladder());
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_way_that_failed_is_last_for_half_a_minute_and_then_first_again() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    let _first = world.callee("first", FIRST, Answering::Refuses(503));
    let second = world.callee("second", SECOND, PICKS_UP);
    let again = async |expected: &[u8]| {
        let before = attempts(&world).len();
        choose(&caller).await;
        second.until("is up", |stage| *stage == Stage::Up).await;
        assert_eq!(hosts(&attempts(&world)[before..]), expected, "{}", world.ladder());
        caller.hang_up().await;
        second.over().await;
        pass(1_000).await;
    };
    again(&[FIRST, SECOND]).await;
    again(&[SECOND]).await;
    pass(30_000).await;
    again(&[FIRST, SECOND]).await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_ways_are_tried_ends_them_all() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    let first = world.callee("first", FIRST, Answering::Deaf);
    let second = world.callee("second", SECOND, Answering::Never);
    choose(&caller).await;
    second.ringing().await;
    caller.hang_up().await;
    assert_eq!(second.over().await, EndReason::Cancelled);
    pass(40_000).await;
    assert!(first.requests("CANCEL").is_empty(), "nothing is cancelled that has not answered (RFC 3261 §9.1)");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_way_that_was_left_and_answers_late_is_hung_up() {
    let world = World::shaped(shape()).await;
    let caller = world.caller();
    // The first hears nothing for seven seconds, and then everything.
    world.net.lose(4, |_, to, payload| to.ip() == host(FIRST) && payload.starts_with(b"INVITE"));
    let first = world.callee("first", FIRST, Answering::After(Duration::ZERO));
    let second = world.callee("second", SECOND, Answering::After(Duration::from_secs(10)));
    choose(&caller).await;
    second.up().await;
    assert!(!first.requests("INVITE").is_empty(), "{}", world.ladder());
    let ended = first.over().await;
    assert!(matches!(ended, EndReason::RemoteBye | EndReason::Cancelled), "{ended:?}\n{}", world.ladder());
    caller.hang_up().await;
    second.over().await;
    world.leaves_nothing().await;
}
