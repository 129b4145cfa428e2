//! What a caller hears between two pages of VoiceXML: no more silence than the web server takes, no packet missing, no click, and no key
//! that is lost.
//!
//! Sources: VoiceXML 2.0 §6.1 (fetchaudio); RFC 3550 §5.1, RFC 3551 §4.1 (marker); `voicexml-customizers.md` 3.6, 3.8.

use std::time::Duration;

use antiphon_media::{Audio, codec::Law};
use antiphon_sip::EndReason;
use antiphon_testkit::{Heard, Received, SimPhone};

use crate::referring::is_unbroken;
use crate::vxml::{answer, answer_after, calls, exit_of};
use crate::world::{World, on_its_own, pass, prompt, wav};

/// A packet's time.
const FRAME: Duration = Duration::from_millis(20);
/// What may pass from one order to the next sound: the frame that is being said, and the one that the order waits for.
const SEAM: Duration = Duration::from_millis(45);
/// After so long the usual filler is heard.
const FILLER: Duration = Duration::from_millis(700);

/// A page that says this, takes a key and goes to the next.
fn asking(sound: &str, next: &str) -> String {
    format!(
        r#"<form><field name="key" type="digits?length=1"><prompt><audio src="builtin:{sound}"/></prompt>
             <filled><submit next="{next}" namelist="key"/></filled></field></form>"#
    )
}

/// A page that says this and ends with that value.
fn ending(sound: &str) -> String {
    format!(
        r#"<form><block><prompt bargein="false"><audio src="builtin:{sound}"/></prompt><exit expr="'over'"/></block></form>"#
    )
}

/// One stream from its first packet, which alone has the mark, to its end.
#[track_caller]
pub(crate) fn is_one_line(caller: &SimPhone) {
    is_unbroken(caller);
    assert!(caller.received()[0].marker, "the first packet of a stream is marked");
}

#[test]
fn the_silence_between_two_pages_is_what_the_web_server_takes_and_no_packet_is_missing() {
    for ms in [0, 50, 500, 2_000] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &asking("hello", "second"));
            answer_after(&world, ms, &asking("ad", "third"));
            answer_after(&world, ms, &ending("bye"));
            let caller = calls(&world).await;
            pass(1_013).await;
            caller.press('1').await;
            pass(ms + 1_500).await;
            caller.press('2').await;
            assert_eq!(caller.over().await, EndReason::RemoteBye);
            assert_eq!(exit_of(&caller), "over");
            let heard = world.heard(&caller, &[]);
            for (before, after) in [("hello", "ad"), ("ad", "bye")] {
                let silence = heard.first(after).from - heard.first(before).to;
                let most = Duration::from_millis(ms) + SEAM;
                assert!(silence <= most, "{silence:?} from {before} to {after} where the page takes {ms} ms: {heard}");
            }
            assert_eq!(heard.first("bye").duration(), prompt("bye").duration(), "{heard}");
            is_one_line(&caller);
            world.leaves_nothing().await;
        });
    }
}

/// A tone without a click at its ends, which a cut makes one at almost every moment.
fn tone() -> Audio {
    Audio::from_pcm(&tone_samples(3_000))
}

fn tone_samples(ms: u32) -> Vec<i16> {
    let samples = (0..ms * 8).map(|at| {
        let envelope = (f64::from(at).min(f64::from(ms * 8 - at)) / 400.0).min(1.0);
        (envelope * 8_000.0 * (f64::from(at) * 310.0 * std::f64::consts::TAU / 8_000.0).sin()) as i16
    });
    samples.collect()
}

/// The steepest step of that tone.
pub(crate) const STEEPEST: i32 = 2_000;

fn samples(packets: &[Received]) -> Vec<i32> {
    let sound = packets.iter().filter(|packet| packet.payload_type == 8);
    sound.flat_map(|packet| packet.payload.iter().map(|&byte| i32::from(Law::A.decode(byte)))).collect()
}

/// The steepest step of what somebody heard, and how long it was loud.
pub(crate) fn steps(caller: &SimPhone) -> (i32, Duration) {
    let samples = samples(&caller.received());
    let steepest = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max().unwrap_or_default();
    let loud = samples.chunks(160).filter(|frame| frame.iter().any(|sample| sample.abs() > 1_000)).count();
    (steepest, FRAME * u32::try_from(loud).unwrap_or_default())
}

pub(crate) fn serve_tone(world: &World, ms: u64, length: u32) {
    world.web.answer_as(ms, 200, "audio/wav", wav(&tone_samples(length)));
}

#[test]
fn a_prompt_that_a_key_stops_does_not_click_and_the_next_begins_where_it_begins() {
    // The tone is at another point of its period each time.
    for after in [1_013, 1_034, 1_055, 1_076, 1_097] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &asking_tone("second"));
            serve_tone(&world, 0, 3_000);
            // It has the tone already.
            answer_after(&world, 0, &asking_tone("third"));
            answer_after(&world, 0, "<form><block><exit expr=\"'over'\"/></block></form>");
            let caller = calls(&world).await;
            pass(after).await;
            caller.press('1').await;
            pass(1_300).await;
            caller.press('2').await;
            caller.over().await;
            assert_eq!(exit_of(&caller), "over");
            let (steepest, loud) = steps(&caller);
            assert!(loud > Duration::from_millis(2_000) && loud < Duration::from_millis(2_700), "{loud:?}");
            assert!(steepest < STEEPEST * 5 / 4, "a step of {steepest} where the key came after {after} ms");
            is_one_line(&caller);
            world.leaves_nothing().await;
        });
    }
}

fn asking_tone(next: &str) -> String {
    asking("x", next).replace("builtin:x", "http://app.test/tone.wav")
}

/// A page that goes to the next one over a tone.
fn over_a_tone(delay: &str, least: &str) -> String {
    format!(
        r#"<property name="fetchaudiodelay" value="{delay}"/><property name="fetchaudiominimum" value="{least}"/>
           <form><block><prompt bargein="false"><audio src="builtin:thanks"/></prompt>
             <goto next="slow" fetchaudio="tone.wav"/></block></form>"#
    )
}

#[test]
fn a_sound_of_the_page_fills_the_wait_and_ends_without_a_click_before_the_next_prompt() {
    // When the sound is there, when the page is, and from and until when something should be heard then: what is always heard stands in
    // for a sound that is late.
    for (sound_ms, page_ms, from, to) in
        [(0, 2_510, 1_000, 3_000), (0, 4_507, 1_000, 4_507), (1_500, 4_000, 1_000, 4_000), (0, 900, 0, 0)]
    {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &over_a_tone("1s", "2s"));
            // The page is asked for before the sound that is heard meanwhile.
            answer_after(&world, page_ms, &ending("bye"));
            serve_tone(&world, sound_ms, 3_000);
            let caller = calls(&world).await;
            caller.over().await;
            assert_eq!(exit_of(&caller), "over");
            let heard = world.heard(&caller, &[]);
            let asked = heard.first("thanks").to;
            let (first, last) = loud_between(&caller, &heard);
            let about = |found: Option<Duration>, wanted: u64| {
                found.is_some_and(|found| found.abs_diff(Duration::from_millis(wanted)) < Duration::from_millis(250))
            };
            if to == 0 {
                assert_eq!(first, None, "{heard}");
            } else {
                assert!(about(first, from) && about(last, to), "{first:?} to {last:?}, not {from} to {to}: {heard}");
                let silence = heard.first("bye").from - (asked + last.unwrap_or_default());
                assert!(silence <= SEAM + FRAME, "{silence:?} before the next prompt: {heard}");
            }
            let page = heard.first("bye").from - asked;
            let latest = Duration::from_millis(page_ms.max(to)) + 2 * SEAM;
            assert!(page <= latest, "the next prompt begins after {page:?}: {heard}");
            is_one_line(&caller);
            world.leaves_nothing().await;
        });
    }
}

#[test]
fn a_sound_of_the_page_that_is_not_there_leaves_nobody_in_silence() {
    for (ms, status) in [(60_000, 200), (0, 404)] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &over_a_tone("1s", "2s"));
            answer_after(&world, 4_000, &ending("bye"));
            world.web.answer_as(ms, status, "audio/wav", wav(&tone_samples(3_000)));
            let caller = calls(&world).await;
            caller.over().await;
            let heard = world.heard(&caller, &[]);
            let (asked, bye) = (heard.first("thanks").to, heard.first("bye").from);
            let is_soft =
                |packet: &Received| packet.payload.iter().any(|&byte| Law::A.decode(byte).unsigned_abs() > 60);
            let between = caller.received().into_iter().filter(|packet| packet.at > asked + SEAM && packet.at < bye);
            let first = between.filter(is_soft).map(|packet| packet.at - asked).next().expect("something is heard");
            assert!(first < Duration::from_millis(1_300), "nothing is heard for {first:?}: {heard}");
            let page = bye - asked;
            assert!(page.abs_diff(Duration::from_secs(4)) < 2 * SEAM, "the page goes on after {page:?}");
            is_one_line(&caller);
            world.leaves_nothing().await;
        });
    }
}

/// From and until when something was loud between the two prompts of that page, counted from the first one's end.
fn loud_between(caller: &SimPhone, heard: &Heard) -> (Option<Duration>, Option<Duration>) {
    let (from, to) = (heard.first("thanks").to, heard.first("bye").from);
    let between = caller.received().into_iter().filter(|packet| packet.at >= from && packet.at < to);
    let is_loud = |packet: &Received| packet.payload.iter().any(|&byte| Law::A.decode(byte).unsigned_abs() > 1_000);
    let loud: Vec<_> = between.filter(is_loud).map(|packet| packet.at - from).collect();
    (loud.first().copied(), loud.last().map(|last| *last + FRAME))
}

#[tokio::test]
async fn a_tone_over_the_wait_has_no_step_where_it_ends() {
    let world = World::new().await;
    for page_ms in [2_403, 2_411, 2_419, 2_427] {
        answer(
            &world,
            r#"<property name="fetchaudiodelay" value="0s"/><property name="fetchaudiominimum" value="0s"/>
               <form><block><goto next="slow" fetchaudio="tone.wav"/></block></form>"#,
        );
        answer_after(&world, page_ms, "<form><block><exit expr=\"'over'\"/></block></form>");
        if page_ms == 2_403 {
            // The calls after the first have it already.
            serve_tone(&world, 0, 3_000);
        }
        let caller = calls(&world).await;
        caller.over().await;
        assert_eq!(exit_of(&caller), "over");
        let (steepest, loud) = steps(&caller);
        assert!(loud > Duration::from_millis(1_000), "{loud:?}");
        assert!(steepest < STEEPEST * 5 / 4, "a step of {steepest} where the page comes after {page_ms} ms");
        is_one_line(&caller);
        drop(caller);
        pass(1_000).await;
    }
    world.leaves_nothing().await;
}

/// Of what is heard while a page is fetched the end takes a frame, in which keys come as at any other moment.
#[tokio::test]
async fn no_key_is_lost_while_what_is_heard_meanwhile_sinks() {
    let world = World::new().await;
    // The phone sends every 20 ms, and so do we; the page comes at another moment between the two each time.
    let moments =
        (2_000..2_020).step_by(4).flat_map(|page_ms| [0, 10, 20, 30].map(|after| (page_ms, page_ms - 10 + after)));
    for (page_ms, ms) in moments {
        answer(&world, r#"<form><block><goto next="slow"/></block></form>"#);
        answer_after(
            &world,
            page_ms,
            r#"<form><field name="key" type="digits?length=1"><property name="timeout" value="1s"/>
                 <prompt><audio src="builtin:bye"/></prompt><noinput><exit expr="'nothing'"/></noinput>
                 <filled><exit expr="key"/></filled></field></form>"#,
        );
        let caller = calls(&world).await;
        let asked = world.web.asked().last().expect("it asks").at;
        tokio::time::sleep_until(asked + Duration::from_millis(ms)).await;
        caller.press('5').await;
        caller.over().await;
        assert_eq!(exit_of(&caller), "5", "pressed {ms} ms after the page was asked for, which took {page_ms} ms");
        drop(caller);
        pass(1_000).await;
    }
    world.leaves_nothing().await;
}

#[test]
fn keys_pressed_ahead_count_on_the_next_page_unless_its_prompt_has_to_be_heard() {
    for (may_stop, exit, heard_of_next) in [(true, "12", false), (false, "1nothing", true)] {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &asking("hello", "second"));
            answer_after(
                &world,
                500,
                &format!(
                    r#"<var name="first" expr="1"/>
                       <form><field name="key" type="digits?length=1"><property name="timeout" value="1s"/>
                         <prompt bargein="{may_stop}"><audio src="builtin:bye"/></prompt>
                         <noinput><exit expr="first + 'nothing'"/></noinput>
                         <filled><exit expr="first + key"/></filled></field></form>"#
                ),
            );
            let caller = calls(&world).await;
            pass(500).await;
            caller.press('1').await;
            pass(200).await;
            caller.press('2').await;
            caller.over().await;
            assert_eq!(exit_of(&caller), exit);
            let heard = world.heard(&caller, &[]);
            assert_eq!(!heard.all("bye").is_empty(), heard_of_next, "{heard}");
            assert!(heard.first("hello").duration() < FILLER, "{heard}");
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_menu_is_heard_again_from_its_beginning_and_its_tone_does_not_click() {
    let world = World::new().await;
    answer(
        &world,
        r#"<form><field name="key" type="digits?length=1"><property name="timeout" value="500ms"/>
             <prompt><audio src="tone.wav"/></prompt><noinput><reprompt/></noinput>
             <noinput count="3"><exit expr="'over'"/></noinput></field></form>"#,
    );
    serve_tone(&world, 0, 1_000);
    let caller = calls(&world).await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "over");
    let (steepest, loud) = steps(&caller);
    assert!(steepest < STEEPEST * 5 / 4, "{steepest}");
    let wanted = 3 * tone_length();
    assert!(loud.abs_diff(wanted) < Duration::from_millis(150), "{loud:?}, not {wanted:?}");
    is_one_line(&caller);
    world.leaves_nothing().await;
}

/// How long that tone is loud when it lasts a second.
fn tone_length() -> Duration {
    tone().duration() / 3
}
