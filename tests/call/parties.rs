//! Whom a script dials, in which order, with what, and how a talk ends.
//!
//! Sources: `kazoo-pivot.md` 4.1 (device), 4.2 (ring_group), 5.3 and 5.4 (Dial).

use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::op::{EarlySound, News, PartyState, PartyTerms, RingOrder, Tell, Watch, Watcher};
use antiphon_ivr::{CallerId, Dial, Dialed, Interrupted, Next, TalkEnd, Terms, TypeAhead};
use antiphon_server::store::changes::{CreateClient, CreateExtension, UpdatePhone};
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, SimPhone, SipText};
use serde_json::json;

use crate::custom::{Notes, dial, digits, each, install, key, only, say, sound, whispering};
use crate::world::{Shape, TRUNK, World, on_its_own, pass, prompt};

const SECOND: Duration = Duration::from_secs(1);

/// Calls the menu whose script a test has written.
async fn call(world: &World) -> SimPhone {
    let caller = world.caller();
    caller.speak(Some(prompt("caller"))).await;
    caller.call("075").await;
    caller
}

/// When the first request of this method came to a phone, since the beginning of the call.
fn came(world: &World, phone: &SimPhone, method: &str) -> Option<Duration> {
    let began = world.net.tape().first().expect("somebody called").at;
    let is = |text: &SipText| text.start.starts_with(&format!("{method} "));
    phone.messages().iter().find(|(_, text)| is(text)).map(|(at, _)| at.saturating_duration_since(began))
}

#[track_caller]
fn about(found: Option<Duration>, seconds: f64) {
    let found = found.expect("it came");
    assert!(found.abs_diff(Duration::from_secs_f64(seconds)) < Duration::from_millis(300), "{found:?}");
}

fn sip_call_id(phone: &SimPhone) -> String {
    phone.requests("INVITE")[0].header("Call-ID").expect("an INVITE has one").to_owned()
}

/// Has the menu's script dial these under these terms, and note what came of it; it then collects two digits.
fn dials(world: &World, targets: &'static [&'static str], terms: Terms) -> Notes {
    install(world, "075", move |call, notes| {
        let terms = terms.clone();
        Box::pin(async move {
            call.answer().await?;
            notes.add(call.dial(dial(targets, terms)).await?);
            notes.add(digits(call, 2).await?);
            Ok(Next::Finished)
        })
    })
}

#[tokio::test]
async fn one_by_one_each_rings_for_its_own_time_until_one_answers() {
    let world = World::new().await;
    let terms = Terms {
        order: RingOrder::OneByOne,
        ..each([PartyTerms { patience: Some(5 * SECOND), ..PartyTerms::default() }])
    };
    let notes = dials(&world, &["002", "050", "003"], terms);
    let first = world.callee("002", 2, Answering::Never);
    let second = world.callee("050", 50, Answering::Busy);
    let third = world.callee("003", 3, Answering::After(SECOND));
    let caller = call(&world).await;
    third.up().await;
    about(came(&world, &first, "CANCEL"), 5.0);
    about(came(&world, &second, "INVITE"), 5.0);
    about(came(&world, &third, "INVITE"), 5.0);
    pass(3_000).await;
    third.hang_up().await;
    // The script goes on.
    pass(1_000).await;
    let expected = Dialed::Answered { talk: 3 * SECOND, ended_by: TalkEnd::FarEnd, sip_call_id: sip_call_id(&third) };
    let Dialed::Answered { ended_by, sip_call_id, .. } = &expected else { unreachable!() };
    let noted = notes.all();
    assert!(
        noted.len() == 1 && noted[0].contains(&format!("{ended_by:?}")) && noted[0].contains(sip_call_id),
        "{noted:?}"
    );
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn where_all_have_had_their_time_nobody_has_answered() {
    let world = World::new().await;
    let patient = |seconds| PartyTerms { patience: Some(seconds * SECOND), ..PartyTerms::default() };
    let terms = Terms { order: RingOrder::OneByOne, ..each([patient(4), patient(3)]) };
    let notes = dials(&world, &["002", "003"], terms);
    let (first, second) = (world.callee("002", 2, Answering::Never), world.callee("003", 3, Answering::Never));
    let caller = call(&world).await;
    caller.over().await;
    about(came(&world, &first, "CANCEL"), 4.0);
    about(came(&world, &second, "INVITE"), 4.0);
    about(came(&world, &second, "CANCEL"), 7.0);
    assert_eq!(notes.all(), ["NoAnswer", "\"\""]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_delayed_target_begins_to_ring_later() {
    let world = World::new().await;
    let late = PartyTerms { delay: 3 * SECOND, ..PartyTerms::default() };
    let notes = dials(&world, &["002", "003"], each([PartyTerms::default(), late]));
    let (first, second) = (world.callee("002", 2, Answering::Refuses(480)), world.callee("003", 3, Answering::Busy));
    let caller = call(&world).await;
    caller.over().await;
    about(came(&world, &first, "INVITE"), 0.0);
    about(came(&world, &second, "INVITE"), 3.0);
    assert_eq!(notes.all(), ["Failed { status: 480 }", "\"\""]);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn targets_are_told_what_the_script_wants_and_nothing_that_sip_needs() {
    let world = World::new().await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let own = PartyTerms { headers: vec![pair("X-Own", "2"), pair("Max-Forwards", "1")], ..PartyTerms::default() };
    let terms = Terms {
        headers: vec![pair("X-All", "1"), pair("Alert-Info", "<http://127.0.0.1/bell>"), pair("From", "<sip:boss@x>")],
        ..each([own])
    };
    dials(&world, &["002", "003"], terms);
    let (first, second) = (world.callee("002", 2, Answering::Busy), world.callee("003", 3, Answering::Busy));
    let caller = call(&world).await;
    caller.over().await;
    let invite = |phone: &SimPhone| phone.requests("INVITE").remove(0);
    for phone in [&first, &second] {
        let invite = invite(phone);
        assert_eq!(invite.header("X-All"), Some("1"));
        assert_eq!(invite.header("Alert-Info"), Some("<http://127.0.0.1/bell>"));
        assert!(invite.header("From").is_some_and(|from| from.contains("sip:caller@")), "{invite:?}");
        assert_eq!(invite.headers.iter().filter(|(name, _)| name == "From").count(), 1);
    }
    assert_eq!((invite(&first).header("X-Own"), invite(&second).header("X-Own")), (Some("2"), None));
    assert_ne!(invite(&first).header("Max-Forwards"), Some("1"));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_telephone_of_another_client_is_not_made_to_answer_by_itself() {
    let world = World::new().await;
    let store = &world.server.rooms.store;
    let client = store.commit(CreateClient { prefix: "001".to_owned() }).await.expect("a prefix that is free");
    let body = json!({"name": "900", "type": "phone"});
    let extension = store.commit(CreateExtension { client, body }).await.expect("a telephone").id;
    let body = json!({"contact": "sip:line-3@127.0.0.3:5060"});
    store.commit(UpdatePhone { client, extension, body }).await.expect("where it is");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![pair("Call-Info", "<sip:a>;answer-after=0"), pair("Alert-Info", "info=alert-autoanswer")];
    let notes = dials(&world, &["002", "001*900"], Terms { headers, ..Terms::default() });
    let (own, foreign) = (world.callee("002", 2, Answering::Busy), world.callee("900", 3, Answering::Busy));
    call(&world).await.over().await;
    assert_eq!(notes.all()[0], "Busy");
    for (phone, is_told) in [(&own, true), (&foreign, false)] {
        let invite = phone.requests("INVITE").remove(0);
        let told = ["Call-Info", "Alert-Info"].map(|name| invite.header(name).is_some());
        assert_eq!(told, [is_told; 2], "{invite:?}");
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_is_called_at_a_host_outside_is_shown_no_number_of_ours() {
    let world = World::shaped(Shape { sip: "dial_hosts = [\"127.0.0.3\"]", ..Shape::default() }).await;
    install(&world, "075", |call, notes| {
        Box::pin(async move {
            let caller_id = CallerId { number: "000*101".to_owned(), name: String::new() };
            let targets = ["sip:alice@127.0.0.3", "002"].map(str::to_owned).to_vec();
            notes.add(call.dial(Dial { targets, caller_id, ..dial(&[], Terms::default()) }).await?);
            Ok(Next::Finished)
        })
    });
    let (outside, phone) = (world.callee("003", 3, Answering::Busy), world.callee("002", 2, Answering::Busy));
    call(&world).await.over().await;
    for phone in [&outside, &phone] {
        let invite = phone.requests("INVITE").remove(0);
        assert!(invite.header("From").is_some_and(|from| from.contains("sip:101@")), "{invite:?}");
    }
    world.leaves_nothing().await;
}

#[test]
fn a_uri_leads_where_the_settings_allow_and_nowhere_else() {
    let nowhere = ("Failed { status: 403 }", None);
    for (hosts, target, (expected, reached)) in [
        ("", "sip:alice@127.0.0.3", nowhere),
        ("dial_hosts = [\"127.0.0.7\"]", "sip:alice@127.0.0.3", nowhere),
        (
            "dial_hosts = [\"127.0.0.3\"]",
            "sip:alice@127.0.0.3;transport=udp?X-Key=a%20b&Via=c",
            ("Busy", Some("alice")),
        ),
        ("dial_hosts = [\"127.0.0.3\"]", "sip:alice@127.0.0.3;maddr=127.0.0.9", ("Failed { status: 404 }", None)),
        // Our own number, by our own address.
        ("", "sip:003@127.0.0.1:5060", ("Busy", Some("line-3"))),
        ("", "sip:alice@127.0.0.90:5060", nowhere),
        ("", "sip:bad uri@", ("Failed { status: 404 }", None)),
    ] {
        on_its_own(async move {
            let world = World::shaped(Shape { sip: hosts, ..Shape::default() }).await;
            let notes = install(&world, "075", move |call, notes| {
                Box::pin(async move {
                    notes.add(call.dial(dial(&[target], Terms::default())).await?);
                    Ok(Next::Finished)
                })
            });
            let callee = world.callee("003", 3, Answering::Busy);
            let trunk = world.callee("trunk", TRUNK, Answering::Busy);
            let caller = call(&world).await;
            caller.over().await;
            assert_eq!(notes.all(), [expected], "{target}");
            let invites = callee.requests("INVITE");
            let user =
                invites.first().map(|invite| invite.start.split(['@', ':']).nth(1).unwrap_or_default().to_owned());
            assert_eq!(user.as_deref(), reached, "{target}");
            let key = invites.first().and_then(|invite| invite.header("X-Key"));
            assert_eq!(key, target.contains('?').then_some("a b"));
            assert!(trunk.requests("INVITE").is_empty());
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_number_at_the_host_of_a_trunk_is_one_of_the_trunk() {
    let world = World::new().await;
    let notes = dials(&world, &["sip:+7123@127.0.0.90:5060"], Terms::default());
    let trunk = world.callee("trunk", TRUNK, Answering::Busy);
    call(&world).await.over().await;
    assert!(trunk.requests("INVITE")[0].start.starts_with("INVITE sip:+7123@127.0.0.90"));
    assert_eq!(notes.all()[0], "Busy");
    world.leaves_nothing().await;
}

#[test]
fn a_key_or_the_time_parts_the_two_and_the_caller_goes_on() {
    for (longest, keys, ended_by) in [(Some(4 * SECOND), "", TalkEnd::Longest), (None, "*", TalkEnd::Key(key('*')))] {
        on_its_own(async move {
            let world = World::new().await;
            let terms = Terms { longest, ends_by: only(keys), keys: TypeAhead::Keep, ..Terms::default() };
            let notes = dials(&world, &["002"], terms);
            let callee = world.callee("002", 2, Answering::After(SECOND));
            let caller = call(&world).await;
            callee.up().await;
            pass(1_000).await;
            caller.press('7').await;
            pass(500).await;
            if !keys.is_empty() {
                caller.press('*').await;
            }
            assert_eq!(callee.over().await, EndReason::RemoteBye);
            assert_eq!(caller.over().await, EndReason::RemoteBye);
            let noted = notes.all();
            assert!(noted[0].contains(&format!("ended_by: {ended_by:?}")), "{noted:?}");
            // What was pressed while they talked is there for the script.
            assert_eq!(noted[1], "\"7\"");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn early_sound_that_is_not_wanted_is_not_heard() {
    let world = World::new().await;
    dials(&world, &["002"], Terms { early: EarlySound::Ignored, ..Terms::default() });
    let callee = world.callee("002", 2, Answering::Early(3 * SECOND));
    callee.speak(Some(prompt("002"))).await;
    let caller = call(&world).await;
    callee.ringing().await;
    pass(2_500).await;
    let heard = world.heard(&caller, &[&callee]);
    assert!(heard.all("002").is_empty() && !heard.all("ringback").is_empty(), "{heard}");
    callee.up().await;
    pass(2_000).await;
    assert!(!world.heard(&caller, &[&callee]).all("002").is_empty());
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_script_speaks_to_whoever_answers_and_joins_it_if_it_wants() {
    let world = World::new().await;
    let ask = sound(&world, "ad");
    let notes = install(&world, "075", move |call, notes| {
        let ask = ask.clone();
        Box::pin(async move {
            call.answer().await?;
            loop {
                notes.add(matches!(call.dial(dial(&["002"], whispering())).await?, Dialed::Whispers { target: 0, .. }));
                say(call, &ask).await?;
                if digits(call, 1).await? == "1" {
                    notes.add(call.join().await?);
                    return Ok(Next::Finished);
                }
                call.part().await?;
            }
        })
    });
    let callee = world.callee("002", 2, Answering::After(SECOND));
    callee.speak(Some(prompt("002"))).await;
    let caller = call(&world).await;
    callee.up().await;
    // It says nothing, and is called again.
    pass(4_500).await;
    assert_eq!(callee.requests("BYE").len(), 1);
    callee.up().await;
    pass(1_000).await;
    let meanwhile = world.heard(&caller, &[&callee]);
    assert!(
        meanwhile.all("002").is_empty()
            && meanwhile.last_sound().is_some_and(|span| span.sound.to_string() == "ringback"),
        "{meanwhile}"
    );
    assert!(world.heard(&callee, &[&caller]).all("caller").is_empty());
    pass(1_500).await;
    callee.press('1').await;
    pass(3_000).await;
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let (by_caller, by_callee) = (world.heard(&caller, &[&callee]), world.heard(&callee, &[&caller]));
    assert!(!by_caller.all("002").is_empty() && by_caller.all("ad").is_empty(), "{by_caller}");
    assert!(!by_callee.all("ad").is_empty() && !by_callee.all("caller").is_empty(), "{by_callee}");
    let noted = notes.all();
    assert!(noted.len() == 3 && noted[2].contains("FarEnd") && noted[2].contains("sip_call_id: \""), "{noted:?}");
    world.leaves_nothing().await;
}

#[test]
fn a_callee_that_hangs_up_on_a_word_gives_the_caller_back_and_a_caller_ends_it_all() {
    for by_caller in [false, true] {
        on_its_own(async move {
            let world = World::new().await;
            let (ask, bye) = (sound(&world, "hello"), sound(&world, "bye"));
            let notes = install(&world, "075", move |call, notes| {
                let (ask, bye) = (ask.clone(), bye.clone());
                Box::pin(async move {
                    call.answer().await?;
                    call.dial(dial(&["002"], whispering())).await?;
                    let said = say(call, &ask).await;
                    notes.add(said);
                    if said == Err(Interrupted::PartyGone) {
                        say(call, &bye).await?;
                    }
                    Ok(Next::Finished)
                })
            });
            let callee = world.callee("002", 2, Answering::After(SECOND));
            let caller = call(&world).await;
            callee.up().await;
            pass(1_000).await;
            if by_caller {
                caller.hang_up().await;
                assert_eq!(callee.over().await, EndReason::RemoteBye);
                assert_eq!(notes.all(), ["Err(RemoteHangup)"]);
            } else {
                callee.hang_up().await;
                caller.over().await;
                assert_eq!(notes.all(), ["Err(PartyGone)"]);
                assert!(!world.heard(&caller, &[]).all("bye").is_empty(), "{}", world.heard(&caller, &[]));
            }
            world.leaves_nothing().await;
        });
    }
}

/// Notes what it is told, and tells nobody.
struct Noting(Notes);

impl std::fmt::Debug for Noting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Noting")
    }
}

impl Watch for Noting {
    fn news(&self, news: &News) -> Option<Tell> {
        if let News::Party(party) = news {
            let state = match party.state {
                PartyState::Completed { talk } => format!("completed after {}", talk.as_secs()),
                state => format!("{state:?}"),
            };
            assert!(!party.sip_call_id.is_empty());
            self.0.add((party.target, state));
        }
        None
    }
}

#[tokio::test]
async fn whoever_watches_is_told_how_it_stands_with_each_target() {
    let world = World::new().await;
    let told = Notes::default();
    let watcher = Watcher(Arc::new(Noting(told.clone())));
    let party = PartyTerms { watcher: Some(watcher), ..PartyTerms::default() };
    dials(&world, &["002", "003", "050"], each([party.clone(), party.clone(), party]));
    let winner = world.callee("002", 2, Answering::After(2 * SECOND));
    let _loser = world.callee("003", 3, Answering::Never);
    let _busy = world.callee("050", 50, Answering::Busy);
    let caller = call(&world).await;
    winner.up().await;
    pass(3_000).await;
    winner.hang_up().await;
    caller.over().await;
    let told = told.all();
    let of = |target: usize| -> Vec<&str> {
        let begins = format!("({target}, \"");
        told.iter().filter_map(|line| line.strip_prefix(&begins)?.strip_suffix("\")")).collect()
    };
    assert_eq!(of(0), ["Initiated", "Ringing", "Answered", "completed after 3"], "{told:?}");
    assert_eq!(of(1), ["Initiated", "Ringing", "Failed { status: 487 }"], "{told:?}");
    assert_eq!(of(2), ["Initiated", "Failed { status: 486 }"], "{told:?}");
    world.leaves_nothing().await;
}
