//! Calls over a network that loses, delays and doubles.
//!
//! Sources: RFC 3261 §17 (timers), §13.3.1.4 (2xx and ACK); RFC 4733 §2.5.1.4 (lost ends).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Path, SipText, Stage};

use crate::world::{SERVER, Shape, World, on_its_own, pass};

/// Whether a datagram is the answer to an INVITE.
fn is_answer(datagram: &[u8]) -> bool {
    let message = SipText::parse(datagram);
    message.status() == Some(200) && message.cseq_method() == "INVITE"
}

#[test]
fn a_lost_ack_or_200_is_made_up_for_and_nothing_of_the_menu_is_missed() {
    type Picks = fn(&[u8]) -> bool;
    let cases: [(&str, Picks); 3] = [
        ("ACK", |datagram| datagram.starts_with(b"ACK ")),
        ("200", is_answer),
        ("INVITE", |datagram| datagram.starts_with(b"INVITE ")),
    ];
    for (name, picks) in cases {
        on_its_own(async move {
            let world = World::new().await;
            world.net.lose(2, move |_, _, datagram| picks(datagram));
            let caller = world.caller();
            caller.call("071").await;
            caller.up().await;
            pass(7_000).await;
            let heard = world.heard(&caller, &[]);
            assert_eq!(heard.first("hello").duration(), Duration::from_secs(3), "{name}: {heard}");
            if name != "200" {
                assert_eq!(heard.first("ad").duration(), Duration::from_secs(2), "{name}: {heard}");
            }
            caller.hang_up().await;
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_lost_bye_is_repeated_and_a_lost_cancel_too() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::Never);
    world.net.lose(2, |from, _, datagram| from == SERVER && datagram.starts_with(b"CANCEL "));
    world.net.lose(2, |_, to, datagram| to == SERVER && datagram.starts_with(b"BYE "));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.ringing().await;
    pass(500).await;
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::Cancelled);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_whose_first_packets_are_lost_still_counts_once() {
    let world = World::new().await;
    let caller = world.caller();
    let is_key = |_, to: std::net::SocketAddr, datagram: &[u8]| {
        to.port() >= 20_000 && datagram.get(1).is_some_and(|byte| byte & 0x7F == 101)
    };
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    world.net.lose(6, is_key);
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&caller, &[]).all("bye").len(), 1);
    world.leaves_nothing().await;
}

#[test]
fn with_5_percent_lost_every_call_comes_about_and_leaves_nothing() {
    for seed in 1..=12 {
        on_its_own(rough(seed, 0.05));
    }
}

#[test]
fn with_30_percent_lost_every_call_still_leaves_nothing() {
    for seed in 1..=12 {
        on_its_own(rough(seed, 0.3));
    }
}

async fn rough(seed: u64, loss: f64) {
    let world = World::shaped(Shape { seed, ..Shape::default() }).await;
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(30));
    world.net.set_usual_path(Path { delay, jitter, loss, duplicate: 0.02, reorder: 0.02 });
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    let reached = |stage: &Stage| matches!(stage, Stage::Up | Stage::Over(_));
    if caller.until("is up", reached).await == Stage::Up {
        pass(4_000).await;
        caller.press('6').await;
        pass(8_000).await;
        if loss < 0.1 {
            assert_eq!(callee.stage(), Stage::Up, "seed {seed}\n{}", world.ladder());
        }
        caller.hang_up().await;
    }
    caller.over().await;
    if callee.stage() != Stage::Idle {
        callee.until("is over", |stage| matches!(stage, Stage::Over(_))).await;
    }
    world.leaves_nothing().await;
}
