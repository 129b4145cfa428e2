//! The unbroken stream: from answer to BYE a caller hears one source, one row of numbers, a packet every 20 ms, whatever
//! the call does.
//!
//! Sources: RFC 3550 §5.1; `architecture.md`, the invariant of a leg.

use std::time::Duration;

use antiphon_testkit::{Answering, Pace, SimPhone, Stage, breaks};

use crate::world::{World, pass, prompt};

const PACE: Pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };

/// One stream from answer to the end, without dead air at either end.
#[track_caller]
fn is_unbroken(phone: &SimPhone) {
    let packets = phone.received();
    let found = breaks(&packets, PACE);
    assert_eq!(found, [], "{} packets", packets.len());
    let up = phone.when(|stage| stage == Stage::Up).expect("it was answered");
    let over = phone.when(|stage| matches!(stage, Stage::Over(_))).expect("it has ended");
    let ends = packets.first().zip(packets.last());
    let (first, last) = ends.expect("something was heard");
    assert!(first.at <= up + Duration::from_millis(25), "the first packet came {:?} after the answer", first.at - up);
    assert!(last.at + Duration::from_millis(25) >= over, "dead air for {:?} before the end", over - last.at);
    assert!(packets.iter().all(|packet| packet.payload.len() == 160));
}

#[tokio::test]
async fn the_stream_is_one_through_prompt_silence_ringing_and_bridge() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(4)));
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_507).await;
    caller.press('2').await;
    callee.up().await;
    pass(3_000).await;
    callee.hang_up().await;
    caller.over().await;
    is_unbroken(&caller);
    is_unbroken(&callee);
    let mut told: Vec<String> = world.heard(&caller, &[&callee]).names();
    told.retain(|name| name != "(silence)");
    told.dedup();
    assert_eq!(told, ["ad", "hello", "ringback", "002", "thanks"]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_failed_transfer_and_a_timeout_leave_the_stream_whole() {
    let world = World::new().await;
    let caller = world.caller();
    let _callee = world.callee("050", 50, Answering::Busy);
    caller.call("071").await;
    caller.up().await;
    caller.over().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_hop_to_another_menu_keeps_the_stream() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('8').await;
    pass(4_000).await;
    caller.press('7').await;
    caller.over().await;
    is_unbroken(&caller);
    assert_eq!(world.heard(&caller, &[]).all("ad").len(), 2);
    world.leaves_nothing().await;
}
