//! Who calls, read and written; what a rejection tells; and INVITEs too large for a datagram.

use super::*;
use crate::message::wire;
use crate::message::{Message, Request};
use proptest::prelude::*;

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

/// The request that an INVITE with these headers is.
fn request(headers: &str) -> Request {
    let text = invite(OFFER).replacen("Max-Forwards", &format!("{}\r\nMax-Forwards", headers.replace('\n', "\r\n")), 1);
    match wire::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_call_says_of_its_caller_is_read() {
    let identity = request(
        "P-Asserted-Identity: \"Alice, A.\" <sip:+37410@carrier>, <tel:+37410>\n\
         P-Preferred-Identity: <sip:alice@x>\n\
         Remote-Party-ID: \"A\" <sip:+37411@carrier>;party=calling;screen=yes;privacy=full\n\
         Privacy: user;id, critical\n\
         Diversion: <sip:071@x>;reason=no-answer;counter=2;privacy=off, <sip:072@x>;privacy=\"full\"\n\
         History-Info: <sip:1@x>;index=1, <sip:2@x;cause=302?Reason=SIP%3Bcause%3D486&Privacy=history>;index=1.1\n\
         Reason: Q.850;cause=16;text=\"Normal; clearing\", SIP ;cause=x",
    )
    .identity();
    assert_eq!(identity.asserted.len(), 2);
    assert_eq!(identity.asserted[0].display.as_deref(), Some("Alice, A."));
    assert_eq!(identity.asserted[1].uri.user().as_deref(), Some("+37410"));
    assert_eq!(identity.preferred[0].uri, uri("sip:alice@x"));
    let party = &identity.remote_party[0];
    assert_eq!((party.party.as_deref(), party.screened, party.private), (Some("calling"), true, true));
    assert_eq!((identity.privacy.id, identity.privacy.user, identity.privacy.header), (true, true, false));
    assert!(identity.is_private());
    let diversion = &identity.diversion;
    assert_eq!((diversion[0].reason.as_deref(), diversion[0].counter), (Some("no-answer"), Some(2)));
    assert_eq!((diversion[0].private, diversion[1].private), (false, true));
    let history = &identity.history;
    assert_eq!((history[0].index.as_str(), history[0].cause, history[0].private), ("1", None, false));
    assert_eq!((history[1].index.as_str(), history[1].cause, history[1].private), ("1.1", Some(302), true));
    assert_eq!(history[1].address.uri, uri("sip:2@x;cause=302"));
    let reasons = &identity.reasons;
    assert_eq!((reasons[0].cause, reasons[0].text.as_deref()), (Some(16), Some("Normal; clearing")));
    assert_eq!((reasons[1].protocol.as_str(), reasons[1].cause), ("SIP", None));
}

#[test]
fn what_cannot_be_read_is_left_out_and_lists_are_bounded() {
    let many = vec!["<sip:a@b>"; 200].join(",");
    let long = format!("<sip:{}@b>", "a".repeat(2000));
    let headers = format!(
        "P-Asserted-Identity: {many}\nP-Preferred-Identity: {long}, <sip:ok@b>, <<, \"\nDiversion: ;;;=\n\
         Remote-Party-ID: anonymous\nPrivacy: {}\nHistory-Info: <sip:a@b?Reason=%>;index=x\nReason: ;cause=1, (x)",
        vec!["none"; 100].join(";")
    );
    let identity = request(&headers).identity();
    assert_eq!((identity.asserted.len(), identity.preferred.len()), (16, 1));
    assert!(identity.diversion.is_empty() && identity.remote_party.is_empty() && identity.reasons.is_empty());
    assert_eq!(identity.history[0].cause, None);
    assert!(!identity.is_private());
}

#[test]
fn a_path_is_whole_or_an_error() {
    let path = request("Path: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>\nPath: <sip:p3@x;lr;ob>").path();
    assert_eq!(path, Ok(vec![uri("sip:192.0.2.8;lr"), uri("sip:192.0.2.9;lr"), uri("sip:p3@x;lr;ob")]));
    assert_eq!(request("X: none").path(), Ok(Vec::new()));
    assert!(request("Path: <sip:a@b>, <sip:c").path().is_err());
    assert!(request("Path: <tel:1>").path().is_err());
    assert_eq!(request(&format!("Path: {}", vec!["<sip:a>"; 33].join(","))).path(), Err(Malformed::TooLarge));
}

/// The INVITE of a call of ours with these headers.
fn call_with(headers: Vec<(String, String)>) -> String {
    let mut rig = Rig::new();
    let flow = rig.flow;
    rig.endpoint.invite(rig.now, Invitation { headers, ..invitation(flow, OFFER) });
    rig.only().text
}

fn invitation(flow: Flow, offer: &str) -> Invitation {
    Invitation {
        flow,
        target: uri("sip:200@192.0.2.7"),
        from: NameAddr::new(uri("sip:100@198.51.100.1")),
        to: NameAddr::new(uri("sip:200@192.0.2.7")),
        headers: Vec::new(),
        max_forwards: 9,
        route: Vec::new(),
        offer: Bytes::copy_from_slice(offer.as_bytes()),
        credentials: None,
    }
}

#[test]
fn what_we_say_of_a_caller_is_what_others_read() {
    let number = uri("sip:+37410@198.51.100.1");
    let lines = vec![
        asserted_identity("Al \"x\" <y>, z", &number).expect("printable"),
        preferred_identity("", &number).expect("printable"),
        remote_party_id("Al", &number, Presentation::Hidden).expect("printable"),
        diverted_by("", &number, DiversionCause::NoAnswer).expect("printable"),
        history_info(&number, &[1, 2]),
        privacy_id(),
    ];
    let text = call_with(lines);
    let Ok(Message::Request(request)) = wire::parse(text.as_bytes()) else { panic!("{text}") };
    let identity = request.identity();
    assert_eq!(identity.asserted[0].display.as_deref(), Some("Al \"x\" <y>, z"));
    assert_eq!(identity.preferred[0].uri, number);
    assert!(identity.remote_party[0].private && identity.privacy.id);
    assert_eq!(identity.diversion[0].reason.as_deref(), Some("no-answer"));
    assert_eq!(identity.history[0].index, "1.2");
    let reason = reason_value(ReasonProtocol::Q850, 17, "User \"busy\"").expect("printable");
    assert_eq!(reason, "Q.850;cause=17;text=\"User \\\"busy\\\"\"");
    for bad in ["a\r\nX: y", "a\0", "a\u{85}b", "\n"] {
        assert_eq!(asserted_identity(bad, &number), Err(Unprintable));
        assert_eq!(reason_value(ReasonProtocol::Sip, 200, bad), Err(Unprintable));
    }
}

#[test]
fn a_rejection_tells_when_and_where_to_try_again() {
    let check = |status: &str, headers: &str, expected: Option<(Option<u64>, usize, Vec<Uri>)>| {
        let mut rig = Rig::new();
        let (dialog, call) = rig.calling(None);
        rig.receive(&reply_with(&call, status, "x", headers, ""));
        let mut events = rig.events();
        assert!(matches!(events.pop(), Some(Event::Ended { why: EndReason::Rejected(_), .. })), "{status}");
        let told = events.pop().map(|event| match event {
            Event::Refused { dialog: of, refusal } if of == dialog => {
                (refusal.retry_after.map(|pause| pause.as_secs()), refusal.reasons.len(), refusal.contacts)
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(told, expected, "{headers}");
        assert!(events.is_empty());
    };
    check("503 Service Unavailable", "Retry-After: 30 (later)", Some((Some(30), 0, Vec::new())));
    check("503 Service Unavailable", "Retry-After: 4294967296", Some((Some(86_400), 0, Vec::new())));
    check("603 Decline", "Reason: Q.850;cause=21", Some((None, 1, Vec::new())));
    check("486 Busy Here", "Contact: <sip:other@x>", None);
    let contacts = "Contact: <sip:a@x>;q=0.2, <sip:b@x>;q=0.9, <sip:c@x>, broken<";
    let order = vec![uri("sip:c@x"), uri("sip:b@x"), uri("sip:a@x")];
    check("302 Moved Temporarily", contacts, Some((None, 0, order)));
}

const LARGE: &str = "v=0\r\no=large\r\n";

/// A call of ours whose INVITE is larger than a datagram should be.
fn large(rig: &mut Rig) -> (DialogId, Sent) {
    let offer = LARGE.repeat(120);
    let dialog = rig.endpoint.invite(rig.now, invitation(rig.flow, &offer));
    (dialog, rig.only())
}

#[test]
fn only_a_connection_for_a_large_invite_is_said_to_have_a_fallback() {
    let fallbacks = |mut rig: Rig, offer: &str| {
        rig.endpoint.invite(rig.now, invitation(rig.flow, offer));
        let connection = rig.endpoint.poll_transmit().expect("the INVITE");
        rig.endpoint.handle_transport_error(rig.now, connection.flow);
        let datagram = rig.endpoint.poll_transmit();
        (connection.has_fallback, datagram.map(|again| again.has_fallback))
    };
    assert_eq!(fallbacks(Rig::new(), &LARGE.repeat(120)), (true, Some(false)));
    assert_eq!(fallbacks(Rig::new(), LARGE), (false, None));
    assert_eq!(fallbacks(Rig::new().over(Transport::Tcp), &LARGE.repeat(120)), (false, None), "there it was to go");
}

#[test]
fn a_large_invite_takes_a_connection_and_its_dialog_stays_with_datagrams() {
    let mut rig = Rig::new();
    let (dialog, call) = large(&mut rig);
    assert_eq!((call.flow.transport, call.flow.peer), (Transport::Tcp, rig.flow.peer));
    assert!(call.header("Via").starts_with("SIP/2.0/TCP "));
    assert_eq!(rig.pass(10_000 * MS), [], "nothing is repeated over a connection");
    rig.flow.transport = Transport::Tcp;
    rig.receive(&reply(&call, "200 OK", "callee", ANSWER));
    let ack = rig.only();
    assert_eq!(ack.flow.transport, Transport::Udp);
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().flow.transport, Transport::Udp);

    let mut rig = Rig::with(|config| config.listeners.truncate(1));
    assert_eq!(large(&mut rig).1.flow.transport, Transport::Udp, "there is no other way");
    let mut rig = Rig::new();
    assert_eq!(rig.calling(None).1.flow.transport, Transport::Udp, "small enough");
}

#[test]
fn a_large_invite_whose_connection_fails_goes_by_datagram() {
    let mut rig = Rig::new();
    let (dialog, call) = large(&mut rig);
    rig.endpoint.handle_transport_error(rig.now, call.flow);
    let again = rig.only();
    assert_eq!((again.flow, again.branch()), (rig.flow, call.branch()), "the same transaction");
    assert!(again.header("Via").starts_with("SIP/2.0/UDP "));
    assert_eq!((again.header("CSeq"), again.body()), (call.header("CSeq"), call.body()));
    rig.receive(&reply(&again, "486 Busy Here", "callee", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::BUSY_HERE)));
    assert_eq!(large(&mut rig).1.flow.transport, Transport::Udp, "the peer takes no connections");
    rig.pass(600_000 * MS);
    rig.events();
    assert_eq!(large(&mut rig).1.flow.transport, Transport::Tcp, "but maybe by now");
}

#[test]
fn a_large_invite_that_was_heard_or_given_up_is_not_sent_again() {
    let mut rig = Rig::new();
    let (dialog, call) = large(&mut rig);
    rig.flow.transport = Transport::Tcp;
    rig.receive(&reply(&call, "180 Ringing", "callee", ""));
    rig.events();
    rig.endpoint.handle_transport_error(rig.now, call.flow);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.events(), ended(dialog, EndReason::TransportFailed));

    let mut rig = Rig::new();
    let (dialog, call) = large(&mut rig);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it rings");
    rig.endpoint.handle_transport_error(rig.now, call.flow);
    assert!(rig.sent().is_empty());
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

/// A BYE of ours with more to say than a datagram holds.
fn large_bye(rig: &mut Rig) -> (DialogId, Sent) {
    let (dialog, _) = rig.answered();
    rig.endpoint.farewell(dialog, "text/plain", "x".repeat(4_000).into()).expect("it is answered");
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    (dialog, rig.only())
}

/// RFC 3261 §18.1.1.
#[test]
fn a_large_bye_takes_a_connection_and_without_one_goes_without_its_body() {
    let mut rig = Rig::new();
    let (dialog, bye) = large_bye(&mut rig);
    assert_eq!((bye.kind(), bye.flow.transport, bye.body().len()), ("BYE", Transport::Tcp, 4_000));
    assert!(bye.header("Via").starts_with("SIP/2.0/TCP "));
    rig.endpoint.handle_transport_error(rig.now, bye.flow);
    let again = rig.only();
    assert_eq!((again.kind(), again.flow.transport, again.branch()), ("BYE", Transport::Udp, bye.branch()));
    assert!(again.body().is_empty() && !again.text.contains("Content-Type"), "{}", again.text);
    rig.receive(&reply(&again, "200 OK", "alice", ""));
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
    assert_eq!(rig.endpoint.dialogs(), 0);

    let mut rig = Rig::with(|config| config.listeners.truncate(1));
    let (_, bye) = large_bye(&mut rig);
    assert_eq!((bye.flow.transport, bye.body()), (Transport::Udp, ""), "there is no other way");
    assert!(bye.text.len() <= 1_300);
}

proptest! {
    /// Whatever stands in a name or a number, it makes no header and no line of its own.
    #[test]
    fn no_text_becomes_a_header(name in any::<String>(), number in any::<String>(), text in "[ -~\r\n]{0,40}") {
        let count = |text: &str| match wire::parse(text.as_bytes()) {
            Ok(Message::Request(request)) => request.all_headers().count(),
            other => panic!("{other:?}"),
        };
        let plain = count(&call_with(Vec::new()));
        let uri = Uri::sip(Some(&number), addr("198.51.100.1:5060"));
        for name in [&name, &text] {
            let lines = [
                asserted_identity(name, &uri),
                remote_party_id(name, &uri, Presentation::Shown),
                diverted_by(name, &uri, DiversionCause::Unknown),
            ];
            for line in lines {
                prop_assert_eq!(line.is_err(), name.chars().any(char::is_control));
                let Ok(line) = line else { continue };
                let sent = call_with(vec![line, history_info(&uri, &[1])]);
                prop_assert_eq!(count(&sent), plain + 2);
            }
        }
    }
}
