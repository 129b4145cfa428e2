//! Sounds of VoiceXML on whole calls: files of web servers as others make them, what is said in their place, numbers, texts and marks.
//!
//! Sources: VoiceXML 2.0 §4.1; VoiceXML 2.1 §4 (mark); `voicexml-customizers.md` 3.8.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon_ivr::{Language, RenderError, Speech};
use antiphon_media::codec::Law;
use antiphon_server::settings::SpeechSettings;
use antiphon_server::speech::{SpeechRoom, Task, Voice};
use antiphon_testkit::{Heard, KnownSounds, SimPhone, Sound, noise};

use crate::vxml::{answer, calls, exit_of, notes};
use crate::world::{World, on_its_own, pass, prompt, wav};

/// A page that says this and ends.
fn saying(prompts: &str) -> String {
    format!("<form><block>{prompts}<exit expr=\"'over'\"/></block></form>")
}

/// How long a caller heard something loud.
fn loud(caller: &SimPhone) -> Duration {
    let is_loud = |payload: &[u8]| payload.iter().any(|&byte| Law::A.decode(byte).unsigned_abs() > 800);
    let packets = caller.received().into_iter().filter(|packet| packet.payload_type == 8);
    let count = packets.filter(|packet| is_loud(&packet.payload)).count();
    Duration::from_millis(20) * u32::try_from(count).unwrap_or_default()
}

/// A WAV file of 16 kHz in stereo: a tone on the left, nothing on the right.
fn stereo(ms: u32) -> Vec<u8> {
    let samples: Vec<i16> = (0..ms * 16)
        .flat_map(|at| [(12_000.0 * (f64::from(at) * 500.0 * std::f64::consts::TAU / 16_000.0).sin()) as i16, 0])
        .collect();
    let mut file = wav(&samples);
    file[22..24].copy_from_slice(&2u16.to_le_bytes());
    file[24..28].copy_from_slice(&16_000u32.to_le_bytes());
    file[28..32].copy_from_slice(&64_000u32.to_le_bytes());
    file[32..34].copy_from_slice(&4u16.to_le_bytes());
    file
}

#[test]
fn a_file_is_heard_whatever_it_is_made_of_and_one_that_is_broken_is_replaced() {
    let mp3 = include_bytes!("../../crates/media/fixtures/stereo-44k.mp3").to_vec();
    let whole = wav(&noise(77, Duration::from_millis(500)));
    // Status, media type, bytes, how long something else than the alternative is heard, whether the alternative is.
    let cases: Vec<(u16, &str, Vec<u8>, u64, bool)> = vec![
        (200, "audio/wav", stereo(800), 800, false),
        (200, "audio/mpeg", mp3.clone(), 600, false),
        // What the web server calls it does not matter.
        (200, "application/octet-stream", mp3, 600, false),
        (200, "audio/wav", whole[..30].to_vec(), 0, true),
        (200, "audio/wav", b"<html>not found</html>".to_vec(), 0, true),
        (200, "audio/wav", Vec::new(), 0, true),
        (404, "text/html", b"<html>not found</html>".to_vec(), 0, true),
        (500, "audio/wav", whole, 0, true),
    ];
    for (status, kind, body, ms, is_replaced) in cases {
        on_its_own(async move {
            let world = World::new().await;
            answer(&world, &saying(r#"<prompt><audio src="sound"><audio src="builtin:bye"/></audio></prompt>"#));
            let what = format!("{status} {kind} {} bytes", body.len());
            world.web.answer_as(0, status, kind, body);
            let caller = calls(&world).await;
            caller.over().await;
            assert_eq!(exit_of(&caller), "over");
            let heard = world.heard(&caller, &[]);
            let alternative: Duration = heard.all("bye").iter().map(|span| span.duration()).sum();
            assert_eq!(
                alternative,
                if is_replaced { prompt("bye").duration() } else { Duration::ZERO },
                "{what}: {heard}"
            );
            let other = loud(&caller).saturating_sub(alternative);
            assert!(other.abs_diff(Duration::from_millis(ms)) < Duration::from_millis(90), "{what}: {other:?}");
            world.leaves_nothing().await;
        });
    }
}

/// A file whose head promises more than there is, as of a web server that has not finished writing it.
#[tokio::test]
async fn a_file_that_is_cut_off_is_heard_as_far_as_it_goes() {
    let world = World::new().await;
    answer(&world, &saying(r#"<prompt><audio src="sound"><audio src="builtin:bye"/></audio></prompt>"#));
    let mut file = wav(&noise(78, Duration::from_secs(2)));
    file.truncate(44 + 8_000 * 2);
    world.web.answer_as(0, 200, "audio/wav", file);
    let caller = calls(&world).await;
    caller.over().await;
    let (heard, lasted) = (world.heard(&caller, &[]), loud(&caller));
    let is_either = lasted.abs_diff(Duration::from_secs(1)) < Duration::from_millis(90);
    assert!(is_either, "{lasted:?}: {heard}");
    world.leaves_nothing().await;
}

fn name(sound: &Sound) -> Option<&str> {
    match sound {
        Sound::Known(name) => Some(name),
        _ => None,
    }
}

#[tokio::test]
async fn digits_and_numbers_are_said_from_files_in_the_language_of_the_prompt() {
    let world = World::new().await;
    answer(
        &world,
        &saying(
            r#"<prompt xml:lang="ru"><say-as interpret-as="digits">21</say-as></prompt>
               <prompt xml:lang="en"><say-as interpret-as="vxml:digits">21</say-as></prompt>
               <prompt xml:lang="en"><say-as interpret-as="cardinal"><value expr="20 + 1"/></say-as></prompt>"#,
        ),
    );
    let caller = calls(&world).await;
    caller.over().await;
    let mut known = KnownSounds::new(caller.setup().codec);
    for language in [Language::English, Language::Russian] {
        for name in ["digits/1", "digits/2", "numbers/20", "numbers/1"] {
            if let Some(sound) = world.server.rooms.system_sound(name, language) {
                known = known.with(&format!("{language}/{name}"), &sound);
            }
        }
    }
    let heard = Heard::of(&caller.received(), &known);
    let mut names: Vec<&str> = heard.spans.iter().filter_map(|span| name(&span.sound)).collect();
    names.dedup();
    assert_eq!(names[..4], ["ru/digits/2", "ru/digits/1", "en/digits/2", "en/digits/1"], "{heard}");
    assert!(names[4..].starts_with(&["en/numbers/20"]), "{names:?}");
    world.leaves_nothing().await;
}

/// A voice of a test: after a time, the prompt `thanks`; and what it was asked for.
#[derive(Clone)]
struct Says(Duration, Arc<Mutex<Vec<Wanted>>>);

/// A text and its language.
type Wanted = (String, Option<String>);

impl Voice for Says {
    fn identity(&self) -> String {
        "a test".to_owned()
    }

    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>> {
        self.1.lock().expect("nobody panics with it").push((speech.text().to_owned(), speech.language.clone()));
        let after = self.0;
        Box::pin(async move {
            tokio::time::sleep(after).await;
            Ok(wav(&noise(15, Duration::from_millis(1_010))))
        })
    }
}

/// A world with such a voice.
async fn voiced(ms: u64) -> (World, Says) {
    let world = World::new().await;
    let data = tempfile::tempdir().expect("a temporary directory");
    let voice = Says(Duration::from_millis(ms), Arc::default());
    let room = SpeechRoom::with_engines(Some(Arc::new(voice.clone())), None, &SpeechSettings::default(), data.path());
    world.server.rooms.speech.store(Arc::new(room));
    (world, voice)
}

#[tokio::test]
async fn a_text_is_said_in_the_language_of_its_prompt_else_of_its_page() {
    let (world, voice) = voiced(100).await;
    let page = crate::vxml::page_with(
        "xml:lang=\"en-GB\"",
        &saying(
            r#"<prompt>Good morning</prompt><prompt xml:lang="ru-RU">Dobroe utro, <value expr="'Anna'"/></prompt>"#,
        ),
    );
    world.web.answer_as(0, 200, "text/xml", page);
    let caller = calls(&world).await;
    caller.over().await;
    let asked = voice.1.lock().unwrap().clone();
    let owned = |text: &str, language: &str| (text.to_owned(), Some(language.to_owned()));
    assert_eq!(asked, [owned("Good morning", "en-GB"), owned("Dobroe utro, Anna", "ru-RU")]);
    let heard = world.heard(&caller, &[]);
    let spans = heard.all("thanks");
    assert_eq!(spans.len(), 2, "{heard}");
    assert_eq!(spans[0].to, spans[1].from, "one prompt follows the other without a gap: {heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_text_that_takes_long_to_be_rendered_is_not_waited_for_in_silence() {
    let (world, _) = voiced(3_000).await;
    answer(&world, &saying("<prompt>Good morning</prompt>"));
    let caller = calls(&world).await;
    let up = caller.when(|stage| stage == antiphon_testkit::Stage::Up).expect("it is up");
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    let thanks = heard.first("thanks");
    assert_eq!((thanks.offset, thanks.duration()), (0, prompt("thanks").duration()), "{heard}");
    let is_heard = |packet: &&antiphon_testkit::Received| {
        packet.payload.iter().any(|&byte| Law::A.decode(byte).unsigned_abs() > 60)
    };
    let before = caller.received();
    let first = before.iter().filter(|packet| packet.at < thanks.from).find(is_heard).expect("it is not silent");
    let silence = first.at - up;
    assert!(silence < Duration::from_millis(800), "nothing is heard for {silence:?}: {heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_stops_the_wait_for_a_text_and_counts() {
    let (world, _) = voiced(4_000).await;
    answer(
        &world,
        r#"<form><field name="key" type="digits?length=1"><prompt>Good morning</prompt><filled><exit expr="key"/></filled></field></form>"#,
    );
    let caller = calls(&world).await;
    pass(1_500).await;
    caller.press('6').await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "6");
    assert!(world.heard(&caller, &[]).all("thanks").is_empty());
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_mark_that_was_reached_last_is_told_with_what_the_caller_pressed() {
    let world = World::new().await;
    answer(
        &world,
        r#"<form><field name="key" type="digits?length=1">
             <prompt bargein="false"><mark name="first"/><audio src="builtin:thanks"/><mark name="second"/></prompt>
             <filled><exit expr="application.lastresult$.markname"/></filled></field></form>"#,
    );
    let caller = calls(&world).await;
    pass(2_000).await;
    caller.press('1').await;
    caller.over().await;
    assert_eq!(exit_of(&caller), "second");
    assert!(notes(&world).iter().any(|note| note.contains("second")), "{:?}", notes(&world));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_in_a_prompt_is_told_with_the_mark_before_it_and_the_time_since() {
    let world = World::new().await;
    answer(
        &world,
        r#"<form><field name="key" type="digits?length=1">
             <prompt><mark name="first"/><audio src="builtin:thanks"/><mark name="second"/><audio src="builtin:hello"/><mark name="third"/></prompt>
             <filled><exit expr="application.lastresult$.markname + ' ' + key$.marktime"/></filled></field></form>"#,
    );
    let caller = calls(&world).await;
    pass(prompt("thanks").duration().as_millis() as u64 + 800).await;
    caller.press('1').await;
    caller.over().await;
    let exit = exit_of(&caller);
    let (name, time) = exit.split_once(' ').unwrap();
    let since = Duration::from_millis(time.parse().unwrap());
    let heard = world.heard(&caller, &[]);
    let hello = heard.first("hello").duration();
    assert_eq!(name, "second", "{heard}");
    assert!(hello > Duration::from_millis(300) && hello < prompt("hello").duration(), "{heard}");
    assert!(since.abs_diff(hello) <= Duration::from_millis(20), "{since:?}: {heard}");
    world.leaves_nothing().await;
}
