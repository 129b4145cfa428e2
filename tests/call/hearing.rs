//! Parties who should be heard and are not: what is told of them, and the end of a call whose caller has vanished.
//!
//! Sources: RFC 3550 section 6.4.1, RFC 4961, RFC 3326.

use std::net::SocketAddr;

use antiphon_media::rtcp::Block;
use antiphon_media::rtcp::write::{Cname, Farewell, MAX_REPORT, Report};
use antiphon_testkit::SimPhone;

use crate::referring::talking;
use crate::world::{SERVER, Shape, World, pass, prompt};

fn at(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, host], port))
}

/// What was remarked of the last call: the leg, the finding, and the sentence.
fn remarks(world: &World) -> Vec<(usize, &'static str, String)> {
    let calls = world.server.rooms.trace.calls();
    let remarks = calls[0].record(|record| record.remarks.clone());
    remarks.into_iter().map(|remark| (remark.leg, remark.name, remark.text)).collect()
}

fn words(world: &World) -> Vec<&'static str> {
    remarks(world).into_iter().map(|(_, name, _)| name).collect()
}

#[tokio::test]
async fn sound_that_stops_is_told_after_ten_seconds_and_its_return_too() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    // 12 s of its packets.
    world.net.lose(600, |from, _, _| from == at(10, 4_000));
    pass(9_000).await;
    assert_eq!(words(&world), [] as [&str; 0]);
    pass(2_500).await;
    let told = remarks(&world);
    assert_eq!((told.len(), told[0].0, told[0].1), (1, 0, "fell_silent"), "{told:?}");
    assert_eq!(told[0].2, "the sound from 127.0.0.10:4000 has stopped, and nothing says why");
    pass(3_000).await;
    assert_eq!(words(&world), ["fell_silent", "heard_again"]);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_callee_who_is_not_heard_is_told_of_by_its_leg() {
    let world = World::new().await;
    world.net.lose(usize::MAX, |from, _, _| from == at(2, 4_000));
    let (caller, callee) = talking(&world).await;
    pass(3_000).await;
    let told = remarks(&world);
    let sentence = "no packet that can be used has come: the SDP said 127.0.0.2:4000";
    assert_eq!(told, [(1, "never_heard", sentence.to_owned())]);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn packets_from_elsewhere_are_told_of_with_both_addresses() {
    let world = World::new().await;
    let caller = world.caller();
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.1.33.103\r\ns=-\r\nc=IN IP4 10.1.33.103\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";
    caller.call_offering("071", sdp).await;
    caller.up().await;
    pass(2_500).await;
    let told = remarks(&world);
    let sentence = "the SDP said 10.1.33.103:9000, packets come from 127.0.0.10:4000; they are answered there";
    assert_eq!(told, [(0, "from_elsewhere", sentence.to_owned())]);
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn packets_that_nobody_agreed_on_are_told_of_by_their_number() {
    let world = World::new().await;
    let caller = world.caller();
    // It agrees on mu-law and sends G.729.
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    world.net.lose(usize::MAX, |from, _, _| from == at(10, 4_000));
    caller.call_offering("071", sdp).await;
    caller.up().await;
    pass(100).await;
    let server = world.net.tape().into_iter().find(|passed| passed.from.port() >= 20_000).expect("it speaks").from;
    for sequence in 0..150u16 {
        let mut packet = vec![0x80, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet.extend([0; 20]);
        world.net.send_as(at(10, 4_002), server, &packet);
        pass(20).await;
    }
    pass(1_500).await;
    let told = remarks(&world);
    assert_eq!((told.len(), told[0].1), (1, "never_heard"), "{told:?}");
    assert!(told[0].2.contains("datagrams came of a payload type that was not agreed on (18)"), "{told:?}");
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_phone_whose_reports_say_that_it_hears_nothing_is_told_of() {
    let world = World::new().await;
    let (caller, callee) = talking(&world).await;
    let tape = world.net.tape();
    let ours = tape.iter().rev().find(|passed| passed.to == at(10, 4_000)).expect("it speaks to the caller");
    let ssrc = u32::from_be_bytes(ours.payload[8..12].try_into().expect("four bytes"));
    let control = SocketAddr::new(ours.from.ip(), ours.from.port() + 1);
    let block = Block { ssrc, highest: 77, ..Block::default() };
    let report =
        Report { ssrc: 5, sending: None, block: Some(block), cname: Cname::new([1; 10]), farewell: Farewell::No };
    let mut buffer = [0; MAX_REPORT];
    let length = report.write(&mut buffer);
    for _ in 0..3 {
        world.net.send_as(at(10, 4_001), control, &buffer[..length]);
        pass(5_000).await;
    }
    let told = remarks(&world);
    assert_eq!(told.iter().map(|(leg, name, _)| (*leg, *name)).collect::<Vec<_>>(), [(0, "hears_nothing")]);
    assert!(told[0].2.starts_with("the peer's reports say that nothing of ours reaches it; "), "{told:?}");
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

/// A menu that waits for the caller for ever: each timeout leads back to it.
async fn in_a_menu(world: &World) -> SimPhone {
    let caller = world.caller();
    caller.speak(Some(prompt("caller"))).await;
    caller.call("075").await;
    caller.up().await;
    pass(5_000).await;
    caller
}

#[tokio::test]
async fn a_caller_who_vanishes_in_a_menu_is_hung_up_on() {
    let world = World::shaped(Shape { rtp: "hangup_after_silence = 60", ..Shape::default() }).await;
    let caller = in_a_menu(&world).await;
    world.net.lose(usize::MAX, |from, to, _| from == at(10, 4_000) && to != SERVER);
    pass(55_000).await;
    assert_eq!(words(&world), ["fell_silent"]);
    pass(10_000).await;
    assert_eq!(words(&world), ["fell_silent", "vanished"]);
    caller.over().await;
    let bye = caller.requests("BYE").remove(0);
    assert_eq!(bye.header("Reason"), Some("Q.850;cause=102;text=\"neither sound nor reports of it have come\""));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_is_silent_and_reports_is_not_hung_up_on() {
    let world = World::shaped(Shape { rtp: "hangup_after_silence = 60", ..Shape::default() }).await;
    let caller = in_a_menu(&world).await;
    let tape = world.net.tape();
    let ours = tape.iter().rev().find(|passed| passed.to == at(10, 4_000)).expect("it speaks to the caller");
    let control = SocketAddr::new(ours.from.ip(), ours.from.port() + 1);
    world.net.lose(usize::MAX, |from, _, _| from == at(10, 4_000));
    for _ in 0..40 {
        // A receiver's report on nobody: it is there, and sends nothing.
        world.net.send_as(at(10, 4_001), control, &[0x80, 201, 0, 1, 0, 0, 0, 5]);
        pass(5_000).await;
    }
    assert!(!words(&world).contains(&"vanished") && !words(&world).contains(&"fell_silent"), "{:?}", remarks(&world));
    assert_eq!(caller.stage(), antiphon_testkit::Stage::Up);
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_only_ever_listens_is_not_hung_up_on() {
    let world = World::shaped(Shape { rtp: "hangup_after_silence = 60", ..Shape::default() }).await;
    world.net.lose(usize::MAX, |from, _, _| from == at(10, 4_000));
    let caller = in_a_menu(&world).await;
    pass(200_000).await;
    assert_eq!(words(&world), ["never_heard"]);
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_port_rests_before_the_next_call_gets_it() {
    let world = World::shaped(Shape { rtp_ports: "20000-20001", ..Shape::default() }).await;
    let first = world.caller();
    first.call("071").await;
    first.up().await;
    pass(1_000).await;
    first.hang_up().await;
    pass(200).await;
    let second = world.connect(World::setup("second", 11));
    second.call("071").await;
    second.over().await;
    let refused = second.messages().into_iter().any(|(_, message)| message.status() == Some(503));
    assert!(refused, "{}", world.ladder());
    pass(1_000).await;
    second.call("071").await;
    second.up().await;
    second.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_left_of_the_call_before_is_not_heard_in_the_next() {
    let world = World::shaped(Shape { rtp_ports: "20000-20001", ..Shape::default() }).await;
    let first = world.caller();
    first.call("071").await;
    first.up().await;
    pass(2_000).await;
    first.hang_up().await;
    pass(1_500).await;
    let tape = world.net.tape();
    let sound = tape.iter().rev().find(|passed| passed.from == at(10, 4_000)).expect("it spoke").payload.clone();
    // The next caller says nothing, and the first one's phone goes on for seconds.
    let second = world.connect(World::setup("second", 11));
    world.net.lose(usize::MAX, |from, _, _| from == at(11, 4_000));
    second.call("071").await;
    second.up().await;
    for count in 0..200u16 {
        let mut packet = sound.to_vec();
        let sequence = u16::from_be_bytes([sound[2], sound[3]]).wrapping_add(count);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        world.net.send_as(at(10, 4_000), SocketAddr::new(SERVER.ip(), 20_000), &packet);
        pass(20).await;
    }
    let calls = world.server.rooms.trace.calls();
    let call = calls.iter().find(|call| call.record(|record| record.from == "second")).expect("the second call");
    let stream = call.record(|record| record.legs[0].stream.clone()).expect("its stream");
    let known = stream.summary().await.expect("it is known");
    assert_eq!((known.totals.received, known.totals.dropped.foreign_source), (0, 200));
    let strayed =
        world.net.tape().into_iter().filter(|passed| passed.to == at(10, 4_000) && passed.at > tape[tape.len() - 1].at);
    assert_eq!(strayed.count(), 0, "and nothing is sent there");
    second.hang_up().await;
    world.leaves_nothing().await;
}
