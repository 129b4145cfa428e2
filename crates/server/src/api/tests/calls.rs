//! Calls in progress, calls that are over, and refused ones.

use antiphon_ivr::SendDigits;
use antiphon_media::{
    Codec, Negotiated, Patience, PeerReport, RtcpPath, StreamId, StreamSummary, StreamTotals, dtmf::KeyLog,
    rtp::reception::Counts,
};
use antiphon_sip::{DialogId, StatusCode};
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

use super::Api;
use crate::call::CallEvent;
use crate::media::worker::Worker;
use crate::settings::TraceSettings;
use crate::store::ClientId;
use crate::trace::{CallTrace, LegStream, OpTrace, Remark, tests::Desk};

/// An API, and what signalling tells the trace that it shows.
async fn api() -> (Api, Desk) {
    let desk = Desk::new(TraceSettings::default());
    (Api::with_trace(desk.trace.clone()).await, desk)
}

/// A call that lasted five seconds and then ended.
fn past(desk: &mut Desk, client: ClientId, sip_call_id: &str) -> Arc<CallTrace> {
    let (call, dialog): (_, DialogId) = desk.call(client, sip_call_id);
    desk.now += Duration::from_millis(100);
    desk.answer(&call, dialog);
    call.op(OpTrace { at: desk.now, name: "collect", outcome: "max_digits", took: Duration::from_millis(1500) });
    desk.now += Duration::from_secs(5);
    desk.end(&call);
    call
}

#[tokio::test]
async fn a_call_is_current_until_it_is_over_and_then_history() {
    let (api, mut desk) = api().await;
    let (call, _) = desk.call(ClientId(1), "a@b");
    let current = api.get("/client/@me/current_calls/").await.expect(200);
    let id = call.id.to_string();
    assert_eq!(current[0]["call_uuid"], id);
    assert_eq!((&current[0]["result"], &current[0]["hangup_time_gmt"]), (&json!("ringing"), &json!(null)));
    assert_eq!(api.get("/client/1/call_history/").await.expect(200), json!([]));
    api.get(&format!("/client/@me/call_history/{id}")).await.refused(404);
    api.get(&format!("/client/@me/current_calls/{id}")).await.expect(200);
    desk.end(&call);
    assert_eq!(api.get("/client/@me/current_calls").await.expect(200), json!([]));
    api.get(&format!("/client/@me/current_calls/{id}")).await.refused(404);
    let past = api.get("/client/@me/call_history/").await.expect(200);
    assert_eq!((&past[0]["call_uuid"], &past[0]["result"]), (&json!(id), &json!("not_answered")));
}

/// A stream that lost a hundredth of what came and whose peer lost a twentieth, 80 ms away.
fn summary() -> StreamSummary {
    let remote = Some(([192, 0, 2, 1], 4_000).into());
    StreamSummary {
        negotiated: Negotiated { remote, rtcp: RtcpPath::Muxed, ..Negotiated::of(Codec::Pcma) },
        ssrc: 1,
        peer_ssrc: Some(2),
        source: remote,
        stranger: None,
        suite: None,
        unknown_payload: None,
        keys: KeyLog::default(),
        totals: StreamTotals {
            sent: 1_000,
            received: 990,
            lost: 10,
            reports_sent: 4,
            reports_received: 3,
            ..Default::default()
        },
        reception: Counts { expected: 1_000, lost: 10, late: 2, duplicates: 1 },
        jitter: Duration::from_micros(2_340),
        worst_jitter: Duration::from_millis(12),
        peer: Some(PeerReport {
            expected: 1_000,
            lost: 50,
            jitter: Duration::from_millis(5),
            round_trip: Some(Duration::from_millis(80)),
        }),
    }
}

#[tokio::test]
async fn the_detail_of_a_call_says_how_it_sounded_on_both_sides() {
    let (api, mut desk) = api().await;
    let call = past(&mut desk, ClientId(1), "a@b");
    let (worker, _work) = Worker::new(desk.now, 1, Patience::default());
    let stream = LegStream { id: StreamId(1), worker, local: ([127, 0, 0, 1], 20_000).into(), summary: Arc::default() };
    stream.summary.set(summary()).unwrap();
    call.stream_opened(0, stream);
    let text = "packets come from 192.0.2.1:4000 again".to_owned();
    call.remark(Remark { at: desk.now, leg: 0, name: "heard_again", text });
    let shown = api.get(&format!("/client/@me/call_history/{}", call.id)).await.expect(200);
    let sound = &shown["media"][0];
    assert_eq!((&sound["codec"], &sound["ptime"]), (&json!("PCMA"), &json!(20)));
    assert_eq!((&sound["loss_percent"], &sound["late"], &sound["duplicates"]), (&json!(1.0), &json!(2), &json!(1)));
    assert_eq!(
        (&sound["jitter_ms"], &sound["worst_jitter_ms"], &sound["rtt_ms"]),
        (&json!(2.3), &json!(12.0), &json!(80.0))
    );
    let peer = json!({"expected": 1000, "lost": 50, "loss_percent": 5.0, "jitter_ms": 5.0});
    assert_eq!((&sound["peer_report"], &sound["rtcp"]), (&peer, &json!({"mux": true, "sent": 4, "received": 3})));
    // By G.107, 1 % and 5 % of loss: R is 89.6 and 77.4.
    assert_eq!(sound["mos"], json!({"heard": 4.33, "told": 3.92}));
    assert_eq!(sound["remark"], "it lost 5 % of ours, as its reports say");
    let remark = json!([{"time_ms": 5100, "leg": 0, "finding": "heard_again", "text": "packets come from 192.0.2.1:4000 again"}]);
    assert_eq!(shown["media_remarks"], remark);
}

#[tokio::test]
async fn the_detail_of_a_call_has_its_legs_ops_and_messages() {
    let (api, mut desk) = api().await;
    let call = past(&mut desk, ClientId(1), "a@b");
    let mut shown = api.get(&format!("/client/@me/call_history/{}", call.id)).await.expect(200);
    assert_eq!(shown["duration"], 5);
    assert_eq!((&shown["from_username"], &shown["to_username"]), (&json!("caller"), &json!("071")));
    assert_eq!(shown["from_screen_name"], "Caller \u{7}");
    assert_eq!((&shown["outcome"], &shown["ended_by"]), (&json!("finished"), &json!("antiphon")));
    assert_eq!(shown["ops"], json!([{"time_ms": 100, "op": "collect", "outcome": "max_digits", "ms": 1500}]));
    let leg = shown["legs"][0].take();
    assert_eq!(
        (&leg["role"], &leg["sip_call_id"], &leg["peer"]),
        (&json!("caller"), &json!("a@b"), &json!("127.0.0.1:5070"))
    );
    assert_eq!((&leg["answer_ms"], &leg["end_ms"]), (&json!(100), &json!(null)));
    let messages = shown["sip"].as_array().unwrap();
    let told: Vec<_> =
        messages.iter().map(|m| (m["time_ms"].as_u64(), m["direction"].as_str(), m["first_line"].as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(0), Some("received"), Some("INVITE sip:071@127.0.0.1 SIP/2.0")),
            (Some(0), Some("sent"), Some("SIP/2.0 100 Trying")),
            (Some(100), Some("sent"), Some("SIP/2.0 200 OK")),
        ]
    );
    assert_eq!(shown["sip_omitted"]["count"], 0);
}

#[tokio::test]
async fn any_byte_of_a_message_is_valid_json_and_no_key_or_proof_is_in_it() {
    let (api, mut desk) = api().await;
    let (call, _) = desk.call(ClientId(1), "a@b");
    let every: Vec<u8> = (0..=255).collect();
    let mut info = b"INFO sip:071@h SIP/2.0\r\nCall-ID: a@b\r\nAuthorization: Digest response=\"c0ffee\"\r\n".to_vec();
    info.extend(b"Content-Type: application/dtmf-relay\r\n\r\nSignal=4\r\nDuration=160\r\n<script>\0\x1b\xff");
    info.extend(every);
    let flow = crate::trace::tests::flow(5070);
    desk.trace.offer(desk.now, crate::trace::Direction::Received, flow, &info.clone().into());
    let shown = api.get(&format!("/client/@me/current_calls/{}", call.id)).await.expect(200);
    let text = shown["sip"][2]["text"].as_str().expect("the body was JSON");
    assert_eq!(text.chars().count(), info.len(), "Latin-1, a character a byte");
    assert!(text.contains("Signal=x\r\nDuration=160") && text.contains("<script>\0\u{1b}\u{ff}"), "{text}");
    assert!(!shown.to_string().contains("c0ffee"));
}

#[tokio::test]
async fn a_list_of_calls_is_paged_newest_first_and_filtered() {
    let (api, mut desk) = api().await;
    let mut ids: Vec<_> = Vec::new();
    for number in 0..5 {
        ids.push(past(&mut desk, ClientId(1), &format!("c{number}")).id);
        // Ids are sorted by the millisecond.
        std::thread::sleep(Duration::from_millis(2));
    }
    let listed = async |query: &str| {
        let list = api.get(&format!("/client/@me/call_history/?{query}")).await.expect(200);
        let position = |call: &serde_json::Value| ids.iter().position(|id| call["call_uuid"] == id.to_string());
        list.as_array().unwrap().iter().filter_map(position).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, [4, 3, 2, 1, 0]);
    assert_eq!(listed("order=asc&per_page=2").await, [0, 1]);
    assert_eq!(listed("page=2&per_page=2").await, [2, 1]);
    assert_eq!(listed("from_username=caller").await.len(), 5);
    assert_eq!(listed("from_username=nobody").await.len(), 0);
    api.get("/client/@me/call_history/?order=up").await.refused(400);
}

#[tokio::test]
async fn calls_of_another_client_are_not_there() {
    let (api, mut desk) = api().await;
    let call = past(&mut desk, api.other, "a");
    let (current, _) = desk.call(api.other, "b");
    let empty = json!([]);
    assert_eq!(api.get("/client/@me/call_history/").await.expect(200), empty);
    assert_eq!(api.get("/client/@me/current_calls/").await.expect(200), empty);
    for path in ["", "/ladder", "/pcap", "?format=text"] {
        api.get(&format!("/client/@me/call_history/{}{path}", call.id)).await.refused(404);
        api.get(&format!("/client/@me/current_calls/{}{path}", current.id)).await.refused(404);
    }
    api.delete(&format!("/client/@me/current_calls/{}", current.id)).await.refused(404);
    api.get(&format!("/client/{}/call_history/", api.other.0)).await.refused(404);
    api.get("/client/@me/call_history/no-id").await.refused(404);
    let mut stranger = api;
    stranger.token = "guess".to_owned();
    stranger.get("/client/@me/current_calls/").await.refused(401);
}

#[tokio::test]
async fn a_call_in_progress_is_hung_up_by_delete() {
    let (api, mut desk) = api().await;
    let (call, _) = desk.call(ClientId(1), "a");
    api.delete(&format!("/client/@me/current_calls/{}", call.id)).await.expect(204);
    assert!(matches!(desk.told(), Some(CallEvent::HangUp)));
    desk.end(&call);
    api.delete(&format!("/client/@me/current_calls/{}", call.id)).await.refused(404);
    assert!(desk.told().is_none());
}

#[tokio::test]
async fn keys_are_pressed_towards_a_leg_of_a_call_in_progress() {
    let (api, mut desk) = api().await;
    let (call, caller) = desk.call(ClientId(1), "a");
    let path = format!("/client/@me/current_calls/{}/digits", call.id);
    api.post(&path, json!({"digits": "12w#", "duration": "200"})).await.expect(202);
    let Some(CallEvent::SendDigits(dialog, digits)) = desk.told() else { panic!("the call is told") };
    assert_eq!((dialog, digits), (caller, SendDigits::parse("12w#", Duration::from_millis(200)).unwrap()));
    for (body, field) in [
        (json!({}), "digits"),
        (json!({"digits": 12}), "digits"),
        (json!({"digits": "12x"}), "digits: \"x\" is no key"),
        (json!({"digits": "1", "leg": 1}), "leg: the call has no such leg"),
        (json!({"digits": "1", "duration": -1}), "duration"),
    ] {
        let message = api.post(&path, body).await.refused(400);
        assert!(message.contains(field), "{message}");
    }
    desk.end(&call);
    api.post(&path, json!({"digits": "1"})).await.refused(404);
    assert!(desk.told().is_none());
}

#[tokio::test]
async fn a_call_is_drawn_and_captured() {
    let (api, mut desk) = api().await;
    let call = past(&mut desk, ClientId(1), "a");
    let base = format!("/client/@me/call_history/{}", call.id);
    let ladder = api.get(&format!("{base}/ladder")).await.expect(200);
    let drawn = ladder.as_str().expect("text");
    let lines: Vec<_> = drawn.lines().collect();
    assert_eq!(
        lines,
        [
            "          caller caller             antiphon",
            "          127.0.0.1:5070            127.0.0.1:5060",
            "   0.000  |--INVITE---------------->|",
            "   0.000  |<-100 INVITE-------------|",
            "   0.100  |<-200 INVITE SDP---------|",
        ]
    );
    assert_eq!(api.get(&format!("{base}?format=text")).await.expect(200), ladder);
    api.get(&format!("{base}?format=svg")).await.refused(400);
    let request = Request::get(format!("/api/ver1.0{base}/pcap"))
        .header(header::AUTHORIZATION, format!("Bearer {}", api.token))
        .body(Body::empty())
        .unwrap();
    let response = api.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/vnd.tcpdump.pcap");
    let file = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(file[..4], 0xA1B2_C3D4_u32.to_le_bytes());
    assert_eq!(file.windows(8).filter(|window| window == b"SIP/2.0 ").count(), 2);
}

#[tokio::test]
async fn capturing_rtp_is_refused_in_plain_words() {
    let (api, mut desk) = api().await;
    let (call, _) = desk.call(ClientId(1), "a");
    let answer = api.post(&format!("/client/@me/current_calls/{}/pcap", call.id), json!({"seconds": 10})).await;
    let body = answer.expect(501);
    assert_eq!(
        (&body["message"], &body["status"]),
        (&json!("capturing RTP is not built yet"), &json!("not_implemented"))
    );
}

#[tokio::test]
async fn the_owner_of_the_machine_sees_who_was_refused_and_why() {
    let (api, mut desk) = api().await;
    desk.refuse("r1", StatusCode::FORBIDDEN);
    desk.refuse("r2", StatusCode::NOT_FOUND);
    let refused = api.get("/client/@me/refused_calls/").await.expect(200);
    assert_eq!(refused.as_array().unwrap().len(), 2);
    let last = &refused[0];
    assert_eq!((&last["status"], &last["sip_call_id"]), (&json!(404), &json!("r2")));
    assert_eq!((&last["answer"], &last["peer"]), (&json!("SIP/2.0 404 Not Found"), &json!("127.0.0.1:5070")));
    let one = api.get(&format!("/client/@me/refused_calls/{}", last["id"])).await.expect(200);
    assert_eq!(one["sip"].as_array().unwrap().len(), 3);
    let drawn = api.get(&format!("/client/@me/refused_calls/{}/ladder", last["id"])).await.expect(200);
    assert!(drawn.as_str().unwrap().contains("<-404 INVITE-"), "{drawn}");
    api.get(&format!("/client/@me/refused_calls/{}/pcap", last["id"])).await.expect(200);
    api.get("/client/@me/refused_calls/999").await.refused(404);
    assert_eq!(api.get("/client/@me/refused_calls/?status=403").await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_client_sees_no_refused_call() {
    let (mut api, mut desk) = api().await;
    desk.refuse("r1", StatusCode::FORBIDDEN);
    api.become_other().await;
    assert_eq!(api.get("/client/@me/refused_calls/").await.expect(200), json!([]));
    let refusal = desk.trace.refused()[0].id;
    api.get(&format!("/client/@me/refused_calls/{refusal}")).await.refused(404);
}
