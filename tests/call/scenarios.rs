//! Calls that have one right outcome, whatever the network does to their messages.
//!
//! Shape: a world in; the call is played to its end and looked at. A new one is one more line of [`SCENARIOS`].
//! Time: short calls, because there are many of them; what is lost is repeated for 32 s at most.

use std::pin::Pin;
use std::time::Duration;

use antiphon_media::rtp::packet::Packet;
use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Break, Keys, Pace, PhoneSetup, Received, SimPhone, breaks};

use crate::world::{SERVER, World, pass};

/// Plays a call in a world. The phones come back, so that they live as long as they have something to repeat.
pub(crate) type Scenario = for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = Vec<SimPhone>> + 'a>>;

/// Every scenario with its name.
pub(crate) const SCENARIOS: &[(&str, Scenario)] = &[
    ("the caller hangs up", |world| Box::pin(caller_hangs_up(world))),
    ("the callee hangs up", |world| Box::pin(callee_hangs_up(world))),
    ("both hang up", |world| Box::pin(both_hang_up(world))),
    ("a transfer", |world| Box::pin(transfer(world))),
    ("a transfer that comes back", |world| Box::pin(transfer_and_back(world))),
    ("a cancel while it rings", |world| Box::pin(cancel(world))),
    ("a cancelled transfer", |world| Box::pin(cancelled_transfer(world))),
    ("nobody there", |world| Box::pin(refused(world, "404", Answering::Never, 404))),
    ("busy", |world| Box::pin(refused(world, "002", Answering::Busy, 486))),
    ("hold and resume", |world| Box::pin(hold_and_resume(world))),
    ("digits over INFO", |world| Box::pin(digits_over_info(world))),
    ("a late offer", |world| Box::pin(late_offer(world))),
];

/// The packets that the server sent to a phone, lost ones included.
fn sent_to(world: &World, phone: &SimPhone) -> Vec<Received> {
    let rtp = phone.setup().rtp;
    let tape = world.net.tape();
    let sent = tape.iter().filter(|passed| passed.from.ip() == SERVER.ip() && passed.to == rtp);
    let packet = |passed: &antiphon_testkit::Passed| {
        let packet = Packet::parse(&passed.payload).ok()?;
        Some(Received {
            at: passed.at,
            local: passed.to,
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload_type: packet.payload_type,
            payload: passed.payload.slice_ref(packet.payload),
        })
    };
    sent.filter_map(packet).collect()
}

/// What the server sent a caller is one stream from its first packet to its last.
fn is_unbroken(world: &World, phone: &SimPhone) {
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_millis(2) };
    let packets = sent_to(world, phone);
    assert_eq!(breaks(&packets, pace), [], "{} packets\n{}", packets.len(), world.ladder());
    assert!(!packets.is_empty(), "nothing was sent\n{}", world.ladder());
}

#[track_caller]
fn is(world: &World, phone: &SimPhone, why: EndReason, expected: EndReason) {
    assert_eq!(why, expected, "{}\n{}", phone.setup().name, world.ladder());
}

/// A caller who has pressed a key in the menu.
async fn chooses(world: &World, setup: PhoneSetup, key: char) -> SimPhone {
    let caller = world.connect(setup);
    caller.call("071").await;
    caller.up().await;
    // The menu begins with the ACK, which may be late; the two seconds of its announcement take no keys.
    let silence = caller.setup().codec.law().map_or(0, |law| law.silence());
    while caller.received().iter().all(|packet| packet.payload.iter().all(|sample| *sample == silence)) {
        pass(20).await;
    }
    pass(2_300).await;
    caller.press(key).await;
    caller
}

async fn caller_hangs_up(world: &World) -> Vec<SimPhone> {
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(900).await;
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    is_unbroken(world, &caller);
    vec![caller]
}

/// A phone that is called directly, and both ends once they talk.
async fn talk(world: &World) -> (SimPhone, SimPhone) {
    let caller = world.caller();
    let callee = world.callee("002", 2, Answering::After(Duration::from_millis(300)));
    caller.call("002").await;
    callee.up().await;
    caller.up().await;
    pass(500).await;
    (caller, callee)
}

async fn callee_hangs_up(world: &World) -> Vec<SimPhone> {
    let (caller, callee) = talk(world).await;
    callee.hang_up().await;
    is(world, &callee, callee.over().await, EndReason::LocalBye);
    is(world, &caller, caller.over().await, EndReason::RemoteBye);
    is_unbroken(world, &caller);
    vec![caller, callee]
}

async fn both_hang_up(world: &World) -> Vec<SimPhone> {
    let (caller, callee) = talk(world).await;
    callee.hang_up().await;
    caller.hang_up().await;
    is(world, &callee, callee.over().await, EndReason::LocalBye);
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    is_unbroken(world, &caller);
    vec![caller, callee]
}

async fn transfer(world: &World) -> Vec<SimPhone> {
    let callee = world.callee("002", 2, Answering::After(Duration::from_millis(300)));
    let caller = chooses(world, World::setup("caller", 10), '6').await;
    callee.up().await;
    pass(500).await;
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    is(world, &callee, callee.over().await, EndReason::RemoteBye);
    is_unbroken(world, &caller);
    vec![caller, callee]
}

async fn transfer_and_back(world: &World) -> Vec<SimPhone> {
    let callee = world.callee("002", 2, Answering::After(Duration::from_millis(300)));
    let caller = chooses(world, World::setup("caller", 10), '2').await;
    callee.up().await;
    pass(500).await;
    callee.hang_up().await;
    is(world, &callee, callee.over().await, EndReason::LocalBye);
    is(world, &caller, caller.over().await, EndReason::RemoteBye);
    is_unbroken(world, &caller);
    vec![caller, callee]
}

async fn cancel(world: &World) -> Vec<SimPhone> {
    let callee = world.callee("002", 2, Answering::Never);
    let caller = world.caller();
    caller.call("002").await;
    callee.ringing().await;
    pass(300).await;
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::Cancelled);
    is(world, &callee, callee.over().await, EndReason::Cancelled);
    vec![caller, callee]
}

async fn cancelled_transfer(world: &World) -> Vec<SimPhone> {
    let callee = world.callee("002", 2, Answering::Never);
    let caller = chooses(world, World::setup("caller", 10), '2').await;
    callee.ringing().await;
    pass(300).await;
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    is(world, &callee, callee.over().await, EndReason::Cancelled);
    is_unbroken(world, &caller);
    vec![caller, callee]
}

async fn refused(world: &World, number: &str, answering: Answering, status: u16) -> Vec<SimPhone> {
    let callee = world.callee("002", 2, answering);
    let caller = world.caller();
    caller.call(number).await;
    let why = caller.over().await;
    let expected = matches!(why, EndReason::Rejected(code) if code.code() == status);
    assert!(expected, "{why:?}\n{}", world.ladder());
    assert!(sent_to(world, &caller).is_empty(), "a refused call has no sound");
    vec![caller, callee]
}

/// Offers anew until the offer does not cross another exchange.
async fn reoffer(caller: &SimPhone, direction: &str) -> u16 {
    let offer = format!(
        "v=0\r\no=caller 1 2 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    );
    loop {
        match caller.reoffer(&offer).await {
            491 | 500 => pass(700).await,
            status => return status,
        }
    }
}

async fn hold_and_resume(world: &World) -> Vec<SimPhone> {
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(300).await;
    for direction in ["sendonly", "sendrecv"] {
        assert_eq!(reoffer(&caller, direction).await, 200, "{direction}\n{}", world.ladder());
        pass(300).await;
    }
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    // The hold is a gap in the arrivals, and the clock of the stream goes on meanwhile.
    let packets = sent_to(world, &caller);
    let found = breaks(&packets, Pace { ptime: Duration::from_millis(20), tolerance: Duration::from_secs(60) });
    let is_pause = |broken: &Break| match broken {
        Break::Timestamp { off, .. } => *off > 0 && off % 160 == 0,
        Break::Marker { .. } => true,
        _ => false,
    };
    assert!(found.iter().all(is_pause), "{found:?}\n{}", world.ladder());
    vec![caller]
}

async fn digits_over_info(world: &World) -> Vec<SimPhone> {
    let setup = PhoneSetup { keys: Keys::Info, ..World::setup("caller", 10) };
    let caller = chooses(world, setup, '7').await;
    let pressed = tokio::time::Instant::now();
    is(world, &caller, caller.over().await, EndReason::RemoteBye);
    // The farewell has 1 s; without the key it would be much later.
    assert!(pressed.elapsed() < Duration::from_secs(8), "{:?}\n{}", pressed.elapsed(), world.ladder());
    is_unbroken(world, &caller);
    vec![caller]
}

async fn late_offer(world: &World) -> Vec<SimPhone> {
    let caller = world.caller();
    caller.call_without_offer("071").await;
    caller.up().await;
    pass(900).await;
    caller.hang_up().await;
    is(world, &caller, caller.over().await, EndReason::LocalBye);
    vec![caller]
}
