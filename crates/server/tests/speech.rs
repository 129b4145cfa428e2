//! Engines for speech that behave, and engines that do not.
//!
//! They are programs, so this is a process of its own: one that is being started holds for a moment what tests beside it have locked.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{RenderError, Speech};
use antiphon_media::{Audio, record::Rate};
use antiphon_server::{
    settings::{RecogniserEngine, SpeechSettings, VoiceEngine},
    speech::{NotUnderstood, Said, SpeechRoom},
};

/// Texts that may wait.
const RENDERINGS: usize = 64;

/// A room whose engines are this shell script, and its directory.
fn room(script: &str) -> (Arc<SpeechRoom>, tempfile::TempDir) {
    room_with(settings(script))
}

/// The same, with as little patience as a test has for an engine that hangs.
fn impatient_room(script: &str) -> (Arc<SpeechRoom>, tempfile::TempDir) {
    room_with(SpeechSettings { timeout: Duration::from_secs(2), ..settings(script) })
}

fn room_with(settings: SpeechSettings) -> (Arc<SpeechRoom>, tempfile::TempDir) {
    let data = tempfile::tempdir().expect("it works");
    (Arc::new(SpeechRoom::open(&settings, data.path())), data)
}

fn settings(script: &str) -> SpeechSettings {
    let words: Vec<String> = ["/bin/sh", "-c", script].map(str::to_owned).into();
    SpeechSettings {
        engine: VoiceEngine::Command(words.clone()),
        recogniser: RecogniserEngine::Command(words),
        timeout: Duration::from_secs(60),
        ..SpeechSettings::default()
    }
}

async fn render(room: &Arc<SpeechRoom>, speech: Speech) -> Result<Arc<Audio>, RenderError> {
    let rendering = room.render(&Arc::new(speech));
    loop {
        if let Some(known) = rendering.now() {
            return known;
        }
        tokio::task::yield_now().await;
    }
}

fn text(text: &str) -> Speech {
    Speech::new(text).expect("it works")
}

fn said(samples: usize) -> Said {
    Said { samples: vec![100; samples], rate: Rate::Narrow, language: None, phrases: Arc::new([]) }
}

/// A tenth of a second of WAV, as a script writes it.
fn sound(data: &tempfile::TempDir) -> PathBuf {
    let path = data.path().join("sound.wav");
    std::fs::write(&path, Said { samples: vec![1_000; 800], ..said(0) }.wav()).expect("it works");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_rendered_once_and_kept_over_a_restart() {
    let data = tempfile::tempdir().expect("it works");
    let sound = sound(&data);
    let log = data.path().join("log");
    // The text comes on standard input, whatever is in it; everything else in the environment.
    let line = format!(
        "read -r text; echo \"$text $ANTIPHON_LANGUAGE $ANTIPHON_SPEED $#\" >> {}; cat {}",
        log.display(),
        sound.display()
    );
    let settings = settings(&line);
    let room = Arc::new(SpeechRoom::open(&settings, data.path()));
    let spoken = Speech { language: Some("ru-RU".into()), ..text("$(rm -rf /) `id` --help; \"x\"") };
    for _ in 0..3 {
        assert_eq!(render(&room, spoken.clone()).await.unwrap().duration(), Duration::from_millis(100));
    }
    let again = Arc::new(SpeechRoom::open(&settings, data.path()));
    assert!(render(&again, spoken.clone()).await.is_ok());
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "$(rm -rf /) `id` --help; \"x\" ru-RU 100 0\n");
    assert!(render(&again, Speech { volume: 50, ..spoken }).await.is_ok());
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 2, "another loudness is another sound");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_fails_writes_rubbish_or_too_much_renders_nothing() {
    for script in ["exit 1", "echo rubbish", ":", "exec cat /dev/zero", "kill -9 $$"] {
        let (room, _data) = room(script);
        assert_eq!(render(&room, text("a")).await.err(), Some(RenderError::Failed), "{script}");
    }
    let engine = VoiceEngine::Command(vec!["/nowhere/engine".into()]);
    let nowhere = SpeechSettings { engine, ..SpeechSettings::default() };
    let data = tempfile::tempdir().expect("it works");
    let room = Arc::new(SpeechRoom::open(&nowhere, data.path()));
    assert_eq!(render(&room, text("a")).await.err(), Some(RenderError::Failed));
    assert_eq!(room.understand(said(800)).await, Err(NotUnderstood::NoRecogniser));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_is_killed_with_its_children() {
    let data = tempfile::tempdir().expect("it works");
    let pids = data.path().join("pids");
    let script = format!("sleep 300 & echo $! > {0}; echo $$ >> {0}; cat > /dev/null; wait", pids.display());
    let (room, _data) = impatient_room(&script);
    let began = Instant::now();
    assert_eq!(render(&room, text("a")).await.err(), Some(RenderError::TimedOut));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let pids = std::fs::read_to_string(&pids).expect("it works");
    let is_running =
        |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..1000 {
        if !pids.lines().any(is_running) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the engine, or what it started, still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_come_back_in_one_line_without_marks() {
    for (script, words) in [
        ("cat > /dev/null; echo '  A taxi,   please. '", Some("A taxi please")),
        ("cat > /dev/null; printf 'one\\ntwo\\n'", Some("one two")),
        ("cat > /dev/null", None),
        ("cat > /dev/null; echo '...'", None),
    ] {
        let (room, _data) = room(script);
        let understood = room.understand(said(800)).await.expect("it works");
        assert_eq!(understood.as_ref().map(|said| said.text.as_str()), words, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_gets_a_file_and_what_is_expected() {
    let (room, _data) = room("bytes=$(wc -c); echo $bytes $ANTIPHON_LANGUAGE $ANTIPHON_PHRASES");
    let phrases = Arc::from(["taxi".to_owned(), "bus".to_owned()]);
    let said = Said { language: Some("en-GB".into()), phrases, ..said(800) };
    let understood = room.understand(said).await.unwrap().expect("it works");
    assert_eq!(understood.text, "1644 en-GB taxi bus");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_hangs_or_writes_without_end_understands_nothing() {
    for (script, error) in [("exec sleep 300", NotUnderstood::TimedOut), ("exec cat /dev/zero", NotUnderstood::Failed)]
    {
        let (room, _data) = impatient_room(script);
        assert_eq!(room.understand(said(800)).await, Err(error), "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_texts_wait() {
    let (room, _data) = room("exec sleep 300");
    let texts: Vec<_> = (0..RENDERINGS + 1).map(|number| room.render(&Arc::new(text(&number.to_string())))).collect();
    assert_eq!(texts.last().unwrap().now().unwrap().err(), Some(RenderError::Busy));
    assert!(texts[0].now().is_none(), "the first is still on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_complains_a_lot_is_heard_all_the_same() {
    let data = tempfile::tempdir().expect("a folder");
    let sound = sound(&data);
    let (room, _kept) = room(&format!("yes complaint | head -c 400000 >&2 && cat {}", sound.display()));
    assert!(render(&room, text("a")).await.is_ok());
}

/// espeak-ng itself: its WAV file claims to be two gigabytes long.
#[tokio::test(flavor = "multi_thread")]
async fn espeak_says_a_text_in_a_language_and_leaves_one_that_it_does_not_know() {
    let data = tempfile::tempdir().expect("it works");
    let settings = SpeechSettings { timeout: Duration::from_secs(20), ..SpeechSettings::default() };
    let room = Arc::new(SpeechRoom::open(&settings, data.path()));
    assert!(room.has_voice(), "cargo xtask test installs espeak-ng");
    let language = |tag: &str| Speech { language: Some(tag.to_owned()), ..text("Ваш заказ готов") };
    let russian = render(&room, language("ru-RU")).await.expect("it works");
    assert!((1..5).contains(&russian.duration().as_secs()), "{:?}", russian.duration());
    let slow = Speech { speed: 50, ..language("ru") };
    assert!(render(&room, slow).await.unwrap().duration() > russian.duration());
    assert!(render(&room, language("tlh")).await.is_ok(), "the usual language says it");
    let marked = text("<speak>one <break time=\"2s\"/> two</speak>");
    assert!(render(&room, marked).await.unwrap().duration() > Duration::from_secs(2));
    let file = room.file(Arc::new(text("hello"))).await.expect("it works");
    assert!(antiphon_media::Audio::from_wav(&file).unwrap().duration() < Duration::from_secs(3));
}
