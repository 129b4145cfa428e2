//! Offers and answers in whole calls: late ones, new ones, and those that cannot be met.
//!
//! Sources: RFC 3264, RFC 3261 §13.2.2.4 (late offer), §14 (re-INVITE); RFC 6086 (INFO).

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Keys, Pace, PhoneSetup, breaks};

use crate::world::{World, on_its_own, pass, prompt};

#[tokio::test]
async fn a_caller_without_offer_hears_the_menu_from_its_beginning() {
    let world = World::new().await;
    world.net.set_usual_path(antiphon_testkit::Path::after(Duration::from_millis(50)));
    let caller = world.caller();
    caller.call_without_offer("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
    assert_eq!(heard.first("bye").duration(), prompt("bye").duration(), "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_reinvite_moves_the_media_and_the_stream_goes_on_unbroken() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    let elsewhere = "127.0.0.11:4002".parse().unwrap();
    assert_eq!(caller.move_media(elsewhere).await, 200);
    let moved = tokio::time::Instant::now();
    pass(6_000).await;
    caller.hang_up().await;
    let packets = caller.received();
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };
    assert_eq!(breaks(&packets, pace), []);
    let after = packets.iter().filter(|packet| packet.at > moved + Duration::from_millis(40));
    assert!(after.clone().count() > 200 && after.clone().all(|packet| packet.local == elsewhere));
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration(), "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_reinvite_without_offer_and_an_update_with_one_leave_the_stream_unbroken() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(500).await;
    assert_eq!(caller.ask_for_offer().await, 200);
    pass(500).await;
    let same = "v=0\r\no=- 1 3 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
                a=rtpmap:101 telephone-event/8000\r\n";
    assert_eq!(caller.update(same).await, 200);
    let of_nobody = same.replace("RTP/AVP 8 101", "RTP/AVP 18");
    assert_eq!(caller.update(&of_nobody).await, 488);
    pass(5_000).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };
    assert_eq!(breaks(&caller.received(), pace), []);
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration(), "{heard}");
    world.leaves_nothing().await;
}

#[test]
fn a_phone_is_held_by_each_way_to_say_it_and_comes_back() {
    let at = |ip: &str, lines: &str| {
        format!(
            "v=0\r\no=- 1 3 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\n{lines}"
        )
    };
    for (ip, lines) in [("127.0.0.10", "a=sendonly\r\n"), ("127.0.0.10", "a=inactive\r\n"), ("0.0.0.0", "")] {
        for by_update in [false, true] {
            let (held, back) = (at(ip, lines), at("127.0.0.10", ""));
            on_its_own(async move {
                let world = World::new().await;
                let caller = world.caller();
                caller.call("071").await;
                caller.up().await;
                pass(1_000).await;
                let offer = |sdp: String| {
                    let caller = &caller;
                    async move { if by_update { caller.update(&sdp).await } else { caller.reoffer(&sdp).await } }
                };
                assert_eq!(offer(held).await, 200);
                let began = tokio::time::Instant::now() + Duration::from_millis(40);
                pass(1_000).await;
                let ended = tokio::time::Instant::now();
                assert_eq!(offer(back).await, 200);
                pass(1_000).await;
                let packets = caller.received();
                let during = packets.iter().filter(|packet| packet.at > began && packet.at < ended).count();
                let after = packets.iter().filter(|packet| packet.at > ended).count();
                assert!(during == 0 && after > 40, "{ip} {lines:?}: {during} while held, {after} after");
                caller.hang_up().await;
                world.leaves_nothing().await;
            });
        }
    }
}

#[tokio::test]
async fn a_reinvite_in_the_bridge_moves_one_side_only() {
    let world = World::new().await;
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
    let elsewhere = "127.0.0.12:4002".parse().unwrap();
    assert_eq!(callee.move_media(elsewhere).await, 200);
    pass(2_000).await;
    let moved: Vec<_> = callee.received().into_iter().filter(|packet| packet.local == elsewhere).collect();
    let heard = antiphon_testkit::Heard::of(&moved, &world.known(&callee, &[&caller]));
    let said: Duration = heard.all("caller").iter().map(|span| span.duration()).sum();
    assert!(said > Duration::from_millis(1_900), "{heard}");
    let heard = world.heard(&caller, &[&callee]);
    let said: Duration = heard.all("002").iter().map(|span| span.duration()).sum();
    assert!(said > Duration::from_millis(2_850), "{heard}");
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn an_offer_that_nobody_can_meet_is_refused_with_488() {
    let world = World::new().await;
    let caller = world.caller();
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n";
    caller.call_offering("071", offer).await;
    let why = caller.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 488), "{why:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn keys_come_by_info_where_no_telephone_event_was_agreed() {
    let world = World::new().await;
    let caller = world.connect(PhoneSetup { keys: Keys::Info, ..World::setup("caller", 10) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&caller, &[]).all("bye").len(), 1);
    world.leaves_nothing().await;
}

#[test]
fn a_cancel_that_meets_the_answer_ends_the_call_all_the_same() {
    for ms in [0, 1, 5, 9, 10, 11, 15, 20, 30] {
        on_its_own(async move {
            let world = World::new().await;
            world.net.set_usual_path(antiphon_testkit::Path::after(Duration::from_millis(10)));
            let caller = world.caller();
            caller.call("071").await;
            pass(ms).await;
            caller.hang_up().await;
            caller.over().await;
            world.leaves_nothing().await;
        });
    }
}
