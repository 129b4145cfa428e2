use std::{collections::VecDeque, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use super::*;
use crate::{
    settings::WebSettings,
    web::{Answer, Answering, Errand, WebWire},
};

const CLIENT: ClientId = ClientId(1);

/// Answers by themselves, each after a second.
#[derive(Default)]
struct Told {
    answers: Mutex<VecDeque<Result<Answer, FetchError>>>,
    asked: Mutex<Vec<Errand>>,
    given_up: AtomicUsize,
}

struct Unanswered<'a>(Option<&'a Told>);

impl Unanswered<'_> {
    fn answer(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(told) = self.0 {
            told.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl WebWire for Told {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        self.asked.lock().unwrap().push(errand);
        let answer = self.answers.lock().unwrap().pop_front().expect("an answer for each request");
        let unanswered = Unanswered(Some(self));
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            unanswered.answer();
            answer
        })
    }
}

impl Told {
    fn header(&self, number: usize, name: &str) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        asked[number].headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone())
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A WAV file of so many samples at 8 kHz.
fn wav(samples: u32) -> Vec<u8> {
    let length = samples * 2;
    let mut file = [&b"RIFF"[..], &(36 + length).to_le_bytes(), b"WAVEfmt \x10\0\0\0\x01\0\x01\0"].concat();
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&16_000_u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.resize(44 + length as usize, 1);
    file
}

fn answer(status: u16, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, FetchError> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Answer { status, headers, body })
}

fn room(answers: impl IntoIterator<Item = Result<Answer, FetchError>>) -> (Arc<Told>, WebSounds) {
    let told = Arc::new(Told { answers: Mutex::new(answers.into_iter().collect()), ..Told::default() });
    (told.clone(), WebSounds::new(Web::new(&WebSettings::default(), told)))
}

fn sound() -> WebSound {
    WebSound { url: "http://example.com/hold.wav".to_owned() }
}

fn sounds_of(count: usize) -> Vec<Arc<WebSound>> {
    (0..count).map(|number| Arc::new(WebSound { url: format!("http://example.com/{number}") })).collect()
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_fetched_once_for_all_who_wait() {
    let (told, sounds) = room([answer(200, &[], wav(8_000))]);
    let (hold, began) = (sound(), Instant::now());
    let (one, other) = tokio::join!(sounds.load(CLIENT, &hold), sounds.load(CLIENT, &hold));
    assert_eq!(one.as_ref().map(|audio| audio.duration()), Ok(Duration::from_secs(1)));
    assert!(Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
    assert!(sounds.load(CLIENT, &hold).await.is_ok());
    assert_eq!((told.count(), began.elapsed()), (1, Duration::from_secs(1)));
    assert!(sounds.ready(CLIENT, &hold).is_some());
    assert!(sounds.ready(ClientId(2), &hold).is_none(), "another client asks under its own name");
}

#[tokio::test(start_paused = true)]
async fn a_sound_that_may_be_old_is_asked_for_by_its_etag() {
    let tag = [("etag", "\"a\""), ("cache-control", "max-age=100")];
    let second = answer(200, &[("cache-control", "no-store")], wav(16_000));
    let (told, sounds) = room([answer(200, &tag, wav(8_000)), answer(304, &tag[1..], Vec::new()), second]);
    let hold = sound();
    let first = sounds.load(CLIENT, &hold).await.unwrap();
    pass(99).await;
    assert!(sounds.load(CLIENT, &hold).await.is_ok());
    assert_eq!(told.count(), 1, "it is fresh");
    pass(2).await;
    assert!(Arc::ptr_eq(&sounds.load(CLIENT, &hold).await.unwrap(), &first));
    assert_eq!(told.header(1, "if-none-match").as_deref(), Some("\"a\""));
    pass(99).await;
    assert_eq!(told.count(), 2, "it is fresh again");
    pass(2).await;
    assert_eq!(sounds.load(CLIENT, &hold).await.unwrap().duration(), Duration::from_secs(2));
    assert_eq!(told.header(2, "if-none-match").as_deref(), Some("\"a\""), "it is still that of the first");
    assert!(sounds.is_fresh(CLIENT, &hold), "what was loaded can be said");
    pass(11).await;
    assert!(!sounds.is_fresh(CLIENT, &hold));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_has_the_last_word_that_it_said() {
    let (told, sounds) = room([
        answer(200, &[], wav(8_000)),
        Err(FetchError::Unreachable("gone".to_owned())),
        answer(503, &[], Vec::new()),
        answer(404, &[], Vec::new()),
        answer(503, &[], Vec::new()),
    ]);
    let hold = sound();
    for expected in [Ok(()), Ok(()), Ok(()), Err(LoadError::Status(404)), Err(LoadError::Status(503))] {
        assert_eq!(sounds.load(CLIENT, &hold).await.map(drop), expected);
        pass(61).await;
    }
    assert_eq!(told.count(), 5);
    assert!(sounds.ready(CLIENT, &hold).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_sound_is_said_to_be_none() {
    let unreachable = FetchError::Unreachable("gone".to_owned());
    let (_, sounds) = room([answer(200, &[], b"<html>".to_vec()), Err(unreachable.clone())]);
    let no_sound = sounds.load(CLIENT, &sound()).await;
    assert_eq!(no_sound, Err(LoadError::NoSound("neither a WAV file nor MP3 nor Ogg".to_owned())));
    assert_eq!(sounds.load(CLIENT, &sound()).await, Err(LoadError::Fetch(unreachable)));
    let denied = sounds.load(CLIENT, &WebSound { url: "http://127.0.0.1/a.wav".to_owned() }).await;
    assert!(matches!(denied, Err(LoadError::Fetch(FetchError::Denied(_)))), "{denied:?}");
}

#[tokio::test(start_paused = true)]
async fn a_sound_has_at_most_8_mib_and_half_an_hour() {
    let (told, sounds) = room([answer(200, &[], wav(8_000 * 1_801))]);
    let long = sounds.load(CLIENT, &sound()).await.err();
    assert_eq!(long, Some(LoadError::NoSound("it is longer than 30 minutes".to_owned())));
    assert_eq!(told.asked.lock().unwrap()[0].max_bytes, 8 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_waits_for_is_given_up() {
    let (told, sounds) = room([answer(200, &[], wav(8_000)), answer(200, &[], wav(8_000))]);
    let hold = sound();
    let patience = Duration::from_millis(500);
    assert!(tokio::time::timeout(patience, sounds.load(CLIENT, &hold)).await.is_err());
    tokio::task::yield_now().await;
    assert_eq!((told.count(), told.given_up.load(Ordering::Relaxed)), (1, 1));
    assert!(sounds.0.going().0.is_empty());
    assert!(sounds.load(CLIENT, &hold).await.is_ok(), "the next begins anew");
    // One of two who wait goes; the other has the sound.
    let (told, sounds) = room([answer(200, &[], wav(8_000))]);
    let impatient = tokio::time::timeout(patience, sounds.load(CLIENT, &hold));
    let (gone, there) = tokio::join!(impatient, sounds.load(CLIENT, &hold));
    assert!(gone.is_err() && there.is_ok());
    assert_eq!((told.count(), told.given_up.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn several_sounds_are_fetched_together() {
    let (_, sounds) = room([answer(200, &[], wav(8_000)), answer(404, &[], Vec::new())]);
    let wanted = ["a", "b"].map(|name| Arc::new(WebSound { url: format!("http://example.com/{name}") }));
    let began = Instant::now();
    let loaded = sounds.load_all(CLIENT, &wanted).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(loaded.into_iter().map(|it| it.is_ok()).collect::<Vec<_>>(), [true, false]);
}

#[tokio::test]
async fn a_sound_that_is_decoded_holds_its_turns_when_nobody_waits_for_it_any_more() {
    let (told, _) = room([answer(200, &[], wav(8_000))]);
    let (begun, has_begun) = std::sync::mpsc::sync_channel(1);
    let (go_on, may_go_on) = std::sync::mpsc::sync_channel::<()>(1);
    let (begun, may_go_on) = (Mutex::new(begun), Mutex::new(may_go_on));
    let slow = move |file: &[u8]| {
        let _ = begun.lock().unwrap().send(());
        let _ = may_go_on.lock().unwrap().recv();
        read(file)
    };
    let web = Web::new(&WebSettings::default(), told);
    let sounds = WebSounds::with(web, Arc::new(slow), Live::new(IN_USE, IN_USE_OF_CLIENT));
    let waiting = tokio::spawn({
        let sounds = sounds.clone();
        async move { sounds.load(CLIENT, &sound()).await.map(drop) }
    });
    tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
    waiting.abort();
    while !sounds.0.going().0.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sounds.0.decoders.available_permits(), DECODERS - 1, "the thread still decodes");
    go_on.send(()).unwrap();
    let free = sounds.0.decoders.clone().acquire_many_owned(DECODERS as u32).await;
    assert!(free.is_ok(), "it is done");
}

#[tokio::test(start_paused = true)]
async fn a_client_has_its_share_of_what_is_fetched_and_waited_for() {
    let (told, sounds) = room((0..WAITING_OF_CLIENT + 1).map(|_| answer(404, &[], Vec::new())));
    let (many, others) = (sounds_of(WAITING_OF_CLIENT + 1), sounds.clone());
    let all = tokio::spawn(async move { others.load_all(CLIENT, &many).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(told.count(), AT_ONCE_OF_CLIENT);
    assert_eq!(sounds.load(ClientId(2), &sound()).await, Err(LoadError::Status(404)), "another client's goes on");
    assert_eq!(all.await.unwrap().pop(), Some(Err(FetchError::Busy.into())), "there is room for no more");
}

#[tokio::test(start_paused = true)]
async fn what_a_client_plays_leaves_it_no_room_for_more_until_it_is_over() {
    let (told, _) = room((0..6).map(|_| answer(200, &[], wav(8_000))));
    let web = Web::new(&WebSettings::default(), told);
    // A second takes 16,000 bytes: there is room for two, and for three in all.
    let sounds = WebSounds::with(web, Arc::new(read), Live::new(60_000, 40_000));
    let (wanted, other) = (sounds_of(3), ClientId(2));
    let played = [sounds.load(CLIENT, &wanted[0]).await.unwrap(), sounds.load(CLIENT, &wanted[1]).await.unwrap()];
    assert_eq!(sounds.load(CLIENT, &wanted[2]).await, Err(FetchError::Busy.into()));
    assert!(sounds.load(other, &wanted[0]).await.is_ok());
    assert!(sounds.load(other, &wanted[1]).await.is_ok(), "what it does not play any more gives way");
    drop(played);
    assert!(sounds.load(CLIENT, &wanted[2]).await.is_ok());
}

#[test]
fn a_long_sound_is_kept_as_a_telephone_has_it() {
    let wide = || Audio::at_rate(vec![1_000; 32_000], 16_000);
    for (seconds, is_wide) in [(2, true), (1, false)] {
        let kept = within(wide(), Duration::from_secs(seconds));
        assert_eq!((kept.wide().is_some(), kept.duration()), (is_wide, Duration::from_secs(2)));
    }
}
