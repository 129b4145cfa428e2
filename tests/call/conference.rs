//! Conferences that are called by their number.
//!
//! Sources: docs/api.md, "Conferences".

use std::net::SocketAddr;
use std::time::Duration;

use antiphon_ivr::op::{Alone, Ears, Ends, Gap, Opens, Which};
use antiphon_ivr::{Conference, Interrupted, Next, Recording, RecordingState, Voice};
use antiphon_media::codec::Decoder;
use antiphon_media::record::RecordEnd;
use antiphon_media::{Audio, Codec};
use antiphon_server::call::{CallEvent, RecordingControl};
use antiphon_server::calls::CallId;
use antiphon_server::conferences::Wish;
use antiphon_server::recording::State;
use antiphon_server::store::ClientId;
use antiphon_sip::{EndReason, ReferOutcome, StatusCode};
use antiphon_testkit::{Heard, KnownSounds, PhoneSetup, SimPhone};

use tokio::sync::oneshot;

use crate::custom::{Notes, install, only, say, sound};
use crate::hold::description_of;
use crate::referring::{is_unbroken, talking};
use crate::world::{SERVER, Shape, World, pass, prompt};

const CLIENT: ClientId = ClientId(1);

fn said(heard: &Heard, who: &str) -> Duration {
    heard.all(who).iter().map(|span| span.duration()).sum()
}

/// Phones that have called a conference, one after the other.
async fn members<const N: usize>(world: &World, names: [(&'static str, Codec); N]) -> [SimPhone; N] {
    let mut host = 10;
    let phones = names.map(|(name, codec)| {
        host += 1;
        world.connect(PhoneSetup { codec, ..World::setup(name, host) })
    });
    for phone in &phones {
        phone.call("800").await;
        phone.up().await;
        pass(1_000).await;
    }
    phones
}

/// What phones say as a listener gets it out of the mix: decoded, and encoded in the listener's codec.
fn heard(listener: &SimPhone, speakers: &[&SimPhone]) -> Heard {
    let mut known = KnownSounds::new(listener.setup().codec);
    for PhoneSetup { name, codec, .. } in speakers.iter().map(|speaker| *speaker.setup()) {
        let law = codec.law().expect("these phones speak G.711");
        let samples: Vec<i16> = prompt(name).payload(codec).iter().map(|byte| law.decode(*byte)).collect();
        known = known.with(name, &Audio::from_pcm(&samples));
    }
    Heard::of(&listener.received(), &known)
}

/// The call of a member of the only conference, by the caller's number.
fn call_of(world: &World, number: &str) -> CallId {
    let shown = world.server.rooms.conferences.of(CLIENT);
    let members = shown.iter().flat_map(|conference| &conference.members);
    let mut found = members.filter(|member| member.who.number == number);
    found.next().unwrap_or_else(|| panic!("{number} is not in {shown:?}")).call
}

#[tokio::test]
async fn everybody_hears_all_others_and_nobody_himself() {
    let world = World::new().await;
    let [one, two, three] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcmu), ("three", Codec::Pcma)]).await;
    one.speak(Some(prompt("one"))).await;
    pass(3_000).await;
    one.speak(None).await;
    // Silence in A-law is not quite zero, and is passed on for as long as the gate of whoever has just spoken is open.
    pass(500).await;
    two.speak(Some(prompt("two"))).await;
    pass(3_000).await;
    for (listener, expected) in [(&one, [0, 2_800]), (&two, [2_800, 0]), (&three, [2_800, 2_800])] {
        let heard = heard(listener, &[&one, &two]);
        for (who, least) in ["one", "two"].into_iter().zip(expected) {
            let lasted = said(&heard, who);
            let right = if least == 0 { lasted.is_zero() } else { lasted >= Duration::from_millis(least) };
            assert!(right, "{} heard {lasted:?} of {who}: {heard}", listener.setup().name);
        }
    }
    for phone in [&one, &two, &three] {
        is_unbroken(phone);
        phone.hang_up().await;
    }
    world.leaves_nothing().await;
    assert!(world.server.rooms.conferences.of(CLIENT).is_empty());
}

#[tokio::test]
async fn whoever_is_alone_hears_music_and_all_hear_who_comes_and_goes() {
    let world = World::new().await;
    let [one, two] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcma)]).await;
    pass(2_000).await;
    let alone = world.heard(&one, &[]);
    assert!(said(&alone, "hold") > Duration::from_millis(700), "{alone}");
    // A tone that rises, and then nobody speaks.
    assert!(alone.names().iter().any(|name| name == "(unknown)"), "{alone}");
    assert_eq!(alone.last_sound().map(|span| span.sound.to_string()).as_deref(), Some("(unknown)"), "{alone}");
    assert!(said(&world.heard(&two, &[]), "hold").is_zero());
    two.hang_up().await;
    pass(3_000).await;
    let again = world.heard(&one, &[]);
    assert!(said(&again, "hold") > said(&alone, "hold") + Duration::from_secs(2), "{again}");
    one.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn members_are_muted_by_themselves_and_by_the_administrator() {
    let world = World::new().await;
    let [one, two] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcma)]).await;
    one.speak(Some(prompt("one"))).await;
    let in_two_seconds = async || {
        let before = said(&world.heard(&two, &[&one]), "one");
        pass(2_000).await;
        said(&world.heard(&two, &[&one]), "one") - before
    };
    pass(500).await;
    assert!(in_two_seconds().await > Duration::from_millis(1_700));
    let is_muted = || world.server.rooms.conferences.of(CLIENT)[0].members[0].voice == Voice::Muted;
    for key in ['*', '6'] {
        one.press(key).await;
        pass(400).await;
    }
    assert!(is_muted());
    assert!(in_two_seconds().await.is_zero());
    let call = call_of(&world, "one");
    assert!(world.server.rooms.conferences.wish(CLIENT, "000*800", call, Wish::Voice(Voice::Heard)));
    pass(200).await;
    assert!(!is_muted());
    assert!(in_two_seconds().await > Duration::from_millis(1_700));
    assert!(world.server.rooms.conferences.wish(CLIENT, "000*800", call, Wish::Leave));
    assert_eq!(one.over().await, EndReason::RemoteBye);
    assert!(!world.server.rooms.conferences.wish(CLIENT, "000*800", call, Wish::Leave), "it has gone");
    two.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn only_who_knows_the_pin_is_let_in() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("801").await;
    caller.up().await;
    pass(1_000).await;
    for key in "12#".chars() {
        caller.press(key).await;
    }
    pass(4_000).await;
    assert!(world.server.rooms.conferences.of(CLIENT).is_empty());
    for key in "1234#".chars() {
        caller.press(key).await;
    }
    pass(3_000).await;
    let shown = world.server.rooms.conferences.of(CLIENT);
    assert_eq!((shown.len(), shown[0].members.len()), (1, 1), "{shown:?}");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_full_conference_takes_nobody_more() {
    let world = World::new().await;
    let phones = [("one", 11), ("two", 12), ("three", 13)].map(|(name, host)| world.connect(World::setup(name, host)));
    for phone in &phones {
        phone.call("802").await;
        phone.up().await;
    }
    assert_eq!(phones[2].over().await, EndReason::RemoteBye);
    assert_eq!(world.server.rooms.conferences.of(CLIENT)[0].members.len(), 2);
    phones[0].hang_up().await;
    phones[1].hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_music_of_a_member_that_holds_us_is_not_heard_in_the_conference() {
    let world = World::new().await;
    let [one, two] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcma)]).await;
    // It says the same all the time: while it holds, that stands for its music.
    one.speak(Some(prompt("one"))).await;
    pass(500).await;
    let in_two_seconds = async || {
        let before = said(&world.heard(&two, &[&one]), "one");
        pass(2_000).await;
        said(&world.heard(&two, &[&one]), "one") - before
    };
    assert!(in_two_seconds().await > Duration::from_millis(1_700));
    assert_eq!(one.reoffer(&description_of(11, 9, "sendonly")).await, 200);
    pass(200).await;
    assert!(in_two_seconds().await.is_zero());
    assert_eq!(one.reoffer(&description_of(11, 10, "sendrecv")).await, 200);
    pass(200).await;
    assert!(in_two_seconds().await > Duration::from_millis(1_700));
    one.hang_up().await;
    two.hang_up().await;
    world.leaves_nothing().await;
}

/// Two that are in a conference hear each other for this long in two seconds.
async fn hear_each_other(world: &World, one: &SimPhone, two: &SimPhone) {
    let sides = [(one, two), (two, one)];
    let so_far = || sides.map(|(listener, speaker)| said(&world.heard(listener, &[speaker]), speaker.setup().name));
    let before = so_far();
    pass(2_000).await;
    for ((before, after), (listener, _)) in before.into_iter().zip(so_far()).zip(sides) {
        assert!(after - before > Duration::from_millis(1_700), "{}: {before:?} {after:?}", listener.setup().name);
    }
}

#[tokio::test]
async fn a_callee_transfers_the_caller_into_a_conference() {
    let world = World::new().await;
    let [one] = members(&world, [("one", Codec::Pcma)]).await;
    one.speak(Some(prompt("one"))).await;
    let (caller, callee) = talking(&world).await;
    let refer = callee.refer("sip:800@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Completed(StatusCode::OK));
    callee.over().await;
    pass(1_000).await;
    hear_each_other(&world, &one, &caller).await;
    is_unbroken(&caller);
    caller.hang_up().await;
    one.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn nobody_whom_we_called_is_transferred_into_a_conference() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let refer = caller.refer("sip:800@127.0.0.1").await;
    assert_eq!(refer.outcome().await, ReferOutcome::Refused(StatusCode::DECLINE));
    pass(1_000).await;
    assert!(world.server.rooms.conferences.of(CLIENT).is_empty());
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_menu_transfers_its_caller_into_a_conference() {
    let world = World::new().await;
    let [one] = members(&world, [("one", Codec::Pcma)]).await;
    let caller = world.caller();
    one.speak(Some(prompt("one"))).await;
    caller.speak(Some(prompt("caller"))).await;
    caller.call("088").await;
    caller.up().await;
    pass(2_000).await;
    hear_each_other(&world, &one, &caller).await;
    is_unbroken(&caller);
    caller.hang_up().await;
    one.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn three_wrong_pins_end_the_call() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("801").await;
    caller.up().await;
    for _ in 0..3 {
        pass(1_000).await;
        for key in "12#".chars() {
            caller.press(key).await;
        }
        pass(3_000).await;
    }
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert!(world.server.rooms.conferences.of(CLIENT).is_empty());
    world.leaves_nothing().await;
}

/// How loud what a phone got last is: the root of the mean square over a second.
fn loudness(phone: &SimPhone) -> f64 {
    let codec = phone.setup().codec;
    let (mut decoder, mut pcm, mut squares, mut samples) = (Decoder::new(codec), [0; 960], 0.0, 0);
    let packets = phone.received();
    for packet in &packets[packets.len() - 50..] {
        let length = decoder.decode(&packet.payload, &mut pcm).expect("sound");
        squares += pcm[..length].iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        samples += length;
    }
    (squares / samples as f64).sqrt()
}

#[tokio::test]
async fn a_member_with_wideband_hears_and_is_heard_as_loud_as_others() {
    let world = World::shaped(Shape { rtp: "codecs = [\"g722\", \"pcma\", \"pcmu\"]", ..Shape::default() }).await;
    let [one, two, three] = members(&world, [("one", Codec::Pcma), ("two", Codec::G722), ("three", Codec::Pcmu)]).await;
    for speaker in [&one, &two] {
        let speech = prompt(speaker.setup().name);
        speech.prepare(speaker.setup().codec);
        speaker.speak(Some(speech)).await;
        pass(2_000).await;
        for listener in [&one, &two, &three] {
            let loudness = loudness(listener);
            let [ears, mouth] = [listener, speaker].map(|phone| phone.setup().name);
            let right = if ears == mouth { 0.0..60.0 } else { 500.0..20_000.0 };
            assert!(right.contains(&loudness), "{ears} hears {loudness} of {mouth}");
        }
        speaker.speak(None).await;
        pass(2_000).await;
    }
    for phone in [&one, &two, &three] {
        is_unbroken(phone);
        phone.hang_up().await;
    }
    world.leaves_nothing().await;
}

/// Asks a call about its recording.
async fn ask(world: &World, call: CallId, what: Recording) -> RecordingState {
    let call = world.server.rooms.trace.call(call).expect("the call is known");
    let (reply, told) = oneshot::channel();
    assert!(call.tell(CallEvent::Recording(RecordingControl { what: Some(what), reply })));
    told.await.expect("the call answers").state
}

#[tokio::test]
async fn a_member_of_a_conference_is_recorded_paused_and_stopped_wherever_the_conference_is_mixed() {
    let world = World::new().await;
    // On different workers, of which only one mixes.
    let [one, two] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcma)]).await;
    let calls = [call_of(&world, "one"), call_of(&world, "two")];
    for call in calls {
        assert_eq!(ask(&world, call, Recording::start()).await, RecordingState::Running);
    }
    pass(1_000).await;
    for call in calls {
        assert_eq!(ask(&world, call, Recording::Pause(Which::Newest, Gap::Cut)).await, RecordingState::Paused);
    }
    pass(4_000).await;
    for call in calls {
        assert_eq!(ask(&world, call, Recording::Stop(Which::Newest)).await, RecordingState::Off);
    }
    pass(500).await;
    for entry in world.server.rooms.recordings.all() {
        assert_eq!(entry.state, State::Ended(RecordEnd::Stopped));
        assert!(entry.duration().abs_diff(Duration::from_secs(1)) <= Duration::from_millis(60), "{entry:?}");
    }
    one.hang_up().await;
    two.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_enters_a_conference_while_recorded_takes_the_recording_along() {
    let world = World::new().await;
    // The second is carried from another worker.
    let phones = [("one", 11), ("two", 12)].map(|(name, host)| world.connect(World::setup(name, host)));
    for phone in &phones {
        phone.call("801").await;
        phone.up().await;
    }
    pass(1_000).await;
    let calls: Vec<CallId> = world.server.rooms.trace.calls().iter().map(|call| call.id).collect();
    for &call in &calls {
        assert_eq!(ask(&world, call, Recording::start()).await, RecordingState::Running);
    }
    for phone in &phones {
        for key in "1234#".chars() {
            phone.press(key).await;
        }
    }
    pass(6_000).await;
    assert_eq!(world.server.rooms.conferences.of(CLIENT)[0].members.len(), 2);
    for &call in &calls {
        assert_eq!(ask(&world, call, Recording::Stop(Which::Newest)).await, RecordingState::Off);
    }
    pass(3_000).await;
    let all = world.server.rooms.recordings.all();
    assert_eq!(all.len(), 2);
    for entry in all {
        assert_eq!(entry.state, State::Ended(RecordEnd::Stopped), "{entry:?}");
    }
    for phone in &phones {
        phone.hang_up().await;
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_member_who_only_listens_stays() {
    let world = World::new().await;
    // A loudspeaker, of which nothing comes.
    world.net.lose(usize::MAX, |from, to, _| from == SocketAddr::from(([127, 0, 0, 12], 4_000)) && to != SERVER);
    let [one, two] = members(&world, [("one", Codec::Pcma), ("two", Codec::Pcma)]).await;
    pass(420_000).await;
    let members = world.server.rooms.conferences.of(CLIENT)[0].members.len();
    assert_eq!(members, 2);
    one.hang_up().await;
    two.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_asked_of_a_seat_that_was_left_since_is_asked_of_no_other() {
    let world = World::new().await;
    let notes = install(&world, "075", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            for name in ["team", "team", "board"] {
                notes.add(call.conference(Conference::new(name, 9)).await?);
            }
            Ok(Next::Finished)
        })
    });
    let phone = world.connect(World::setup("one", 11));
    phone.call("075").await;
    phone.up().await;
    pass(1_000).await;
    let call = call_of(&world, "one");
    // The call hears of the first alone before it has left.
    for _ in 0..3 {
        assert!(world.server.rooms.conferences.wish(CLIENT, "team", call, Wish::Leave));
    }
    pass(1_000).await;
    assert_eq!(notes.all(), ["Kicked"]);
    assert!(world.server.rooms.conferences.wish(CLIENT, "team", call, Wish::Leave));
    pass(1_000).await;
    assert_eq!(notes.all(), ["Kicked", "Kicked"]);
    phone.hang_up().await;
    world.leaves_nothing().await;
}

/// A conference of scripts: 075 waits for somebody else to begin it, 074 begins and ends it; 077 says itself what it hears until then.
fn moderated(world: &World) -> [Notes; 2] {
    let member = install(world, "075", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            let conference = Conference { opens: Opens::WithAnother, ..Conference::new("team", 9) };
            notes.add(call.conference(conference).await?);
            Ok(Next::Finished)
        })
    });
    install(world, "074", |call, _| {
        Box::pin(async move {
            call.answer().await?;
            let ends = Ends::WithTheCaller;
            call.conference(Conference { ends, leave_by: only("#"), ..Conference::new("team", 9) }).await?;
            Ok(Next::Finished)
        })
    });
    let hello = sound(world, "hello");
    let busy = install(world, "089", move |call, notes| {
        let hello = hello.clone();
        Box::pin(async move {
            call.answer().await?;
            let conference = || Conference {
                opens: Opens::WithAnother,
                alone: Alone::Script,
                ears: Ears::Deaf,
                ..Conference::new("team", 9)
            };
            notes.add(call.conference(conference()).await?);
            while say(call, &hello).await != Err(Interrupted::Wanted) {}
            notes.add(call.conference(conference()).await?);
            Ok(Next::Finished)
        })
    });
    [member, busy]
}

#[tokio::test]
async fn a_conference_begins_and_ends_with_its_moderator() {
    let world = World::new().await;
    let notes = moderated(&world);
    let mut phones = Vec::new();
    for (name, host, menu) in [("one", 11, "075"), ("two", 12, "089"), ("three", 13, "074")] {
        let phone = world.connect(World::setup(name, host));
        phone.speak(Some(prompt(name))).await;
        phone.call(menu).await;
        phone.up().await;
        if menu != "074" {
            pass(4_000).await;
            assert!(!world.server.rooms.conferences.of(CLIENT)[0].begun);
        }
        phones.push(phone);
    }
    let [one, two, three] = phones.as_slice() else { unreachable!() };
    let (first, second) = (world.heard(one, &[two, three]), world.heard(two, &[one, three]));
    assert!(said(&first, "hold") > Duration::from_secs(6) && said(&first, "two").is_zero(), "{first}");
    assert!(said(&second, "hello") > Duration::from_secs(3) && said(&second, "one").is_zero(), "{second}");
    two.speak(None).await;
    one.speak(None).await;
    pass(4_000).await;
    let shown = &world.server.rooms.conferences.of(CLIENT)[0];
    assert_eq!((shown.begun, shown.members.len(), shown.members[1].ears), (true, 3, Ears::Deaf));
    let first = heard(one, &[three]);
    assert!(said(&first, "three") > Duration::from_secs(2), "{first}");
    // It is deaf.
    assert!(said(&heard(two, &[three]), "three").is_zero());
    three.press('#').await;
    for phone in &phones {
        assert_eq!(phone.over().await, EndReason::RemoteBye);
    }
    assert_eq!(
        notes.map(|notes| notes.all()),
        [vec!["Ended".to_owned()], vec!["Waits".to_owned(), "Ended".to_owned()]]
    );
    world.leaves_nothing().await;
}
