//! The house as a whole: full, draining, and with many guests.

use std::time::Duration;

use antiphon_server::signalling::Order;
use antiphon_sip::{Admission, EndReason};

use crate::world::{Shape, World, pass};

#[tokio::test]
async fn a_full_house_says_503_and_when_to_come_again_and_has_room_again_after_a_call_ends() {
    let shape = Shape { rtp_ports: "20000-20003", ..Shape::default() };
    let world = World::shaped(shape).await;
    let guests = ["one", "two", "three"].map(|name| {
        let host = 20 + u8::try_from(name.len()).unwrap() + u8::from(name == "two");
        world.connect(World::setup(name, host))
    });
    let [one, two, three] = &guests;
    one.call("071").await;
    one.up().await;
    two.call("071").await;
    two.up().await;
    three.call("071").await;
    let why = three.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 503), "{why:?}");
    let refusal = three.messages().into_iter().find(|(_, message)| message.status() == Some(503)).unwrap().1;
    assert_eq!(refusal.header("Retry-After"), Some("5"));
    one.hang_up().await;
    // Its port rests for a second.
    pass(1_500).await;
    three.call("071").await;
    three.until("is up", |stage| *stage == antiphon_testkit::Stage::Up).await;
    two.hang_up().await;
    three.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_draining_house_refuses_new_calls_and_lets_the_old_ones_end() {
    let world = World::new().await;
    let (old, new) = (world.caller(), world.connect(World::setup("new", 11)));
    old.call("071").await;
    old.up().await;
    world.server.rooms.calls.drain();
    world.server.rooms.signalling.order(Order::Admit(Admission::Draining)).await;
    new.call("071").await;
    let why = new.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 503), "{why:?}");
    pass(3_500).await;
    assert!(!world.heard(&old, &[]).all("hello").is_empty());
    world.server.rooms.calls.shut_down();
    assert_eq!(old.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn thirty_calls_at_once_each_hear_the_whole_menu() {
    let world = World::new().await;
    let mut callers = Vec::new();
    for host in 100..130 {
        let caller = world.connect(World::setup("caller", host));
        caller.call("071").await;
        callers.push(caller);
        pass(7).await;
    }
    pass(6_500).await;
    for caller in &callers {
        let heard = world.heard(caller, &[]);
        for name in ["ad", "hello"] {
            assert_eq!(
                heard.all(name).iter().map(|span| span.duration()).sum::<Duration>(),
                match name {
                    "ad" => Duration::from_secs(2),
                    _ => Duration::from_secs(3),
                }
            );
        }
        caller.hang_up().await;
    }
    world.leaves_nothing().await;
}
