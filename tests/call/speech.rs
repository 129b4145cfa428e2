//! A caller who is listened to: words over a prompt, keys beside them, and recognisers that do not answer.
//!
//! Sources: `ringme-ivr.md` 5.1 (voice_helper).

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon_ivr::{RenderError, Speech, Utterance};
use antiphon_media::Audio;
use antiphon_server::settings::SpeechSettings;
use antiphon_server::speech::{NotUnderstood, Recogniser, Said, SpeechRoom, Task, Voice};
use antiphon_server::store::{ClientId, changes::UpdateExtension};
use antiphon_testkit::{Heard, SimPhone, noise};
use serde_json::json;

use crate::world::{World, on_its_own, pass, wav};

/// What a recogniser does in a test.
#[derive(Copy, Clone)]
enum Does {
    Understands(&'static str),
    Fails,
    NeverAnswers,
}

/// A recogniser of a test, and how long the utterances were that it got, in ms.
#[derive(Clone)]
struct Told {
    does: Does,
    heard: Arc<Mutex<Vec<usize>>>,
}

impl Recogniser for Told {
    fn understand(&self, said: Said) -> Task<Result<Option<Utterance>, NotUnderstood>> {
        let told = self.clone();
        Box::pin(async move {
            let ms = said.samples.len() * 1000 / said.rate.hertz() as usize;
            told.heard.lock().expect("no test panics here").push(ms);
            tokio::time::sleep(Duration::from_millis(200)).await;
            match told.does {
                Does::Understands("") => Ok(None),
                Does::Understands(words) => Ok(Some(Utterance { text: words.to_owned(), confidence: None })),
                Does::Fails => Err(NotUnderstood::Failed),
                Does::NeverAnswers => std::future::pending().await,
            }
        })
    }
}

/// A caller in the menu that listens, half a second after the answer, where the prompt begins.
async fn listening(recogniser: impl Recogniser + 'static) -> (World, SimPhone) {
    let world = World::new().await;
    let data = tempfile::tempdir().expect("a temporary directory");
    let room = SpeechRoom::with_engines(None, Some(Arc::new(recogniser)), &SpeechSettings::default(), data.path());
    world.server.rooms.speech.store(Arc::new(room));
    let caller = world.caller();
    caller.call("079").await;
    caller.up().await;
    pass(600).await;
    (world, caller)
}

fn told(does: Does) -> Told {
    Told { does, heard: Arc::default() }
}

/// A word: a buzz that grows and fades, 0.6 s of it.
fn word() -> Audio {
    let samples = (0..4_800).map(|at| {
        let envelope = (f64::from(at) / 4_800.0 * std::f64::consts::PI).sin();
        (envelope * 9_000.0 * (f64::from(at) * 0.15).sin()) as i16
    });
    Audio::from_pcm(&samples.collect::<Vec<_>>())
}

async fn say_a_word(caller: &SimPhone) {
    caller.speak(Some(word())).await;
    pass(600).await;
    caller.speak(None).await;
}

#[tokio::test]
async fn a_word_over_the_prompt_stops_it_and_leads_to_its_option() {
    let recogniser = told(Does::Understands("could I have SUPPORT"));
    let (world, caller) = listening(recogniser.clone()).await;
    pass(1_000).await;
    say_a_word(&caller).await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    let hello = heard.first("hello").duration();
    assert!(hello > Duration::from_secs(1) && hello < Duration::from_millis(1_500), "{heard}");
    assert_eq!(heard.first("thanks").offset, 0, "{heard}");
    assert!(heard.all("nobody").is_empty(), "{heard}");
    let utterances = recogniser.heard.lock().unwrap().clone();
    assert!(
        matches!(utterances[..], [ms] if (800..1_400).contains(&ms)),
        "the word and a little around it: {utterances:?}"
    );
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_not_understood_is_heard_again_until_the_time_is_over() {
    let recogniser = told(Does::Understands("the weather"));
    let (world, caller) = listening(recogniser.clone()).await;
    for _ in 0..2 {
        pass(1_500).await;
        say_a_word(&caller).await;
    }
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("nobody").offset, 0, "{heard}");
    assert_eq!(recogniser.heard.lock().unwrap().len(), 2);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_still_speaks_at_the_end_is_understood_as_far_as_that() {
    let recogniser = told(Does::Understands("sales"));
    let (world, caller) = listening(recogniser.clone()).await;
    pass(6_500).await;
    caller.speak(Some(word())).await;
    caller.over().await;
    assert_eq!(world.heard(&caller, &[]).first("bye").offset, 0);
    assert_eq!(recogniser.heard.lock().unwrap().len(), 1);
    world.leaves_nothing().await;
}

/// A word, which is not understood, and then a key.
async fn key_beside(does: Does) {
    let (world, caller) = listening(told(does)).await;
    pass(500).await;
    say_a_word(&caller).await;
    pass(2_000).await;
    caller.press('2').await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("bye").offset, 0, "{heard}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn keys_work_beside_a_recogniser_that_fails() {
    key_beside(Does::Fails).await;
}

#[tokio::test]
async fn keys_work_beside_a_recogniser_that_never_answers() {
    key_beside(Does::NeverAnswers).await;
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_they_are_listened_to_leaves_nothing() {
    let (world, caller) = listening(told(Does::NeverAnswers)).await;
    pass(500).await;
    say_a_word(&caller).await;
    pass(1_000).await;
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_silent_caller_hears_the_prompt_and_then_the_next_rule() {
    let recogniser = told(Does::Understands("support"));
    let (world, caller) = listening(recogniser.clone()).await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("hello").duration(), Duration::from_secs(3), "{heard}");
    assert_eq!(heard.first("nobody").offset, 0, "{heard}");
    assert!(recogniser.heard.lock().unwrap().is_empty());
    world.leaves_nothing().await;
}

/// A voice of a test: after a time, the prompt `thanks`, or nothing; and the languages that it was asked for.
struct Says(Duration, Result<(), RenderError>, Arc<Mutex<Vec<Option<String>>>>);

impl Voice for Says {
    fn identity(&self) -> String {
        "a test".to_owned()
    }

    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>> {
        assert_eq!(speech.text(), "Your order is ready");
        self.2.lock().expect("nobody panics with it").push(speech.language.clone());
        let (after, answer) = (self.0, self.1);
        Box::pin(async move {
            tokio::time::sleep(after).await;
            answer.map(|()| wav(&noise(15, Duration::from_millis(1_010))))
        })
    }
}

/// What a caller hears whom a web script has something said, by a voice that takes so many seconds.
async fn told_by(seconds: u64, answer: Result<(), RenderError>) -> Heard {
    let world = World::new().await;
    let data = tempfile::tempdir().expect("a temporary directory");
    let voice = Arc::new(Says(Duration::from_secs(seconds), answer, Arc::default()));
    let room = SpeechRoom::with_engines(Some(voice), None, &SpeechSettings::default(), data.path());
    world.server.rooms.speech.store(Arc::new(room));
    world.web.answer(100, 200, "<Response><TextToSpeech>Your order is ready</TextToSpeech></Response>");
    let caller = world.caller();
    caller.call("078").await;
    caller.up().await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    world.leaves_nothing().await;
    heard
}

#[tokio::test]
async fn what_a_web_script_has_rendered_is_heard_in_place_of_the_sound_as_soon_as_it_is_ready() {
    let heard = told_by(2, Ok(())).await;
    assert!(heard.all("busy").is_empty(), "{heard}");
    let (began, thanks) = (heard.spans[0].from, heard.first("thanks"));
    assert_eq!((thanks.offset, thanks.duration()), (0, Duration::from_millis(1_010)), "{heard}");
    // Half a second of sleep, a tenth for the web server, two for the voice.
    assert!((thanks.from - began).abs_diff(Duration::from_millis(2_600)) < Duration::from_millis(200), "{heard}");
}

#[tokio::test]
async fn a_voice_that_takes_too_long_leaves_the_sound() {
    let heard = told_by(8, Ok(())).await;
    let began = heard.spans[0].from;
    assert!(heard.all("thanks").is_empty(), "{heard}");
    let waited = heard.first("busy").from - began;
    assert!(waited.abs_diff(Duration::from_millis(5_600)) < Duration::from_millis(200), "{heard}");
}

#[tokio::test]
async fn a_voice_that_fails_leaves_the_sound_at_once() {
    let heard = told_by(1, Err(RenderError::Failed)).await;
    let waited = heard.first("busy").from - heard.spans[0].from;
    assert!(waited < Duration::from_millis(1_900), "{heard}");
}

/// A text that names no language is said in the extension's, where it has one.
#[test]
fn a_text_is_said_in_the_language_that_it_names_or_the_extension_has() {
    for (own, named, said) in
        [(Some("ru"), "", Some("ru")), (Some("ru"), " language=\"hy\"", Some("hy")), (None, "", None)]
    {
        on_its_own(async move {
            let world = World::new().await;
            let (data, asked) = (tempfile::tempdir().expect("a temporary directory"), Arc::default());
            let voice = Arc::new(Says(Duration::from_secs(1), Ok(()), Arc::clone(&asked)));
            let room = SpeechRoom::with_engines(Some(voice), None, &SpeechSettings::default(), data.path());
            world.server.rooms.speech.store(Arc::new(room));
            let store = &world.server.rooms.store;
            let extension = store.snapshot().find_extension("078", Some(ClientId(1))).expect("the menu").id;
            let change = UpdateExtension { client: ClientId(1), id: extension, body: json!({"language": own}) };
            store.commit(change).await.expect("a language");
            let answer = format!("<Response><TextToSpeech{named}>Your order is ready</TextToSpeech></Response>");
            world.web.answer(100, 200, &answer);
            let caller = world.caller();
            caller.call("078").await;
            caller.up().await;
            caller.over().await;
            assert_eq!(world.heard(&caller, &[]).all("thanks").len(), 1, "{own:?}");
            assert_eq!(*asked.lock().unwrap(), [said.map(str::to_owned)], "rendered once");
            world.leaves_nothing().await;
        });
    }
}

/// pocketsphinx as the server runs it. It takes real time, in which the virtual clock stands, because it runs on a thread that may wait.
struct Pocketsphinx;

impl Recogniser for Pocketsphinx {
    fn understand(&self, said: Said) -> Task<Result<Option<Utterance>, NotUnderstood>> {
        Box::pin(async move {
            let answer = tokio::task::spawn_blocking(move || understood(&said)).await.expect("it does not panic");
            Ok((!answer.is_empty()).then_some(Utterance { text: answer, confidence: None }))
        })
    }
}

fn understood(said: &Said) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/src/speech/recognise.py");
    let script = std::fs::read_to_string(script).expect("a script");
    let mut python = Command::new(target.join("python/bin/python3"))
        .args(["-c", &script])
        .env("ANTIPHON_PHRASES", said.phrases.join("\n"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cargo xtask test installs pocketsphinx");
    python.stdin.take().expect("piped").write_all(&said.wav()).expect("it reads");
    let answer = python.wait_with_output().expect("it ends");
    assert!(answer.status.success());
    String::from_utf8(answer.stdout).expect("words").trim().to_owned()
}

/// What espeak-ng makes of a text.
fn espeak(text: &str) -> Audio {
    let said = Command::new("espeak-ng").args(["-v", "en-us", "-s", "150", "--stdout", text]).output();
    let said = said.expect("cargo xtask test installs espeak-ng").stdout;
    Audio::from_wav(&said).expect("a WAV file")
}

#[tokio::test]
async fn espeak_says_a_word_as_the_caller_and_pocketsphinx_understands_it() {
    let (world, caller) = listening(Pocketsphinx).await;
    pass(1_000).await;
    let word = espeak("support");
    let ms = word.duration().as_millis() as u64;
    caller.speak(Some(word)).await;
    pass(ms).await;
    caller.speak(None).await;
    caller.over().await;
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("thanks").offset, 0, "{heard}");
    world.leaves_nothing().await;
}
