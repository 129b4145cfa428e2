//! Reliable provisional responses, and the early dialogs they come in.

use super::*;

fn asking(word: &str, offer: &str) -> String {
    with_headers(&invite(offer), &format!("{word}: 100rel"))
}

/// A PRACK of the caller.
fn prack(rseq: &str, number: u32, tag: &str, body: &str) -> String {
    with_headers(&in_dialog("PRACK", number, tag, body), &format!("RAck: {rseq} 1 INVITE"))
}

#[test]
fn ringing_that_must_arrive_is_repeated_until_its_prack() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Require", OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let ringing = rig.only();
    assert_eq!((ringing.kind(), ringing.header("Require")), ("180", "100rel"));
    let rseq = ringing.header("RSeq").to_owned();
    assert!(rseq.parse::<u32>().is_ok_and(|rseq| rseq > 0 && rseq < 1 << 31));
    let at: Vec<_> = rig.pass(8_000 * MS).into_iter().map(|(at, _)| at).collect();
    assert_eq!(at, [500, 1_500, 3_500, 7_500]);
    let tag = ringing.to_tag();
    for wrong in ["RAck: 1 1 INVITE".to_owned(), format!("RAck: {rseq} 2 INVITE"), "X: y".to_owned()] {
        rig.receive(
            &with_headers(&in_dialog("PRACK", 2, &tag, ""), &wrong).replace("KPRACK", &format!("K{}", wrong.len())),
        );
        assert_eq!(rig.kinds(), ["481"], "{wrong}");
    }
    rig.receive(&prack(&rseq, 3, &tag, ""));
    assert_eq!(rig.kinds(), ["200"]);
    assert_eq!(rig.pass(30_000 * MS), []);
    rig.receive(&prack(&rseq, 4, &tag, ""));
    assert_eq!(rig.kinds(), ["481"], "it is acknowledged already");
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    assert_eq!(rig.only().body(), ANSWER);
}

#[test]
fn ringing_without_prack_ends_the_call_with_500() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Require", OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    rig.sent();
    let log = rig.pass(32_000 * MS);
    assert_eq!(log.last(), Some(&(32_000, "500".to_owned())), "{log:?}");
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::SERVER_ERROR)));
    rig.pass(37_000 * MS);
    assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
}

#[test]
fn early_sdp_is_sent_reliably_where_that_is_supported_and_the_200_waits_and_repeats_nothing() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Supported", OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    assert_eq!(rig.only().header("RSeq"), "", "without SDP there is no need");
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    let early = rig.only();
    assert_eq!((early.kind(), early.header("Require"), early.body()), ("183", "100rel", ANSWER));
    rig.endpoint.answer(rig.now, dialog, "v=0 another".into()).expect("it is unanswered");
    assert!(rig.sent().is_empty());
    assert_eq!(rig.endpoint.answer(rig.now, dialog, ANSWER.into()), Err(SipError::WrongState));
    let tag = early.to_tag();
    rig.receive(&prack(early.header("RSeq"), 2, &tag, ""));
    let sent = rig.sent();
    let lines: Vec<_> = sent.iter().map(|sent| (sent.kind(), sent.header("CSeq"), sent.body())).collect();
    assert_eq!(lines, [("200", "2 PRACK", ""), ("200", "1 INVITE", "")]);
    rig.receive(&in_dialog("ACK", 1, &tag, ""));
    assert_eq!(rig.events(), [Event::Confirmed { dialog, answer: None }]);
}

#[test]
fn an_answer_given_while_its_prack_is_awaited_can_be_taken_back() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Supported", OFFER));
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    rig.sent();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("for its owner it is answered");
    assert_eq!(rig.kinds(), ["487"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::LocalBye));
}

#[test]
fn only_one_reliable_response_is_outstanding() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Require", OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let first = rig.only();
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    assert!(rig.sent().is_empty());
    rig.receive(&prack(first.header("RSeq"), 2, &first.to_tag(), ""));
    let sent = rig.sent();
    assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["200", "183"]);
    let number = |sent: &Sent| sent.header("RSeq").parse::<u32>().expect("a number");
    assert_eq!((number(&sent[1]), sent[1].body()), (number(&first) + 1, ANSWER));
}

#[test]
fn an_answer_need_not_wait_for_the_prack_of_mere_ringing() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Require", OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let ringing = rig.only();
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    assert_eq!(rig.only().body(), ANSWER);
    rig.receive(&in_dialog("ACK", 1, &ringing.to_tag(), ""));
    assert_eq!(rig.pass(60_000 * MS), [], "the ringing is not repeated any more");
    rig.receive(&prack(ringing.header("RSeq"), 2, &ringing.to_tag(), ""));
    assert_eq!(rig.kinds(), ["200"]);
}

#[test]
fn an_early_offer_of_ours_is_answered_by_the_prack() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Require", ""));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    assert!(rig.sent().is_empty(), "the first reliable response has to carry the offer");
    rig.endpoint.ring(rig.now, dialog, sdp(OFFER)).expect("it is unanswered");
    let early = rig.only();
    assert_eq!((early.kind(), early.body()), ("183", OFFER));
    let tag = early.to_tag();
    rig.receive(&prack(early.header("RSeq"), 2, &tag, ANSWER));
    assert_eq!(rig.kinds(), ["200"]);
    assert_eq!(rig.events(), [Event::EarlyAnswered { dialog, answer: ANSWER.into() }]);
    rig.endpoint.answer(rig.now, dialog, OFFER.into()).expect("it is unanswered");
    assert_eq!(rig.only().body(), "");
    rig.receive(&in_dialog("ACK", 1, &tag, ""));
    assert_eq!(rig.events(), [Event::Confirmed { dialog, answer: None }]);

    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(""));
    rig.endpoint.ring(rig.now, dialog, sdp(OFFER)).expect("it is unanswered");
    assert_eq!(rig.only().body(), "", "without reliability an offer may get lost");
}

#[test]
fn an_offer_in_a_prack_is_for_the_owner() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&asking("Supported", OFFER));
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    let early = rig.only();
    let again = prack(early.header("RSeq"), 2, &early.to_tag(), OFFER);
    rig.receive(&again);
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp(OFFER) }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("CSeq"), ok.body()), ("200", "2 PRACK", ANSWER));
    rig.receive(&again);
    assert_eq!(rig.only().text, ok.text);
}

#[test]
fn each_reliable_response_is_acknowledged_once_and_in_order() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    assert_eq!(invite.header("Supported"), "100rel, timer, replaces, norefersub");
    let reliable = |status: &str, rseq: u32, body: &str| {
        let headers = format!("Contact: <sip:200@192.0.2.7:5070>\nRequire: 100rel\nRSeq: {rseq}");
        reply_with(&invite, status, "callee", &headers, body)
    };
    rig.receive(&reliable("183 Session Progress", 41, ANSWER));
    let prack = rig.only();
    assert_eq!(prack.first_line(), "PRACK sip:200@192.0.2.7:5070 SIP/2.0");
    assert_eq!((prack.header("RAck"), prack.header("CSeq")), ("41 1 INVITE", "2 PRACK"));
    assert_eq!(rig.events(), [Event::Progress { dialog, status: StatusCode::PROGRESS, early: sdp(ANSWER) }]);
    for (rseq, expected) in [(41, ""), (43, ""), (42, "42 1 INVITE"), (42, "")] {
        rig.receive(&reliable("180 Ringing", rseq, ""));
        let sent = rig.sent();
        assert_eq!(sent.first().map_or("", |prack| prack.header("RAck")), expected, "{rseq}");
        assert_eq!(rig.events().len(), usize::from(!expected.is_empty()), "{rseq}");
    }
    rig.receive(&reply(&prack, "200 OK", "callee", ""));
    rig.receive(&reply(&invite, "200 OK", "callee", ""));
    assert_eq!(rig.only().header("CSeq"), "1 ACK");
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().header("CSeq"), "4 BYE", "after two PRACKs");
}

#[test]
fn early_dialogs_are_kept_apart() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    let ringing = |tag: &str, rseq: u32, port: u32, sdp: &str| {
        let headers = format!("Contact: <sip:200@192.0.2.7:{port}>\nRequire: 100rel\nRSeq: {rseq}");
        reply_with(&invite, "183 Session Progress", tag, &headers, sdp)
    };
    let mut pracks = Vec::new();
    for (tag, rseq, port) in [("one", 7, 5071), ("two", 900, 5072), ("one", 8, 5071)] {
        rig.receive(&ringing(tag, rseq, port, if tag == "one" { ANSWER } else { "v=0 two" }));
        let prack = rig.only();
        pracks.push((
            prack.to_tag(),
            prack.header("RAck").to_owned(),
            prack.header("CSeq").to_owned(),
            prack.flow.peer,
        ));
    }
    let expect =
        |tag: &str, rack: &str, cseq: &str, peer: &str| (tag.to_owned(), rack.to_owned(), cseq.to_owned(), addr(peer));
    assert_eq!(
        pracks,
        [
            expect("one", "7 1 INVITE", "2 PRACK", "192.0.2.7:5071"),
            expect("two", "900 1 INVITE", "2 PRACK", "192.0.2.7:5072"),
            expect("one", "8 1 INVITE", "3 PRACK", "192.0.2.7:5071"),
        ]
    );
    rig.events();
    // Each counts its own requests, and each has its own SDP.
    rig.receive(&of_callee(&invite, "one", "UPDATE", 900, ""));
    rig.receive(&of_callee(&invite, "two", "UPDATE", 2, ""));
    rig.receive(&of_callee(&invite, "stranger", "UPDATE", 2, OFFER));
    assert_eq!(rig.kinds(), ["200", "200", "481"]);
    rig.receive(&reply(&invite, "200 OK", "two", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: "v=0 two".into() }]);
    rig.receive(&of_callee(&invite, "two", "INFO", 1, ""));
    assert_eq!(rig.kinds(), ["500"], "its count goes on from before the answer");
    rig.receive(&reply(&invite, "200 OK", "one", ANSWER));
    assert_eq!(rig.kinds(), ["ACK", "BYE"]);
}

#[test]
fn early_dialogs_are_bounded() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    let mut pracks = 0;
    for fork in 0..40 {
        let headers = "Contact: <sip:200@192.0.2.7:5070>\nRequire: 100rel\nRSeq: 1";
        rig.receive(&reply_with(&invite, "180 Ringing", &format!("fork{fork}"), headers, ""));
        pracks += rig.sent().len();
    }
    assert_eq!(pracks, 16);
    assert_eq!(rig.events().len(), 40, "they ring all the same");
}

#[test]
fn a_challenged_prack_is_sent_again_with_a_number_of_its_own() {
    let credentials = Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: None };
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(Some(credentials));
    let reliable = |rseq: u32| {
        let headers = format!("Contact: <sip:200@192.0.2.7:5070>\nRequire: 100rel\nRSeq: {rseq}");
        reply_with(&invite, "180 Ringing", "callee", &headers, "")
    };
    rig.receive(&reliable(1));
    let first = rig.only();
    let challenge = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\"";
    rig.receive(&reply_with(&first, "407 Proxy Authentication Required", "callee", challenge, ""));
    let again = rig.only();
    assert_eq!((again.kind(), again.header("CSeq"), again.header("RAck")), ("PRACK", "3 PRACK", "1 1 INVITE"));
    assert!(!again.header("Proxy-Authorization").is_empty());
    rig.receive(&reliable(2));
    assert_eq!(rig.only().header("CSeq"), "4 PRACK");
}
