//! Every way a call can end, wherever it is: nothing is left of it, and the far ends are told.
//!
//! Sources: RFC 3261 §9 (CANCEL), §15 (BYE), §13.3.1.4 (a 2xx without ACK).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, SimPhone, SipText, Stage};

use crate::world::{World, on_its_own, pass};

#[test]
fn the_caller_hangs_up_in_the_sleep_in_a_prompt_and_in_the_wait() {
    for ms in [1, 100, 1_000, 4_000, 7_000] {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            caller.call("071").await;
            caller.up().await;
            pass(ms).await;
            caller.hang_up().await;
            assert_eq!(caller.over().await, EndReason::LocalBye);
            pass(100).await;
            assert_eq!(world.load().await, (0, 0), "100 ms after the BYE at {ms} ms");
            let last = caller.received().last().map(|packet| packet.at);
            let over = caller.when(|stage| matches!(stage, Stage::Over(_))).unwrap();
            assert!(last.is_none_or(|last| last <= over + Duration::from_millis(25)), "the menu talks on");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn the_caller_hangs_up_while_it_rings_and_the_callee_is_cancelled() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::Never);
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.ringing().await;
    pass(1_000).await;
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::Cancelled);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_caller_hangs_up_in_the_bridge_and_the_callee_hears_of_it() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.up().await;
    pass(2_000).await;
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_callee_hangs_up_a_final_transfer_and_the_caller_is_hung_up() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(2_000).await;
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[test]
fn both_hang_up_at_once_and_neither_is_left_waiting() {
    for offset in [0, 1, 2, 5, 20] {
        on_its_own(async move {
            let world = World::new().await;
            world.net.set_usual_path(antiphon_testkit::Path::after(Duration::from_millis(10)));
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('6').await;
            callee.up().await;
            pass(2_000).await;
            caller.hang_up().await;
            pass(offset).await;
            callee.hang_up().await;
            caller.over().await;
            callee.over().await;
            world.leaves_nothing().await;
        });
    }
}

#[test]
fn the_callee_answers_as_the_caller_gives_up_and_is_not_left_alone() {
    for offset in [0, 5, 10, 15, 20, 25] {
        on_its_own(async move {
            let world = World::new().await;
            world.net.set_usual_path(antiphon_testkit::Path::after(Duration::from_millis(10)));
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('2').await;
            callee.ringing().await;
            pass(985 + offset).await;
            caller.hang_up().await;
            let why = callee.over().await;
            assert!(matches!(why, EndReason::Cancelled | EndReason::RemoteBye), "{offset}: {why:?}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_phone_called_directly_rings_the_caller_too_and_a_cancel_reaches_it() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::Never);
    caller.call("002").await;
    callee.ringing().await;
    caller.ringing().await;
    pass(2_000).await;
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::Cancelled);
    let statuses: Vec<_> = caller.messages().iter().filter_map(|(_, message)| message.status()).collect();
    assert!(statuses.contains(&487), "{statuses:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_call_to_a_busy_phone_is_refused_as_busy() {
    let world = World::new().await;
    let caller = world.caller();
    let _callee = world.callee("002", 2, Answering::Busy);
    caller.call("002").await;
    let why = caller.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 486), "{why:?}\n{}", world.ladder());
    world.leaves_nothing().await;
}

#[test]
fn a_caller_who_is_not_answered_hears_the_refusal_as_it_was() {
    // A redirection to nowhere is no refusal, and a challenge is for us.
    for (said, heard) in [(603, 603), (480, 480), (404, 404), (410, 410), (302, 480), (401, 403), (500, 503)] {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            let _callee = world.callee("002", 2, Answering::Refuses(said));
            caller.call("002").await;
            let why = caller.over().await;
            let is_as_expected = matches!(why, EndReason::Rejected(status) if status.code() == heard);
            assert!(is_as_expected, "{said}: {why:?}\n{}", world.ladder());
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_caller_that_never_acknowledges_is_hung_up() {
    let world = World::new().await;
    let caller = world.caller();
    world.net.lose(usize::MAX, |_, _, datagram| datagram.starts_with(b"ACK "));
    caller.call("071").await;
    caller.up().await;
    caller.over().await;
    assert_eq!(caller.requests("BYE").len(), 1, "{}", world.ladder());
    let oks = caller.messages().into_iter().filter(|(_, message): &(_, SipText)| message.status() == Some(200));
    assert!(oks.count() > 5, "the 200 is repeated");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callee_that_hangs_up_before_the_callers_ack_ends_the_call() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    world.net.lose(1, |from, _, datagram| {
        from.ip() == std::net::IpAddr::from([127, 0, 0, 10]) && datagram.starts_with(b"ACK ")
    });
    caller.call("002").await;
    callee.up().await;
    pass(100).await;
    callee.hang_up().await;
    let hung_up = tokio::time::Instant::now();
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert!(hung_up.elapsed() < Duration::from_secs(2), "{:?}\n{}", hung_up.elapsed(), world.ladder());
    world.leaves_nothing().await;
}

/// Brings caller and callee into a bridge.
async fn bridged(world: &World) -> (SimPhone, SimPhone) {
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.up().await;
    pass(1_000).await;
    (caller, callee)
}

/// A phone that crashes or loses its network sends no BYE.
#[tokio::test]
async fn a_bridge_whose_both_ends_have_vanished_is_ended() {
    let world = World::new().await;
    drop(bridged(&world).await);
    pass(4 * 60_000).await;
    assert_eq!(world.load().await, (1, 2), "it might still be a pause");
    pass(2 * 60_000).await;
    assert_eq!(world.load().await, (0, 0));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_bridge_lasts_as_long_as_one_end_is_heard() {
    let world = World::new().await;
    let (caller, callee) = bridged(&world).await;
    drop(callee);
    pass(6 * 60_000).await;
    assert_eq!(world.load().await, (1, 2));
    caller.hang_up().await;
    world.leaves_nothing().await;
}
