//! A callee who sends sound before the answer, as networks do with announcements.
//!
//! Sources: RFC 3262 (reliable provisional responses), RFC 3960 §3 (early media).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::Answering;

use crate::world::{World, pass, prompt};

#[tokio::test]
async fn nobody_hears_what_a_callee_sends_before_the_answer() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::Early(Duration::from_secs(3)));
    // Before the answer it sounds like one of the menu's prompts, after it like itself.
    callee.speak(Some(prompt("busy"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.ringing().await;
    pass(2_990).await;
    callee.speak(Some(prompt("002"))).await;
    callee.up().await;
    pass(4_000).await;
    // The 183 was sent reliably, and the 200 repeats nothing.
    let prack = &callee.requests("PRACK");
    assert_eq!(prack.len(), 1, "{}", world.ladder());
    let heard = world.heard(&caller, &[&callee]);
    assert!(heard.all("busy").is_empty(), "{heard}");
    let said: Duration = heard.all("002").iter().map(|span| span.duration()).sum();
    assert!(said > Duration::from_millis(3_700), "{heard}");
    let rang: Duration = heard.all("ringback").iter().map(|span| span.duration()).sum();
    assert!(rang.abs_diff(Duration::from_secs(3)) < Duration::from_millis(100), "{heard}");
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}
