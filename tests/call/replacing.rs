//! Somebody from outside takes the place of a party (INVITE with `Replaces`).
//!
//! Sources: RFC 3891 §3.

use std::time::Duration;

use antiphon_sip::{EndReason, StatusCode};
use antiphon_testkit::{Answering, Stage};

use crate::referring::{is_unbroken, spoken, talking};
use crate::world::{World, on_its_own, pass, prompt};

#[test]
fn a_newcomer_takes_the_place_of_either_party_of_a_bridge() {
    for of_callee in [true, false] {
        on_its_own(async move {
            let world = World::new().await;
            let (caller, callee) = talking(&world).await;
            let newcomer = world.connect(World::setup("desk", 20));
            newcomer.speak(Some(prompt("desk"))).await;
            let (old, other) = if of_callee { (&callee, &caller) } else { (&caller, &callee) };
            newcomer.call_replacing("071", &old.dialog()).await;
            newcomer.up().await;
            assert_eq!(old.over().await, EndReason::RemoteBye);
            let reason = old.requests("BYE")[0].header("Reason").unwrap_or_default().to_owned();
            assert_eq!(reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
            pass(3_000).await;
            let (one, two) =
                (spoken(&world, other, &newcomer, &[old, &newcomer]), spoken(&world, &newcomer, other, &[other]));
            assert!(one.min(two) > Duration::from_millis(2_700), "{one:?} {two:?}");
            newcomer.hang_up().await;
            assert_eq!(other.over().await, EndReason::RemoteBye);
            is_unbroken(other);
            is_unbroken(&newcomer);
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_newcomer_goes_on_with_the_menu_of_a_caller() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_500).await;
    let newcomer = world.connect(World::setup("desk", 20));
    newcomer.call_replacing("071", &caller.dialog()).await;
    newcomer.up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    // The prompt that was being said is said again, and the menu goes on behind it.
    pass(3_000).await;
    let heard = world.heard(&newcomer, &[]);
    assert_eq!(heard.first("ad").duration(), Duration::from_secs(2), "{heard}");
    newcomer.press('7').await;
    assert_eq!(newcomer.over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&newcomer, &[]).all("bye").len(), 1);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_not_there_cannot_be_replaced() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let newcomer = world.connect(World::setup("desk", 20));
    newcomer.call_replacing("071", "unknown@nowhere;to-tag=1;from-tag=2").await;
    assert_eq!(newcomer.over().await, EndReason::Rejected(StatusCode::NO_SUCH_TRANSACTION));
    assert_eq!((caller.stage(), callee.stage()), (Stage::Up, Stage::Up));
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_stranger_who_knows_the_dialog_still_may_not() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    // Neither a phone of ours nor an allowed source; then a trunk that has nothing to do with this call.
    for (host, status) in [([10, 9, 9, 9], StatusCode::UNAUTHORIZED), ([10, 1, 0, 7], StatusCode::FORBIDDEN)] {
        let stranger = world.connect(World::setup_at("stranger", host.into()));
        stranger.call_replacing("071", &callee.dialog()).await;
        assert_eq!(stranger.over().await, EndReason::Rejected(status), "{host:?}");
    }
    assert_eq!((caller.stage(), callee.stage()), (Stage::Up, Stage::Up));
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_call_that_still_rings_is_not_taken_over() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::Never);
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.ringing().await;
    let invite = callee.requests("INVITE").remove(0);
    let tag =
        |name: &str| invite.header(name).and_then(|value| value.rsplit_once(";tag=")).map(|(_, tag)| tag.to_owned());
    let ringing = format!("{};to-tag={};from-tag=0", invite.header("Call-ID").unwrap(), tag("From").unwrap());
    let newcomer = world.connect(World::setup("desk", 20));
    newcomer.call_replacing("071", &ringing).await;
    assert_eq!(newcomer.over().await, EndReason::Rejected(StatusCode::NO_SUCH_TRANSACTION));
    assert_eq!((caller.stage(), callee.stage()), (Stage::Up, Stage::Ringing));
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_takes_the_callers_place_while_it_rings_hears_it_ring() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(6)));
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.ringing().await;
    pass(1_000).await;
    let newcomer = world.connect(World::setup("desk", 20));
    newcomer.call_replacing("071", &caller.dialog()).await;
    newcomer.up().await;
    caller.over().await;
    callee.up().await;
    pass(2_000).await;
    let heard = world.heard(&newcomer, &[&callee]);
    assert!(!heard.all("ringback").is_empty() && !heard.all("002").is_empty(), "{heard}");
    newcomer.hang_up().await;
    callee.over().await;
    is_unbroken(&newcomer);
    world.leaves_nothing().await;
}
