//! Being called.

use super::*;

#[test]
fn an_invite_gets_100_at_once_and_becomes_a_call() {
    let mut rig = Rig::new();
    rig.receive(&invite(OFFER));
    let trying = rig.only();
    assert_eq!(trying.first_line(), "SIP/2.0 100 Trying");
    assert_eq!(trying.to_tag(), "");
    match &rig.events()[..] {
        [Event::Incoming { invite, .. }] => {
            assert_eq!(invite.offer, sdp(OFFER));
            assert_eq!(invite.request.uri().user().as_deref(), Some("100"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_repeated_invite_gets_the_last_response_and_is_no_second_call() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.receive(&invite(OFFER));
    assert_eq!(rig.kinds(), ["100"]);
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let ringing = rig.only();
    assert_eq!((ringing.kind(), ringing.header("Contact")), ("180", "<sip:100@198.51.100.1:5060>"));
    rig.receive(&invite(OFFER));
    assert_eq!(rig.kinds(), ["180"]);
    assert!(rig.events().is_empty());
}

#[test]
fn ringing_is_repeated_every_minute() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    assert_eq!(rig.only().body(), ANSWER);
    let log = rig.pass(Duration::from_secs(121));
    assert_eq!(log, [(60_000, "183".to_owned()), (120_000, "183".to_owned())]);
}

#[test]
fn the_200_is_repeated_until_its_ack() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut rig = Rig::new().over(transport);
        let dialog = rig.incoming(&invite(OFFER));
        rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
        let ok = rig.only();
        assert_eq!((ok.kind(), ok.body()), ("200", ANSWER));
        let at: Vec<_> = rig.pass(8000 * MS).into_iter().map(|(at, _)| at).collect();
        assert_eq!(at, [500, 1500, 3500, 7500]);
        rig.receive(&in_dialog("ACK", 1, &ok.to_tag(), ""));
        assert_eq!(rig.events(), [Event::Confirmed { dialog, answer: None }]);
        assert_eq!(rig.pass(60_000 * MS), []);
        assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (1, 0));
    }
}

#[test]
fn a_200_without_ack_ends_in_a_bye() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    let log = rig.pass(32_000 * MS);
    assert_eq!(log.last(), Some(&(32_000, "BYE".to_owned())));
    assert_eq!(rig.events(), ended(dialog, EndReason::NoAck));
    rig.pass(40_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

#[test]
fn a_late_offer_is_answered_by_the_ack() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(""));
    rig.endpoint.answer(rig.now, dialog, OFFER.into()).expect("it is unanswered");
    let ok = rig.only();
    assert_eq!(ok.body(), OFFER);
    rig.receive(&in_dialog("ACK", 1, &ok.to_tag(), ANSWER));
    assert_eq!(rig.events(), [Event::Confirmed { dialog, answer: sdp(ANSWER) }]);
}

#[test]
fn a_rejection_is_repeated_until_its_ack() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    let headers = vec![("Retry-After".to_owned(), "7".to_owned())];
    let rejection = Rejection { headers, ..StatusCode::SERVICE_UNAVAILABLE.into() };
    rig.endpoint.reject(rig.now, dialog, rejection).expect("it is unanswered");
    let refusal = rig.only();
    assert_eq!((refusal.kind(), refusal.header("Retry-After")), ("503", "7"));
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::SERVICE_UNAVAILABLE)));
    assert_eq!(rig.pass(600 * MS), [(500, "503".to_owned())]);
    rig.receive(&in_dialog("ACK", 1, &refusal.to_tag(), "").replace("z9hG4bKACK1", "z9hG4bKi1"));
    assert_eq!(rig.pass(60_000 * MS), []);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

#[test]
fn a_rejection_may_have_words_of_its_own_that_break_no_line() {
    for (phrase, line) in [
        (Some("Not Today"), "486 Not Today"),
        (Some("Больше\r\nVia: x"), "486 Больше  Via: x"),
        (Some("\n"), "486 "),
        (None, "486 Busy Here"),
    ] {
        let mut rig = Rig::new();
        let dialog = rig.incoming(&invite(OFFER));
        let rejection = Rejection { phrase: phrase.map(str::to_owned), ..StatusCode::BUSY_HERE.into() };
        rig.endpoint.reject(rig.now, dialog, rejection).expect("it is unanswered");
        let refusal = rig.only();
        assert_eq!(refusal.first_line(), format!("SIP/2.0 {line}"), "{phrase:?}");
    }
}

#[test]
fn a_rejection_below_300_and_an_order_twice_are_refused() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    let now = rig.now;
    assert_eq!(rig.endpoint.reject(now, dialog, StatusCode::OK.into()), Err(SipError::WrongStatus));
    assert_eq!(rig.endpoint.hang_up(now, dialog, None), Err(SipError::WrongState));
    rig.endpoint.answer(now, dialog, ANSWER.into()).expect("it is unanswered");
    assert_eq!(rig.endpoint.answer(now, dialog, ANSWER.into()), Err(SipError::WrongState));
    assert_eq!(rig.endpoint.ring(now, DialogId(99), None), Err(SipError::UnknownDialog));
}

#[test]
fn a_cancel_gets_200_and_its_invite_487() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    let cancel = invite("").replace("INVITE", "CANCEL");
    rig.receive(&cancel);
    let sent = rig.sent();
    let kinds: Vec<_> = sent.iter().map(|sent| (sent.kind(), sent.header("CSeq"))).collect();
    assert_eq!(kinds, [("200", "1 CANCEL"), ("487", "1 INVITE")]);
    assert_eq!(sent[0].to_tag(), sent[1].to_tag());
    assert_eq!(rig.events(), ended(dialog, EndReason::Cancelled));
    rig.receive(&cancel);
    assert_eq!(rig.kinds(), ["200"], "the repetition is absorbed");
}

#[test]
fn a_cancel_of_nothing_gets_481_and_one_after_the_answer_changes_nothing() {
    let mut rig = Rig::new();
    let cancel = invite("").replace("INVITE", "CANCEL");
    rig.receive(&cancel.replace("z9hG4bKi1", "z9hG4bKother"));
    assert_eq!(rig.kinds(), ["481"]);
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    rig.sent();
    rig.receive(&cancel);
    assert_eq!(rig.kinds(), ["200"]);
    assert!(rig.events().is_empty());
}

#[test]
fn a_bye_ends_the_call_and_its_repetition_gets_the_same_200() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    for _ in 0..2 {
        rig.receive(&in_dialog("BYE", 2, &tag, ""));
        assert_eq!(rig.kinds(), ["200"]);
    }
    assert_eq!(rig.events(), ended(dialog, EndReason::RemoteBye));
    assert_eq!(rig.endpoint.dialogs(), 0);
    rig.receive(&in_dialog("BYE", 3, &tag, ""));
    assert_eq!(rig.kinds(), ["481"]);
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_too() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let tag = rig.only().to_tag();
    rig.receive(&in_dialog("BYE", 2, &tag, ""));
    assert_eq!(rig.kinds(), ["200", "487"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::RemoteBye));
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    let tag = rig.only().to_tag();
    rig.endpoint.hang_up(rig.now, dialog, Some("Q.850;cause=16".to_owned())).expect("it is answered");
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
    assert!(rig.sent().is_empty());
    rig.receive(&in_dialog("ACK", 1, &tag, ""));
    let bye = rig.only();
    assert_eq!((bye.kind(), bye.header("Reason")), ("BYE", "Q.850;cause=16"));
    assert_eq!(bye.first_line(), "BYE sip:alice@192.0.2.7:5060 SIP/2.0");
    assert_eq!(bye.header("CSeq"), "1 BYE");
    rig.receive(&reply(&bye, "200 OK", "alice", ""));
    assert_eq!(rig.endpoint.dialogs(), 0);
    assert!(rig.events().is_empty());
}

#[test]
fn our_bye_is_repeated_and_given_up() {
    let mut rig = Rig::new();
    let (dialog, _) = rig.answered();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.kinds(), ["BYE"]);
    let at: Vec<_> = rig.pass(40_000 * MS).into_iter().map(|(at, _)| at).collect();
    assert_eq!(at, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

/// RFC 5552 §4.
#[test]
fn our_bye_carries_what_was_left_for_it_and_theirs_does_not() {
    let kind = "application/x-www-form-urlencoded";
    let mut rig = Rig::new();
    let (dialog, _) = rig.answered();
    for words in ["a=1", "__exit=done"] {
        rig.endpoint.farewell(dialog, kind, words.into()).expect("it is answered");
    }
    assert!(rig.sent().is_empty(), "nothing is said before the end");
    rig.endpoint.hang_up(rig.now, dialog, Some("Q.850;cause=16".to_owned())).expect("it is answered");
    let bye = rig.only().text;
    assert!(bye.contains("Content-Type: application/x-www-form-urlencoded\r\n"), "{bye}");
    assert!(bye.contains("Reason: Q.850;cause=16\r\n"), "{bye}");
    assert!(bye.ends_with("Content-Length: 11\r\n\r\n__exit=done"), "{bye}");
    let over = rig.endpoint.farewell(dialog, kind, "late".into());
    assert!(matches!(over, Err(crate::SipError::UnknownDialog)), "{over:?}");
}

#[test]
fn byes_that_cross_are_both_answered() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    rig.receive(&in_dialog("BYE", 2, &tag, ""));
    assert_eq!(rig.kinds(), ["200"]);
    rig.receive(&reply(&bye, "200 OK", "alice", ""));
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
    assert_eq!(rig.endpoint.dialogs(), 0);
}

#[test]
fn an_info_is_answered_and_reported() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    let info = in_dialog("INFO", 2, &tag, "Signal=5").replace("application/sdp", "application/dtmf-relay");
    rig.receive(&info);
    assert_eq!(rig.kinds(), ["200"]);
    let content_type = "application/dtmf-relay".to_owned();
    assert_eq!(rig.events(), [Event::Info { dialog, content_type, body: "Signal=5".into() }]);
    rig.receive(&info);
    assert!(rig.events().is_empty(), "a repetition is no second digit");
}

#[test]
fn requests_in_a_dialog_get_what_the_rfc_gives_them() {
    let check = |method: &str, cseq: u32, expected: &str| {
        let mut rig = Rig::new();
        let (_, tag) = rig.answered();
        rig.receive(&in_dialog("INFO", 5, &tag, ""));
        rig.sent();
        rig.receive(&in_dialog(method, cseq, &tag, ""));
        assert_eq!(rig.kinds(), [expected], "{method} {cseq}");
    };
    check("OPTIONS", 6, "200");
    check("SUBSCRIBE", 6, "489");
    check("WINK", 6, "405");
    check("BYE", 4, "500");
    check("INFO", 4, "500");
}

#[test]
fn a_request_with_a_foreign_tag_gets_481() {
    let mut rig = Rig::new();
    let (_, tag) = rig.answered();
    rig.receive(&in_dialog("BYE", 2, "elsewhere", ""));
    rig.receive(&in_dialog("BYE", 3, &tag, "").replace("tag=alice", "tag=mallory"));
    assert_eq!(rig.kinds(), ["481", "481"]);
    assert_eq!(rig.endpoint.dialogs(), 1);
}

#[test]
fn requests_in_the_dialog_take_the_recorded_route() {
    let check = |record_routes: &str, uri: &str, routes: &[&str], peer: &str| {
        let mut rig = Rig::new();
        let text = invite(OFFER).replace("Max-Forwards: 70", &format!("Record-Route: {record_routes}"));
        let dialog = rig.incoming(&text);
        rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
        let ok = rig.only();
        assert_eq!(ok.header("Record-Route"), record_routes);
        rig.receive(&in_dialog("ACK", 1, &ok.to_tag(), ""));
        rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
        let bye = rig.only();
        let found: Vec<_> = bye.text.lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
        assert_eq!((bye.first_line(), &found[..]), (&*format!("BYE {uri} SIP/2.0"), routes));
        assert_eq!(bye.flow.peer, addr(peer));
    };
    let contact = "sip:alice@192.0.2.7:5060";
    check(
        "<sip:192.0.2.9;lr>, <sip:p2.example.com;lr>",
        contact,
        &["<sip:192.0.2.9;lr>", "<sip:p2.example.com;lr>"],
        "192.0.2.9:5060",
    );
    check("<sip:proxy.example.com;lr>", contact, &["<sip:proxy.example.com;lr>"], PEER);
    check(
        "<sip:192.0.2.9:5090>, <sip:p2;lr>",
        "sip:192.0.2.9:5090",
        &["<sip:p2;lr>", "<sip:alice@192.0.2.7:5060>"],
        "192.0.2.9:5090",
    );
}

#[test]
fn a_caller_behind_a_nat_is_reached_where_it_was_seen() {
    let mut rig = Rig::new();
    rig.flow.peer = addr("203.0.113.5:40000");
    let text = invite(OFFER).replace("branch=z9hG4bKi1", "branch=z9hG4bKi1;rport");
    let dialog = rig.incoming(&text);
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    let ok = rig.only();
    assert_eq!(ok.flow.peer, addr("203.0.113.5:40000"));
    assert_eq!(ok.header("Via"), "SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKi1;rport=40000;received=203.0.113.5");
    rig.receive(&in_dialog("ACK", 1, &ok.to_tag(), ""));
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    assert_eq!((bye.flow.peer, bye.first_line()), (addr("203.0.113.5:40000"), "BYE sip:alice@192.0.2.7:5060 SIP/2.0"));
}

#[test]
fn without_rport_a_response_goes_to_the_port_of_the_via() {
    let mut rig = Rig::new();
    rig.flow.peer = addr("192.0.2.7:40000");
    rig.receive(&invite(OFFER).replace("192.0.2.7:5060;branch", "192.0.2.7:5070;branch"));
    assert_eq!(rig.only().flow.peer, addr("192.0.2.7:5070"));
    let mut rig = Rig::new().over(Transport::Tcp);
    rig.flow.peer = addr("192.0.2.7:40000");
    rig.receive(&invite(OFFER));
    assert_eq!(rig.only().flow, rig.flow, "TCP answers over its connection");
}

#[test]
fn a_caller_whose_connection_closes_before_the_answer_is_gone() {
    let mut rig = Rig::new().over(Transport::Tcp);
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    assert_eq!(rig.events(), ended(dialog, EndReason::TransportFailed));
    rig.pass(60_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}
