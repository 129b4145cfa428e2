//! A callee who sends sound before the answer, as networks do with announcements.
//!
//! Sources: RFC 3262 (reliable provisional responses), RFC 3960 §3 (early media); `ringme-ivr.md` 3.8.

use std::time::Duration;

use antiphon_sip::{EndReason, StatusCode};
use antiphon_testkit::{Answering, Heard, SimPhone, SipText, Stage, VirtualSocket};

use crate::world::{SERVER, World, on_its_own, pass, prompt};

/// Three seconds of early sound.
const EARLY: Answering = Answering::Early(Duration::from_secs(3));

fn lasted(heard: &Heard, name: &str) -> Duration {
    heard.all(name).iter().map(|span| span.duration()).sum()
}

#[track_caller]
fn about(found: Duration, expected: u64, heard: &Heard) {
    assert!(found.abs_diff(Duration::from_millis(expected)) < Duration::from_millis(150), "{found:?} of {heard}");
}

/// Calls the menu and presses a key during its greeting.
async fn choose(world: &World, key: char) -> SimPhone {
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press(key).await;
    caller
}

#[tokio::test]
async fn a_caller_hears_what_a_callee_that_is_called_alone_sends_before_the_answer() {
    let world = World::new().await;
    let callee = world.callee("002", 2, EARLY);
    // Before the answer it sounds like one of the menu's prompts, after it like itself.
    callee.speak(Some(prompt("busy"))).await;
    let caller = choose(&world, '2').await;
    callee.ringing().await;
    pass(2_990).await;
    callee.speak(Some(prompt("002"))).await;
    callee.up().await;
    pass(4_000).await;
    // The 183 was sent reliably, and the 200 repeats nothing.
    let prack = &callee.requests("PRACK");
    assert_eq!(prack.len(), 1, "{}", world.ladder());
    let heard = world.heard(&caller, &[&callee]);
    about(lasted(&heard, "busy"), 2_900, &heard);
    about(lasted(&heard, "ringback"), 0, &heard);
    let said = lasted(&heard, "002");
    assert!(said > Duration::from_millis(3_700), "{heard}");
    caller.hang_up().await;
    assert_eq!(callee.over().await, EndReason::RemoteBye);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn of_several_that_ring_nobody_is_heard_before_the_answer() {
    let world = World::new().await;
    let callees = [world.callee("002", 2, EARLY), world.callee("003", 3, Answering::Never)];
    callees[0].speak(Some(prompt("busy"))).await;
    let caller = choose(&world, '3').await;
    callees[0].ringing().await;
    pass(2_900).await;
    let heard = world.heard(&caller, &[]);
    assert!(heard.all("busy").is_empty(), "{heard}");
    about(lasted(&heard, "ringback"), 2_900, &heard);
    callees[0].up().await;
    assert_eq!(callees[1].over().await, EndReason::Cancelled);
    caller.hang_up().await;
    callees[0].over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn ringback_goes_on_as_long_as_a_callee_that_speaks_of_early_sound_sends_none() {
    let world = World::new().await;
    let callee = world.callee("002", 2, EARLY);
    callee.speak(Some(prompt("002"))).await;
    // Two of the three seconds.
    world.net.lose(100, |from, _, _| from == ([127, 0, 0, 2], 4000).into());
    let caller = choose(&world, '2').await;
    callee.up().await;
    let heard = world.heard(&caller, &[&callee]);
    about(lasted(&heard, "ringback"), 2_000, &heard);
    about(lasted(&heard, "002"), 1_000, &heard);
    caller.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn after_early_sound_and_a_refusal_the_menu_goes_on() {
    let world = World::new().await;
    let callee = world.callee("002", 2, EARLY);
    callee.speak(Some(prompt("002"))).await;
    let caller = choose(&world, '2').await;
    callee.ringing().await;
    pass(1_000).await;
    callee.hang_up().await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    let heard = world.heard(&caller, &[&callee]);
    about(lasted(&heard, "002"), 950, &heard);
    assert_eq!(heard.first("busy").duration(), prompt("busy").duration(), "{heard}");
    world.leaves_nothing().await;
}

#[test]
fn a_caller_who_is_not_answered_yet_hears_it_too() {
    for answers in [true, false] {
        on_its_own(direct(answers));
    }
}

async fn direct(answers: bool) {
    let world = World::new().await;
    let (caller, callee) = (world.caller(), world.callee("002", 2, EARLY));
    callee.speak(Some(prompt("busy"))).await;
    caller.call("002").await;
    callee.ringing().await;
    pass(1_500).await;
    assert_eq!(caller.stage(), Stage::Ringing);
    let progress = caller.messages().into_iter().find(|(_, message)| message.status() == Some(183));
    assert!(progress.is_some_and(|(_, progress)| progress.body.contains("m=audio")), "{}", world.ladder());
    if answers {
        callee.up().await;
        callee.speak(Some(prompt("002"))).await;
        caller.up().await;
        pass(2_000).await;
        let heard = world.heard(&caller, &[&callee]);
        about(lasted(&heard, "busy"), 2_900, &heard);
        assert!(lasted(&heard, "002") > Duration::from_millis(1_800), "{heard}");
        caller.hang_up().await;
        callee.over().await;
    } else {
        callee.hang_up().await;
        assert_eq!(caller.over().await, EndReason::Rejected(StatusCode::BUSY_HERE));
        let heard = world.heard(&caller, &[]);
        about(lasted(&heard, "busy"), 1_450, &heard);
    }
    world.leaves_nothing().await;
}

/// How many datagrams reach a socket in half a second.
async fn reached(socket: &VirtualSocket) -> usize {
    let until = tokio::time::Instant::now() + Duration::from_millis(500);
    let mut count = 0;
    while tokio::time::timeout_at(until, socket.receive()).await.is_ok() {
        count += 1;
    }
    count
}

/// A response of one of the telephones behind a proxy that forks; its sound is at this port.
fn response(request: &SipText, line: &str, tag: &str, port: Option<u16>) -> Vec<u8> {
    let copied = ["Via", "From", "Call-ID", "CSeq"];
    let response = SipText { start: format!("SIP/2.0 {line}"), ..SipText::default() };
    let response = copied.iter().fold(response, |it, name| it.with(name, request.header(name).unwrap_or_default()));
    let to = request.header("To").unwrap_or_default();
    let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag={tag}") };
    let response = response.with("To", &to).with("Contact", "<sip:127.0.0.2:5060>");
    let Some(port) = port else { return response.to_bytes() };
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
    );
    response.with_body("application/sdp", &sdp).to_bytes()
}

/// The next request of this method.
async fn request(proxy: &VirtualSocket, method: &str) -> SipText {
    loop {
        let message = SipText::parse(&proxy.receive().await.payload);
        if message.method() == Some(method) {
            return message;
        }
    }
}

#[tokio::test]
async fn of_several_telephones_behind_one_target_the_caller_has_the_one_that_spoke_last_and_then_the_one_that_answers()
{
    let world = World::new().await;
    let at = |port: u16| world.net.bind(([127, 0, 0, 2], port).into()).expect("a free address");
    let (proxy, one, other) = (at(5060), at(4000), at(4002));
    let caller = choose(&world, '2').await;
    let invite = request(&proxy, "INVITE").await;
    for (tag, port, has, has_not) in [("one", 4000, &one, &other), ("two", 4002, &other, &one)] {
        proxy.send(&response(&invite, "183 Session Progress", tag, Some(port)), SERVER);
        reached(has_not).await;
        assert!(reached(has).await > 20, "{tag}");
        assert_eq!(reached(has_not).await, 0, "{tag}");
    }
    proxy.send(&response(&invite, "200 OK", "one", Some(4000)), SERVER);
    reached(&other).await;
    assert!(reached(&one).await > 20);
    assert_eq!(reached(&other).await, 0);
    caller.hang_up().await;
    let bye = request(&proxy, "BYE").await;
    assert!(bye.header("To").is_some_and(|to| to.contains("tag=one")), "{bye:?}");
    proxy.send(&response(&bye, "200 OK", "one", None), SERVER);
    caller.over().await;
    drop((proxy, one, other));
    world.leaves_nothing().await;
}
