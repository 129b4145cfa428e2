//! Trunks: where we register, what becomes of that, and whether a trunk is there.
//!
//! Sources: RFC 3261 §10.2, §11, §22; `interface.md` "Where a call goes".

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use antiphon_server::settings::Settings;
use antiphon_server::trunks::{Health, Registered};
use antiphon_sip::{EndReason, RegistrationFailure};
use antiphon_testkit::{Answering, Carrier, CarrierSetup, Keys, Mood, PhoneSetup, SimPhone, SipText, Stage};

use crate::world::{Shape, World, pass, usual_trunks};

/// Where the carrier is.
const AT: ([u8; 4], u16) = ([10, 9, 0, 1], 5060);

/// A trunk at that address with these keys more.
fn trunk(keys: &str) -> String {
    format!("[[trunk]]\nname = \"home\"\nuri = \"sip:10.9.0.1\"\nusername = \"u\"\npassword = \"p\"\n{keys}\n")
}

fn registering(keys: &str) -> String {
    trunk(&format!("register = true\noptions_interval = 0\ncontact_user = \"ivr\"\n{keys}"))
}

async fn world(trunks: String) -> World {
    World::shaped(Shape { trunks, ..Shape::default() }).await
}

fn carrier(world: &World, account: Option<(&'static str, &'static str)>) -> Carrier {
    let at = SocketAddr::from(AT);
    let setup = CarrierSetup { at, account, min_expires: 1, max_expires: 3_600 };
    Carrier::connect(&world.net, setup).expect("a free address")
}

fn registered(world: &World) -> Registered {
    world.server.rooms.trunks.standing("home").expect("the trunk of the settings").registered
}

fn is_registered(world: &World) -> bool {
    matches!(registered(world), Registered::Until { .. })
}

#[tokio::test]
async fn a_trunk_that_challenges_holds_our_registration_and_it_is_refreshed_with_the_same_nonce() {
    let world = world(registering("expires = 100")).await;
    let carrier = carrier(&world, Some(("u", "p")));
    pass(1_000).await;
    assert!(is_registered(&world));
    assert_eq!(carrier.contact().as_deref(), Some("sip:ivr@127.0.0.1:5060"));
    let first = carrier.requests("REGISTER");
    assert_eq!(first.len(), 2, "one that is challenged, one that answers");
    assert_eq!(first[1].1.start, "REGISTER sip:10.9.0.1 SIP/2.0");
    assert!(first[1].1.header("To").is_some_and(|to| to.contains("sip:u@10.9.0.1")));
    pass(90_000).await;
    let all = carrier.requests("REGISTER");
    assert_eq!(all.len(), 3, "a refresh answers before it is asked");
    let waited = all[2].0 - all[1].0;
    assert!((70..=85).contains(&waited.as_secs()), "{waited:?}");
    carrier.forget_nonce();
    pass(90_000).await;
    assert!(is_registered(&world), "a stale nonce is asked again, not taken for a wrong password");
}

#[tokio::test]
async fn a_registration_that_is_too_brief_is_made_as_long_as_the_carrier_wants() {
    let world = world(registering("expires = 60")).await;
    let setup = CarrierSetup { at: AT.into(), account: None, min_expires: 300, max_expires: 3_600 };
    let carrier = Carrier::connect(&world.net, setup).expect("a free address");
    pass(1_000).await;
    assert!(is_registered(&world));
    let asked: Vec<_> =
        carrier.requests("REGISTER").iter().map(|(_, it)| it.header("Expires").map(str::to_owned)).collect();
    assert_eq!(asked, [Some("60".to_owned()), Some("300".to_owned())]);
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_tried_again_and_again() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, Some(("u", "another")));
    pass(120_000).await;
    assert_eq!(carrier.requests("REGISTER").len(), 2);
    let Registered::Failed { why: Some(RegistrationFailure::Rejected(status)), .. } = registered(&world) else {
        panic!("{:?}", registered(&world));
    };
    assert_eq!(status.code(), 401);
    assert!(!world.server.rooms.trunks.is_registered_at("home", [10, 9, 0, 1].into()));
}

#[tokio::test]
async fn a_busy_carrier_is_asked_again_when_it_says_and_a_silent_one_too() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, None);
    carrier.when_registering(Mood::Refuses(503, vec![("Retry-After", "40")]));
    pass(39_000).await;
    assert_eq!(carrier.requests("REGISTER").len(), 1);
    carrier.when_registering(Mood::Silent);
    pass(60_000).await;
    assert!(matches!(
        registered(&world),
        Registered::Failed { why: Some(RegistrationFailure::TimedOut), .. } | Registered::Failed { .. }
    ));
    carrier.when_registering(Mood::Serves);
    pass(240_000).await;
    assert!(is_registered(&world));
}

#[tokio::test]
async fn whoever_orders_a_registration_has_it_now() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    let trunks = &world.server.rooms.trunks;
    assert_eq!(trunks.register("home").await, Ok(()));
    pass(1_000).await;
    assert_eq!(carrier.requests("REGISTER").len(), 2);
    assert!(trunks.register("nobody").await.is_err());
}

#[tokio::test]
async fn a_registration_goes_to_the_next_address_of_the_registrar_when_the_first_is_silent() {
    use antiphon_server::locate::Record;
    let address = |last| Record::Address([10, 9, 0, last].into());
    let names = vec![("home.example", address(7)), ("home.example", address(1))];
    let trunks = registering("").replace("sip:10.9.0.1", "sip:home.example:5060");
    let world = World::shaped(Shape { trunks, names, ..Shape::default() }).await;
    let carrier = carrier(&world, None);
    pass(60_000).await;
    assert!(is_registered(&world), "{:?}", registered(&world));
    assert!(carrier.contact().is_some());
}

#[tokio::test]
async fn a_carrier_that_holds_our_registration_may_call_and_another_may_not() {
    let trunks = format!("{}{}", usual_trunks("options_interval = 0"), registering(""));
    let world = world(trunks).await;
    let _carrier = carrier(&world, None);
    let at = |ip: [u8; 4]| PhoneSetup {
        sip: SocketAddr::from((ip, 5070)),
        rtp: SocketAddr::from((ip, 4000)),
        ..World::setup("carrier", 10)
    };
    let from_home = world.connect(at([10, 9, 0, 1]));
    pass(1_000).await;
    from_home.call("+37410000000").await;
    from_home.up().await;
    from_home.hang_up().await;
    let stranger = world.connect(at([10, 9, 0, 2]));
    stranger.call("+37410000000").await;
    let why = stranger.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 401), "{why:?}");
}

#[tokio::test]
async fn the_server_unregisters_when_it_stops() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    world.server.rooms.trunks.leave().await;
    assert_eq!(carrier.contact(), None);
    assert_eq!(
        carrier.requests("REGISTER").last().and_then(|(_, it)| it.header("Expires").map(str::to_owned)).as_deref(),
        Some("0")
    );
}

#[tokio::test]
async fn a_silent_carrier_does_not_hold_up_the_end() {
    let world = world(registering("").replace("options_interval = 0", "options_interval = 5")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    carrier.when_registering(Mood::Silent);
    carrier.when_asked(Mood::Silent);
    pass(7_000).await;
    let before = tokio::time::Instant::now();
    world.server.rooms.trunks.leave().await;
    assert_eq!(before.elapsed().as_secs(), 2);
    let last = carrier.requests("REGISTER").pop().expect("it is told at least");
    assert_eq!(last.1.header("Expires"), Some("0"));
}

/// Reads these trunks in place of those of before, as a SIGHUP does.
async fn read_again(world: &World, trunks: &str) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("antiphon.toml");
    std::fs::write(&file, trunks).expect("the temporary directory takes a file");
    let words = ["antiphon".into(), "--config".into(), file.into_os_string()];
    let settings = Settings::load(words, &|_| None).expect("usable settings");
    world.server.rooms.settings.store(Arc::new(settings.live));
    world.server.rooms.trunks.read_again().await;
}

#[tokio::test]
async fn new_settings_begin_and_end_registrations_and_leave_alone_what_is_the_same() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    read_again(&world, &registering("dial = ['^1']\nmax_calls = 3")).await;
    pass(1_000).await;
    assert_eq!(
        carrier.requests("REGISTER").len(),
        1,
        "another number that may be dialled is no reason to register anew"
    );
    assert_eq!(world.server.rooms.trunks.standing("home").and_then(|standing| standing.max_calls), Some(3));
    read_again(&world, &registering("").replace("\"ivr\"", "\"menu\"")).await;
    pass(1_000).await;
    assert_eq!(carrier.contact().as_deref(), Some("sip:menu@127.0.0.1:5060"));
    assert_eq!(carrier.requests("REGISTER").len(), 3, "the one of before has gone first");
    read_again(&world, "").await;
    pass(1_000).await;
    assert_eq!(carrier.contact(), None);
    assert!(world.server.rooms.trunks.standings().is_empty());
}

fn health(world: &World) -> Health {
    world.server.rooms.trunks.standing("home").expect("the trunk of the settings").health
}

#[tokio::test]
async fn a_trunk_is_up_when_it_answers_anything_but_503_and_408_and_down_else() {
    let world = world(trunk("options_interval = 30")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    assert_eq!(health(&world), Health::Up);
    let asked = carrier.requests("OPTIONS");
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1.start, "OPTIONS sip:10.9.0.1 SIP/2.0");
    for (mood, expected) in [
        (Mood::Refuses(404, vec![]), Health::Up),
        (Mood::Refuses(503, vec![]), Health::Down),
        (Mood::Refuses(486, vec![]), Health::Up),
        (Mood::Silent, Health::Down),
        (Mood::Serves, Health::Up),
        (Mood::Refuses(408, vec![]), Health::Down),
        (Mood::Refuses(501, vec![]), Health::Up),
    ] {
        carrier.when_asked(mood.clone());
        pass(45_000).await;
        assert_eq!(health(&world), expected, "{mood:?}");
    }
}

#[tokio::test]
async fn a_trunk_that_is_down_is_asked_more_often_and_is_back_with_its_first_answer() {
    let world = world(trunk("options_interval = 600")).await;
    let carrier = carrier(&world, None);
    carrier.when_asked(Mood::Silent);
    pass(60_000).await;
    assert_eq!(health(&world), Health::Down);
    carrier.when_asked(Mood::Serves);
    pass(27_000).await;
    assert_eq!(health(&world), Health::Up);
}

#[tokio::test]
async fn a_trunk_that_is_down_is_tried_last_and_first_again_when_it_is_back() {
    let both = |interval: u32| {
        format!(
            "{}\n[[trunk]]\nname = \"spare\"\nuri = \"sip:127.0.0.90\"\noptions_interval = 0\ndial = ['^\\+']\n",
            trunk(&format!("options_interval = {interval}\ndial = ['^\\+']"))
        )
    };
    let world = world(both(20)).await;
    let carrier = carrier(&world, None);
    carrier.when_asked(Mood::Refuses(503, vec![("Retry-After", "25")]));
    let spare = world.callee("trunk", 90, Answering::After(Duration::from_secs(1)));
    pass(2_000).await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('1').await;
    spare.up().await;
    assert!(carrier.requests("INVITE").is_empty(), "it is down");
    caller.hang_up().await;
    spare.over().await;
    carrier.when_asked(Mood::Serves);
    pass(40_000).await;
    caller.call("071").await;
    pass(4_500).await;
    caller.press('1').await;
    pass(1_000).await;
    assert!(!carrier.requests("INVITE").is_empty(), "it is back");
    caller.hang_up().await;
    caller.over().await;
}

#[tokio::test]
async fn a_trunk_carries_no_more_calls_than_it_may() {
    let trunks = usual_trunks("options_interval = 0\nmax_calls = 1");
    let world = world(trunks).await;
    let at = |last: u8| World::setup_at("carrier", [10, 1, 2, last].into());
    let (one, other) = (world.connect(at(3)), world.connect(at(4)));
    one.call("+37410000000").await;
    one.up().await;
    other.call("+37410000000").await;
    let why = other.over().await;
    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 503), "{why:?}");
    one.hang_up().await;
    pass(1_000).await;
    other.call("+37410000000").await;
    other.until("is up", |stage| *stage == antiphon_testkit::Stage::Up).await;
    other.hang_up().await;
    world.leaves_nothing().await;
}

/// A call over the trunk, whose party talks to 002.
async fn carried(world: &World, keys: Keys) -> (SimPhone, SimPhone) {
    let caller = world.connect(PhoneSetup { keys, ..World::setup_at("carrier", [10, 1, 2, 3].into()) });
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("+37410000000").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(1_000).await;
    (caller, callee)
}

/// What another call over the trunk is answered; it is hung up again.
async fn one_more(world: &World, last: u8) -> Option<u16> {
    let other = world.connect(World::setup_at("other", [10, 1, 2, last].into()));
    other.call("+37410000000").await;
    other.until("is answered", |stage| matches!(stage, Stage::Up | Stage::Over(_))).await;
    other.hang_up().await;
    match other.over().await {
        EndReason::Rejected(status) => Some(status.code()),
        _ => None,
    }
}

#[tokio::test]
async fn a_party_that_moves_to_another_call_keeps_its_place_on_the_trunk() {
    let world = world(usual_trunks("options_interval = 0\nmax_calls = 1")).await;
    let (caller, callee) = carried(&world, Keys::Events).await;
    let line = world.connect(World::setup("002", 12));
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    line.call("003").await;
    line.up().await;
    pass(1_000).await;
    let replaces = callee.dialog().replace(';', "%3B").replace('=', "%3D");
    line.refer(&format!("sip:003@127.0.0.1?Replaces={replaces}")).await;
    callee.over().await;
    line.over().await;
    pass(1_000).await;
    assert_eq!((caller.stage(), target.stage()), (Stage::Up, Stage::Up));
    assert_eq!(one_more(&world, 4).await, Some(503), "the trunk carries as many as it may");
    caller.hang_up().await;
    target.over().await;
    assert_eq!(one_more(&world, 5).await, None);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_party_that_leaves_by_a_transfer_gives_its_place_on_the_trunk_back() {
    let world = world(usual_trunks("options_interval = 0\nmax_calls = 1")).await;
    let (caller, callee) = carried(&world, Keys::Events).await;
    let target = world.callee("003", 3, Answering::After(Duration::from_secs(1)));
    caller.refer("sip:003@127.0.0.1").await;
    caller.over().await;
    pass(1_000).await;
    assert_eq!((callee.stage(), target.stage()), (Stage::Up, Stage::Up));
    assert_eq!(one_more(&world, 4).await, None, "nobody is on the trunk any more");
    callee.hang_up().await;
    target.over().await;
    world.leaves_nothing().await;
}

/// The carrier's calls come from more than one address.
#[tokio::test]
async fn a_trunk_goes_on_with_its_own_call_from_another_address_and_in_the_same_place() {
    let world = world(usual_trunks("options_interval = 0\nmax_calls = 1\ndtmf = \"info\"")).await;
    let (caller, callee) = carried(&world, Keys::Info).await;
    let newcomer = world.connect(World::setup_at("newcomer", [10, 1, 2, 9].into()));
    newcomer.call_replacing("+37410000000", &caller.dialog()).await;
    newcomer.up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    callee.press('5').await;
    pass(1_000).await;
    assert_eq!(newcomer.requests("INFO").len(), 1, "keys go the trunk's way");
    assert_eq!(one_more(&world, 4).await, Some(503), "it is on the trunk like the one before");
    newcomer.hang_up().await;
    callee.over().await;
    assert_eq!(one_more(&world, 5).await, None);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_trunk_with_another_name_registers_when_the_one_of_before_has_left() {
    let world = world(registering("")).await;
    let carrier = carrier(&world, None);
    pass(1_000).await;
    carrier.when_registering(Mood::Silent);
    read_again(&world, &registering("").replace("\"home\"", "\"house\"")).await;
    pass(800).await;
    carrier.when_registering(Mood::Serves);
    pass(5_000).await;
    let expires = |(_, request): (_, SipText)| request.header("Expires").map(str::to_owned);
    let asked: Vec<_> = carrier.requests("REGISTER").into_iter().skip(1).map(expires).collect();
    let first = asked.iter().position(|expires| expires.as_deref() != Some("0")).expect("it registers");
    // The two are one contact to the registrar: a farewell that comes late would take away what was just made.
    assert!(first > 0 && asked[first..].iter().all(|expires| expires.as_deref() != Some("0")), "{asked:?}");
    assert!(carrier.contact().is_some());
}

#[tokio::test]
async fn of_two_registrations_at_one_carrier_a_call_is_of_the_one_whose_contact_is_called() {
    let second = registering("").replace("\"home\"", "\"second\"").replace("\"ivr\"", "\"+37410000000\"");
    let world = world(format!("{}{}{second}", usual_trunks("options_interval = 0"), registering(""))).await;
    let _carrier = carrier(&world, None);
    pass(1_000).await;
    let mut setup = World::setup_at("carrier", AT.0.into());
    setup.sip.set_port(5070);
    let caller = world.connect(setup);
    caller.call("+37410000000").await;
    caller.up().await;
    let standings = world.server.rooms.trunks.standings();
    let calls = |name: &str| standings[name].calls.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!((calls("home"), calls("second")), (0, 1));
    caller.hang_up().await;
    caller.over().await;
}
