//! Calls whose sound is protected: what is heard, what is pressed, and what strangers achieve.
//!
//! Sources: RFC 3711, RFC 4568, RFC 7714. The phones' SRTP is another implementation than the server's.

use std::net::SocketAddr;
use std::time::Duration;

use antiphon_media::srtp::Suite;
use antiphon_server::trace::{ladder, pcap};
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Pace, PhoneSetup, SimPhone, breaks};

use crate::world::{SERVER, Shape, TRUNK, World, on_its_own, pass, prompt, usual_trunks};

const PACE: Pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };

fn secure(name: &'static str, host: u8, suite: Suite) -> PhoneSetup {
    PhoneSetup { srtp: Some(suite), ..World::setup(name, host) }
}

/// The media datagrams that passed between two hosts in one direction, as they were on the wire.
fn wire(world: &World, from: SocketAddr, to: SocketAddr) -> Vec<(SocketAddr, Vec<u8>)> {
    let passed = world.net.tape().into_iter().filter(|passed| passed.from.port() != 5060 && passed.to.port() != 5060);
    let passed = passed.filter(|passed| passed.from.ip() == from.ip() && passed.to.ip() == to.ip());
    passed.map(|passed| (passed.to, passed.payload.to_vec())).collect()
}

#[test]
fn the_menu_is_heard_and_a_key_is_taken_under_each_suite() {
    for suite in Suite::ALL {
        on_its_own(async move {
            let world = World::new().await;
            let caller = world.connect(secure("caller", 10, suite));
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('7').await;
            assert_eq!(caller.over().await, EndReason::RemoteBye, "{suite:?}");
            let heard = world.heard(&caller, &[]);
            assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
            assert_eq!(heard.first("bye").duration(), prompt("bye").duration(), "{heard}");
            assert_eq!((caller.unreadable(), breaks(&caller.received(), PACE)), (0, vec![]), "{suite:?}");
            world.leaves_nothing().await;
        });
    }
}

/// A caller and a callee who talk, protected as told.
async fn bridged(caller: Option<Suite>, callee: Option<Suite>) -> (World, SimPhone, SimPhone) {
    let policy = if callee.is_some() { "required" } else { "off" };
    let trunks = usual_trunks(&format!("srtp = \"{policy}\""));
    let world = World::shaped(Shape { trunks, ..Shape::default() }).await;
    let caller = world.connect(PhoneSetup { srtp: caller, ..World::setup("caller", 10) });
    let answering = Answering::After(Duration::from_secs(1));
    let callee = world.connect(PhoneSetup { srtp: callee, answering, ..World::setup("trunk", TRUNK) });
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("trunk"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('1').await;
    callee.up().await;
    (world, caller, callee)
}

fn said(world: &World, listener: &SimPhone, speaker: &SimPhone) -> Duration {
    let heard = world.heard(listener, &[speaker]);
    heard.all(speaker.setup().name).iter().map(|span| span.duration()).sum()
}

#[test]
fn a_bridge_joins_plain_and_protected_sound_and_any_two_suites() {
    let [gcm_256, gcm_128, cm_80, cm_32] = Suite::ALL.map(Some);
    for (one, other) in [(cm_80, None), (None, cm_80), (cm_32, gcm_256), (gcm_128, cm_80), (gcm_256, gcm_256)] {
        on_its_own(async move {
            let (world, caller, callee) = bridged(one, other).await;
            pass(3_000).await;
            for (listener, speaker) in [(&caller, &callee), (&callee, &caller)] {
                let said = said(&world, listener, speaker);
                assert!(said > Duration::from_millis(2_800), "{one:?} {other:?}: {said:?}");
                assert_eq!(listener.unreadable(), 0, "{one:?} {other:?}");
            }
            caller.press('5').await;
            pass(500).await;
            let keys = callee.received().into_iter().filter(|packet| packet.payload_type == 101);
            assert!(keys.count() > 3, "{one:?} {other:?}");
            // Keys went to the trunk over UDP, and that has been said; or they did not.
            let is_news = world.server.rooms.trunks.reads_keys_aloud("carrier");
            assert_eq!(is_news, other.is_none(), "{one:?} {other:?}");
            caller.hang_up().await;
            callee.over().await;
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn a_phone_that_takes_another_key_is_heard_and_hears_without_a_gap() {
    let (world, caller, callee) = bridged(Some(Suite::AesCm128HmacSha1_80), None).await;
    pass(1_000).await;
    for _ in 0..3 {
        assert_eq!(caller.rekey().await, 200);
        pass(1_000).await;
    }
    let talked = Duration::from_secs(4);
    for (listener, speaker) in [(&callee, &caller), (&caller, &callee)] {
        let said = said(&world, listener, speaker);
        assert!(said + Duration::from_millis(200) > talked, "{said:?}");
    }
    assert_eq!((caller.unreadable(), breaks(&caller.received(), PACE)), (0, vec![]));
    // Our own key stayed what it was.
    let answers = caller.messages().into_iter().map(|(_, message)| message.body);
    let mut ours: Vec<_> = answers.filter_map(|body| Some(body.split_once("inline:")?.1[..40].to_owned())).collect();
    ours.dedup();
    assert_eq!(ours.len(), 1, "{ours:?}");
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

/// Neither the ladder nor the capture file, nor what the API shows of messages, has a key.
#[tokio::test]
async fn keys_are_shown_to_nobody_and_the_suite_is() {
    let world = World::new().await;
    let caller = world.connect(secure("caller", 10, Suite::AesCm128HmacSha1_80));
    caller.call("071").await;
    caller.up().await;
    pass(500).await;
    assert_eq!(caller.rekey().await, 200);
    pass(500).await;
    caller.hang_up().await;
    pass(500).await;
    let messages = world.net.tape().into_iter().map(|passed| String::from_utf8_lossy(&passed.payload).into_owned());
    let keys: Vec<_> = messages.filter_map(|text| Some(text.split_once("inline:")?.1.get(..40)?.to_owned())).collect();
    assert!(keys.len() >= 4, "{keys:?}");
    let call = &world.server.rooms.trace.calls()[0];
    let messages = call.record(|record| record.messages());
    let file = pcap::file(messages.iter().map(|message| (message, call.wall(message.at))));
    let shown: String = messages.iter().map(|message| message.text()).collect();
    let shown = format!("{shown} {} {}", ladder::of_call(call), String::from_utf8_lossy(&file));
    assert!(shown.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxx"), "{shown}");
    assert!(keys.iter().all(|key| !shown.contains(key)), "{shown}");
    let legs = call.record(|record| record.legs.clone());
    let stream = legs[0].stream.as_ref().expect("it was opened");
    let summary = stream.summary.get().expect("it is closed");
    assert_eq!(summary.suite, Some(Suite::AesCm128HmacSha1_80));
    assert!(!format!("{summary:?}").contains("MasterKey"));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn hold_its_end_and_an_offer_that_is_asked_for_keep_the_keys() {
    let world = World::new().await;
    let caller = world.connect(secure("caller", 10, Suite::AeadAes128Gcm));
    caller.call("071").await;
    caller.up().await;
    pass(500).await;
    // Held and taken back with the key that the INVITE had.
    let invite = world.net.tape().into_iter().map(|passed| String::from_utf8_lossy(&passed.payload).into_owned());
    let invite = invite.into_iter().find(|text| text.starts_with("INVITE ")).expect("the phone called");
    let offer = invite.split_once("\r\n\r\n").expect("it has a body").1.to_owned();
    for line in ["a=sendonly\r\n", "a=sendrecv\r\n"] {
        let heard = caller.received().len();
        assert_eq!(caller.reoffer(&format!("{offer}{line}")).await, 200);
        pass(500).await;
        assert!((caller.received().len() > heard + 20) == line.contains("sendrecv"), "{line}");
    }
    assert_eq!(caller.move_media("127.0.0.10:4002".parse().unwrap()).await, 200);
    pass(500).await;
    assert_eq!(caller.ask_for_offer().await, 200);
    pass(5_000).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!(caller.unreadable(), 0);
    let described = caller.messages().into_iter().map(|(_, message)| message.body);
    let described: Vec<_> = described.filter(|body| body.contains("m=audio")).collect();
    assert!(described.len() == 5 && described.iter().all(|body| body.contains(" RTP/SAVP ")), "{described:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_without_offer_chooses_from_ours_where_srtp_is_required() {
    let world = World::shaped(Shape { trunks: required(), ..Shape::default() }).await;
    let caller = world.connect(secure("caller", 10, Suite::AesCm128HmacSha1_32));
    // Until the ACK has come nothing is heard, and nothing plain is.
    world.net.set_usual_path(antiphon_testkit::Path::after(Duration::from_millis(50)));
    let stranger = world.net.bind("127.0.0.66:4000".parse().unwrap()).unwrap();
    caller.call_without_offer("071").await;
    pass(60).await;
    for sequence in 0..5u8 {
        let event = [0x80, 101, 0, sequence, 0, 0, 0, 9, 0, 0, 0, 9, 7, 10, 0, 160];
        (20_000..20_400).step_by(2).for_each(|port| stranger.send(&event, SocketAddr::new(SERVER.ip(), port)));
        pass(1).await;
    }
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    caller.over().await;
    let totals = world.server.rooms.media.workers()[0].report().await.unwrap().totals;
    assert_eq!((totals.dropped.malformed, totals.dropped.foreign_source), (5, 0), "too short for SRTP: {totals:?}");
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
    assert_eq!(caller.unreadable(), 0);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callee_that_speaks_nothing_plain_is_called_again_with_srtp() {
    let world = World::new().await;
    let caller = world.caller();
    let answering = Answering::After(Duration::from_secs(1));
    let callee = world.connect(PhoneSetup { answering, ..secure("002", 2, Suite::AesCm128HmacSha1_80) });
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('2').await;
    callee.up().await;
    pass(2_000).await;
    let offers: Vec<_> = callee.requests("INVITE").into_iter().map(|invite| invite.body).collect();
    assert!(offers.len() == 2 && !offers[0].contains("crypto") && offers[1].contains(" RTP/SAVP "), "{offers:?}");
    assert!(said(&world, &caller, &callee) > Duration::from_millis(1_800));
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

/// Settings under which nothing plain is spoken.
fn required() -> String {
    format!("[rtp]\nsrtp = \"required\"\n\n{}", usual_trunks(""))
}

#[test]
fn policies_refuse_what_they_do_not_allow_and_say_why() {
    let plain = |line: &str, profile: &str| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 {profile} 8\r\n{line}"
        )
    };
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let unknown =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz UNENCRYPTED_SRTP\r\n";
    let off = format!("[rtp]\nsrtp = \"off\"\n\n{}", usual_trunks(""));
    for (settings, offer, expect) in [
        (required(), plain("", "RTP/AVP"), Err("SRTP is required")),
        (required(), plain(key, "RTP/AVP"), Ok("RTP/AVP 8\r\na=crypto:1 ")),
        (off.clone(), plain(key, "RTP/SAVP"), Err("suite and keys")),
        (off, plain(key, "RTP/AVP"), Ok("RTP/AVP 8\r\na=rtpmap")),
        (usual_trunks(""), plain(key, "RTP/SAVPF"), Ok("RTP/SAVPF 8\r\na=crypto:1 ")),
        (usual_trunks(""), plain(unknown, "RTP/SAVP"), Err("suite and keys")),
        (usual_trunks(""), plain(unknown, "RTP/AVP"), Ok("RTP/AVP 8\r\na=rtpmap")),
    ] {
        on_its_own(async move {
            let world = World::shaped(Shape { trunks: settings, ..Shape::default() }).await;
            let caller = world.caller();
            caller.call_offering("071", &offer).await;
            match expect {
                Ok(line) => {
                    caller.up().await;
                    let answer =
                        caller.messages().into_iter().find(|(_, message)| message.status() == Some(200)).unwrap().1;
                    assert!(answer.body.contains(line), "{offer}\n{}", answer.body);
                    caller.hang_up().await;
                }
                Err(reason) => {
                    let why = caller.over().await;
                    assert!(matches!(why, EndReason::Rejected(status) if status.code() == 488), "{offer}: {why:?}");
                    let refusal =
                        caller.messages().into_iter().find(|(_, message)| message.status() == Some(488)).unwrap().1;
                    let warning = refusal.header("Warning").unwrap_or_default();
                    assert!(warning.starts_with("399 antiphon \"") && warning.contains(reason), "{warning}");
                }
            }
            world.leaves_nothing().await;
        });
    }
}

#[tokio::test]
async fn garbage_neither_ends_a_call_nor_mutes_it_nor_moves_its_sound() {
    let world = World::new().await;
    let caller = world.connect(secure("caller", 10, Suite::AesCm128HmacSha1_80));
    caller.call("071").await;
    caller.up().await;
    pass(500).await;
    let (at, taken) = wire(&world, caller.setup().rtp, SERVER).pop().expect("the caller speaks");
    let stranger = world.net.bind("127.0.0.66:4000".parse().unwrap()).unwrap();
    let before = caller.received().len();
    for count in 0..1_000u32 {
        let mut forged = taken.clone();
        // Another source each time, a number ahead, a byte that differs, a piece, a plain packet.
        match count % 5 {
            0 => forged[8..12].copy_from_slice(&count.to_be_bytes()),
            1 => forged[3] = forged[3].wrapping_add(count as u8),
            2 => forged[20] ^= 1 + count as u8 % 255,
            3 => forged.truncate(count as usize % 30),
            _ => forged.truncate(172),
        }
        stranger.send(&forged, at);
        if count % 4 == 0 {
            pass(10).await;
        }
    }
    assert!(caller.received().len() >= before + 120, "the sound goes on, and to the caller");
    assert!(wire(&world, SERVER, stranger.local_addr()).is_empty());
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert_eq!((caller.unreadable(), breaks(&caller.received(), PACE)), (0, vec![]));
    let totals = world.server.rooms.media.workers()[0].report().await.unwrap().totals;
    let dropped = totals.dropped;
    assert_eq!(dropped.unauthentic + dropped.replayed + dropped.malformed, 1_000, "{dropped:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_key_that_is_sent_again_by_somebody_who_listened_is_not_taken_again() {
    let (world, caller, callee) = bridged(Some(Suite::AeadAes256Gcm), None).await;
    pass(500).await;
    let before = wire(&world, caller.setup().rtp, SERVER).len();
    caller.press('5').await;
    pass(500).await;
    let key: Vec<_> = wire(&world, caller.setup().rtp, SERVER).split_off(before);
    let keys = |phone: &SimPhone| phone.received().into_iter().filter(|packet| packet.payload_type == 101).count();
    let taken = keys(&callee);
    assert!(taken > 3);
    let stranger = world.net.bind("127.0.0.10:4444".parse().unwrap()).unwrap();
    for _ in 0..20 {
        for (at, packet) in &key {
            stranger.send(packet, *at);
        }
        pass(200).await;
    }
    assert_eq!(keys(&callee), taken);
    let totals = world.server.rooms.media.workers()[0].report().await.unwrap().totals;
    assert!(totals.dropped.replayed >= 200, "{totals:?}");
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}
