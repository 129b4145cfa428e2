//! Music for whoever is put on hold.
//!
//! Sources: RFC 3264 §8.4.

use std::time::Duration;

use antiphon_testkit::{Heard, SimPhone};

use crate::referring::{is_unbroken, talking};
use crate::world::{SERVER, World, pass};

fn description(version: u8, direction: &str) -> String {
    description_of(2, version, direction)
}

/// What the phone of this host offers.
pub(crate) fn description_of(host: u8, version: u8, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 {version} IN IP4 127.0.0.{host}\r\ns=-\r\nc=IN IP4 127.0.0.{host}\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 8\r\na={direction}\r\n"
    )
}

fn said(heard: &Heard, who: &str) -> Duration {
    heard.all(who).iter().map(|span| span.duration()).sum()
}

/// How much of the music and of the callee the caller hears in a time.
async fn hears(world: &World, caller: &SimPhone, callee: &SimPhone, ms: u64) -> (Duration, Duration) {
    let before = world.heard(caller, &[callee]);
    pass(ms).await;
    let after = world.heard(caller, &[callee]);
    (said(&after, "hold") - said(&before, "hold"), said(&after, "002") - said(&before, "002"))
}

#[tokio::test]
async fn whoever_is_put_on_hold_hears_music_until_the_other_comes_back() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    assert_eq!(callee.reoffer(&description(9, "inactive")).await, 200);
    let (music, speech) = hears(&world, &caller, &callee, 4_000).await;
    assert!(music > Duration::from_millis(3_500) && speech < Duration::from_millis(100), "{music:?} {speech:?}");
    assert_eq!(callee.reoffer(&description(10, "sendrecv")).await, 200);
    pass(200).await;
    let (music, speech) = hears(&world, &caller, &callee, 2_000).await;
    assert!(music.is_zero() && speech > Duration::from_millis(1_800), "{music:?} {speech:?}");
    is_unbroken(&caller);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_holder_that_sends_music_of_its_own_is_heard_and_a_silent_one_is_not() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    assert_eq!(callee.reoffer(&description(9, "sendonly")).await, 200);
    let (music, speech) = hears(&world, &caller, &callee, 3_000).await;
    assert!(music.is_zero() && speech > Duration::from_millis(2_800), "{music:?} {speech:?}");
    // From now on nothing comes from it for six seconds.
    world.net.lose(300, |from, to, _| {
        from.port() == 4_000 && from.ip() != SERVER.ip() && to.ip() == SERVER.ip() && {
            from.ip() == std::net::IpAddr::from([127, 0, 0, 2])
        }
    });
    pass(2_500).await;
    let (music, _) = hears(&world, &caller, &callee, 3_000).await;
    assert!(music > Duration::from_millis(2_700), "{music:?}");
    pass(2_500).await;
    let (music, speech) = hears(&world, &caller, &callee, 2_000).await;
    assert!(music.is_zero() && speech > Duration::from_millis(1_800), "{music:?} {speech:?}");
    is_unbroken(&caller);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}
