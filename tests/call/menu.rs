//! A caller and a menu: what is heard, when, and what keys do.
//!
//! Sources: `ringme-ivr.md` 3.2 (call entry), 3.4 (digits), 3.5 (background and foreground).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Passed, Sound, Stage};

use crate::world::{SERVER, World, pass, prompt};

#[tokio::test]
async fn the_menu_is_heard_after_the_sleep_and_its_prompts_follow_without_a_gap() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    let answered = caller.when(|stage| stage == Stage::Up).unwrap();
    pass(6_500).await;
    caller.hang_up().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.names()[..4], ["(silence)", "ad", "hello", "(silence)"], "{heard}");
    let (ad, hello) = (heard.first("ad"), heard.first("hello"));
    let slept = ad.from - answered;
    assert!(slept.abs_diff(Duration::from_millis(500)) <= Duration::from_millis(40), "{slept:?}");
    assert_eq!((ad.offset, ad.duration()), (0, Duration::from_secs(2)));
    assert_eq!((hello.offset, hello.duration()), (0, Duration::from_secs(3)));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_silences_a_background_prompt_within_40_ms() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_513).await;
    caller.press('7').await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    let hello = heard.first("hello");
    assert!(hello.duration() < Duration::from_secs(2), "{heard}");
    let is_key = |passed: &Passed| passed.to.ip() == SERVER.ip() && passed.payload.get(1) == Some(&(0x80 | 101));
    let pressed = world.net.tape().into_iter().find(is_key).expect("the key's first packet").at;
    assert!(hello.to <= pressed + Duration::from_millis(40), "{:?} after the key", hello.to - pressed);
    assert_eq!(heard.first("bye").duration(), Duration::from_secs(1), "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_in_a_foreground_prompt_is_ignored() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    caller.press('7').await;
    pass(5_500).await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.names()[1..3], ["ad", "hello"], "{heard}");
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration());
    assert!(heard.all("bye").is_empty(), "{heard}");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_menu_that_hangs_up_says_its_last_word_to_the_end() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.last_sound().map(|span| span.sound.clone()), Some(Sound::Known("bye".to_owned())));
    assert_eq!(heard.first("bye").duration(), Duration::from_secs(1));
    assert_eq!(caller.requests("BYE")[0].header("Reason"), Some("Q.850;cause=16"));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_public_number_leads_to_the_menu_with_and_without_its_plus() {
    let world = World::new().await;
    for (host, number) in [(10, "+37410000000"), (11, "37410000000")] {
        let caller = world.connect(World::setup("caller", host));
        caller.call(number).await;
        caller.up().await;
        pass(2_000).await;
        caller.hang_up().await;
        assert!(!world.heard(&caller, &[]).all("ad").is_empty(), "{number}");
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_that_leads_nowhere_ends_the_call() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('9').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}
