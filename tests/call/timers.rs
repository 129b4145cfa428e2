//! Calls that are refreshed, and calls whose phone has lost its power.
//!
//! Sources: RFC 4028 (session timers), RFC 3311 (UPDATE).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, SimPhone, Stage};
use tokio::time::Instant;

use crate::world::{SERVER, Shape, World, pass, prompt};

/// Every call is to be refreshed each 45 s.
const SHORT: &str = "session_expires = 90\nmin_se = 90\n";

/// A caller and a callee who talk.
async fn bridged() -> (World, SimPhone, SimPhone) {
    let world = World::shaped(Shape { sip: SHORT, ..Shape::default() }).await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.up().await;
    pass(1_000).await;
    (world, caller, callee)
}

/// From now on this phone hears nothing and nobody hears it.
fn cut_off(world: &World, phone: &SimPhone) {
    let lost = phone.setup().sip.ip();
    world.net.lose(usize::MAX, move |from, to, _| from.ip() == lost || to.ip() == lost);
}

#[tokio::test]
async fn a_call_that_is_refreshed_goes_on() {
    let (world, caller, callee) = bridged().await;
    pass(200_000).await;
    assert_eq!((caller.stage(), callee.stage()), (Stage::Up, Stage::Up));
    // The caller refreshes its leg, as it was asked to; we refresh the callee's, because we asked.
    let refreshed = callee.requests("UPDATE").len();
    assert!((3..=5).contains(&refreshed), "{refreshed} refreshes\n{}", world.ladder());
    let answered = caller.messages().into_iter().filter(|(_, message)| message.cseq_method() == "UPDATE").count();
    assert!((3..=5).contains(&answered), "{answered} refreshes\n{}", world.ladder());
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_vanished_is_left_when_the_timer_says_so() {
    let (world, caller, callee) = bridged().await;
    cut_off(&world, &caller);
    let cut = Instant::now();
    callee.over().await;
    let after = cut.elapsed();
    // 90 s without the last third, from the last refresh on.
    assert!(after <= Duration::from_secs(60), "{after:?}");
    let bye = |passed: &antiphon_testkit::Passed| {
        passed.from == SERVER && passed.to == caller.setup().sip && passed.payload.starts_with(b"BYE ")
    };
    assert!(world.net.tape().iter().any(bye), "{}", world.ladder());
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callee_who_vanished_is_left_when_a_refresh_is_lost() {
    let (world, caller, callee) = bridged().await;
    cut_off(&world, &callee);
    let cut = Instant::now();
    // The caller's menu goes on after the call, and ends by itself.
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let after = cut.elapsed();
    assert!(after <= Duration::from_secs(80), "{after:?}\n{}", world.ladder());
    drop(callee);
    world.leaves_nothing().await;
}
