//! Requests of ours inside a dialog.

use super::*;

const DTMF: &str = "application/dtmf-relay";
const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";

fn with_credentials() -> Option<Credentials> {
    Some(Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: Some("carrier".to_owned()) })
}

/// A call of ours that was answered and in which an INFO was sent; with the INFO.
fn informed(rig: &mut Rig, credentials: Option<Credentials>) -> (DialogId, Sent) {
    let (dialog, invite) = rig.calling(credentials);
    rig.receive(&reply(&invite, "200 OK", "callee", ANSWER));
    rig.sent();
    rig.events();
    rig.endpoint.info(rig.now, dialog, DTMF, "Signal=5".into()).expect("it is answered");
    (dialog, rig.only())
}

#[test]
fn an_info_takes_the_way_and_the_number_of_its_dialog() {
    let mut rig = Rig::new();
    let (dialog, tag) = {
        let routed = "Record-Route: <sip:192.0.2.9:5070;lr>\nContact:";
        let dialog = rig.incoming(&invite(OFFER).replace("Contact:", &routed.replace('\n', "\r\n")));
        rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it rings");
        let tag = rig.only().to_tag();
        rig.receive(&in_dialog("ACK", 1, &tag, ""));
        rig.events();
        (dialog, tag)
    };
    for number in 1..3 {
        rig.endpoint.info(rig.now, dialog, DTMF, "Signal=5".into()).expect("it is answered");
        let info = rig.only();
        assert_eq!(info.first_line(), "INFO sip:alice@192.0.2.7:5060 SIP/2.0");
        assert_eq!((info.header("Route"), info.flow.peer), ("<sip:192.0.2.9:5070;lr>", addr("192.0.2.9:5070")));
        assert_eq!((info.header("CSeq"), info.header("Call-ID")), (format!("{number} INFO").as_str(), "call-1"));
        assert!(info.header("From").ends_with(&tag) && info.to_tag() == "alice");
        assert_eq!((info.header("Content-Type"), info.body()), (DTMF, "Signal=5"));
        rig.receive(&reply(&info, "200 OK", "alice", ""));
    }
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().header("CSeq"), "3 BYE");
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
}

#[test]
fn an_info_before_the_answer_is_refused_to_its_owner() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    assert_eq!(rig.endpoint.info(rig.now, dialog, DTMF, "x".into()), Err(SipError::WrongState));
    assert_eq!(rig.endpoint.info(rig.now, DialogId(99), DTMF, "x".into()), Err(SipError::UnknownDialog));
    assert!(rig.sent().is_empty());
}

#[test]
fn a_request_inside_a_dialog_answers_one_challenge_and_another_for_a_stale_nonce() {
    let mut rig = Rig::new();
    let (dialog, first) = informed(&mut rig, with_credentials());
    rig.receive(&reply_with(&first, "401 Unauthorized", "callee", CHALLENGE, ""));
    let second = rig.only();
    assert_eq!(second.header("CSeq"), "3 INFO");
    assert!(second.header("Authorization").contains("nonce=\"n1\""));
    assert_eq!((second.body(), second.to_tag()), ("Signal=5", "callee".to_owned()));
    assert_ne!(second.branch(), first.branch());
    let stale = CHALLENGE.replace("n1", "n2") + ", stale=true";
    rig.receive(&reply_with(&second, "401 Unauthorized", "callee", &stale, ""));
    let third = rig.only();
    assert!(third.header("Authorization").contains("nonce=\"n2\""));
    assert_eq!(third.text.matches("Authorization:").count(), 1);
    rig.receive(&reply_with(&third, "401 Unauthorized", "callee", &stale, ""));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status: Some(StatusCode::UNAUTHORIZED) }]);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("the call goes on");
    assert_eq!(rig.only().header("CSeq"), "5 BYE", "each attempt took a number");
}

#[test]
fn a_caller_who_challenges_us_learns_nothing() {
    let mut rig = Rig::new();
    let (dialog, _) = rig.answered();
    rig.endpoint.info(rig.now, dialog, DTMF, "x".into()).expect("it is answered");
    let info = rig.only();
    rig.receive(&reply_with(&info, "401 Unauthorized", "alice", CHALLENGE, ""));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status: Some(StatusCode::UNAUTHORIZED) }]);
    rig.endpoint.give_credentials(dialog, with_credentials().expect("some")).expect("it lives");
    rig.endpoint.info(rig.now, dialog, DTMF, "x".into()).expect("it is answered");
    let info = rig.only();
    rig.receive(&reply_with(&info, "401 Unauthorized", "alice", CHALLENGE, ""));
    assert!(rig.only().header("Authorization").contains("nc=00000001"), "now we want to be known");
}

#[test]
fn a_peer_without_the_dialog_ends_it_and_one_that_refuses_an_info_does_not() {
    let mut rig = Rig::new();
    let (dialog, info) = informed(&mut rig, None);
    rig.receive(&reply(&info, "415 Unsupported Media Type", "callee", ""));
    let status = Some(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status }]);
    rig.endpoint.info(rig.now, dialog, DTMF, "x".into()).expect("the call goes on");
    let info = rig.only();
    let lost = reply(&info, "481 Call/Transaction Does Not Exist", "callee", "");
    rig.receive(&lost);
    let status = Some(StatusCode::NO_SUCH_TRANSACTION);
    assert_eq!(
        rig.events(),
        [Event::InfoRefused { dialog, status }, Event::Ended { dialog, why: EndReason::DialogLost }]
    );
    let bye = rig.only();
    assert_eq!(bye.kind(), "BYE");
    rig.receive(&lost);
    rig.receive(&reply(&bye, "481 Call/Transaction Does Not Exist", "callee", ""));
    assert!(rig.events().is_empty() && rig.sent().is_empty());
    assert_eq!(rig.endpoint.dialogs(), 0);
}

#[test]
fn an_info_that_nobody_answers_is_given_up_and_the_call_goes_on() {
    let mut rig = Rig::new();
    let (dialog, _) = informed(&mut rig, None);
    let log = rig.pass(33_000 * MS);
    assert_eq!(log.len(), 10, "{log:?}");
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status: None }]);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (1, 0));

    let (dialog, info) = informed(&mut rig, None);
    rig.endpoint.handle_transport_error(rig.now, info.flow);
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status: None }]);
    assert_eq!(rig.endpoint.dialogs(), 2);
}

#[test]
fn requests_inside_dialogs_are_bounded() {
    let mut rig = Rig::with(|config| config.max_transactions = 1);
    let (dialog, _) = rig.answered();
    assert_eq!(rig.endpoint.info(rig.now, dialog, DTMF, "x".into()), Ok(()));
    let target = "sip:carol@192.0.2.8".parse().expect("a URI");
    assert_eq!(rig.endpoint.refer(rig.now, dialog, target, ReferOptions::default()), Err(SipError::Full));
}

#[test]
fn a_caller_whose_connection_is_gone_is_reached_by_its_contact_or_its_routes() {
    let mut rig = Rig::new().over(Transport::Tcp);
    rig.flow.peer = addr("192.0.2.7:49152");
    let (dialog, tag) = rig.answered();
    let way = |rig: &mut Rig| {
        rig.endpoint.info(rig.now, dialog, "", Bytes::new()).expect("it is answered");
        let info = rig.only();
        rig.receive(&reply(&info, "200 OK", "alice", ""));
        (info.flow.transport, info.flow.peer)
    };
    assert_eq!(way(&mut rig), (Transport::Tcp, rig.flow.peer), "nothing but the connection leads through a NAT");
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    rig.events();
    assert_eq!(way(&mut rig), (Transport::Tcp, addr(PEER)));
    // It comes again over another connection, which serves from then on.
    rig.flow.peer = addr("192.0.2.7:49153");
    rig.receive(&in_dialog("UPDATE", 2, &tag, ""));
    assert_eq!(rig.kinds(), ["200"]);
    assert_eq!(way(&mut rig), (Transport::Tcp, rig.flow.peer));

    let mut rig = Rig::new().over(Transport::Tcp);
    rig.flow.peer = addr("192.0.2.9:49152");
    let route = "Record-Route: <sip:192.0.2.9:5070;transport=tcp;lr>";
    let dialog = rig.incoming(&with_headers(&invite(OFFER), route));
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it rings");
    let tag = rig.only().to_tag();
    rig.receive(&in_dialog("ACK", 1, &tag, ""));
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().flow.peer, addr("192.0.2.9:5070"), "a proxy listens where its route says");
}

/// One that overtakes a lost one would have that refused when it comes again.
#[test]
fn infos_go_one_at_a_time_and_in_their_order() {
    let mut rig = Rig::new();
    let (dialog, first) = informed(&mut rig, None);
    for key in ["6", "7"] {
        rig.endpoint.info(rig.now, dialog, DTMF, format!("Signal={key}").into()).expect("it waits");
    }
    assert!(rig.sent().is_empty());
    rig.receive(&reply(&first, "415 Unsupported Media Type", "callee", ""));
    let second = rig.only();
    assert_eq!(second.body(), "Signal=6");
    assert_eq!(rig.events(), [Event::InfoRefused { dialog, status: StatusCode::new(415) }]);
    rig.receive(&reply(&second, "200 OK", "callee", ""));
    assert_eq!(rig.only().body(), "Signal=7");
    assert_eq!(rig.events(), []);
    let waiting = (0..40).filter(|_| rig.endpoint.info(rig.now, dialog, DTMF, "x".into()).is_ok()).count();
    assert_eq!(waiting, 16, "no more wait than that");
}
