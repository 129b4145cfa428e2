//! What a caller hears and presses while a script waits for a web server that says so itself, and what it has recorded.
//!
//! Sources: VoiceXML 2.0 §6.1 (fetchaudio), §2.3.6 (recordings); `voicexml-customizers.md` 3.6, 3.8.

use std::time::Duration;

use antiphon_ivr::{
    BodyFile, Call, Fetch, FetchBody, FetchMethod, Filler, Meanwhile, Next, Prompt, Record, RecordingId, TypeAhead,
    op::{Beep, Trim},
};
use antiphon_testkit::SimPhone;

use crate::custom::{digits, install, only, say, sound};
use crate::world::{World, on_its_own, pass, prompt};

const CLOSE: Duration = Duration::from_millis(100);

fn asking(sound: Option<Filler>) -> Fetch {
    Fetch {
        method: FetchMethod::Post,
        url: "http://pages.test/next".to_owned(),
        headers: Vec::new(),
        body: None,
        patience: Duration::from_secs(7),
        max_bytes: 1_000,
        redirects: 0,
        step: "a test".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile { keys: TypeAhead::Keep, sound },
        cookies: None,
    }
}

async fn calls(world: &World) -> SimPhone {
    let caller = world.caller();
    caller.call("075").await;
    caller.up().await;
    caller
}

/// The menu 075 asks with this sound, and notes the keys that were pressed meanwhile.
fn asks(world: &World, after: u64, least: u64) -> crate::custom::Notes {
    let (hello, bye) = (sound(world, "hello"), sound(world, "bye"));
    install(world, "075", move |call, notes| {
        let (hello, bye) = (hello.clone(), bye.clone());
        Box::pin(async move {
            call.answer().await?;
            let seconds = Duration::from_secs;
            let filler = Filler { prompts: vec![hello], after: seconds(after), least: seconds(least) };
            let answer = call.fetch(asking(Some(filler))).await?;
            notes.add(answer.map(|page| page.status));
            notes.add(digits(call, 2).await?);
            say(call, &bye).await?;
            Ok(Next::Finished)
        })
    })
}

#[tokio::test]
async fn a_script_says_what_is_heard_while_it_waits_and_keys_are_kept() {
    let world = World::new().await;
    let notes = asks(&world, 1, 0);
    world.web.answer(3_000, 200, "");
    let caller = calls(&world).await;
    pass(500).await;
    caller.press('4').await;
    pass(1_500).await;
    caller.press('2').await;
    caller.over().await;
    assert_eq!(notes.all(), ["Ok(200)", "\"42\""]);
    let heard = world.heard(&caller, &[]);
    let asked = world.web.asked()[0].at;
    let began = heard.first("hello").from - asked;
    assert!(began.abs_diff(Duration::from_secs(1)) < CLOSE, "the sound begins after {began:?}");
    let ended = heard.first("bye").from - asked;
    assert!(ended.abs_diff(Duration::from_secs(3)) < 2 * CLOSE, "the script goes on after {ended:?}");
    world.leaves_nothing().await;
}

#[test]
fn a_sound_that_has_begun_is_heard_for_its_time_and_a_quick_answer_makes_none() {
    for (answered, ended, begins) in [(1_200, 3_000, true), (500, 500, false)] {
        on_its_own(async move {
            let world = World::new().await;
            asks(&world, 1, 2);
            world.web.answer(answered, 200, "");
            let caller = calls(&world).await;
            caller.over().await;
            let heard = world.heard(&caller, &[]);
            assert_eq!(!heard.all("hello").is_empty(), begins, "{heard}");
            // Two seconds are waited for keys.
            let goes_on = heard.first("bye").from - world.web.asked()[0].at;
            assert!(goes_on.abs_diff(Duration::from_millis(ended + 2_000)) < 2 * CLOSE, "after {goes_on:?}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_over_such_a_sound_ends_the_request() {
    let world = World::new().await;
    asks(&world, 1, 5);
    world.web.answer(6_000, 200, "");
    let caller = calls(&world).await;
    pass(2_000).await;
    caller.hang_up().await;
    caller.over().await;
    pass(100).await;
    assert!(world.web.asked()[0].is_given_up);
    world.leaves_nothing().await;
}

async fn recorded(call: &mut Call) -> Result<RecordingId, antiphon_ivr::Interrupted> {
    let record = Record {
        beep: Beep::Silent,
        max_length: Duration::from_secs(30),
        end_silence: None,
        min_length: Duration::from_millis(100),
        terminators: only("#"),
        mailbox: None,
        trim: Trim::Nothing,
    };
    Ok(call.record(record).await?.recording.expect("something was recorded"))
}

#[tokio::test]
async fn what_a_script_has_recorded_can_be_said_and_sent_and_nothing_else() {
    let world = World::new().await;
    let notes = install(&world, "075", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            let recording = recorded(call).await?;
            say(call, &Prompt::Message(recording)).await?;
            for recording in [recording, RecordingId(7)] {
                let body = FetchBody { content_type: "text/plain".to_owned(), bytes: b"before|after".to_vec() };
                let files = vec![BodyFile { at: 7, recording }];
                let fetch = Fetch { body: Some(body), files, ..asking(None) };
                notes.add(call.fetch(fetch).await?.map(|page| page.status));
            }
            Ok(Next::Finished)
        })
    });
    world.web.answer(0, 200, "");
    let caller = world.caller();
    caller.speak(Some(prompt("thanks"))).await;
    caller.call("075").await;
    caller.up().await;
    pass(3_000).await;
    caller.press('#').await;
    caller.over().await;
    assert_eq!(notes.all(), ["Ok(200)", "Err(NoFile)"]);
    assert!(!world.heard(&caller, &[]).all("thanks").is_empty(), "{}", world.heard(&caller, &[]));
    let asked = world.web.asked();
    let body = asked[0].errand.body.clone().expect("it has one");
    assert_eq!((&body[..11], &body[body.len() - 5..]), (&b"before|RIFF"[..], &b"after"[..]));
    assert!(asked.len() == 1 && body.len() > 30_000, "{} bytes", body.len());
    world.leaves_nothing().await;
}
