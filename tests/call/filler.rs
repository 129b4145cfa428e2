//! What a caller hears while a web server takes its time, and what becomes of the request.
//!
//! Sources: `ringme-ivr.md` 4.2, vector 7; row A18.

use std::time::Duration;

use antiphon_media::codec::Law;
use antiphon_sip::EndReason;
use antiphon_testkit::SimPhone;

use crate::world::{World, pass};

const SILENT: Duration = Duration::from_millis(60);

/// Calls a menu that asks a web server as soon as it has slept for half a second.
async fn asking(world: &World, menu: &str) -> SimPhone {
    let caller = world.caller();
    caller.call(menu).await;
    caller.up().await;
    caller
}

/// When the caller heard something else than silence and the prompt: from when on, and until when, counted from the request.
fn filled(world: &World, caller: &SimPhone) -> Option<(Duration, Duration)> {
    let asked = world.web.asked()[0].at;
    let packets = caller.received();
    let loud = |payload: &[u8]| payload.iter().any(|byte| Law::A.decode(*byte).unsigned_abs() > 60);
    let prompt = world.heard(caller, &[]).all("bye").first().map(|span| span.from);
    let before = packets.iter().filter(|packet| packet.at > asked && prompt.is_none_or(|prompt| packet.at < prompt));
    let loud: Vec<_> = before.filter(|packet| loud(&packet.payload)).map(|packet| packet.at - asked).collect();
    loud.first().copied().zip(loud.last().copied())
}

#[tokio::test]
async fn a_quick_answer_is_preceded_by_nothing_but_silence() {
    let world = World::new().await;
    world.web.answer(600, 200, "<Response/>");
    let caller = asking(&world, "091").await;
    caller.over().await;
    assert_eq!(filled(&world, &caller), None, "{}", world.heard(&caller, &[]));
    assert!(!world.heard(&caller, &[]).all("bye").is_empty());
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_with_a_soft_tone_that_ends_with_it_and_does_not_click() {
    let world = World::new().await;
    // In the middle of a note.
    world.web.answer(3_650, 200, "<Response/>");
    let caller = asking(&world, "091").await;
    caller.over().await;
    let (from, to) = filled(&world, &caller).expect("something is heard");
    assert!(from.abs_diff(Duration::from_millis(700)) < SILENT, "it begins after {from:?}");
    assert!(to >= Duration::from_millis(3_600) && to < Duration::from_millis(3_700), "it ends after {to:?}");
    let heard = world.heard(&caller, &[]);
    let goodbye = heard.first("bye").from - world.web.asked()[0].at;
    assert!(goodbye.abs_diff(Duration::from_millis(3_670)) < SILENT, "the next rule begins after {goodbye:?}");
    // The steps of the soft tone are small ones, also where it is ended.
    let asked = world.web.asked()[0].at;
    let samples =
        caller.received().into_iter().filter(|packet| packet.at > asked && packet.at < heard.first("bye").from);
    let samples: Vec<i16> =
        samples.flat_map(|packet| packet.payload.into_iter().map(|byte| Law::A.decode(byte))).collect();
    let steepest = samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
    assert!(steepest.is_some_and(|steepest| steepest < 450), "{steepest:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_web_server_that_never_answers_leads_to_the_next_rule_after_the_patience() {
    let world = World::new().await;
    world.web.answer(600_000, 200, "<Response><Hangup/></Response>");
    let caller = asking(&world, "091").await;
    caller.over().await;
    let asked = &world.web.asked()[0];
    let goodbye = world.heard(&caller, &[]).first("bye").from - asked.at;
    assert!(goodbye.abs_diff(Duration::from_secs(8)) < 2 * SILENT, "{goodbye:?}");
    assert!(asked.is_given_up);
    world.leaves_nothing().await;
}

/// Row A10 of `ringme-ivr.md` 6: they are not kept for the prompt that follows either.
#[tokio::test]
async fn keys_meanwhile_mean_nothing() {
    let world = World::new().await;
    world.web.answer(3_000, 200, "<Response/>");
    let caller = asking(&world, "091").await;
    pass(1_000).await;
    caller.press('5').await;
    caller.over().await;
    let said = world.heard(&caller, &[]).all("bye").iter().map(|span| span.duration()).sum::<Duration>();
    assert!(said > Duration::from_millis(900), "the goodbye is heard out: {said:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_request() {
    let world = World::new().await;
    world.web.answer(6_000, 200, "<Response/>");
    let caller = asking(&world, "091").await;
    pass(2_000).await;
    caller.hang_up().await;
    assert_eq!(caller.over().await, EndReason::LocalBye);
    pass(100).await;
    assert!(world.web.asked()[0].is_given_up);
    let call = world.server.rooms.http_debug.calls(antiphon_server::store::ClientId(1)).remove(0);
    let outcome = call.steps[0].outcome.clone().expect("it is over").answer.expect_err("it has no answer");
    assert!(outcome.starts_with("given up"), "{outcome}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_lifetime_of_a_menu_ends_the_wait() {
    let world = World::new().await;
    world.web.answer(6_000, 200, "<Response/>");
    let caller = asking(&world, "092").await;
    let up = tokio::time::Instant::now();
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert!(up.elapsed().abs_diff(Duration::from_secs(2)) < Duration::from_millis(300), "{:?}", up.elapsed());
    assert!(world.web.asked()[0].is_given_up);
    world.leaves_nothing().await;
}
