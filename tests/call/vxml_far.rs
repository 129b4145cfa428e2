//! Others in a call of VoiceXML: bridges and how they end, a call that is heard unanswered, and the place on a trunk.
//!
//! Sources: VoiceXML 2.0 §2.3.7, §1.5.4; `voicexml-customizers.md` 1.3, 1.7, 3.4, 3.9.

use std::time::Duration;

use antiphon_media::codec::Law;
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Heard, SimPhone, Stage};

use crate::referring::is_unbroken;
use crate::vxml::{NUMBER, answer, answer_after, calls, exit_of, page_with};
use crate::vxml_between::{STEEPEST, is_one_line, serve_tone, steps};
use crate::world::{Shape, World, on_its_own, pass, prompt, usual_trunks, wav};

const AFTER_A_SECOND: Answering = Answering::After(Duration::from_secs(1));

/// A page that transfers to 002 with these attributes, and says what came of it.
fn bridging(attributes: &str, grammar: &str) -> String {
    format!(
        r#"<form><transfer name="far" dest="tel:002" bridge="true" {attributes}>
               <prompt bargein="false"><audio src="builtin:thanks"/></prompt>{grammar}</transfer>
             <block><prompt bargein="false"><audio src="builtin:bye"/></prompt>
               <exit expr="far + ' ' + Math.round(far$.duration) + ' ' + far$.inputmode"/></block></form>"#
    )
}

/// The caller hears the goodbye of the page in one piece, and its stream has no break.
#[track_caller]
fn heard_on(world: &World, caller: &SimPhone) {
    let heard = world.heard(caller, &[]);
    assert_eq!(heard.first("bye").duration(), prompt("bye").duration(), "{heard}");
    is_unbroken(caller);
}

#[test]
fn a_bridge_ends_by_either_side_or_its_time_and_the_caller_goes_on_with_the_form() {
    #[derive(Copy, Clone, Debug)]
    enum By {
        FarEnd,
        Key,
        Time,
        NoAnswer,
        Busy,
    }
    let hash = r##"<grammar mode="dtmf" version="1.0" root="r"><rule id="r">#</rule></grammar>"##;
    for (by, attributes, grammar, expect) in [
        (By::FarEnd, "", "", "far_end_disconnect 3 undefined"),
        (By::Key, "", hash, "near_end_disconnect 3 dtmf"),
        (By::Time, r#"maxtime="5s""#, "", "maxtime_disconnect 5 undefined"),
        (By::NoAnswer, r#"connecttimeout="4s""#, "", "noanswer 0 undefined"),
        (By::Busy, "", "", "busy 0 undefined"),
    ] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &bridging(attributes, grammar));
            let answering = match by {
                By::NoAnswer => Answering::Never,
                By::Busy => Answering::Busy,
                _ => AFTER_A_SECOND,
            };
            let far = world.callee("002", 2, answering);
            far.speak(Some(prompt("002"))).await;
            let caller = calls(&world).await;
            caller.speak(Some(prompt("caller"))).await;
            if matches!(by, By::FarEnd | By::Key) {
                far.up().await;
                pass(3_000).await;
                match by {
                    By::Key => {
                        // One that no grammar takes alone ends nothing.
                        caller.press('5').await;
                        pass(300).await;
                        caller.press('#').await;
                    }
                    _ => far.hang_up().await,
                }
            }
            assert_eq!(caller.over().await, EndReason::RemoteBye);
            assert_eq!(exit_of(&caller), expect, "{by:?}");
            heard_on(&world, &caller);
            if matches!(by, By::FarEnd | By::Key | By::Time) {
                let heard = world.heard(&caller, &[&far]);
                let said: Duration = heard.all("002").iter().map(|span| span.duration()).sum();
                assert!(said > Duration::from_millis(2_700), "{by:?}: {heard}");
                let rest = heard.first("bye").from - heard.all("002").last().expect("it was heard").to;
                assert!(rest < Duration::from_millis(250), "{by:?}: {rest:?} after the bridge: {heard}");
            }
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_in_a_bridge_ends_it_and_the_page_may_tell_its_web_server() {
    let world = World::new().await;
    answer(
        &world,
        &format!(
            r#"<catch event="connection.disconnect.hangup"><submit next="http://app.test/gone" namelist="who"/></catch>
               <var name="who" expr="'caller'"/>{}"#,
            bridging("", "")
        ),
    );
    answer(&world, "<form><block><exit/></block></form>");
    let far = world.callee("002", 2, AFTER_A_SECOND);
    let caller = calls(&world).await;
    far.up().await;
    pass(2_000).await;
    caller.hang_up().await;
    assert_eq!(far.over().await, EndReason::RemoteBye);
    pass(1_000).await;
    let asked = world.web.asked();
    assert_eq!(asked.last().map(|asked| asked.errand.url.as_str()), Some("http://app.test/gone?who=caller"));
    world.leaves_nothing().await;
}

/// A page of Contact Pro that is heard unanswered.
fn early(world: &World, content: &str) {
    let attributes = "xmlns:bcm=\"urn:contactpro:bcm\" bcm:earlyqueuing=\"true\"";
    world.web.answer_as(100, 200, "text/xml", page_with(attributes, content));
}

/// A call that is heard unanswered for longer than two minutes is ended; one that somebody answers is not, however long they talk and
/// whatever follows.
#[test]
fn whoever_answers_a_call_that_was_only_heard_lifts_its_time() {
    on_its_own(async {
        let world = World::new().await;
        early(
            &world,
            r#"<bcm:callout id="boss" destination="002"/>
               <form id="after"><field name="key" bcm:timeout="20s"><audio expr="'builtin:bye'"/><noinput><exit/></noinput></field></form>"#,
        );
        let far = world.callee("002", 2, Answering::After(Duration::from_secs(5)));
        let caller = world.caller();
        caller.call("321").await;
        pass(3_000).await;
        assert_ne!(caller.stage(), Stage::Up, "nobody has answered yet");
        far.up().await;
        caller.up().await;
        pass(150_000).await;
        assert_eq!(caller.stage(), Stage::Up, "they talk as long as they like");
        far.hang_up().await;
        pass(10_000).await;
        assert_eq!(caller.stage(), Stage::Up, "and the page goes on with an answered call");
        assert_eq!(caller.over().await, EndReason::RemoteBye);
        heard_on(&world, &caller);
        world.leaves_nothing().await;
    });
    on_its_own(async {
        let world = World::new().await;
        early(
            &world,
            r#"<form id="wait"><field name="key" bcm:timeout="50s"><audio expr="'builtin:hello'"/></field></form>"#,
        );
        let caller = world.caller();
        caller.call("321").await;
        let began = tokio::time::Instant::now();
        let why = caller.over().await;
        assert!(matches!(why, EndReason::Rejected(status) if status.code() == 480), "{why:?}");
        let after = began.elapsed();
        assert!(after.abs_diff(Duration::from_secs(120)) < Duration::from_secs(1), "{after:?}");
        assert!(world.heard(&caller, &[]).all("hello").len() >= 3, "it was heard unanswered");
        world.leaves_nothing().await;
    });
}

#[tokio::test]
async fn a_menu_that_takes_over_a_call_that_was_only_heard_has_no_time_of_the_page() {
    let world = World::new().await;
    early(&world, r#"<form id="go"><transfer name="t" destination="075"/></form>"#);
    let caller = calls(&world).await;
    pass(130_000).await;
    assert_eq!(caller.stage(), Stage::Up, "the menu waits for a key for ten minutes");
    assert!(!world.heard(&caller, &[]).all("hello").is_empty());
    caller.hang_up().await;
    caller.over().await;
    world.leaves_nothing().await;
}

/// A call of a carrier whose trunk carries one call.
async fn by_trunk(world: &World, last: u8) -> SimPhone {
    let caller = world.connect(World::setup_at("carrier", [10, 1, 2, last].into()));
    caller.call(NUMBER).await;
    caller.until("is answered", |stage| matches!(stage, Stage::Up | Stage::Over(_))).await;
    caller
}

#[tokio::test]
async fn the_place_on_the_trunk_is_free_while_a_page_says_its_last_words() {
    let trunks = usual_trunks("options_interval = 0\nmax_calls = 1");
    let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
    let field = r#"<form><field type="digits"><prompt><audio src="builtin:hello"/></prompt></field></form>"#;
    let last = r#"<catch event="connection.disconnect.hangup"><submit next="http://app.test/gone"/></catch>"#;
    answer(&world, &format!("{last}{field}"));
    let first = by_trunk(&world, 3).await;
    assert_eq!(first.stage(), Stage::Up);
    let second = by_trunk(&world, 4).await;
    assert!(matches!(second.over().await, EndReason::Rejected(status) if status.code() == 503), "the place is taken");
    // The web server that is told of the end takes long.
    answer_after(&world, 6_000, "<form><block><exit/></block></form>");
    first.hang_up().await;
    first.over().await;
    pass(1_000).await;
    assert_eq!(world.load().await, (1, 0), "the page still waits for its web server");
    answer(&world, field);
    let third = by_trunk(&world, 5).await;
    assert_eq!(third.stage(), Stage::Up, "the trunk carries another call meanwhile");
    third.hang_up().await;
    third.over().await;
    pass(10_000).await;
    assert!(!world.web.asked()[1].is_given_up, "the first one's page was answered");
    world.leaves_nothing().await;
}

fn lasted(heard: &Heard, name: &str) -> Duration {
    heard.all(name).iter().map(|span| span.duration()).sum()
}

#[track_caller]
fn about(found: Duration, wanted: u64, heard: &Heard) {
    assert!(
        found.abs_diff(Duration::from_millis(wanted)) < Duration::from_millis(150),
        "{found:?}, not {wanted}: {heard}"
    );
}

/// The samples of a prompt as a telephone hears it.
fn samples(name: &str) -> Vec<i16> {
    prompt(name).payload(antiphon_media::Codec::Pcma).iter().map(|&byte| Law::A.decode(byte)).collect()
}

/// While a callee that sends sound of its own rings for four seconds, the caller hears the sound of the page; the callee's and ours only
/// where the page's cannot be had.
#[test]
fn whoever_waits_for_an_answer_hears_the_sound_of_the_page_until_then() {
    const RINGS: u64 = 4_000;
    // What the page names, after how long its server answers and how, and how long the sound, ringback and the callee's are heard.
    for (audio, web, sound, ringback, early) in [
        ("builtin:ad", None, RINGS, 0, 0),
        // It comes while the prompt before it is heard.
        ("ad.wav", Some((300, 200)), RINGS, 0, 0),
        ("ad.wav", Some((1_600, 200)), RINGS - 600, 600, 0),
        ("ad.wav", Some((0, 404)), 0, 0, RINGS),
        ("builtin:none", None, 0, 0, RINGS),
    ] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &bridging(&format!(r#"transferaudio="{audio}""#), ""));
            if let Some((ms, status)) = web {
                world.web.answer_as(ms, status, "audio/wav", wav(&samples("ad")));
            }
            let far = world.callee("002", 2, Answering::Early(Duration::from_millis(RINGS)));
            far.speak(Some(prompt("002"))).await;
            let caller = calls(&world).await;
            far.up().await;
            let heard = world.heard(&caller, &[&far]);
            about(lasted(&heard, "ad"), sound, &heard);
            about(lasted(&heard, "ringback"), ringback, &heard);
            about(lasted(&heard, "002"), early, &heard);
            assert_eq!(heard.first("thanks").duration(), prompt("thanks").duration(), "{heard}");
            if early == 0 {
                let first = heard.all(if ringback > 0 { "ringback" } else { "ad" })[0].from;
                assert!(first - heard.first("thanks").to < Duration::from_millis(100), "{audio}: {heard}");
            }
            pass(2_000).await;
            far.hang_up().await;
            assert_eq!(caller.over().await, EndReason::RemoteBye);
            assert_eq!(exit_of(&caller), "far_end_disconnect 2 undefined");
            let after = world.heard(&caller, &[&far]);
            about(lasted(&after, "ad"), sound, &after);
            about(lasted(&after, "002"), early + 2_000, &after);
            world.leaves_nothing().await;
        });
    }
}

/// So it is where the caller's side is to call and does not; blind, nothing of the page is heard.
#[test]
fn a_consultation_that_is_a_call_of_ours_has_the_sound_of_the_page_too() {
    for (kind, sound, ringback) in [("consultation", true, false), ("blind", false, true)] {
        on_its_own(async move {
            let world = World::new().await;
            let page =
                bridging(r#"transferaudio="builtin:ad""#, "").replace(r#"bridge="true""#, &format!(r#"type="{kind}""#));
            answer(&world, &page);
            let far = world.callee("002", 2, Answering::After(Duration::from_secs(3)));
            let caller = calls(&world).await;
            far.up().await;
            let heard = world.heard(&caller, &[]);
            assert_eq!(lasted(&heard, "ad") > Duration::from_millis(2_500), sound, "{heard}");
            assert_eq!(!heard.all("ringback").is_empty(), ringback, "{heard}");
            far.hang_up().await;
            caller.over().await;
            world.leaves_nothing().await;
        });
    }
}

/// The tone is at another point of its period each time, and so is whoever answers, or the end of the attempt.
#[test]
fn the_sound_of_the_page_ends_without_a_click() {
    for (ms, answers) in [(2_003, true), (2_009, true), (2_016, true), (2_021, false), (2_028, false)] {
        on_its_own(async move {
            let world = World::new().await;
            let rings = Duration::from_millis(ms);
            answer(
                &world,
                &format!(
                    r#"<form><transfer name="far" dest="tel:002" bridge="true" transferaudio="tone.wav" connecttimeout="{}ms"/>
                         <block><exit expr="far"/></block></form>"#,
                    if answers { 9_000 } else { ms }
                ),
            );
            serve_tone(&world, 0, 3_000);
            let far = world.callee("002", 2, if answers { Answering::After(rings) } else { Answering::Never });
            let caller = calls(&world).await;
            if answers {
                far.up().await;
                pass(1_000).await;
                far.hang_up().await;
            }
            caller.over().await;
            assert_eq!(exit_of(&caller), if answers { "far_end_disconnect" } else { "noanswer" });
            let (steepest, loud) = steps(&caller);
            assert!(loud > Duration::from_millis(1_600) && loud < Duration::from_millis(2_100), "{loud:?}");
            assert!(steepest < STEEPEST * 5 / 4, "a step of {steepest} after {ms} ms");
            is_one_line(&caller);
            world.leaves_nothing().await;
        });
    }
}
