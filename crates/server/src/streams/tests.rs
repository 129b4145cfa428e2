//! Streams over a line of the test, on virtual time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_ivr::{
    FetchError,
    op::{StreamError, Track, WebStream},
};
use antiphon_media::{
    live::{self, LiveSource, PIECE},
    record::{Rate, RecordEnd, Recorder, RecordingId, Take, Trim},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{io::DuplexStream, sync::mpsc, time::sleep};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};
use url::Url;

use super::*;
use crate::{
    settings::WebSettings,
    store::ClientId,
    web::{Answering, Errand, Line, Opening, Web, WebWire},
};

const CLIENT: ClientId = ClientId(1);

/// Gives each who opens a line one end of it, and the test the other.
struct Lines(mpsc::Sender<(Url, DuplexStream)>);

impl WebWire for Lines {
    fn carry(&self, _: Errand) -> Answering<'_> {
        Box::pin(async { Err(FetchError::Unreachable("nobody is there".to_owned())) })
    }

    fn open(&self, url: Url) -> Opening<'_> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let opened = self.0.try_send((url, theirs));
        Box::pin(async move {
            opened.map_err(|_| FetchError::Unreachable("nobody is there".to_owned()))?;
            Ok(Box::new(ours) as Box<dyn Line>)
        })
    }
}

/// A call's side of a stream, and the web server's.
struct Bench {
    recorder: Box<Recorder>,
    source: Option<LiveSource>,
    words: mpsc::Sender<Word>,
    lines: mpsc::Receiver<(Url, DuplexStream)>,
    news: Arc<Mutex<Vec<News>>>,
    streams: Streams,
}

fn of(track: Track) -> WebStream {
    WebStream {
        name: "one".to_owned(),
        url: "ws://stream.example/x?y=1".to_owned(),
        track,
        parameters: vec![("who".to_owned(), "Ann".to_owned())],
        account: "AC1".to_owned(),
        call: "CA1".to_owned(),
        status: None,
    }
}

fn begin(track: Track, talks: bool) -> Bench {
    let take = Take {
        channels: Ears::of(track),
        rate: Rate::Narrow,
        max_length: Duration::from_secs(60),
        end_silence: None,
        trim: Trim::Nothing,
    };
    let (recorder, reel) = Recorder::live(RecordingId(0), take);
    let (feed, source) = live::live();
    let (opened, lines) = mpsc::channel(8);
    let web = Web::new(&WebSettings::default(), Arc::new(Lines(opened)));
    let (words, told) = mpsc::channel(8);
    let (streams, news) = (Streams::default(), Arc::new(Mutex::new(Vec::new())));
    let permit = streams.enter(CLIENT).expect("there is room");
    let (of, sid, feed) = (Arc::new(of(track)), "MZ1".to_owned(), talks.then_some(feed));
    let pump = Pump { client: CLIENT, of, sid, web, reel, feed, words: told, permit };
    let noted = news.clone();
    tokio::spawn(async move { pump.run(|told| noted.lock().unwrap().push(told)).await });
    Bench { recorder: Box::new(recorder), source: talks.then_some(source), words, lines, news, streams }
}

impl Bench {
    async fn server(&mut self) -> WebSocketStream<DuplexStream> {
        let (url, line) = self.lines.recv().await.expect("somebody opens a line");
        assert_eq!(url.as_str(), "http://stream.example/x?y=1");
        accept_async(line).await.expect("it speaks WebSocket")
    }

    /// So many packet times in which the call says and hears this; what it hears from outside.
    async fn frames(&mut self, count: usize, heard: i16, said: i16) -> Vec<i16> {
        let mut outside = Vec::new();
        for _ in 0..count {
            self.recorder.hear(8_000, &[heard; PIECE], &[said; PIECE]);
            if let Some(source) = &mut self.source {
                let mut frame = [0; PIECE];
                source.fill(&mut frame);
                outside.extend(frame);
            }
            sleep(Duration::from_millis(20)).await;
        }
        outside
    }

    fn news(&self) -> Vec<News> {
        self.news.lock().unwrap().clone()
    }
}

/// The next message that is JSON.
async fn next(server: &mut WebSocketStream<DuplexStream>) -> Option<Value> {
    loop {
        match server.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_echoes_is_heard_by_the_caller_and_the_keys_by_the_server() {
    let mut bench = begin(Track::Inbound, true);
    let mut server = bench.server().await;
    let echo = tokio::spawn(async move {
        let mut events = Vec::new();
        while let Some(message) = next(&mut server).await {
            let event = message["event"].as_str().unwrap_or_default().to_owned();
            if event == "media" {
                assert_eq!(message["media"]["track"], "inbound");
                let payload = &message["media"]["payload"];
                let back = serde_json::json!({ "event": "media", "streamSid": "MZ1", "media": { "payload": payload } });
                server.send(Message::text(back.to_string())).await.expect("it listens");
            }
            if events.last() != Some(&event) {
                events.push(event);
            }
        }
        events
    });
    let mut heard = bench.frames(50, 4_000, 0).await;
    bench.words.send(Word::Key('7')).await.unwrap();
    heard.extend(bench.frames(10, 4_000, 0).await);
    let first = heard.iter().position(|sample| *sample > 3_900).expect("the echo is heard");
    assert!(first < 15 * PIECE, "within 300 ms, not after {first} samples");
    let steady = heard[first..].iter().filter(|sample| (3_900..4_100).contains(*sample)).count();
    assert_eq!(steady, heard.len() - first, "without a break");
    assert_eq!(bench.news(), [News::Began]);
    // The call lets go of it.
    let Bench { recorder, words, news, streams, .. } = bench;
    drop((recorder, words));
    let events = echo.await.unwrap();
    assert_eq!(events, ["connected", "start", "media", "dtmf", "media", "stop"]);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(*news.lock().unwrap(), [News::Began, News::Ended]);
    assert!(streams.lock().of_client.is_empty(), "its place is free");
}

#[tokio::test(start_paused = true)]
async fn marks_come_back_when_they_are_heard_and_at_once_when_all_is_cleared() {
    let mut bench = begin(Track::Inbound, true);
    let mut server = bench.server().await;
    let sound = "fw==".to_owned();
    // A second of sound, a mark behind it.
    let payload = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![0x10; 8_000]);
    let media = format!(r#"{{"event":"media","media":{{"payload":"{payload}"}}}}"#);
    let mark = |name: &str| format!(r#"{{"event":"mark","mark":{{"name":"{name}"}}}}"#);
    for message in [
        media.clone(),
        mark("first"),
        media,
        mark("second"),
        format!(r#"{{"event":"media","media":{{"payload":"{sound}"}}}}"#),
    ] {
        server.send(Message::text(message)).await.unwrap();
    }
    let marks = Arc::new(Mutex::new(Vec::new()));
    let (noted, began) = (marks.clone(), tokio::time::Instant::now());
    let (clear, mut cleared) = mpsc::channel::<()>(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                message = next(&mut server) => match message {
                    Some(message) if message["event"] == "mark" => {
                        noted.lock().unwrap().push((message["mark"]["name"].clone(), began.elapsed()));
                    }
                    Some(_) => {}
                    None => return,
                },
                Some(()) = cleared.recv() => {
                    server.send(Message::text(r#"{"event":"clear","streamSid":"MZ1"}"#)).await.unwrap();
                }
            }
        }
    });
    bench.frames(65, 0, 0).await;
    let told = marks.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].0 == "first" && told[0].1.abs_diff(Duration::from_millis(1_060)) < Duration::from_millis(80),
        "{told:?}"
    );
    clear.send(()).await.unwrap();
    let rest = bench.frames(10, 0, 0).await;
    assert_eq!(marks.lock().unwrap().len(), 2, "the second comes back at once");
    assert!(rest[4 * PIECE..].iter().all(|sample| *sample == 0), "nothing of it is heard");
}

#[tokio::test(start_paused = true)]
async fn both_sides_of_a_call_go_to_the_server_each_by_itself() {
    let mut bench = begin(Track::Both, false);
    let mut server = bench.server().await;
    let told = tokio::spawn(async move {
        let mut sides = Vec::new();
        while let Some(message) = next(&mut server).await {
            if let Some(track) = message["media"]["track"].as_str() {
                let payload = message["media"]["payload"].as_str().unwrap_or_default();
                let sound = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap();
                let mut samples = vec![0; sound.len()];
                antiphon_media::codec::Law::Mu.decode_all(&sound, &mut samples);
                sides.push((track.to_owned(), samples.len(), samples[0]));
            }
        }
        sides
    });
    bench.frames(10, 1_000, -2_000).await;
    bench.recorder.finish(RecordEnd::CallOver);
    bench.frames(2, 0, 0).await;
    let sides = told.await.unwrap();
    assert_eq!(sides.len(), 20);
    for (index, (track, length, sample)) in sides.iter().enumerate() {
        let (expected, near) = if index % 2 == 0 { ("inbound", 1_000) } else { ("outbound", -2_000) };
        assert_eq!((track.as_str(), *length), (expected, PIECE));
        assert!((sample - near).abs() < 70, "{track}: {sample}");
    }
    assert_eq!(bench.news(), [News::Began, News::Ended]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_or_vanishes_is_told_of() {
    let mut bench = begin(Track::Inbound, true);
    let (_, mut line) = bench.lines.recv().await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut line, b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    bench.frames(2, 0, 0).await;
    assert_eq!(bench.news(), [News::Failed(StreamError::Status(403))]);
    // One that says nothing at all is given up.
    let mut bench = begin(Track::Inbound, true);
    let _line = bench.lines.recv().await.unwrap();
    sleep(Duration::from_secs(11)).await;
    assert_eq!(bench.news(), [News::Failed(StreamError::Unreachable("it takes too long".to_owned()))]);
    // One that goes away in the middle.
    let mut bench = begin(Track::Inbound, true);
    let server = bench.server().await;
    bench.frames(5, 0, 0).await;
    drop(server);
    bench.frames(5, 0, 0).await;
    assert!(matches!(bench.news()[..], [News::Began, News::Failed(StreamError::Broken(_))]), "{:?}", bench.news());
}

#[tokio::test(start_paused = true)]
async fn what_the_call_says_goes_out_however_much_the_server_sends() {
    let mut bench = begin(Track::Inbound, true);
    let mut server = bench.server().await;
    bench.frames(3, 1_000, 0).await;
    while next(&mut server).await.is_some_and(|message| message["event"] != "media") {}
    // Sound of the call and much of the server are there at the same moment.
    bench.recorder.hear(8_000, &[1_000; PIECE], &[0; PIECE]);
    for number in 0..100 {
        let mark = format!(r#"{{"event":"mark","mark":{{"name":"{number}"}}}}"#);
        server.feed(Message::text(mark)).await.unwrap();
    }
    server.flush().await.unwrap();
    tokio::time::advance(Duration::from_millis(40)).await;
    let mut events = Vec::new();
    while events.iter().filter(|event| *event == "mark").count() < 100 {
        let message = next(&mut server).await.expect("it goes on");
        events.push(message["event"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(events[..4], ["media", "media", "media", "mark"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_costs_sound_and_ends_the_stream() {
    let mut bench = begin(Track::Inbound, false);
    let server = bench.server().await;
    bench.frames(1_500, 1_000, 0).await;
    let news = bench.news();
    assert_eq!(news, [News::Began, News::Failed(StreamError::Broken("the server reads nothing".to_owned()))]);
    drop(server);
}

#[test]
fn a_client_has_no_more_than_its_share() {
    let streams = Streams::default();
    let own: Vec<_> = (0..OF_CLIENT).map(|_| streams.enter(CLIENT).expect("there is room")).collect();
    assert!(streams.enter(CLIENT).is_none());
    assert!(streams.enter(ClientId(2)).is_some());
    drop(own);
    assert!(streams.enter(CLIENT).is_some());
}
