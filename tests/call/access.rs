//! Who may call, whom, and how that is refused; and phones that register.
//!
//! Sources: `interface.md` "Where a call goes"; RFC 3261 §10, §22.

use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, PhoneSetup, Proof, SipText, VirtualSocket, authorization};

use crate::world::{SERVER, World, pass};

/// The status with which a call was refused.
fn refused(why: EndReason) -> Option<u16> {
    match why {
        EndReason::Rejected(status) => Some(status.code()),
        _ => None,
    }
}

#[tokio::test]
async fn a_number_that_is_not_there_a_blocked_one_and_a_stranger_are_refused() {
    let world = World::new().await;
    let here = [127, 0, 0, 10].into();
    let cases = [(here, "12345", 404), (here, "072", 403), ([10, 9, 9, 9].into(), "071", 401)];
    for (host, number, status) in cases {
        let caller = world.connect(World::setup_at("caller", host));
        caller.call(number).await;
        assert_eq!(refused(caller.over().await), Some(status), "{number}");
        // Its address is free once its task has seen that it is gone.
        drop(caller);
        pass(10).await;
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_call_from_a_trunks_network_is_let_in() {
    let world = World::new().await;
    let caller = world.connect(World::setup_at("carrier", [10, 1, 2, 3].into()));
    caller.call("+37410000000").await;
    caller.up().await;
    caller.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_registered_phone_is_rung_where_it_registered_from() {
    let world = World::new().await;
    let caller = world.caller();
    let answering = Answering::After(Duration::from_secs(1));
    let phone = world.connect(PhoneSetup { answering, ..World::setup_at("004", [10, 5, 5, 5].into()) });
    let behind = "192.168.7.7:5062".parse().expect("an address");
    assert_eq!(phone.register_from_behind(behind, "secret").await, 200);
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    caller.press('4').await;
    phone.up().await;
    assert!(phone.requests("INVITE")[0].start.contains("004@192.168.7.7:5062"));
    pass(500).await;
    caller.hang_up().await;
    phone.over().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_registered_phone_may_call_from_where_it_is() {
    let world = World::new().await;
    let phone = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    phone.call("071").await;
    let stranger = refused(phone.over().await);
    assert_eq!(stranger, Some(401));
    assert_eq!(phone.register("secret").await, 200);
    phone.call("071").await;
    phone.until("is up", |stage| *stage == antiphon_testkit::Stage::Up).await;
    phone.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_phone_look_the_same_and_register_nothing() {
    let world = World::new().await;
    let wrong = world.connect(World::setup("004", 4));
    let unknown = world.connect(World::setup("777", 7));
    assert_eq!(wrong.register("guess").await, 401);
    assert_eq!(unknown.register("guess").await, 401);
    let caller = world.caller();
    caller.call("004").await;
    assert_eq!(refused(caller.over().await), Some(480));
    assert!(wrong.requests("INVITE").is_empty());
    world.leaves_nothing().await;
}

/// Whatever its From says: numbers are what conditions and the called side go by.
#[tokio::test]
async fn a_registered_phone_calls_under_its_own_number() {
    let world = World::new().await;
    let callee = world.callee("002", 2, Answering::After(Duration::from_secs(1)));
    let phone = world.connect(World::setup_at("004", [10, 5, 5, 5].into()));
    assert_eq!(phone.register("secret").await, 200);
    phone.call("071").await;
    phone.until("is up", |stage| *stage == antiphon_testkit::Stage::Up).await;
    pass(3_500).await;
    phone.press('2').await;
    callee.up().await;
    let from = callee.requests("INVITE")[0].header("From").map(str::to_owned);
    assert!(from.as_deref().is_some_and(|from| from.contains("sip:004@")), "{from:?}");
    phone.hang_up().await;
    callee.over().await;
    world.leaves_nothing().await;
}

/// A request of one of the users behind a border that hides them from us: all come from its address, and none has another Via.
async fn ask(border: &VirtualSocket, (method, user): (&str, &str), number: u32, password: Option<&str>) -> Option<u16> {
    let (at, server) = (border.local_addr(), SERVER);
    let uri = if method == "INVITE" { format!("sip:071@{server}") } else { format!("sip:{server}") };
    let mut request = SipText { start: format!("{method} {uri} SIP/2.0"), ..SipText::default() }
        .with("Max-Forwards", "70")
        .with("From", &format!("<sip:{user}@{server}>;tag={number}"))
        .with("To", &format!("<sip:{user}@{server}>"))
        .with("Call-ID", &format!("border-{number}"))
        .with("Contact", &format!("<sip:{user}@{at}>"));
    let mut status = None;
    for attempt in 1..=2 {
        let sent = request
            .clone()
            .with("Via", &format!("SIP/2.0/UDP {at};branch=z9hG4bKborder{number}-{attempt};rport"))
            .with("CSeq", &format!("{attempt} {method}"));
        border.send(&sent.to_bytes(), server);
        let answer = loop {
            let answer = SipText::parse(&border.receive().await.payload);
            if answer.status().is_some_and(|status| status >= 200) {
                break answer;
            }
        };
        status = answer.status();
        if method == "INVITE" {
            let branch = format!("SIP/2.0/UDP {at};branch=z9hG4bKborder{number}-{attempt};rport");
            let ack = SipText { start: format!("ACK {uri} SIP/2.0"), ..sent.clone() };
            let to = answer.header("To").unwrap_or_default();
            let ack = ack.with("Via", &branch).with("To", to).with("CSeq", &format!("{attempt} ACK"));
            border.send(&ack.to_bytes(), server);
        }
        let (Some(401), Some(password)) = (status, password) else { break };
        let proof = Proof { user, password, method, uri: &uri };
        let challenge = answer.header("WWW-Authenticate").expect("a challenge");
        request = request.with("Authorization", &authorization(challenge, &proof).expect("a digest challenge"));
    }
    status
}

#[tokio::test]
async fn who_shares_the_address_of_two_registered_phones_is_neither_of_them() {
    let world = World::new().await;
    let border = world.net.bind(([10, 5, 5, 5], 5060).into()).expect("a free address");
    assert_eq!(ask(&border, ("REGISTER", "004"), 1, Some("secret")).await, Some(200));
    assert_eq!(ask(&border, ("REGISTER", "005"), 2, Some("secret")).await, Some(200));
    for (number, user) in [(3, "004"), (4, "005"), (5, "777")] {
        assert_eq!(ask(&border, ("INVITE", user), number, None).await, Some(401), "{user}");
    }
    world.leaves_nothing().await;
}
