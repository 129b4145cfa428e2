//! RTCP between the server and phones: what each tells the other, and what an operator sees of it.
//!
//! Sources: RFC 3550 section 6, RFC 3605, RFC 5761.

use std::net::SocketAddr;
use std::time::Duration;

use antiphon_media::StreamSummary;
use antiphon_media::rtcp::read::{Compound, Packet};
use antiphon_media::rtcp::write::{Cname, Farewell, MAX_REPORT, Report};
use antiphon_media::rtcp::{Block, Sending, is_rtcp};
use antiphon_testkit::{Answering, Passed, VirtualSocket};

use crate::world::{SERVER, Shape, World, on_its_own, pass, prompt};

const THEIRS: u32 = 0xBEEF;

fn at(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, host], port))
}

/// What the server counted of the last call's leg.
async fn summary(world: &World, leg: usize) -> StreamSummary {
    let calls = world.server.rooms.trace.calls();
    let stream = calls[0].record(|record| record.legs[leg].stream.clone()).expect("the leg has a stream");
    stream.summary().await.expect("the stream is known")
}

/// Every RTCP datagram that the server sent.
fn of_server(world: &World) -> Vec<Passed> {
    world.net.tape().into_iter().filter(|passed| passed.from.ip() == SERVER.ip() && is_rtcp(&passed.payload)).collect()
}

/// The source and the sending that a report of the server begins with.
fn sending(report: &[u8]) -> (u32, Sending) {
    match Compound::parse(report).expect("what we send is RTCP").next() {
        Some(Packet::Sender { ssrc, sending, .. }) => (ssrc, sending),
        other => panic!("no sender's report: {other:?}"),
    }
}

fn report(block: Block) -> Vec<u8> {
    let report =
        Report { ssrc: THEIRS, sending: None, block: Some(block), cname: Cname::new([1; 10]), farewell: Farewell::No };
    let mut buffer = [0; MAX_REPORT];
    let length = report.write(&mut buffer);
    buffer[..length].to_vec()
}

/// Waits for the server's next report at this socket and answers it after `kept`, as a phone that lost `lost` packets.
async fn answer_a_report(world: &World, rtcp: &VirtualSocket, kept: Duration, lost: i32) {
    let datagram = rtcp.receive().await;
    let (ssrc, sending) = sending(&datagram.payload);
    tokio::time::sleep(kept).await;
    // The sequence began anywhere; the tape says where it is.
    let tape = world.net.tape();
    let sound = tape.iter().rev().find(|passed| passed.to == at(10, 4_000)).expect("it speaks");
    let highest = u16::from_be_bytes([sound.payload[2], sound.payload[3]]).into();
    let delay = u32::try_from(kept.as_millis() * 65_536 / 1_000).expect("it is short");
    let block = Block { ssrc, lost, highest, last_report: sending.ntp.middle(), delay, jitter: 24, fraction_lost: 0 };
    rtcp.send(&report(block), datagram.from);
}

#[tokio::test]
async fn a_phones_report_tells_the_round_trip_and_what_it_hears() {
    let world = World::new().await;
    let path = antiphon_testkit::Path::after(Duration::from_millis(40));
    world.net.set_path(SERVER.ip(), at(10, 0).ip(), path);
    world.net.set_path(at(10, 0).ip(), SERVER.ip(), path);
    let caller = world.caller();
    let rtcp = world.net.bind(at(10, 4_001)).expect("the port above the phone's");
    caller.speak(Some(prompt("caller"))).await;
    caller.call("071").await;
    caller.up().await;
    answer_a_report(&world, &rtcp, Duration::from_millis(1_500), 3).await;
    pass(1_500).await;
    let known = summary(&world, 0).await;
    let trip = known.round_trip().expect("the report tells it");
    // The socket is read once a second, and yet nothing is added to the way there and back.
    assert!((79..=82).contains(&trip.as_millis()), "{trip:?}");
    let peer = known.peer.expect("a report came");
    assert_eq!((peer.lost, peer.jitter), (3, Duration::from_millis(3)));
    assert!(known.mos_heard().is_some_and(|mos| mos > 4.3), "{known:?}");
    assert!(known.mos_told().is_some_and(|mos| (1.0..4.41).contains(&mos)), "{known:?}");
    caller.hang_up().await;
    pass(200).await;
    let last = of_server(&world).pop().expect("it reported");
    let packets: Vec<_> = Compound::parse(&last.payload).expect("RTCP").collect();
    assert!(matches!(packets.last(), Some(Packet::Goodbye { .. })), "{packets:?}");
    drop(rtcp);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn the_reports_of_a_call_are_five_seconds_apart_and_short_calls_have_none() {
    let world = World::shaped(Shape { rtp: "hangup_after_silence = 0", ..Shape::default() }).await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(900).await;
    assert_eq!(world.net.sockets(SERVER.ip()), 2, "signalling and RTP");
    caller.hang_up().await;
    pass(100).await;
    assert_eq!(of_server(&world).len(), 0);
    let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
    let caller = world.connect(antiphon_testkit::PhoneSetup {
        sip: at(11, 5060),
        rtp: at(11, 4000),
        ..World::setup("other", 11)
    });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(100_000).await;
    for host in [2, 11] {
        let reports: Vec<_> = of_server(&world).into_iter().filter(|passed| passed.to == at(host, 4_001)).collect();
        assert!((14..=28).contains(&reports.len()), "{} to {host}", reports.len());
        let gaps = reports.windows(2).map(|pair| (pair[1].at - pair[0].at).as_millis());
        // Chance has it between 2.5 and 7.5 s, and streams are looked at once a second.
        assert!(gaps.clone().all(|gap| (2_500..=8_600).contains(&gap)), "{:?}", gaps.collect::<Vec<_>>());
    }
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_peer_that_shares_a_port_for_both_has_both_on_it() {
    let world = World::new().await;
    let caller = world.caller();
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=rtcp-mux\r\n";
    caller.call_offering("071", sdp).await;
    caller.up().await;
    let answer = caller.messages().into_iter().find(|(_, message)| message.status() == Some(200)).expect("answered").1;
    assert!(answer.body.contains("a=rtcp-mux"), "{answer:?}");
    pass(8_000).await;
    let ours = of_server(&world);
    assert!(!ours.is_empty() && ours.iter().all(|passed| passed.to == at(10, 4_000)), "{ours:?}");
    let (ssrc, first) = sending(&ours[0].payload);
    let kept = (tokio::time::Instant::now() - ours[0].at).as_millis() * 65_536 / 1_000;
    let delay = u32::try_from(kept).expect("it is short");
    let block = Block { ssrc, last_report: first.ntp.middle(), delay, ..Block::default() };
    world.net.send_as(at(10, 4_000), ours[0].from, &report(block));
    pass(100).await;
    let known = summary(&world, 0).await;
    assert_eq!((known.totals.reports_received, known.totals.dropped.unknown_payload), (1, 0));
    // The socket of RTP is read every 20 ms, and every 40 when little comes.
    assert!(known.round_trip().is_some_and(|trip| trip < Duration::from_millis(45)), "{known:?}");
    assert_eq!(world.net.sockets(SERVER.ip()), 2, "signalling and RTP: there is no second port");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_port_that_a_peer_names_for_its_reports_gets_ours() {
    let world = World::new().await;
    let caller = world.caller();
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na=rtcp:5300 IN IP4 127.0.0.10\r\n";
    caller.call_offering("071", sdp).await;
    caller.up().await;
    pass(6_000).await;
    let ours = of_server(&world);
    assert!(!ours.is_empty() && ours.iter().all(|passed| passed.to == at(10, 5_300)), "{ours:?}");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[test]
fn our_offers_ask_for_one_port_where_the_settings_say_so() {
    for (rtp, expect) in [("rtcp_mux = true", true), ("", false)] {
        on_its_own(async move {
            let world = World::shaped(Shape { rtp, ..Shape::default() }).await;
            let caller = world.caller();
            let callee = world.callee("002", 2, Answering::After(Duration::ZERO));
            caller.call("071").await;
            caller.up().await;
            pass(3_500).await;
            caller.press('6').await;
            callee.up().await;
            let offer = callee.requests("INVITE").remove(0);
            assert_eq!(offer.body.contains("a=rtcp-mux"), expect);
            pass(8_000).await;
            // The phone does not know it, so that its reports stay apart.
            assert!(of_server(&world).iter().any(|passed| passed.to == at(2, 4_001)));
            caller.hang_up().await;
            callee.over().await;
            world.leaves_nothing().await;
        });
    }
}
