//! Calling.

use super::*;

fn credentials(realm: Option<&str>) -> Option<Credentials> {
    Some(Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: realm.map(str::to_owned) })
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";

#[test]
fn an_invite_carries_what_a_call_needs() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    assert_eq!(invite.first_line(), "INVITE sip:200@192.0.2.7 SIP/2.0");
    assert!(invite.header("Via").starts_with("SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK"));
    assert!(invite.header("Via").ends_with(";rport"));
    assert!(invite.header("From").starts_with("\"Menu 071\" <sip:100@198.51.100.1>;tag="));
    assert_eq!(invite.header("Max-Forwards"), "9");
    assert_eq!(invite.header("To"), "<sip:200@192.0.2.7>");
    assert_eq!(invite.header("Contact"), "<sip:100@198.51.100.1:5060>");
    assert_eq!(invite.header("Diversion"), "<sip:071@198.51.100.1>");
    assert_eq!((invite.header("Content-Type"), invite.body()), ("application/sdp", OFFER));
}

#[test]
fn an_answer_is_acknowledged_each_time_it_comes() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "100 Trying", "", ""));
    assert_eq!(rig.events(), [Event::Trying { dialog }]);
    rig.receive(&reply(&invite, "180 Ringing", "callee", ""));
    assert_eq!(rig.events(), [Event::Progress { dialog, status: StatusCode::RINGING, early: None }]);
    let ok = reply(&invite, "200 OK", "callee", ANSWER);
    rig.receive(&ok);
    let ack = rig.only();
    assert_eq!((ack.first_line(), ack.header("CSeq")), ("ACK sip:200@192.0.2.7:5060 SIP/2.0", "1 ACK"));
    assert_ne!(ack.branch(), invite.branch());
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
    rig.receive(&ok);
    assert_eq!(rig.only().text, ack.text);
    assert!(rig.events().is_empty());
}

#[test]
fn early_media_serves_when_the_200_brings_none() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "183 Session Progress", "callee", ANSWER));
    assert_eq!(rig.events(), [Event::Progress { dialog, status: StatusCode::PROGRESS, early: sdp(ANSWER) }]);
    rig.receive(&reply(&invite, "200 OK", "callee", ""));
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
}

#[test]
fn a_second_fork_that_answers_is_acknowledged_and_left() {
    let mut rig = Rig::new();
    let (_, invite) = rig.connected();
    rig.receive(&reply(&invite, "200 OK", "other", ANSWER));
    let sent = rig.sent();
    let kinds: Vec<_> = sent.iter().map(|sent| (sent.kind(), sent.to_tag())).collect();
    assert_eq!(kinds, [("ACK", "other".to_owned()), ("BYE", "other".to_owned())]);
    rig.receive(&reply(&invite, "200 OK", "other", ANSWER));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert!(rig.events().is_empty());
    assert_eq!(rig.endpoint.dialogs(), 1);
}

#[test]
fn an_invite_is_repeated_over_udp_only_and_given_up() {
    for (transport, expected) in
        [(Transport::Udp, vec![500, 1500, 3500, 7500, 15_500, 31_500]), (Transport::Tcp, vec![])]
    {
        let mut rig = Rig::new().over(transport);
        let (dialog, _) = rig.calling(None);
        let at: Vec<_> = rig.pass(40_000 * MS).into_iter().map(|(at, _)| at).collect();
        assert_eq!(at, expected);
        assert_eq!(rig.events(), ended(dialog, EndReason::TransactionTimeout));
        assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
    }
}

#[test]
fn a_rejection_is_acknowledged_each_time_it_comes() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    for _ in 0..2 {
        rig.receive(&reply(&invite, "486 Busy Here", "callee", ""));
        let ack = rig.only();
        assert_eq!((ack.first_line(), ack.branch()), ("ACK sip:200@192.0.2.7 SIP/2.0", invite.branch()));
        assert_eq!((ack.to_tag(), ack.header("CSeq")), ("callee".to_owned(), "1 ACK"));
    }
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::BUSY_HERE)));
    rig.pass(33_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

#[test]
fn a_redirection_is_reported_as_a_rejection() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "302 Moved Temporarily", "callee", ""));
    let events = rig.events();
    assert!(matches!(&events[0], Event::Refused { .. }));
    assert_eq!(events[1..], ended(dialog, EndReason::Rejected(StatusCode::MOVED_TEMPORARILY)));
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.endpoint.hang_up(rig.now, dialog, Some("SIP;cause=200".to_owned())).expect("it rings");
    assert_eq!(rig.events(), ended(dialog, EndReason::Cancelled));
    assert!(rig.sent().is_empty());
    rig.receive(&reply(&invite, "180 Ringing", "callee", ""));
    let cancel = rig.only();
    assert_eq!((cancel.first_line(), cancel.branch()), ("CANCEL sip:200@192.0.2.7 SIP/2.0", invite.branch()));
    assert_eq!((cancel.header("CSeq"), cancel.header("Reason")), ("1 CANCEL", "SIP;cause=200"));
    rig.receive(&reply(&cancel, "200 OK", "callee", ""));
    rig.receive(&reply(&invite, "487 Request Terminated", "callee", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert!(rig.events().is_empty());
    assert_eq!(rig.endpoint.dialogs(), 0);
}

#[test]
fn a_cancel_that_nobody_follows_ends_all_the_same() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "180 Ringing", "callee", ""));
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it rings");
    assert_eq!(rig.kinds(), ["CANCEL"]);
    rig.pass(33_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_left() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.endpoint.hang_up(rig.now, dialog, Some("SIP;cause=200".to_owned())).expect("it rings");
    assert_eq!(rig.events(), ended(dialog, EndReason::Cancelled));
    rig.receive(&reply(&invite, "200 OK", "callee", ANSWER));
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(sent[1].header("Reason"), "SIP;cause=200");
    rig.receive(&reply(&sent[1], "200 OK", "callee", ""));
    assert!(rig.events().is_empty());
    assert_eq!(rig.endpoint.dialogs(), 0);
}

#[test]
fn a_challenge_is_answered_once() {
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(credentials(Some("carrier")));
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    let second = &sent[1];
    assert!(second.header("Authorization").starts_with("Digest username=\"u\", realm=\"carrier\", nonce=\"n1\""));
    assert_eq!((second.header("CSeq"), second.header("Call-ID")), ("2 INVITE", first.header("Call-ID")));
    assert_eq!((second.to_tag(), second.body()), (String::new(), OFFER));
    assert_ne!(second.branch(), first.branch());
    assert!(rig.events().is_empty());
    rig.receive(&reply_with(second, "401 Unauthorized", "x", CHALLENGE, ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::UNAUTHORIZED)));
}

#[test]
fn an_accepted_challenge_makes_a_call_whose_ack_carries_the_credentials() {
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(credentials(None));
    let challenge = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate");
    rig.receive(&reply_with(&first, "407 Proxy Authentication Required", "x", &challenge, ""));
    let second = rig.sent().pop().expect("another INVITE");
    rig.receive(&reply(&second, "200 OK", "callee", ANSWER));
    let ack = rig.only();
    assert_eq!(ack.header("CSeq"), "2 ACK");
    assert_eq!(ack.header("Proxy-Authorization"), second.header("Proxy-Authorization"));
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    assert_eq!(bye.header("CSeq"), "3 BYE");
    rig.receive(&reply_with(&bye, "407 Proxy Authentication Required", "callee", &challenge, ""));
    let again = rig.only();
    assert_eq!((again.kind(), again.header("CSeq")), ("BYE", "4 BYE"));
    assert!(!again.header("Proxy-Authorization").is_empty());
}

#[test]
fn a_proxy_and_the_server_behind_it_may_both_ask() {
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(credentials(Some("carrier")));
    let of_proxy = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate").replace("n1", "n2");
    rig.receive(&reply_with(&first, "407 Proxy Authentication Required", "x", &of_proxy, ""));
    let second = rig.sent().pop().expect("another INVITE");
    rig.receive(&reply_with(&second, "401 Unauthorized", "x", CHALLENGE, ""));
    let third = rig.sent().pop().expect("and another");
    assert!(third.header("Authorization").contains("nonce=\"n1\""));
    let counts = [&second, &third].map(|sent| sent.header("Proxy-Authorization").contains("nc=00000001"));
    assert_eq!(counts, [true, false], "a count serves once");
    assert!(third.header("Proxy-Authorization").contains("nonce=\"n2\""));
    assert!(rig.events().is_empty());
    // Neither gets another try.
    rig.receive(&reply_with(&third, "407 Proxy Authentication Required", "x", &of_proxy, ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::PROXY_AUTHENTICATION_REQUIRED)));
}

#[test]
fn a_proof_that_was_sent_ahead_is_no_answer_to_the_challenge_that_follows() {
    let mut rig = Rig::new();
    let (_, first) = rig.calling(credentials(Some("carrier")));
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    rig.sent();
    // The next call brings a proof of a nonce that is no longer taken, a proxy asks on its way, and the server does not say stale.
    let (dialog, ahead) = rig.calling(credentials(Some("carrier")));
    assert!(ahead.header("Authorization").contains("nonce=\"n1\""));
    let of_proxy = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate").replace("n1", "n2");
    rig.receive(&reply_with(&ahead, "407 Proxy Authentication Required", "x", &of_proxy, ""));
    let second = rig.sent().pop().expect("another INVITE");
    let fresh = CHALLENGE.replace("n1", "n3");
    rig.receive(&reply_with(&second, "401 Unauthorized", "x", &fresh, ""));
    let third = rig.sent().pop().expect("and another");
    assert!(third.header("Authorization").contains("nonce=\"n3\""));
    rig.receive(&reply_with(&third, "401 Unauthorized", "x", &fresh, ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::UNAUTHORIZED)));
}

#[test]
fn a_challenge_of_another_realm_is_a_rejection() {
    for credentials in [None, credentials(Some("elsewhere"))] {
        let mut rig = Rig::new();
        let (dialog, first) = rig.calling(credentials);
        rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
        assert_eq!(rig.kinds(), ["ACK"]);
        assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::UNAUTHORIZED)));
    }
}

#[test]
fn the_peer_can_hang_up_a_call_of_ours() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.connected();
    let our_tag = invite.header("From").split("tag=").nth(1).unwrap_or_default().to_owned();
    let bye = in_dialog("BYE", 1, &our_tag, "")
        .replace("tag=alice", "tag=callee")
        .replace("call-1", invite.header("Call-ID"));
    rig.receive(&bye);
    assert_eq!(rig.kinds(), ["200"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::RemoteBye));
}

#[test]
fn the_routes_of_a_call_of_ours_are_taken_backwards() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    let headers = "Contact: <sip:200@192.0.2.77>\nRecord-Route: <sip:far.example.com;lr>, <sip:192.0.2.9:5070;lr>";
    rig.receive(&reply_with(&invite, "200 OK", "callee", headers, ANSWER));
    let ack = rig.only();
    let routes: Vec<_> = ack.text.lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
    assert_eq!(routes, ["<sip:192.0.2.9:5070;lr>", "<sip:far.example.com;lr>"]);
    assert_eq!((ack.first_line(), ack.flow.peer), ("ACK sip:200@192.0.2.77 SIP/2.0", addr("192.0.2.9:5070")));
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().flow.peer, addr("192.0.2.9:5070"));
}

#[test]
fn a_called_phone_behind_a_nat_gets_its_ack_where_the_invite_went() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    rig.receive(&reply_with(&invite, "200 OK", "callee", "Contact: <sip:200@192.168.1.5:5060>", ANSWER));
    assert_eq!(rig.only().flow.peer, addr(PEER));
}

#[test]
fn a_transport_that_fails_ends_the_call() {
    let mut rig = Rig::new().over(Transport::Tcp);
    let (dialog, _) = rig.calling(None);
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    assert_eq!(rig.events(), ended(dialog, EndReason::TransportFailed));
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

#[test]
fn a_full_table_refuses_our_own_call() {
    let mut rig = Rig::with(|config| config.max_dialogs = 1);
    rig.connected();
    let invitation = Invitation {
        flow: rig.flow,
        target: "sip:200@192.0.2.7".parse().expect("a URI"),
        from: NameAddr::new("sip:100@198.51.100.1".parse().expect("a URI")),
        to: NameAddr::new("sip:200@192.0.2.7".parse().expect("a URI")),
        headers: Vec::new(),
        max_forwards: 9,
        route: Vec::new(),
        offer: OFFER.into(),
        credentials: None,
    };
    let dialog = rig.endpoint.invite(rig.now, invitation);
    assert!(rig.sent().is_empty());
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::SERVICE_UNAVAILABLE)));
}

#[test]
fn a_response_with_another_via_is_not_ours() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "200 OK", "x", ANSWER).replace("\r\nFrom", "\r\nVia: SIP/2.0/UDP 192.0.2.66\r\nFrom"));
    assert!(rig.sent().is_empty() && rig.events().is_empty());
}

#[test]
fn what_one_fork_counted_does_not_bind_the_one_that_answers() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "183 Session Progress", "first", ANSWER));
    let our_tag = invite.header("From").split("tag=").nth(1).unwrap_or_default().to_owned();
    let info = |cseq, tag: &str| {
        let text = in_dialog("INFO", cseq, &our_tag, "").replace("call-1", invite.header("Call-ID"));
        text.replace("tag=alice", &format!("tag={tag}"))
    };
    rig.receive(&info(900, "first"));
    rig.receive(&reply(&invite, "200 OK", "second", ANSWER));
    rig.sent();
    rig.receive(&info(2, "second"));
    assert_eq!(rig.kinds(), ["200"]);
    assert_eq!(rig.endpoint.hang_up(rig.now, dialog, None), Ok(()));
}

#[test]
fn a_response_to_nothing_is_counted() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    rig.receive(&reply(&invite, "200 OK", "x", ANSWER).replace("branch=z9hG4bK", "branch=z9hG4bKx"));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.endpoint.counters().stray_responses, 1);
}

#[test]
fn the_next_call_answers_before_it_is_asked_and_counts_on() {
    let mut rig = Rig::new();
    let (_, first) = rig.calling(credentials(None));
    assert!(first.header("Authorization").is_empty());
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    assert!(rig.sent()[1].header("Authorization").contains("nc=00000001"));
    let (dialog, second) = rig.calling(credentials(None));
    assert!(second.header("Authorization").contains("nonce=\"n1\"") && second.header("CSeq") == "1 INVITE");
    assert!(second.header("Authorization").contains("nc=00000002"));
    // The nonce has expired meanwhile: one more round, and the call goes on.
    let newer = CHALLENGE.replace("n1", "n2");
    rig.receive(&reply_with(&second, "401 Unauthorized", "x", &newer, ""));
    let third = rig.sent().pop().expect("another INVITE");
    assert!(third.header("Authorization").contains("nonce=\"n2\""));
    assert!(third.header("Authorization").contains("nc=00000001"));
    rig.receive(&reply(&third, "200 OK", "callee", ANSWER));
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
}

#[test]
fn credentials_do_not_leave_for_another_address_than_their_peer() {
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(credentials(None));
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    let second = rig.sent().pop().expect("another INVITE");
    // The called side names a contact elsewhere, which then asks for the password.
    rig.receive(&reply_with(&second, "200 OK", "callee", "Contact: <sip:200@203.0.113.66>", ANSWER));
    rig.sent();
    rig.events();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    assert_eq!((bye.flow.peer, bye.header("Authorization")), (addr("203.0.113.66:5060"), ""));
    rig.flow.peer = bye.flow.peer;
    rig.receive(&reply_with(&bye, "401 Unauthorized", "callee", CHALLENGE, ""));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.endpoint.dialogs(), 0);
}

#[test]
fn a_challenge_from_elsewhere_is_not_heard() {
    let mut rig = Rig::new();
    let (dialog, first) = rig.calling(credentials(None));
    let peer = rig.flow.peer;
    rig.flow.peer = addr("203.0.113.66:5060");
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    assert!(rig.sent().is_empty() && rig.events().is_empty());
    assert_eq!(rig.endpoint.counters().stray_responses, 1);
    rig.flow.peer = peer;
    rig.receive(&reply(&first, "200 OK", "callee", ANSWER));
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
}
