//! A party of a bridge transfers the other (REFER): blind, attended, and all that can go wrong on the way.
//!
//! Sources: RFC 3515, RFC 5589 §6 and §7, RFC 4488.

use std::time::Duration;

use antiphon_server::store::changes::{CreateClient, CreateExtension, UpdatePhone};
use antiphon_sip::{EndReason, ReferOutcome, StatusCode};
use antiphon_testkit::{Answering, Break, Pace, SimPhone, Stage, Subscription, breaks};
use serde_json::json;

use crate::world::{SERVER, TRUNK, World, on_its_own, pass, prompt};

const PACE: Pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };

/// What a phone received is one stream.
#[track_caller]
pub(crate) fn is_unbroken(phone: &SimPhone) {
    let packets = phone.received();
    assert!(packets.len() > 100, "{} packets", packets.len());
    let found: Vec<Break> = breaks(&packets, PACE);
    assert_eq!(found, [], "{} packets", packets.len());
}

/// The caller calls the menu, which transfers to 002; the two talk.
pub(crate) async fn talking(world: &World) -> (SimPhone, SimPhone) {
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(2_000).await;
    (caller, callee)
}

/// How long somebody spoke to somebody.
pub(crate) fn spoken(world: &World, listener: &SimPhone, speaker: &SimPhone, all: &[&SimPhone]) -> Duration {
    let heard = world.heard(listener, all);
    heard.all(speaker.setup().name).iter().map(|span| span.duration()).sum()
}

#[tokio::test]
async fn the_callee_transfers_the_caller_to_another_phone() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(2)));
    target.speak(Some(prompt("003"))).await;
    let refer = callee.refer("sip:003@example.com").await;
    target.ringing().await;
    // They talk on while it rings.
    assert_eq!((callee.stage(), caller.stage()), (Stage::Up, Stage::Up));
    let before = spoken(&world, &caller, &callee, &[&callee]);
    target.up().await;
    let meanwhile = spoken(&world, &caller, &callee, &[&callee]) - before;
    assert!(meanwhile > Duration::from_millis(1_800), "{meanwhile:?}");
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    assert_eq!(callee.notified(), [100, 180, 200]);
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    pass(3_000).await;
    let said = spoken(&world, &caller, &target, &[&callee, &target]);
    assert!(said > Duration::from_millis(4_000), "{said:?}");
    let said = spoken(&world, &target, &caller, &[&caller]);
    assert!(said > Duration::from_millis(4_000), "{said:?}");
    let invite = &target.requests("INVITE")[0];
    assert!(invite.header("From").is_some_and(|from| from.contains("sip:caller@")), "{invite:?}");
    target.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_caller_transfers_the_callee_to_another_phone() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    target.speak(Some(prompt("003"))).await;
    let refer = caller.refer("sip:003@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    pass(2_000).await;
    let invite = &target.requests("INVITE")[0];
    assert!(invite.header("From").is_some_and(|from| from.contains("sip:002@")), "{invite:?}");
    let said = spoken(&world, &callee, &target, &[&caller, &target]);
    assert!(said > Duration::from_millis(3_500), "{said:?}");
    // Whoever was transferred may transfer in turn.
    let last = world.callee("050", 50, Answering::After(Duration::from_secs(1)));
    let refer = target.refer("sip:050@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    assert_eq!(target.over().await, EndReason::RemoteBye);
    pass(1_000).await;
    last.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    is_unbroken(&callee);
    assert!(world.heard(&callee, &[&caller, &target]).all("thanks").is_empty());
    world.leaves_nothing().await;
}

#[test]
fn a_target_that_is_not_reached_leaves_the_two_talking() {
    let cases = [
        (Answering::Busy, 486, vec![100, 486]),
        (Answering::Refuses(603), 603, vec![100, 603]),
        (Answering::Never, 480, vec![100, 180, 480]),
    ];
    for (answering, status, told) in cases {
        for by_callee in [true, false] {
            on_its_own(not_reached(answering, status, told.clone(), by_callee));
        }
    }
}

async fn not_reached(answering: Answering, status: u16, told: Vec<u16>, by_callee: bool) {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let _target = world.callee("003", 3, answering);
    let (referrer, other) = if by_callee { (&callee, &caller) } else { (&caller, &callee) };
    let refer = referrer.refer("sip:003@127.0.0.1").await;
    let outcome = refer.outcome().await;
    assert_eq!(outcome, ReferOutcome::Completed(StatusCode::new(status).expect("a status")), "{}", world.ladder());
    assert_eq!(referrer.notified(), told);
    let before = spoken(&world, other, referrer, &[referrer]);
    pass(3_000).await;
    let after = spoken(&world, other, referrer, &[referrer]);
    assert!(after - before > Duration::from_millis(2_200), "{answering:?}: {before:?} {after:?}");
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    is_unbroken(&caller);
    is_unbroken(&callee);
    world.leaves_nothing().await;
}

#[test]
fn what_may_not_be_dialled_is_refused() {
    // Nobody, a blocked extension, a phone that is nowhere, and outside by somebody who is no phone of ours.
    let cases = [
        (true, "sip:777@127.0.0.1", 404),
        (true, "sip:072@x", 403),
        (true, "sip:004@x", 480),
        (true, "sip:127.0.0.1", 404),
        (false, "sip:+7987654321@127.0.0.90", 403),
        (false, "sip:071@127.0.0.1", 603),
        (true, "tel:777", 404),
        // A number that hides a URI is the number that it looks like.
        (false, "sip:sip%3A%2B7987654321%40127.0.0.1@127.0.0.1", 404),
        (false, "sip:sip%3A%2B7987654321%40127.0.0.90@127.0.0.90", 404),
        (true, "sip:sip%3A%2B7987654321%40127.0.0.1@127.0.0.1", 404),
    ];
    for (by_callee, to, status) in cases {
        on_its_own(async move {
            let world = World::new().await;
            let (caller, callee) = talking(&world).await;
            let trunk = world.callee("trunk", TRUNK, Answering::Never);
            let referrer = if by_callee { &callee } else { &caller };
            let outcome = referrer.refer(to).await.outcome().await;
            assert_eq!(outcome, ReferOutcome::Refused(StatusCode::new(status).unwrap()), "{to}");
            assert_eq!((trunk.stage(), caller.stage(), callee.stage()), (Stage::Idle, Stage::Up, Stage::Up));
            caller.hang_up().await;
            callee.over().await;
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_phone_of_another_client_has_no_rights_in_the_call() {
    let world = World::new().await;
    let store = &world.server.rooms.store;
    let client = store.commit(CreateClient { prefix: "001".to_owned() }).await.unwrap();
    let body = json!({"name": "006", "type": "phone"});
    let extension = store.commit(CreateExtension { client, body }).await.unwrap().id;
    store.commit(UpdatePhone { client, extension, body: json!({"password": "secret"}) }).await.unwrap();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    let trunk = world.callee("trunk", TRUNK, Answering::Never);
    let strange = world.connect(World::setup_at("006", [10, 5, 5, 5].into()));
    assert_eq!(strange.register("secret").await, 200);
    strange.call("+37410000000").await;
    strange.until("is up", |stage| *stage == Stage::Up).await;
    pass(3_500).await;
    strange.press('6').await;
    callee.up().await;
    let outcome = strange.refer("sip:+7987654321@127.0.0.1").await.outcome().await;
    assert_eq!((outcome, trunk.stage()), (ReferOutcome::Refused(StatusCode::FORBIDDEN), Stage::Idle));
    strange.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

/// The number that was called has passed on the caller, and not whom the caller transfers.
#[tokio::test]
async fn a_callee_that_is_transferred_outside_is_passed_on_by_nobody() {
    let world = World::new().await;
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    let caller = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    assert_eq!(caller.register("secret").await, 200);
    caller.call("+37410000000").await;
    caller.until("is up", |stage| *stage == Stage::Up).await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    let refer = caller.refer("sip:+7987654321@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    let invite = &trunk.requests("INVITE")[0];
    assert_eq!(invite.header("Diversion"), None);
    let asserted = invite.header("P-Asserted-Identity");
    assert!(asserted.is_some_and(|asserted| asserted.contains("sip:002@")), "{asserted:?}");
    callee.hang_up().await;
    trunk.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_phone_of_ours_transfers_a_caller_outside_by_the_trunk_that_allows_the_number() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    let refer = callee.refer("sip:+7987654321@evil.example").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    let invite = &trunk.requests("INVITE")[0];
    assert!(invite.start.starts_with("INVITE sip:+7987654321@127.0.0.90"), "{}", invite.start);
    assert_eq!(invite.header("Referred-By"), None);
    callee.over().await;
    caller.hang_up().await;
    trunk.over().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_is_transferred_to_another_menu() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let refer = callee.refer("sip:071@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    pass(4_000).await;
    assert_eq!(world.heard(&caller, &[&callee]).all("ad").len(), 2);
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_in_a_menu_talks_to_nobody_who_could_be_transferred() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    let outcome = caller.refer("sip:003@127.0.0.1").await.outcome().await;
    assert_eq!(outcome, ReferOutcome::Refused(StatusCode::DECLINE));
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[test]
fn a_referrer_that_hangs_up_meanwhile_leaves_the_other_to_the_target() {
    for by_callee in [true, false] {
        for answers in [true, false] {
            on_its_own(referrer_leaves(by_callee, answers));
        }
    }
}

async fn referrer_leaves(by_callee: bool, answers: bool) {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let answering = if answers { Answering::After(Duration::from_secs(3)) } else { Answering::Never };
    let target = world.callee("003", 3, answering);
    target.speak(Some(prompt("003"))).await;
    let (referrer, other) = if by_callee { (&callee, &caller) } else { (&caller, &callee) };
    let _refer = referrer.refer("sip:003@127.0.0.1").await;
    target.ringing().await;
    referrer.hang_up().await;
    referrer.over().await;
    pass(1_000).await;
    assert!(!world.heard(other, &[referrer]).all("ringback").is_empty());
    if answers {
        target.up().await;
        pass(2_000).await;
        let said = spoken(&world, other, &target, &[referrer, &target]);
        assert!(said > Duration::from_millis(1_300), "{said:?}");
        target.hang_up().await;
    } else {
        assert_eq!(target.over().await, EndReason::Cancelled);
    }
    assert_eq!(other.over().await, EndReason::RemoteBye);
    is_unbroken(other);
    world.leaves_nothing().await;
}

#[test]
fn when_the_other_hangs_up_meanwhile_the_target_is_cancelled() {
    for by_callee in [true, false] {
        on_its_own(async move {
            let world = World::new().await;
            let (caller, callee) = talking(&world).await;
            let target = world.callee("003", 3, Answering::Never);
            let (referrer, other) = if by_callee { (&callee, &caller) } else { (&caller, &callee) };
            let refer = referrer.refer("sip:003@127.0.0.1").await;
            target.ringing().await;
            pass(500).await;
            other.hang_up().await;
            assert_eq!(target.over().await, EndReason::Cancelled, "{}", world.ladder());
            assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::REQUEST_TERMINATED));
            assert_eq!(referrer.over().await, EndReason::RemoteBye);
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_second_transfer_waits_its_turn() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::Never);
    let first = callee.refer("sip:003@127.0.0.1").await;
    target.ringing().await;
    let second = caller.refer("sip:050@127.0.0.1").await.outcome().await;
    assert_eq!(second, ReferOutcome::Refused(StatusCode::REQUEST_PENDING));
    target.hang_up().await;
    assert_eq!(first.outcome().await, ReferOutcome::Completed(StatusCode::BUSY_HERE));
    let third = caller.refer("sip:003@127.0.0.1").await;
    pass(1_000).await;
    caller.hang_up().await;
    assert_eq!(third.outcome().await, ReferOutcome::HungUp);
    callee.hang_up().await;
    target.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_referrer_that_does_not_want_to_be_told_hears_202_and_bye() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    let refer = callee.refer_with("sip:003@127.0.0.1", Subscription::NotWanted).await;
    assert_eq!(refer.outcome().await, ReferOutcome::Unreported);
    target.up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    assert_eq!(callee.notified(), Vec::<u16>::new());
    caller.hang_up().await;
    target.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn lost_notifies_are_repeated_and_hold_nobody_up() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    world.net.lose(2, |from, _, datagram| from == SERVER && datagram.starts_with(b"NOTIFY "));
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    let refer = callee.refer("sip:003@127.0.0.1").await;
    target.up().await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    callee.over().await;
    caller.hang_up().await;
    target.over().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

/// The callee calls somebody else from a second line, and joins the two.
async fn attended(by_callee: bool, rings_first: bool) {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let line = world.connect(World::setup("002", 12));
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    target.speak(Some(prompt("003"))).await;
    line.call("003").await;
    line.up().await;
    pass(1_000).await;
    let (referrer, other) = if by_callee { (&callee, &caller) } else { (&caller, &callee) };
    // Either of the two calls may be the one that is asked for the transfer.
    let (asked, named) = if rings_first { (referrer, &line) } else { (&line, referrer) };
    let replaces = named.dialog().replace(';', "%3B").replace('=', "%3D");
    let refer = asked.refer(&format!("sip:003@127.0.0.1?Replaces={replaces}")).await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK), "{}", world.ladder());
    assert_eq!(line.over().await, EndReason::RemoteBye);
    assert_eq!(referrer.over().await, EndReason::RemoteBye);
    pass(3_000).await;
    let (one, two) = (
        spoken(&world, other, &target, &[&caller, &callee, &target]),
        spoken(&world, &target, other, &[&caller, &callee]),
    );
    assert!(one.min(two) > Duration::from_millis(2_800), "{one:?} {two:?}\n{}", world.ladder());
    assert_eq!(world.load().await, (1, 2));
    let calls = world.server.rooms.trace.calls();
    let going_on: Vec<_> = calls.iter().filter(|call| !call.record(|record| record.is_over())).collect();
    // The caller, the referrer, and the party that came from the other call: that one was rung there, or called.
    assert_eq!(going_on.iter().map(|call| call.record(|record| record.legs.len())).collect::<Vec<_>>(), [3]);
    if by_callee {
        target.hang_up().await
    } else {
        other.hang_up().await
    }
    other.over().await;
    target.over().await;
    is_unbroken(other);
    is_unbroken(&target);
    world.leaves_nothing().await;
}

#[test]
fn an_attended_transfer_joins_the_two_that_are_left() {
    for by_callee in [true, false] {
        for rings_first in [true, false] {
            on_its_own(attended(by_callee, rings_first));
        }
    }
}

#[tokio::test]
async fn an_attended_transfer_to_a_menu_sends_the_caller_there() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let line = world.connect(World::setup("002", 12));
    line.call("071").await;
    line.up().await;
    pass(1_000).await;
    let replaces = line.dialog().replace(';', "%3B").replace('=', "%3D");
    let refer = callee.refer(&format!("sip:071@127.0.0.1?Replaces={replaces}")).await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    line.hang_up().await;
    callee.over().await;
    pass(4_000).await;
    assert_eq!(world.heard(&caller, &[&callee]).all("ad").len(), 2);
    caller.hang_up().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn an_attended_transfer_to_a_foreign_call_carries_its_replaces_to_the_number() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    let refer = callee.refer("sip:003@127.0.0.1?Replaces=abc%40elsewhere%3Bto-tag%3D1%3Bfrom-tag%3D2").await;
    // The simulated phone has no such call.
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::NO_SUCH_TRANSACTION));
    let invite = &target.requests("INVITE")[0];
    assert_eq!(invite.header("Replaces"), Some("abc@elsewhere;to-tag=1;from-tag=2"));
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn referred_by_is_passed_on_inside_only() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::Busy);
    let trunk = world.callee("trunk", TRUNK, Answering::Busy);
    callee.says_it_refers_as("<sip:002@127.0.0.1>").await;
    for to in ["003", "+7987654321"] {
        callee.refer(&format!("sip:{to}@127.0.0.1")).await.outcome().await;
    }
    let referred_by = |phone: &SimPhone| phone.requests("INVITE")[0].header("Referred-By").map(str::to_owned);
    assert_eq!(referred_by(&target).as_deref(), Some("<sip:002@127.0.0.1>"));
    assert_eq!(referred_by(&trunk), None);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_is_on_hold_hears_ringback_until_the_target_answers() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(3)));
    target.speak(Some(prompt("003"))).await;
    let hold = "v=0\r\no=- 1 9 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                m=audio 4000 RTP/AVP 8\r\na=inactive\r\n";
    assert_eq!(callee.reoffer(hold).await, 200);
    let ringing = |heard: &antiphon_testkit::Heard| -> Duration {
        heard.all("ringback").iter().map(|span| span.duration()).sum()
    };
    let before = ringing(&world.heard(&caller, &[&callee]));
    let refer = callee.refer("sip:003@127.0.0.1").await;
    refer.outcome().await;
    pass(2_000).await;
    let heard = world.heard(&caller, &[&callee, &target]);
    let rang = ringing(&heard) - before;
    assert!(rang.abs_diff(Duration::from_secs(3)) < Duration::from_millis(100), "{rang:?}: {heard}");
    assert!(heard.all("003").iter().all(|span| span.from > heard.first("ringback").from), "{heard}");
    caller.hang_up().await;
    target.over().await;
    is_unbroken(&caller);
    world.leaves_nothing().await;
}
