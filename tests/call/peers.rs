//! Phones that are not as the book has them: other packet lengths, on hold, behind a NAT; and strangers who send.
//!
//! Sources: RFC 3264 §8.4 (hold), RFC 8866 §6.4 (ptime), RFC 3261 §11 (OPTIONS); symmetric RTP as in RFC 4961.

use std::net::SocketAddr;
use std::time::Duration;

use antiphon_media::Codec;
use antiphon_server::signalling::Order;
use antiphon_sip::{Admission, EndReason};
use antiphon_testkit::{Break, Pace, SimPhone, SipText, breaks};
use tokio::time::Instant;

use crate::world::{SERVER, World, pass, prompt};

/// An offer of PCMA and keys at this address, with more lines.
fn offer(at: &str, port: u16, lines: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {at}\r\ns=-\r\nc=IN IP4 {at}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\n{lines}"
    )
}

const TOLERANCE: Duration = Duration::from_millis(2);

#[tokio::test]
async fn packets_are_as_long_as_the_phone_asks() {
    let world = World::new().await;
    for (host, ms) in [(10u8, 10u64), (11, 20), (12, 30), (13, 40), (14, 60)] {
        let caller = world.connect(World::setup("caller", host));
        caller.call_offering("071", &offer(&format!("127.0.0.{host}"), 4000, &format!("a=ptime:{ms}\r\n"))).await;
        caller.up().await;
        pass(7_000).await;
        let packets = caller.received();
        let ptime = Duration::from_millis(ms);
        assert_eq!(breaks(&packets, Pace { ptime, tolerance: TOLERANCE }), [], "{ms} ms");
        assert!(packets.iter().all(|packet| packet.payload.len() as u64 == ms * 8), "{ms} ms");
        let heard = world.heard(&caller, &[]);
        for name in ["ad", "hello"] {
            assert_eq!(heard.first(name).duration(), prompt(name).duration(), "{ms} ms: {heard}");
        }
        caller.hang_up().await;
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_phone_on_hold_hears_nothing_and_its_stream_goes_on_where_the_clock_is() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    assert_eq!(caller.reoffer(&offer("127.0.0.10", 4000, "a=sendonly\r\n")).await, 200);
    let held = Instant::now();
    pass(2_000).await;
    assert_eq!(caller.reoffer(&offer("127.0.0.10", 4000, "a=sendrecv\r\n")).await, 200);
    let back = Instant::now();
    pass(1_000).await;
    caller.hang_up().await;
    let packets = caller.received();
    let late = |at: Instant| packets.iter().filter(|packet| packet.at > at && packet.at < back).count();
    assert_eq!(late(held + Duration::from_millis(40)), 0, "it was sent sound while on hold");
    assert!(packets.iter().any(|packet| packet.at > back), "it hears nothing after the hold");
    // One source; sequence numbers without a gap, timestamps that count the silence.
    let found = breaks(&packets, Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_secs(10) });
    let is_pause = |broken: &Break| matches!(broken, Break::Timestamp { off, .. } if *off > 0 && off % 160 == 0);
    let others: Vec<_> =
        found.iter().filter(|broken| !is_pause(broken) && !matches!(broken, Break::Marker { .. })).collect();
    assert!(others.is_empty(), "{found:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_phone_behind_a_nat_hears_the_menu_at_the_address_it_sends_from() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call_offering("071", &offer("192.168.7.7", 9999, "")).await;
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("ad").duration(), prompt("ad").duration(), "{heard}");
    assert_eq!(heard.first("bye").duration(), prompt("bye").duration(), "{heard}");
    world.leaves_nothing().await;
}

/// Where the server's stream of this caller is.
fn media_of(world: &World, caller: &SimPhone) -> SocketAddr {
    let heard = world.net.tape().into_iter().find(|passed| passed.to == caller.setup().rtp);
    heard.expect("the caller has heard something").from
}

#[tokio::test]
async fn a_stranger_who_finds_the_media_port_neither_presses_keys_nor_takes_the_sound() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    let port = media_of(&world, &caller);
    let stranger = world.net.bind(([10, 6, 6, 6], 4000).into()).expect("a free address");
    let sound = [&[0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9][..], &[0xD5; 160]].concat();
    let key = [0x80, 0x80 | 101, 0, 2, 0, 0, 1, 64, 0, 0, 0, 9, 7, 0x8A, 3, 32];
    for _ in 0..50 {
        stranger.send(&sound, port);
        stranger.send(&key, port);
        stranger.send(b"\x80", port);
        pass(20).await;
    }
    pass(2_000).await;
    assert!(stranger.try_receive().is_none(), "the stranger is sent sound");
    let heard = world.heard(&caller, &[]);
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration(), "{heard}");
    assert!(heard.all("bye").is_empty(), "{heard}");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_load_balancer_that_asks_hears_whether_calls_are_taken() {
    let world = World::new().await;
    let balancer = world.net.bind(([127, 0, 0, 80], 5060).into()).expect("a free address");
    let ask = async |number: u32| {
        let request = SipText { start: format!("OPTIONS sip:{SERVER} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP 127.0.0.80:5060;branch=z9hG4bKask{number};rport"))
            .with("Max-Forwards", "70")
            .with("From", "<sip:balancer@127.0.0.80>;tag=b")
            .with("To", &format!("<sip:{SERVER}>"))
            .with("Call-ID", &format!("ask-{number}"))
            .with("CSeq", &format!("{number} OPTIONS"));
        balancer.send(&request.to_bytes(), SERVER);
        SipText::parse(&balancer.receive().await.payload).status()
    };
    assert_eq!(ask(1).await, Some(200));
    world.server.rooms.signalling.order(Order::Admit(Admission::Draining)).await;
    assert_eq!(ask(2).await, Some(503));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_codec_changes_with_a_new_offer_and_the_stream_goes_on() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(1_000).await;
    let changed = offer("127.0.0.10", 4000, "").replace("RTP/AVP 8 101", "RTP/AVP 0 101");
    assert_eq!(caller.reoffer(&changed).await, 200);
    let at = Instant::now();
    pass(5_500).await;
    caller.hang_up().await;
    let packets = caller.received();
    assert_eq!(breaks(&packets, Pace { ptime: Duration::from_millis(20), tolerance: TOLERANCE }), []);
    let after = packets.iter().filter(|packet| packet.at > at + Duration::from_millis(40));
    assert!(after.clone().count() > 200 && after.clone().all(|packet| packet.payload_type == 0));
    let known = antiphon_testkit::KnownSounds::new(Codec::Pcmu).with("hello", &prompt("hello"));
    let heard = antiphon_testkit::Heard::of(&packets, &known);
    assert_eq!(heard.first("hello").duration(), prompt("hello").duration(), "{heard}");
    world.leaves_nothing().await;
}
