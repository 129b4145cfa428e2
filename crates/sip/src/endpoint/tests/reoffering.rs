//! re-INVITEs of our own.

use super::*;

const NEW: &str = "v=0\r\no=new offer\r\n";

/// A call of ours in which we made a new offer; with the first INVITE and the second.
fn reoffered(rig: &mut Rig) -> (DialogId, Sent, Sent) {
    let (dialog, first) = rig.connected();
    rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)).expect("it is answered");
    let second = rig.only();
    (dialog, first, second)
}

/// Everything is gone by 64 * T1 and T4 after the last message.
fn nothing_is_left(mut rig: Rig) {
    rig.pass(37_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

#[test]
fn our_new_offer_is_answered_acknowledged_each_time_and_refreshes_the_target() {
    let mut rig = Rig::new();
    let (dialog, first, second) = reoffered(&mut rig);
    assert_eq!((second.kind(), second.header("CSeq"), second.body()), ("INVITE", "2 INVITE", NEW));
    assert_eq!((second.header("Call-ID"), second.to_tag()), (first.header("Call-ID"), "callee".to_owned()));
    assert_eq!(second.header("Contact"), first.header("Contact"));
    let ok = reply_with(&second, "200 OK", "callee", "Contact: <sip:200@192.0.2.7:5090>", ANSWER);
    rig.receive(&ok);
    let ack = rig.only();
    assert_eq!((ack.first_line(), ack.header("CSeq")), ("ACK sip:200@192.0.2.7:5090 SIP/2.0", "2 ACK"));
    assert_eq!((ack.flow.peer, ack.body()), (addr("192.0.2.7:5090"), ""));
    assert_eq!(rig.events(), [Event::Reanswered { dialog, answer: ANSWER.into() }]);
    rig.receive(&ok);
    assert_eq!(rig.only().text, ack.text);
    assert!(rig.events().is_empty());
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    assert_eq!((bye.flow.peer, bye.header("CSeq")), (addr("192.0.2.7:5090"), "3 BYE"));
    nothing_is_left(rig);
}

#[test]
fn the_called_side_can_make_a_new_offer_too() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)).expect("it is answered");
    let invite = rig.only();
    assert_eq!((invite.header("CSeq"), invite.to_tag()), ("1 INVITE", "alice".to_owned()));
    assert!(invite.header("From").ends_with(&format!("tag={tag}")));
    assert_eq!(invite.header("Contact"), "<sip:100@198.51.100.1:5060>");
    rig.receive(&reply(&invite, "200 OK", "alice", ANSWER));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), [Event::Reanswered { dialog, answer: ANSWER.into() }]);
}

#[test]
fn a_refused_offer_of_ours_leaves_the_call_as_it_was() {
    let mut rig = Rig::new();
    let (dialog, _, second) = reoffered(&mut rig);
    assert_eq!(rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)), Err(SipError::WrongState), "one at a time");
    rig.receive(&reply(&second, "488 Not Acceptable Here", "callee", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    let status = StatusCode::NOT_ACCEPTABLE_HERE;
    assert_eq!(rig.events(), [Event::ReofferRefused { dialog, status }]);
    assert_eq!(rig.endpoint.reoffer(rig.now, dialog, None), Err(SipError::OfferNeeded));
    rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)).expect("the call goes on");
    assert_eq!(rig.kinds(), ["INVITE"]);
}

#[test]
fn an_offer_before_the_answer_is_refused_to_its_owner() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    assert_eq!(rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)), Err(SipError::WrongState));
    let dialog = rig.calling_quietly();
    assert_eq!(rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)), Err(SipError::WrongState));
}

#[test]
fn an_offer_that_crosses_is_put_off_by_both_sides() {
    let mut rig = Rig::new();
    let (dialog, first, second) = reoffered(&mut rig);
    rig.receive(&of_callee(&first, "callee", "INVITE", 1, OFFER));
    assert_eq!(rig.kinds(), ["491"]);
    rig.receive(&reply(&second, "491 Request Pending", "callee", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert!(rig.events().is_empty());
    // While ours waits, theirs may come again, and ours waits for it.
    rig.receive(&of_callee(&first, "callee", "INVITE", 2, OFFER));
    assert_eq!(rig.kinds(), ["100"]);
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp(OFFER) }]);
    let invited = |log: Vec<(u128, String)>| log.iter().any(|(_, kind)| kind == "INVITE");
    assert!(!invited(rig.pass(10_000 * MS)));
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    rig.receive(&of_callee(&first, "callee", "ACK", 2, ""));
    rig.sent();
    assert!(invited(rig.pass(4_000 * MS)));
}

#[test]
fn an_offer_that_crosses_waits_as_long_as_the_call_id_says_and_not_for_ever() {
    for (caller, pause) in [(true, 2_100..=4_000), (false, 0..=2_000)] {
        let mut rig = Rig::new();
        let (dialog, tag) = if caller { (rig.connected().0, "callee") } else { (rig.answered().0, "alice") };
        rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)).expect("it is answered");
        let mut invite = rig.only();
        for attempt in 0..6 {
            rig.receive(&reply(&invite, "491 Request Pending", tag, ""));
            assert_eq!(rig.kinds(), ["ACK"]);
            if attempt == 5 {
                break;
            }
            let left = rig.now;
            invite = loop {
                rig.now = rig.endpoint.poll_timeout().expect("it waits");
                rig.endpoint.handle_timeout(rig.now);
                if let Some(invite) = rig.sent().into_iter().find(|sent| sent.kind() == "INVITE") {
                    break invite;
                }
            };
            assert_eq!(invite.body(), NEW);
            let waited = (rig.now - left).as_millis();
            assert!(pause.contains(&waited), "{waited} ms");
        }
        assert_eq!(rig.events(), [Event::ReofferRefused { dialog, status: StatusCode::REQUEST_PENDING }]);
        assert_eq!(rig.pass(60_000 * MS), []);
    }
}

#[test]
fn a_challenge_to_our_offer_is_answered_once() {
    let challenge = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"";
    let credentials =
        Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: Some("carrier".to_owned()) };
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(Some(credentials));
    rig.receive(&reply(&first, "200 OK", "callee", ANSWER));
    rig.sent();
    rig.events();
    rig.endpoint.reoffer(rig.now, dialog, sdp(NEW)).expect("it is answered");
    let second = rig.only();
    rig.receive(&reply_with(&second, "407 Proxy Authentication Required", "callee", challenge, ""));
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    let third = &sent[1];
    assert_eq!((third.header("CSeq"), third.body()), ("3 INVITE", NEW));
    assert!(third.header("Proxy-Authorization").contains("nonce=\"n1\""));
    assert!(rig.events().is_empty());
    rig.receive(&reply_with(third, "407 Proxy Authentication Required", "callee", challenge, ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
    assert_eq!(rig.events(), [Event::ReofferRefused { dialog, status }]);
}

#[test]
fn a_peer_that_lost_the_dialog_ends_it() {
    let cases = [
        (Some("481 Call/Transaction Does Not Exist"), EndReason::DialogLost),
        (Some("408 Request Timeout"), EndReason::TransactionTimeout),
        (None, EndReason::TransactionTimeout),
    ];
    for (status, why) in cases {
        let mut rig = Rig::new();
        let (dialog, _, second) = reoffered(&mut rig);
        match status {
            Some(status) => {
                rig.receive(&reply(&second, status, "callee", ""));
                assert_eq!(rig.kinds(), ["ACK", "BYE"]);
            }
            None => assert_eq!(rig.pass(32_000 * MS).last(), Some(&(32_000, "BYE".to_owned()))),
        }
        assert_eq!(rig.events(), ended(dialog, why));
        nothing_is_left(rig);
    }
}

#[test]
fn hanging_up_while_our_offer_waits_cancels_it_and_says_bye() {
    for early in [true, false] {
        let mut rig = Rig::new();
        let (dialog, _, second) = reoffered(&mut rig);
        let trying = reply(&second, "100 Trying", "callee", "");
        if early {
            rig.receive(&trying);
        }
        rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
        assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
        if early {
            assert_eq!(rig.kinds(), ["CANCEL", "BYE"]);
        } else {
            assert_eq!(rig.kinds(), ["BYE"]);
            rig.receive(&trying);
            assert_eq!(rig.kinds(), ["CANCEL"]);
        }
        // The answer was faster than either.
        rig.receive(&reply(&second, "200 OK", "callee", ANSWER));
        assert_eq!(rig.kinds(), ["ACK"]);
        assert!(rig.events().is_empty());
        nothing_is_left(rig);
    }
}

#[test]
fn a_bye_that_crosses_our_offer_ends_the_call_once() {
    let mut rig = Rig::new();
    let (dialog, first, second) = reoffered(&mut rig);
    rig.receive(&reply(&second, "100 Trying", "callee", ""));
    rig.receive(&of_callee(&first, "callee", "BYE", 1, ""));
    assert_eq!(rig.kinds(), ["200", "CANCEL"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::RemoteBye));
    let ok = reply(&second, "200 OK", "callee", ANSWER);
    rig.receive(&ok);
    let ack = rig.only();
    assert_eq!((ack.kind(), ack.header("CSeq"), ack.to_tag()), ("ACK", "2 ACK", "callee".to_owned()));
    assert_ne!(ack.branch(), second.branch());
    rig.receive(&ok);
    assert_eq!(rig.only().text, ack.text);
    nothing_is_left(rig);
}

#[test]
fn a_provisional_response_does_not_hold_our_offer_for_ever() {
    let mut rig = Rig::new();
    let (dialog, _, second) = reoffered(&mut rig);
    rig.receive(&reply(&second, "100 Trying", "callee", ""));
    let log = rig.pass(181_000 * MS);
    assert_eq!(log.first(), Some(&(180_000, "CANCEL".to_owned())), "{log:?}");
    rig.pass(33_000 * MS);
    assert_eq!(rig.events(), ended(dialog, EndReason::TransactionTimeout));
    nothing_is_left(rig);
}

#[test]
fn a_transport_that_fails_refuses_our_offer_and_not_the_call() {
    let mut rig = Rig::new();
    let (dialog, _, second) = reoffered(&mut rig);
    rig.endpoint.handle_transport_error(rig.now, second.flow);
    assert_eq!(rig.events(), [Event::ReofferRefused { dialog, status: StatusCode::SERVICE_UNAVAILABLE }]);
    assert_eq!(rig.endpoint.dialogs(), 1);
}
