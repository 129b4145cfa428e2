//! What an operator sees of a call afterwards: its ladder, its sound, its ops, and no key that was pressed.

use std::sync::Arc;
use std::time::Duration;

use antiphon_server::trace::{CallTrace, ladder, pcap, sound};
use antiphon_testkit::{Answering, Keys, PhoneSetup};

use crate::world::{World, pass, prompt};

/// The calls that are remembered.
fn calls(world: &World) -> Vec<Arc<CallTrace>> {
    world.server.rooms.trace.calls()
}

/// What the sound of each leg was, in the order of legs.
fn complaints(call: &CallTrace) -> Vec<Option<String>> {
    let legs = call.record(|record| record.legs.clone());
    let streams = legs.iter().filter_map(|leg| leg.stream.as_ref());
    streams.map(|stream| sound::complaint(stream.summary.get().expect("the stream is closed"))).collect()
}

#[tokio::test]
async fn a_transfer_is_drawn_with_a_column_for_each_party() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(3)));
    caller.speak(Some(prompt("caller"))).await;
    callee.speak(Some(prompt("002"))).await;
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(4_000).await;
    caller.hang_up().await;
    callee.over().await;
    pass(100).await;
    let call = &calls(&world)[0];
    let expect = "
          caller caller             antiphon                  line-2
          127.0.0.10:5060           127.0.0.1:5060            127.0.0.2:5060
   0.000  |--INVITE SDP------------>|                         |
   0.000  |<-100 INVITE-------------|                         |
   0.000  |<-200 INVITE SDP---------|                         |
   0.000  |--ACK------------------->|                         |
   3.502  |                         |--INVITE SDP------------>|
   3.502  |                         |<-100 INVITE-------------|
   3.502  |                         |<-180 INVITE-------------|
   6.503  |                         |<-200 INVITE SDP---------|
   6.503  |                         |--ACK------------------->|
  10.504  |--BYE------------------->|                         |
  10.504  |<-200 BYE----------------|                         |
  10.504  |                         |--BYE------------------->|
  10.504  |                         |<-200 BYE----------------|
";
    let drawn = ladder::of_call(call);
    assert_eq!(format!("\n{drawn}"), expect, "\n{drawn}");
    call.record(|record| {
        let ops: Vec<_> = record.ops.iter().map(|op| (op.name, op.outcome)).collect();
        assert_eq!(ops[0], ("answer", "done"));
        assert_eq!(*ops.last().unwrap(), ("dial", "caller_hung_up"));
        assert_eq!((record.ended.unwrap().1, record.ended_by()), ("caller_hung_up", Some("caller")));
        assert_eq!((record.from.as_str(), record.to.as_str(), record.extension.as_str()), ("caller", "071", "000*071"));
    });
    assert_eq!(complaints(call), [None, None], "both were heard");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_of_whom_nothing_is_heard_is_told_of_with_the_address_that_was_silent() {
    let world = World::new().await;
    let caller = world.caller();
    // A firewall lets its SIP through and none of its sound.
    world.net.lose(usize::MAX, |from, _, _| from.port() == 4000);
    caller.call("071").await;
    caller.up().await;
    pass(2_000).await;
    caller.hang_up().await;
    pass(100).await;
    let call = &calls(&world)[0];
    assert_eq!(complaints(call), [Some("no packet came from the address in the SDP (127.0.0.10:4000)".to_owned())]);
    let stream = call.record(|record| record.legs[0].stream.clone()).expect("the call was answered");
    let totals = stream.summary.get().expect("the stream is closed").totals;
    assert!((95..=105).contains(&totals.sent), "{totals:?}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_behind_a_nat_is_told_of_with_both_addresses() {
    let world = World::new().await;
    let caller = world.caller();
    let sdp = "v=0\r\no=- 1 1 IN IP4 10.1.2.3\r\ns=-\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\nm=audio 9000 RTP/AVP 8\r\n";
    caller.call_offering("071", sdp).await;
    caller.up().await;
    pass(2_000).await;
    caller.hang_up().await;
    pass(100).await;
    let complaint = complaints(&calls(&world)[0])[0].clone().unwrap_or_default();
    let both = "from 127.0.0.10:4000 and not from the address in the SDP (10.1.2.3:9000)";
    assert!(complaint.contains(both), "{complaint}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn keys_in_info_are_in_no_output() {
    let world = World::new().await;
    let caller = world.connect(PhoneSetup { keys: Keys::Info, ..World::setup("caller", 10) });
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('7').await;
    caller.over().await;
    pass(100).await;
    let call = &calls(&world)[0];
    let messages = call.record(|record| record.messages());
    let info = messages.iter().find(|message| message.text().starts_with("INFO")).expect("the key came as INFO");
    assert!(info.text().contains("Signal=x"), "{}", info.text());
    let file = pcap::file(messages.iter().map(|message| (message, call.wall(message.at))));
    let (keys, hidden) = (b"Signal=7".as_slice(), b"Signal=x".as_slice());
    let held = |what: &[u8]| file.windows(what.len()).filter(|window| *window == what).count();
    assert_eq!((held(keys), held(hidden)), (0, 1));
    let ops = call.record(|record| record.ops.clone());
    let said = format!("{ops:?} {}", ladder::of_call(call));
    assert!(said.contains("max_digits") && !said.contains("Signal"), "{said}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_call_that_is_hung_up_from_outside_ends_on_both_sides() {
    let world = World::new().await;
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('6').await;
    callee.up().await;
    pass(1_000).await;
    let call = &calls(&world)[0];
    assert!(call.hang_up());
    caller.over().await;
    callee.over().await;
    pass(100).await;
    let ended = call.record(|record| (record.ended.unwrap().1, record.ended_by()));
    assert_eq!(ended, ("hung_up", Some("antiphon")));
    assert!(!call.hang_up(), "it is over");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_caller_who_is_refused_is_remembered_with_the_answer() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("777").await;
    caller.over().await;
    pass(100).await;
    assert!(calls(&world).is_empty());
    let refused = world.server.rooms.trace.refused();
    assert_eq!((refused.len(), refused[0].status), (1, 404));
    let drawn = ladder::of_refusal(&refused[0]);
    assert!(drawn.contains("|<-404 INVITE-") && drawn.contains("|--ACK-"), "{drawn}");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn calls_that_lead_back_to_us_have_their_messages_at_both_ends() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("+999").await;
    caller.up().await;
    pass(3_000).await;
    caller.hang_up().await;
    pass(1_000).await;
    let calls = calls(&world);
    assert!(calls.len() > 2, "{} calls", calls.len());
    for call in &calls {
        let messages = call.record(|record| record.messages());
        assert!(messages[0].text().starts_with("INVITE "), "{}", messages[0].text());
        assert!(messages.iter().any(|message| message.text().starts_with("SIP/2.0 200")), "{}", ladder::of_call(call));
    }
    world.leaves_nothing().await;
}
