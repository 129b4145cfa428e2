//! Callers that wait in queues, and those that take them out; and an echo.
//!
//! Sources: `kazoo-pivot.md` 5.4 (Enqueue, Leave, Dial Queue, Echo).

use std::time::Duration;

use antiphon_ivr::op::{Alone, Echo, Enqueue, Enqueued, Meet, Take};
use antiphon_ivr::{DigitSet, Interrupted, Next};
use antiphon_server::{queues::Taker, store::ClientId};
use antiphon_sip::EndReason;
use antiphon_testkit::SimPhone;

use crate::custom::{Notes, install, only, say, sound};
use crate::referring::is_unbroken;
use crate::world::{World, on_its_own, pass, prompt};

const CLIENT: ClientId = ClientId(1);

/// The menu 075 waits in `sales` for two, says `hello` meanwhile, talks, and then says `bye`.
fn waits(world: &World) -> Notes {
    let (hello, bye) = (sound(world, "hello"), sound(world, "bye"));
    install(world, "075", move |call, notes| {
        let (hello, bye) = (hello.clone(), bye.clone());
        Box::pin(async move {
            call.answer().await?;
            let enqueued = call.enqueue(Enqueue::new("sales", 2)).await?;
            if enqueued == Enqueued::Full {
                notes.add("full");
                return Ok(Next::Finished);
            }
            loop {
                match say(call, &hello).await {
                    Ok(()) => notes.add(call.place().await?.map(|place| (place.position, place.size))),
                    Err(Interrupted::Wanted) => break,
                    Err(interrupted) => return Err(interrupted),
                }
            }
            notes.add(call.place().await?.and_then(|place| place.message));
            let meet = Meet { alone: Alone::Music, leave_by: DigitSet::NONE, patience: None };
            notes.add(call.meet(meet).await?);
            say(call, &bye).await?;
            Ok(Next::Finished)
        })
    })
}

/// The menu 074 takes somebody from `sales` for so long, and then says `thanks`.
pub(crate) fn takes(world: &World, seconds: u64) -> Notes {
    let thanks = sound(world, "thanks");
    install(world, "074", move |call, notes| {
        let thanks = thanks.clone();
        Box::pin(async move {
            call.answer().await?;
            let take = Take {
                name: "sales".to_owned(),
                patience: Duration::from_secs(seconds),
                message: Some("hi".to_owned()),
                longest: Some(Duration::from_secs(60)),
                ends_by: only("*"),
            };
            notes.add(call.take(take).await?);
            say(call, &thanks).await?;
            Ok(Next::Finished)
        })
    })
}

pub(crate) async fn calls(world: &World, name: &'static str, host: u8, menu: &str) -> SimPhone {
    let phone = world.connect(World::setup(name, host));
    phone.speak(Some(prompt(name))).await;
    phone.call(menu).await;
    phone.up().await;
    phone
}

pub(crate) fn said(world: &World, listener: &SimPhone, speaker: &SimPhone) -> Duration {
    world.heard(listener, &[speaker]).all(speaker.setup().name).iter().map(|span| span.duration()).sum()
}

#[tokio::test]
async fn a_document_runs_while_the_caller_waits_and_the_one_that_takes_it_talks_to_it() {
    let world = World::new().await;
    let (waiting, taking) = (waits(&world), takes(&world, 10));
    let caller = calls(&world, "one", 11, "075").await;
    pass(7_000).await;
    let shown = world.server.rooms.queues.of(CLIENT);
    assert_eq!((shown.len(), shown[0].waiting[0].who.number.as_str()), (1, "one"), "{shown:?}");
    let agent = calls(&world, "two", 12, "074").await;
    pass(4_000).await;
    for (listener, speaker) in [(&caller, &agent), (&agent, &caller)] {
        let lasted = said(&world, listener, speaker);
        assert!(lasted > Duration::from_millis(3_500), "{lasted:?} {}", world.heard(listener, &[speaker]));
    }
    assert!(world.server.rooms.queues.of(CLIENT).is_empty());
    agent.press('*').await;
    for (phone, last) in [(&caller, "bye"), (&agent, "thanks")] {
        assert_eq!(phone.over().await, EndReason::RemoteBye);
        let heard = world.heard(phone, &[&caller, &agent]);
        assert_eq!(heard.last_sound().map(|span| span.sound.to_string()).as_deref(), Some(last), "{heard}");
        is_unbroken(phone);
    }
    let noted = waiting.all();
    assert_eq!(noted[..2], ["Some((1, 1))", "Some((1, 1))"], "{noted:?}");
    assert!(noted[2] == "Some(\"hi\")" && noted[3].starts_with("Talked { talk: "), "{noted:?}");
    let noted = taking.all();
    assert!(noted[0].contains("ended_by: Key(") && !noted[0].contains("sip_call_id: \"\""), "{noted:?}");
    world.leaves_nothing().await;
}

#[test]
fn either_side_may_hang_up_and_the_other_goes_on() {
    for agent_leaves in [false, true] {
        on_its_own(async move {
            let world = World::new().await;
            let (waiting, taking) = (waits(&world), takes(&world, 30));
            // Whoever wants somebody was there first.
            let agent = calls(&world, "two", 12, "074").await;
            pass(3_000).await;
            assert_eq!(world.server.rooms.queues.of(CLIENT)[0].wanting, 1);
            let caller = calls(&world, "one", 11, "075").await;
            pass(3_000).await;
            let (leaver, stays, last) =
                if agent_leaves { (&agent, &caller, "bye") } else { (&caller, &agent, "thanks") };
            leaver.hang_up().await;
            assert_eq!(stays.over().await, EndReason::RemoteBye);
            let heard = world.heard(stays, &[&caller, &agent]);
            assert_eq!(heard.last_sound().map(|span| span.sound.to_string()).as_deref(), Some(last), "{heard}");
            let noted = if agent_leaves { waiting.all().pop() } else { taking.all().pop() };
            assert!(noted.as_ref().is_some_and(|noted| noted.contains("talk: ")), "{noted:?}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn whoever_is_taken_by_one_that_hangs_up_keeps_its_place_and_talks_to_the_next() {
    let world = World::new().await;
    let hello = sound(&world, "hello");
    let waiting = install(&world, "075", move |call, notes| {
        let hello = hello.clone();
        Box::pin(async move {
            call.answer().await?;
            call.enqueue(Enqueue::new("sales", 2)).await?;
            loop {
                loop {
                    match say(call, &hello).await {
                        Err(Interrupted::Wanted) => break,
                        heard => heard?,
                    }
                }
                // It hears something before the talk, and whoever takes it goes meanwhile.
                say(call, &hello).await?;
                say(call, &hello).await?;
                let met = call.meet(Meet { alone: Alone::Music, leave_by: DigitSet::NONE, patience: None }).await?;
                notes.add(met);
                match call.place().await? {
                    Some(place) => notes.add((place.position, place.size)),
                    None => return Ok(Next::Finished),
                }
            }
        })
    });
    takes(&world, 60);
    let caller = calls(&world, "one", 11, "075").await;
    pass(1_500).await;
    let behind = calls(&world, "behind", 14, "075").await;
    pass(1_500).await;
    let hasty = calls(&world, "two", 12, "074").await;
    pass(300).await;
    hasty.hang_up().await;
    pass(8_000).await;
    assert_eq!(waiting.all(), ["Missed", "(1, 2)"]);
    let agent = calls(&world, "three", 13, "074").await;
    pass(9_000).await;
    let lasted = said(&world, &caller, &agent);
    assert!(lasted > Duration::from_secs(2), "{lasted:?} {}", world.heard(&caller, &[&agent]));
    agent.hang_up().await;
    caller.over().await;
    assert!(waiting.all()[2].starts_with("Talked"), "{:?}", waiting.all());
    behind.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_took_a_place_that_was_left_since_takes_no_other() {
    let world = World::new().await;
    let queues = world.server.rooms.queues.clone();
    let left = install(&world, "075", move |call, notes| {
        let queues = queues.clone();
        Box::pin(async move {
            call.answer().await?;
            let enqueue = || Enqueue::new("sales", 2);
            call.enqueue(enqueue()).await?;
            let (inbox, _events) = tokio::sync::mpsc::channel(4);
            let taker = Taker { inbox, message: None, missed: Vec::new() };
            let mut wish = queues.take((CLIENT, "sales"), taker).expect("there is room");
            // The call hears that it was taken only after it has left and come again.
            call.leave().await?;
            call.enqueue(enqueue()).await?;
            let met = call.meet(Meet { alone: Alone::Music, leave_by: only("#"), patience: None }).await?;
            notes.add(met);
            let mut found = wish.found.try_recv().expect("it had found somebody");
            notes.add(found.ready.try_recv().is_ok());
            Ok(Next::Finished)
        })
    });
    let caller = calls(&world, "one", 11, "075").await;
    pass(15_000).await;
    assert!(left.all().is_empty(), "it waits on: {:?}", left.all());
    caller.press('#').await;
    caller.over().await;
    let noted = left.all();
    assert!(noted[0].starts_with("Left { waited: ") && noted[1] == "false", "{noted:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn nobody_comes_and_whoever_waited_may_leave() {
    let world = World::new().await;
    let taking = takes(&world, 5);
    let left = install(&world, "075", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            call.enqueue(Enqueue::new("sales", 9)).await?;
            notes.add(call.meet(Meet { alone: Alone::Music, leave_by: only("#"), patience: None }).await?);
            Ok(Next::Finished)
        })
    });
    let agent = calls(&world, "two", 12, "074").await;
    assert_eq!(agent.over().await, EndReason::RemoteBye);
    assert_eq!(taking.all(), ["NoAnswer"]);
    let rang = world.heard(&agent, &[]);
    assert!(!rang.all("ringback").is_empty(), "{rang}");
    let caller = calls(&world, "one", 11, "075").await;
    pass(4_000).await;
    assert!(!world.heard(&caller, &[]).all("hold").is_empty(), "{}", world.heard(&caller, &[]));
    caller.press('#').await;
    caller.over().await;
    assert!(left.all()[0].starts_with("Left { waited: "), "{:?}", left.all());
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_full_queue_takes_nobody_and_whoever_hangs_up_makes_room() {
    let world = World::new().await;
    let notes = waits(&world);
    let [one, two] = [("one", 11), ("two", 12)].map(|(name, host)| calls(&world, name, host, "075"));
    let (one, two) = (one.await, two.await);
    let three = world.connect(World::setup("three", 13));
    three.call("075").await;
    three.over().await;
    assert!(notes.all().contains(&"\"full\"".to_owned()), "{:?}", notes.all());
    one.hang_up().await;
    pass(1_000).await;
    assert_eq!(world.server.rooms.queues.of(CLIENT)[0].waiting.len(), 1);
    two.hang_up().await;
    world.leaves_nothing().await;
    assert!(world.server.rooms.queues.of(CLIENT).is_empty());
}

/// A menu has so much time, and leads to an application whose document puts the caller into a queue.
#[tokio::test]
async fn the_time_of_a_menu_does_not_end_the_wait_in_a_queue_to_which_it_led() {
    let world = World::new().await;
    let config = world.server.rooms.store.snapshot();
    let application = config.extensions().find(|extension| extension.name.ends_with("*311")).expect("it is there").id;
    install(&world, "075", move |call, _| {
        Box::pin(async move {
            call.answer().await?;
            call.limit(Some(Duration::from_secs(3))).await?;
            Ok(Next::HandOver(application))
        })
    });
    world.web.answer_as(50, 200, "text/xml", b"<Response><Enqueue>sales</Enqueue></Response>".to_vec());
    let caller = calls(&world, "one", 11, "075").await;
    pass(8_000).await;
    assert_eq!(world.server.rooms.queues.of(CLIENT).first().map(|queue| queue.waiting.len()), Some(1));
    caller.hang_up().await;
    world.leaves_nothing().await;
    assert!(world.server.rooms.queues.of(CLIENT).is_empty());
}

#[tokio::test]
async fn a_caller_hears_itself_until_a_key() {
    let world = World::new().await;
    let notes = install(&world, "075", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            notes.add(call.echo(Echo { ends_by: only("#"), longest: None }).await?);
            Ok(Next::Finished)
        })
    });
    let caller = calls(&world, "one", 11, "075").await;
    pass(3_000).await;
    let lasted = said(&world, &caller, &caller);
    assert!(lasted > Duration::from_millis(2_500), "{lasted:?} {}", world.heard(&caller, &[&caller]));
    caller.press('#').await;
    caller.over().await;
    assert_eq!(notes.all().len(), 1);
    is_unbroken(&caller);
    world.leaves_nothing().await;
}
