//! A rule asks the caller's side to call the target itself (`transfer_mode`).
//!
//! Sources: RFC 3515; `docs/surfaces/rules.md`.

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Referring, SimPhone, Stage};

use crate::referring::is_unbroken;
use crate::world::{Shape, TRUNK, World, on_its_own, pass, usual_trunks};

async fn choose(caller: &SimPhone, key: char, referring: Referring) {
    caller.on_refer(referring).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press(key).await;
}

#[tokio::test]
async fn a_caller_that_goes_there_itself_is_hung_up_within_a_second() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
    choose(&caller, '9', Referring::Completes).await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let refer = &caller.requests("REFER")[0];
    assert_eq!(refer.uri("Refer-To"), Some("sip:002@127.0.0.1:5060"), "{refer:?}");
    let at = |method: &str| {
        let messages = caller.messages();
        messages.iter().find(|(_, message)| message.method() == Some(method)).map(|(at, _)| *at).unwrap()
    };
    let waited = at("BYE") - at("REFER");
    assert!(waited.abs_diff(Duration::from_millis(1_100)) < Duration::from_millis(200), "{waited:?}");
    // That the simulated phone does not really call is its own business: we do not.
    assert_eq!(callee.stage(), Stage::Idle);
    assert!(world.heard(&caller, &[]).all("thanks").is_empty());
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_on_being_asked_has_gone_there() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
    choose(&caller, '9', Referring::HangsUp).await;
    assert_eq!(caller.over().await, EndReason::LocalBye);
    pass(1_000).await;
    assert_eq!(callee.stage(), Stage::Idle);
    world.leaves_nothing().await;
}

#[test]
fn a_caller_that_refuses_is_bridged() {
    for status in [405, 501, 603] {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
            choose(&caller, '9', Referring::Refuses(status)).await;
            callee.up().await;
            pass(1_000).await;
            callee.hang_up().await;
            caller.over().await;
            assert_eq!(world.heard(&caller, &[]).all("thanks").len(), 1);
            is_unbroken(&caller);
            world.leaves_nothing().await;
        });
    }
}

#[test]
fn a_target_that_the_callers_side_did_not_reach_is_what_the_menu_says() {
    for (referring, said) in
        [(Referring::Fails(486), "busy"), (Referring::Fails(480), "nobody"), (Referring::Agrees, "nobody")]
    {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
            choose(&caller, '9', referring).await;
            assert_eq!(caller.over().await, EndReason::RemoteBye);
            let heard = world.heard(&caller, &[]);
            assert_eq!(heard.all(said).len(), 1, "{referring:?}: {heard}");
            assert_eq!(callee.stage(), Stage::Idle);
            is_unbroken(&caller);
            world.leaves_nothing().await;
        });
    }
}

/// A trunk's own setting, where the rule says nothing; key 1 of the menu.
#[test]
fn a_trunk_is_asked_where_its_settings_want_that_and_is_bridged_when_it_refuses() {
    for (way, referring, asked) in [
        ("refer", Referring::Completes, true),
        ("auto", Referring::Completes, true),
        ("refer", Referring::Refuses(603), true),
        ("bridge", Referring::Completes, false),
    ] {
        on_its_own(async move {
            let trunks = usual_trunks(&format!("transfer = \"{way}\""));
            let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
            let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
            let outside = world.connect(World::setup_at("outside", [10, 1, 0, 7].into()));
            choose(&outside, '1', referring).await;
            if asked && referring == Referring::Completes {
                assert_eq!(outside.over().await, EndReason::RemoteBye);
                assert_eq!(trunk.stage(), Stage::Idle);
            } else {
                trunk.up().await;
                outside.hang_up().await;
                trunk.over().await;
            }
            assert_eq!(outside.requests("REFER").len(), usize::from(asked), "{way} {referring:?}");
            world.leaves_nothing().await;
        });
    }
}

#[test]
fn a_target_that_the_trunk_did_not_reach_is_what_the_menu_says() {
    for (referring, said) in [(Referring::Fails(486), "busy"), (Referring::Fails(503), "nobody")] {
        on_its_own(async move {
            let trunks = usual_trunks("transfer = \"refer\"");
            let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
            let outside = world.connect(World::setup_at("outside", [10, 1, 0, 7].into()));
            choose(&outside, '2', referring).await;
            outside.over().await;
            let heard = world.heard(&outside, &[]);
            assert_eq!(heard.all(said).len(), 1, "{referring:?}: {heard}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn auto_asks_the_trunk_that_a_caller_came_by_and_bridges_everybody_else() {
    let world = World::new().await;
    let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    let outside = world.connect(World::setup_at("outside", [10, 1, 0, 7].into()));
    choose(&outside, '0', Referring::Completes).await;
    outside.over().await;
    let refer = &outside.requests("REFER")[0];
    assert_eq!(refer.uri("Refer-To"), Some("sip:+7987654321@127.0.0.90:5060"), "{refer:?}");
    assert_eq!(trunk.stage(), Stage::Idle);
    let inside = world.caller();
    choose(&inside, '0', Referring::Completes).await;
    trunk.up().await;
    assert!(inside.requests("REFER").is_empty());
    inside.hang_up().await;
    trunk.over().await;
    world.leaves_nothing().await;
}
