//! Sound of whole calls to web servers and back, and recordings that they are sent.
//!
//! Sources: `kazoo-pivot.md` 4.4, 5.3 (Record), 5.4 (Start, Connect, Stream).

use std::time::Duration;

use antiphon_media::Audio;
use antiphon_media::codec::Law;
use antiphon_sip::EndReason;
use antiphon_testkit::SimPhone;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

use crate::web::ToldWeb;
use crate::world::{World, pass, until};

fn twiml(world: &World, verbs: &str) {
    let page = format!("<?xml version=\"1.0\"?>\n<Response>{verbs}</Response>");
    world.web.answer_as(50, 200, "text/xml", page.into_bytes());
}

/// A second of a steady tone of 500 Hz, so that it can be told from silence at any moment.
fn tone() -> Audio {
    let samples: Vec<i16> =
        (0..8_000).map(|at| [0, 5_657, 8_000, 5_657, 0, -5_657, -8_000, -5_657][at / 2 % 8]).collect();
    Audio::from_pcm(&samples)
}

/// The next message that is JSON; `None` at the end.
async fn next(server: &mut WebSocketStream<DuplexStream>) -> Option<Value> {
    loop {
        match server.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

/// How many packets of the last so many seconds were loud.
fn loud(phone: &SimPhone, since: tokio::time::Instant) -> (usize, usize) {
    let packets: Vec<_> = phone.received().into_iter().filter(|packet| packet.at >= since).collect();
    let is_loud =
        |payload: &[u8]| payload.iter().filter(|byte| Law::A.decode(**byte).unsigned_abs() > 3_000).count() > 40;
    (packets.iter().filter(|packet| is_loud(&packet.payload)).count(), packets.len())
}

#[tokio::test]
async fn a_caller_hears_itself_by_a_web_server_that_echoes_until_the_server_ends_it() {
    let world = World::new().await;
    twiml(
        &world,
        "<Connect><Stream url=\"wss://stream.test/talk\"><Parameter name=\"who\" value=\"Ann\"/></Stream></Connect><Hangup/>",
    );
    let mut lines = world.web.lines();
    let echo = tokio::spawn(async move {
        let (url, line) = lines.recv().await.expect("a line is opened");
        assert_eq!(url.as_str(), "https://stream.test/talk");
        let mut server = accept_async(line).await.expect("WebSocket is spoken");
        let (mut start, mut keys, mut echoed) = (Value::Null, Vec::new(), 0);
        while let Some(message) = next(&mut server).await {
            match message["event"].as_str() {
                Some("start") => start = message,
                Some("dtmf") => keys.push(message["dtmf"]["digit"].clone()),
                Some("media") => {
                    let media = json!({ "payload": message["media"]["payload"] });
                    let back = json!({ "event": "media", "streamSid": message["streamSid"], "media": media });
                    server.send(Message::text(back.to_string())).await.expect("it listens");
                    echoed += 1;
                }
                _ => {}
            }
            // Four seconds are enough.
            if echoed == 200 {
                server.close(None).await.expect("it listens");
                break;
            }
        }
        (start, keys)
    });
    let caller = world.caller();
    caller.speak(Some(tone())).await;
    caller.call("311").await;
    caller.up().await;
    pass(1_500).await;
    let since = tokio::time::Instant::now();
    caller.press('7').await;
    pass(2_000).await;
    let (loud, all) = loud(&caller, since);
    assert!(all > 90 && loud * 10 > all * 8, "{loud} of {all} packets are loud");
    assert_eq!(caller.over().await, EndReason::RemoteBye, "the next verb hangs up");
    let (start, keys) = echo.await.expect("the server does not panic");
    assert_eq!(keys, [json!("7")]);
    assert_eq!(start["start"]["customParameters"], json!({ "who": "Ann" }));
    assert_eq!(start["start"]["tracks"], json!(["inbound"]));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn both_sides_of_a_call_are_copied_to_a_web_server_until_the_caller_hangs_up() {
    let world = World::new().await;
    twiml(
        &world,
        "<Start><Stream name=\"copy\" url=\"wss://stream.test/copy\" track=\"both_tracks\"/></Start><Play>hello</Play><Pause length=\"60\"/>",
    );
    let mut lines = world.web.lines();
    let copied = tokio::spawn(async move {
        let (_, line) = lines.recv().await.expect("a line is opened");
        let mut server = accept_async(line).await.expect("WebSocket is spoken");
        let (mut sides, mut stopped) = ([(0, 0); 2], false);
        while let Some(message) = next(&mut server).await {
            stopped |= message["event"] == "stop";
            if let Some(payload) = message["media"]["payload"].as_str() {
                let sound = STANDARD.decode(payload).expect("base64");
                let side = &mut sides[usize::from(message["media"]["track"] == "outbound")];
                side.0 += 1;
                let loudest = sound.iter().map(|byte| Law::Mu.decode(*byte).unsigned_abs()).max().unwrap_or(0);
                side.1 += usize::from(loudest > 3_000);
            }
        }
        (sides, stopped)
    });
    let caller = world.caller();
    caller.speak(Some(tone())).await;
    caller.call("311").await;
    caller.up().await;
    pass(5_000).await;
    caller.hang_up().await;
    pass(3_000).await;
    let ([inbound, outbound], stopped) = copied.await.expect("the server does not panic");
    assert!(stopped, "the server is told of the end");
    assert!(inbound.0 > 200 && inbound.1 * 10 > inbound.0 * 9, "the caller speaks all the time: {inbound:?}");
    // The prompt is 3 s long.
    assert!(outbound.0 > 200 && (140..=160).contains(&outbound.1), "{outbound:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_web_server_that_is_not_there_costs_a_talk_and_the_next_verb_runs() {
    let world = World::new().await;
    twiml(&world, "<Connect><Stream url=\"wss://stream.test/talk\"/></Connect><Hangup/>");
    let caller = world.caller();
    caller.call("311").await;
    caller.up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_message_goes_to_the_web_server_that_the_document_names_as_the_file_it_is() {
    let world = World::new().await;
    twiml(
        &world,
        "<Record playBeep=\"false\" maxLength=\"3\" trim=\"do-not-trim\" recordingUrl=\"http://store.test/calls\" action=\"http://app.test/after\"/>",
    );
    // What the action says, and the store; whoever comes first.
    for _ in 0..2 {
        twiml(&world, "<Hangup/>");
    }
    let caller = world.caller();
    caller.speak(Some(tone())).await;
    caller.call("311").await;
    caller.up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let sent = |world: &World| {
        let asked = world.web.asked().into_iter();
        asked.filter(|asked| asked.errand.file.is_some()).collect::<Vec<_>>()
    };
    until(|| !sent(&world).is_empty()).await;
    let [sent] = &sent(&world)[..] else { panic!("it is sent once") };
    assert_eq!(sent.errand.method.to_string(), "PUT");
    assert!(sent.errand.url.as_str().starts_with("http://store.test/calls/call_recording_"), "{}", sent.errand.url);
    let recording = world.server.rooms.recordings.all()[0].clone();
    let bytes = sent.errand.file.as_ref().expect("a file").read().expect("it can be read");
    assert!(bytes == world.recording(recording.id), "the file as it is");
    assert!(recording.duration().abs_diff(Duration::from_secs(3)) < Duration::from_millis(30));
    let asked = world.web.asked();
    let action = asked.iter().find(|asked| asked.errand.url.path() == "/after").expect("the action is asked");
    let told = ToldWeb::parameters(action);
    let word = |name: &str| told.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(word("RecordingDuration").as_deref(), Some("3"));
    world.leaves_nothing().await;
}
