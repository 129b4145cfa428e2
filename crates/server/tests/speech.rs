//! Engines for speech that behave, and engines that do not.
//!
//! They are programs, so this is a process of its own: one that is being started holds for a moment what tests beside it have locked.

use std::{
    path::PathBuf,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use antiphon_ivr::{RenderError, Speech};
use antiphon_media::{Audio, record::Rate};
use antiphon_server::{
    settings::{RecogniserEngine, SpeechSettings, VoiceEngine},
    speech::{NotUnderstood, Said, SpeechRoom},
    store::ClientId,
};

/// Texts and utterances of one client that may wait: a quarter of all.
const OF_A_CLIENT: u64 = 16;

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
    let rendering = room.render(ClientId(1), &Arc::new(speech));
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
    assert_eq!(room.understand(ClientId(1), said(800)).await, Err(NotUnderstood::NoRecogniser));
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
        let understood = room.understand(ClientId(1), said(800)).await.expect("it works");
        assert_eq!(understood.as_ref().map(|said| said.text.as_str()), words, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_gets_a_file_and_what_is_expected() {
    let (room, _data) = room("bytes=$(wc -c); echo $bytes $ANTIPHON_LANGUAGE $ANTIPHON_PHRASES");
    let phrases = Arc::from(["taxi".to_owned(), "bus".to_owned()]);
    let said = Said { language: Some("en-GB".into()), phrases, ..said(800) };
    let understood = room.understand(ClientId(1), said).await.unwrap().expect("it works");
    assert_eq!(understood.text, "1644 en-GB taxi bus");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_hangs_or_writes_without_end_understands_nothing() {
    for (script, error) in [("exec sleep 300", NotUnderstood::TimedOut), ("exec cat /dev/zero", NotUnderstood::Failed)]
    {
        let (room, _data) = impatient_room(script);
        assert_eq!(room.understand(ClientId(1), said(800)).await, Err(error), "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_texts_wait() {
    let (room, _data) = room("exec sleep 300");
    let begin = |client: u64, number: u64| {
        room.render(ClientId(client), &Arc::new(text(&format!("{client} {number}")))).now().map(|known| known.err())
    };
    for client in 1..=4 {
        for number in 0..OF_A_CLIENT {
            assert_eq!(begin(client, number), None, "client {client}, text {number}");
        }
        assert_eq!(begin(client, OF_A_CLIENT), Some(Some(RenderError::Busy)), "client {client}");
    }
    assert_eq!(begin(5, 0), Some(Some(RenderError::Busy)), "there are four quarters");
}

/// What one client wants rendered takes the engine for a minute, and others are served at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_many_slow_texts_keeps_no_other_waiting() {
    let data = tempfile::tempdir().expect("it works");
    let sound = sound(&data);
    let script = format!("read -r text; case $text in slow*) exec sleep 300;; *) cat {};; esac", sound.display());
    let (room, _data) = room(&script);
    let slow: Vec<_> =
        (0..OF_A_CLIENT).map(|number| room.render(ClientId(1), &Arc::new(text(&format!("slow {number}"))))).collect();
    let other = async {
        let rendering = room.render(ClientId(2), &Arc::new(text("quick")));
        while rendering.now().is_none() {
            tokio::task::yield_now().await;
        }
        rendering.now()
    };
    let made = tokio::time::timeout(Duration::from_secs(20), other).await.expect("it is not kept waiting");
    assert!(made.is_some_and(|made| made.is_ok()));
    // Understanding has turns of its own, and the slow ones have theirs only.
    let heard = room.understand(ClientId(1), said(800));
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it is not kept waiting").expect("understood");
    assert!(slow.iter().all(|text| text.now().is_none()));
}

/// What comes of something at once.
async fn at_once<T>(something: impl Future<Output = T>) -> Option<T> {
    let mut something = std::pin::pin!(something);
    std::future::poll_fn(|context| match something.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_utterances_of_a_client_wait() {
    let (room, _data) = room("exec sleep 300");
    let listen = |client: u64| Box::pin(room.understand(ClientId(client), said(800)));
    let mut waiting: Vec<_> = (0..OF_A_CLIENT).map(|_| listen(1)).collect();
    for listening in &mut waiting {
        assert_eq!(at_once(listening).await, None);
    }
    assert_eq!(at_once(listen(1)).await, Some(Err(NotUnderstood::Busy)));
    let mut other = listen(2);
    assert_eq!(at_once(&mut other).await, None, "another client waits for the engine");
    waiting.pop();
    assert_eq!(at_once(listen(1)).await, None, "one place is free again");
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
    let file = room.file(ClientId(1), Arc::new(text("hello"))).await.expect("it works");
    assert!(antiphon_media::Audio::from_wav(&file).unwrap().duration() < Duration::from_secs(3));
}
