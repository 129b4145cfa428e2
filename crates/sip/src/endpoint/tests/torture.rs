//! The messages of RFC 4475 and RFC 5118 before an endpoint that is alive, with an owner who takes what it is offered.
//!
//! Shape: `message/torture/reactions.md` says what each message must get; after each one an OPTIONS must get 200.

use super::*;
use crate::message::torture_tests::TORTURE;

const REACTIONS: &str = include_str!("../../message/torture/reactions.md");

/// Name and reaction of each message, as the table says.
fn reactions() -> Vec<(&'static str, &'static str)> {
    let rows = REACTIONS.lines().filter(|line| line.starts_with("| rfc"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[1], cells[4])).collect()
}

/// An owner who rings and answers, and registers everybody.
fn serve(rig: &mut Rig) {
    let now = rig.now;
    for event in rig.events() {
        match event {
            Event::Incoming { dialog, .. } => {
                rig.endpoint.ring(now, dialog, None).expect("it has just come in");
                rig.endpoint.answer(now, dialog, ANSWER.into()).expect("it rings");
            }
            Event::Requested { request, .. } => {
                let reply = Reply { status: StatusCode::OK, headers: Vec::new(), body: Bytes::new() };
                rig.endpoint.respond(now, request, reply).expect("it waits");
            }
            _ => {}
        }
    }
}

/// What left, in the words of the table.
fn reaction(kinds: &[String]) -> String {
    match kinds.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "silence".to_owned(),
        ["100", "180", "200"] => "call".to_owned(),
        _ => kinds.join(" "),
    }
}

fn options(number: usize) -> String {
    message(
        &format!(
            "OPTIONS sip:198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKo{number}\n\
             From: <sip:alice@example.com>;tag=alice\nTo: <sip:198.51.100.1>\nCall-ID: options-{number}\nCSeq: 1 OPTIONS"
        ),
        "",
    )
}

#[test]
fn every_torture_message_gets_the_reaction_of_its_section() {
    let expected = reactions();
    assert_eq!(expected.len(), TORTURE.len(), "each message stands in the table once");
    let mut wrong = Vec::new();
    for (number, (bytes, name, _)) in TORTURE.iter().enumerate() {
        let row =
            expected.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name} is not in the table"));
        // A REGISTER that reaches the owner is told from an OPTIONS by who answers it.
        let mut rig = Rig::new();
        rig.endpoint.handle_datagram(rig.now, rig.flow, bytes);
        let offered: Vec<_> = std::iter::from_fn(|| rig.endpoint.poll_event()).collect();
        let registers = matches!(offered[..], [Event::Requested { .. }]);
        rig.endpoint.events.extend(offered);
        serve(&mut rig);
        let kinds = rig.kinds();
        let got = if registers && kinds == ["200"] { "register".to_owned() } else { reaction(&kinds) };
        if got != row.1 {
            wrong.push(format!("{name}: expected {}, got {got}", row.1));
        }
        rig.receive(&options(number));
        assert_eq!(rig.kinds(), ["200"], "OPTIONS after {name}");
        rig.pass(Duration::from_secs(120));
        let left = (rig.endpoint.dialogs(), rig.endpoint.transactions(), rig.endpoint.poll_timeout());
        assert_eq!(left, (0, 0, None), "what is left of {name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_endpoint_meets_all_torture_messages_and_answers_options_after_each() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut rig = Rig::new().over(transport);
        for (number, (bytes, name, _)) in TORTURE.iter().enumerate() {
            rig.endpoint.handle_datagram(rig.now, rig.flow, bytes);
            serve(&mut rig);
            rig.sent();
            rig.receive(&options(number));
            assert_eq!(rig.kinds(), ["200"], "OPTIONS after {name}");
        }
        let mut ended = 0;
        let mut count = |rig: &mut Rig| {
            ended += rig.events().iter().filter(|event| matches!(event, Event::Ended { .. })).count();
        };
        count(&mut rig);
        let calls = rig.endpoint.dialogs();
        rig.pass(Duration::from_secs(120));
        count(&mut rig);
        assert_eq!(ended, calls, "each call that nobody acknowledged ends once");
        let left = (rig.endpoint.dialogs(), rig.endpoint.transactions(), rig.endpoint.poll_timeout());
        assert_eq!(left, (0, 0, None));
    }
}

#[test]
fn an_accept_header_without_sdp_is_refused_and_one_that_covers_it_is_not() {
    let check = |accept: &str, expected: &str| {
        let mut rig = Rig::new();
        rig.receive(&invite(OFFER).replace("Max-Forwards: 70", accept));
        assert_eq!(rig.kinds(), [expected], "{accept}");
    };
    check("Accept: text/plain", "406");
    check("Accept: text/plain, Application / SDP;q=0.1", "100");
    check("Accept: text/plain\r\nAccept: application/*", "100");
    check("Accept: */*", "100");
    check("Accept:", "100");
}

#[test]
fn a_peer_of_rfc_2543_without_contact_is_called_back_as_it_calls_itself() {
    let mut rig = Rig::new();
    let old = invite(OFFER).replace(";branch=z9hG4bKi1", "").replace(";tag=alice", "").replace("Contact:", "X:");
    let dialog = rig.incoming(&old);
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it waits");
    rig.sent();
    rig.pass(Duration::from_secs(33));
    let events = rig.events();
    assert_eq!(events, ended(dialog, EndReason::NoAck));
}
