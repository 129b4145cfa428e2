//! A caller is transferred: ringing, answering, refusing, and talking.
//!
//! Sources: `ringme-ivr.md` 3.6 (final), 3.7 (call status), 3.8 (transfer); RFC 3326 (Reason of the losers).

use std::time::Duration;

use antiphon_media::Codec;
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, PhoneSetup, SimPhone, Stage};

use crate::world::{TRUNK, World, on_its_own, pass, prompt};

/// Calls the menu and presses a key during its greeting.
async fn choose(caller: &SimPhone, key: char) {
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press(key).await;
}

#[test]
fn a_transfer_rings_then_both_hear_each_other_through_two_codecs() {
    for (callers, callees) in [(Codec::Pcma, Codec::Pcmu), (Codec::Pcmu, Codec::Pcma), (Codec::Pcma, Codec::Pcma)] {
        on_its_own(bridged(callers, callees));
    }
}

async fn bridged(callers: Codec, callees: Codec) {
    let world = World::new().await;
    let caller = world.connect(PhoneSetup { codec: callers, ..World::setup("caller", 10) });
    let answering = Answering::After(Duration::from_secs(3));
    let callee = world.connect(PhoneSetup { codec: callees, answering, ..World::setup("002", 2) });
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("002"))).await;
    choose(&caller, '2').await;
    callee.up().await;
    pass(4_000).await;
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[&callee]);
    let (ringback, speech) = (heard.first("ringback"), heard.all("002"));
    let rang = heard.all("ringback").iter().map(|span| span.duration()).sum::<Duration>();
    assert!(rang.abs_diff(Duration::from_secs(3)) < Duration::from_millis(100), "{rang:?} of ringing: {heard}");
    assert!(ringback.from < speech[0].from, "{heard}");
    let said = speech.iter().map(|span| span.duration()).sum::<Duration>();
    assert!(said > Duration::from_millis(3_800), "{callers:?} {callees:?}: {said:?} of speech in {heard}");
    let heard = world.heard(&callee, &[&caller]);
    let said = heard.all("caller").iter().map(|span| span.duration()).sum::<Duration>();
    assert!(said > Duration::from_millis(3_800), "{callees:?} {callers:?}: {said:?} of speech in {heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_number_outside_goes_through_the_trunk_that_allows_it() {
    let world = World::new().await;
    let caller = world.caller();
    let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    choose(&caller, '1').await;
    trunk.up().await;
    let invite = &trunk.requests("INVITE")[0];
    assert!(invite.start.starts_with("INVITE sip:+7987654321@127.0.0.90"), "{}", invite.start);
    assert!(invite.header("From").is_some_and(|from| from.contains("sip:caller@")), "{invite:?}");
    pass(1_000).await;
    trunk.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn nobody_chooses_and_the_phone_of_last_resort_rings() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("050", 50, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    caller.up().await;
    let answered = tokio::time::Instant::now();
    callee.ringing().await;
    let waited = answered.elapsed();
    // 0.5 s of sleep, 5 s of prompts, 5 s of waiting.
    assert!(waited.abs_diff(Duration::from_millis(10_500)) < Duration::from_millis(100), "{waited:?}");
    callee.up().await;
    callee.hang_up().await;
    caller.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn of_two_that_ring_one_answers_and_the_other_hears_that_it_was_answered_elsewhere() {
    let world = World::new().await;
    let caller = world.caller();
    let slow = world.callee("002", 2, Answering::Never);
    let quick = world.callee("003", 3, Answering::After(Duration::from_secs(2)));
    quick.speak(Some(prompt("003"))).await;
    choose(&caller, '3').await;
    quick.up().await;
    assert_eq!(slow.over().await, EndReason::Cancelled);
    let reason = slow.requests("CANCEL")[0].header("Reason").unwrap_or_default().to_owned();
    assert_eq!(reason, "SIP;cause=200;text=\"Call completed elsewhere\"");
    pass(2_000).await;
    assert!(!world.heard(&caller, &[&quick]).all("003").is_empty());
    quick.hang_up().await;
    caller.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn two_that_answer_at_once_leave_one_winner_and_one_that_is_hung_up() {
    let world = World::new().await;
    let caller = world.caller();
    let both = [("002", 2), ("003", 3)].map(|(name, host)| world.callee(name, host, Answering::After(Duration::ZERO)));
    choose(&caller, '3').await;
    pass(3_000).await;
    let up = both.iter().filter(|phone| phone.stage() == Stage::Up).count();
    assert_eq!(up, 1, "{}", world.ladder());
    caller.hang_up().await;
    for phone in &both {
        phone.over().await;
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn every_telephone_of_a_number_rings_and_the_others_hear_that_one_has_answered() {
    let world = World::new().await;
    let (caller, quick) = (world.caller(), Answering::After(Duration::from_secs(2)));
    let at = |host: u8, answering| PhoneSetup { answering, ..World::setup("004", host) };
    let desks = [
        world.connect(at(41, Answering::Never)),
        world.connect(at(42, quick)),
        world.connect(at(43, Answering::Never)),
    ];
    for desk in &desks {
        assert_eq!(desk.register("secret").await, 200);
    }
    choose(&caller, '4').await;
    desks[1].up().await;
    for desk in [&desks[0], &desks[2]] {
        assert_eq!(desk.over().await, EndReason::Cancelled);
        let reason = desk.requests("CANCEL")[0].header("Reason").map(str::to_owned);
        assert_eq!(reason.as_deref(), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    }
    caller.hang_up().await;
    desks[1].over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_several_ring_cancels_all_of_them() {
    let world = World::new().await;
    let caller = world.caller();
    let both = [("002", 2), ("003", 3)].map(|(name, host)| world.callee(name, host, Answering::Never));
    choose(&caller, '3').await;
    for phone in &both {
        phone.ringing().await;
    }
    pass(1_000).await;
    caller.hang_up().await;
    for phone in &both {
        assert_eq!(phone.over().await, EndReason::Cancelled);
        // Nobody has answered it elsewhere: it is a missed call.
        assert_eq!(phone.requests("CANCEL")[0].header("Reason"), None);
    }
    world.leaves_nothing().await;
}

/// A network before us that has rung others too says so when one of them has answered: our telephones list no missed call.
#[tokio::test]
async fn a_caller_who_gives_up_says_why_to_all_who_ring() {
    let world = World::new().await;
    let (caller, callee) = (world.caller(), world.callee("002", 2, Answering::Never));
    caller.call("002").await;
    callee.ringing().await;
    let reason = "SIP;cause=200;text=\"Call completed elsewhere\"";
    caller.hang_up_because(reason).await;
    assert_eq!(callee.over().await, EndReason::Cancelled);
    assert_eq!(callee.requests("CANCEL")[0].header("Reason"), Some(reason), "{}", world.ladder());
    world.leaves_nothing().await;
}

/// A service is there at once, so nobody need ring for a caller who has it already.
#[test]
fn a_menu_or_a_conference_among_several_numbers_has_the_call_and_nobody_rings() {
    for (key, sound) in [('1', "ad"), ('2', "hold")] {
        on_its_own(async move {
            let world = World::new().await;
            let (caller, phone) = (world.caller(), world.callee("002", 2, Answering::Never));
            caller.call("090").await;
            caller.up().await;
            pass(1_000).await;
            caller.press(key).await;
            pass(4_000).await;
            assert!(!world.heard(&caller, &[]).all(sound).is_empty(), "{key}: {}", world.heard(&caller, &[]));
            assert!(phone.requests("INVITE").is_empty());
            caller.hang_up().await;
            world.leaves_nothing().await;
        });
    }
}

/// A telephone that is set to send its calls on (302) is followed as far as a menu could dial.
#[test]
fn a_telephone_that_sends_its_calls_on_is_followed() {
    for (to, reached) in [("003", true), ("+7987654321", true), ("002", false), ("nowhere", false)] {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.caller();
            let _away = world.callee("002", 2, Answering::SendsOn(to));
            let soon = Answering::After(Duration::from_secs(1));
            let targets = [world.callee("003", 3, soon), world.callee("trunk", TRUNK, soon)];
            choose(&caller, '2').await;
            if reached {
                let target = if to == "003" { &targets[0] } else { &targets[1] };
                target.up().await;
                caller.hang_up().await;
                target.over().await;
            } else {
                caller.over().await;
                assert!(!world.heard(&caller, &[]).all("nobody").is_empty(), "{to}: {}", world.heard(&caller, &[]));
            }
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_telephone_that_sends_its_calls_on_to_a_menu_is_followed() {
    let world = World::new().await;
    let caller = world.caller();
    let _away = world.callee("002", 2, Answering::SendsOn("086"));
    choose(&caller, '2').await;
    pass(500).await;
    assert_eq!(caller.stage(), Stage::Up);
    let call = world.server.rooms.trace.calls().pop().expect("there is a call");
    assert_eq!(call.record(|record| record.extension.clone()), "000*086", "{}", world.ladder());
    caller.hang_up().await;
    world.leaves_nothing().await;
}

/// Of the eleven numbers of a simple transfer one is a telephone that sends its calls on.
#[tokio::test]
async fn a_simple_transfer_rings_a_telephone_where_it_is() {
    let world = World::new().await;
    let (caller, target) = (world.caller(), world.callee("004", 4, Answering::Never));
    let away = world.callee("002", 2, Answering::SendsOn("004"));
    let stays = world.callee("003", 3, Answering::Never);
    caller.call("090").await;
    caller.up().await;
    pass(1_000).await;
    caller.press('3').await;
    stays.ringing().await;
    pass(1_000).await;
    assert_eq!((away.requests("INVITE").len(), target.requests("INVITE").len()), (1, 0));
    caller.hang_up().await;
    stays.over().await;
    world.leaves_nothing().await;
}

/// Nobody outside makes us call anybody.
#[tokio::test]
async fn a_trunk_that_sends_calls_on_is_not_followed() {
    let world = World::new().await;
    let (caller, target) = (world.caller(), world.callee("003", 3, Answering::Never));
    let _trunk = world.callee("trunk", TRUNK, Answering::SendsOn("003"));
    choose(&caller, '1').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(target.requests("INVITE").len(), 0);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_simple_transfer_rings_more_than_ten() {
    let world = World::new().await;
    let caller = world.caller();
    let all = [("002", 2), ("003", 3), ("050", 50)].map(|(name, host)| world.callee(name, host, Answering::Never));
    caller.call("090").await;
    caller.up().await;
    pass(1_000).await;
    caller.press('3').await;
    for phone in &all {
        phone.ringing().await;
    }
    caller.hang_up().await;
    for phone in &all {
        phone.over().await;
    }
    world.leaves_nothing().await;
}

#[test]
fn each_way_to_fail_is_what_the_menu_says() {
    let cases = [
        ('2', Answering::Busy, "busy", 0),
        ('2', Answering::Refuses(480), "nobody", 0),
        ('2', Answering::Refuses(503), "nobody", 0),
        ('2', Answering::Refuses(603), "nobody", 0),
        ('2', Answering::Never, "nobody", 10),
        ('2', Answering::Deaf, "nobody", 10),
        ('5', Answering::Busy, "nobody", 10),
        ('4', Answering::Busy, "nobody", 0),
    ];
    for (key, answering, said, seconds) in cases {
        on_its_own(failed(key, answering, said, Duration::from_secs(seconds)));
    }
}

async fn failed(key: char, answering: Answering, said: &str, rang: Duration) {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, answering);
    choose(&caller, key).await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[]);
    let case = format!("{key} {answering:?}: {heard}\n{}", world.ladder());
    let ringing: Duration = heard.all("ringback").iter().map(|span| span.duration()).sum();
    assert!(ringing.abs_diff(rang) < Duration::from_millis(200), "{ringing:?} of ringing, {case}");
    assert_eq!(heard.first(said).duration(), prompt(said).duration(), "{case}");
    let others = ["busy", "nobody", "thanks"].into_iter().filter(|other| *other != said);
    for other in others {
        assert!(heard.all(other).is_empty(), "{case}");
    }
    if answering == Answering::Never {
        assert_eq!(callee.over().await, EndReason::Cancelled, "{case}");
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callee_that_hangs_up_first_brings_the_caller_back_to_the_rule_for_that() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    choose(&caller, '2').await;
    callee.up().await;
    pass(1_000).await;
    callee.hang_up().await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("thanks").duration(), prompt("thanks").duration(), "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_menu_that_transfers_to_itself_is_ended_after_ten_hops_and_not_before() {
    let world = World::new().await;
    let caller = world.caller();
    choose(&caller, '8').await;
    for _ in 0..8 {
        pass(3_500).await;
        assert_eq!(caller.stage(), Stage::Up);
        caller.press('8').await;
    }
    pass(3_500).await;
    caller.press('8').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(world.heard(&caller, &[]).all("ad").len(), 10);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_number_outside_that_leads_back_to_the_menu_ends_when_its_hops_are_used_up() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("+999").await;
    caller.up().await;
    let mut most = 0;
    while caller.stage() == Stage::Up {
        pass(250).await;
        most = most.max(world.load().await.0);
    }
    // 70 hops are left to the first call, and none to the last.
    assert_eq!(most, 71);
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}
