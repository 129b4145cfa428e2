//! UPDATE that comes in.

use super::*;

fn update(cseq: u32, tag: &str, offer: &str) -> String {
    in_dialog("UPDATE", cseq, tag, offer)
}

#[test]
fn an_update_without_offer_refreshes_the_target() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&update(2, &tag, "").replace("192.0.2.7:5060>", "192.0.2.7:5090>"));
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("Contact")), ("200", "<sip:100@198.51.100.1:5060>"));
    assert!(ok.header("Allow").contains("UPDATE"));
    assert!(rig.events().is_empty());
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.only().flow.peer, addr("192.0.2.7:5090"));
}

#[test]
fn an_update_with_an_offer_is_answered_by_the_owner() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&update(2, &tag, OFFER));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp(OFFER) }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("CSeq"), ok.body()), ("200", "2 UPDATE", ANSWER));
    assert_eq!(ok.header("Content-Type"), "application/sdp");
    rig.receive(&update(2, &tag, OFFER));
    assert_eq!(rig.only().text, ok.text, "a repetition gets the same answer");
    rig.receive(&update(3, &tag, OFFER));
    rig.events();
    rig.endpoint.reject_reoffer(rig.now, dialog, StatusCode::NOT_ACCEPTABLE_HERE).expect("it waits");
    assert_eq!(rig.kinds(), ["488"]);
    assert_eq!(rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()), Err(SipError::WrongState));
}

#[test]
fn offers_that_cross_get_what_the_rfc_gives_them() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    // Theirs is not answered yet.
    rig.receive(&update(2, &tag, OFFER));
    rig.receive(&update(3, &tag, OFFER));
    let refusal = rig.only();
    let pause: u32 = refusal.header("Retry-After").parse().expect("seconds");
    assert!(refusal.kind() == "500" && pause <= 10, "{refusal:?}");
    rig.receive(&in_dialog("INVITE", 4, &tag, OFFER));
    assert_eq!(rig.only().kind(), "500");
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    rig.sent();
    rig.receive(&in_dialog("INVITE", 5, &tag, OFFER));
    rig.sent();
    rig.receive(&update(6, &tag, OFFER));
    assert_eq!(rig.only().kind(), "500");
    rig.endpoint.reject_reoffer(rig.now, dialog, StatusCode::DECLINE).expect("it waits");
    // Ours is not answered yet.
    rig.endpoint.reoffer(rig.now, dialog, sdp(OFFER)).expect("it is answered");
    rig.sent();
    rig.receive(&update(7, &tag, OFFER));
    rig.receive(&update(8, &tag, ""));
    assert_eq!(rig.kinds(), ["491", "200"]);
}

#[test]
fn an_update_before_the_answer_waits_for_a_first_answer() {
    let mut rig = Rig::new();
    let supporting = with_headers(&invite(OFFER), "Supported: 100rel");
    let dialog = rig.incoming(&supporting);
    rig.endpoint.ring(rig.now, dialog, sdp(ANSWER)).expect("it is unanswered");
    let early = rig.only();
    let tag = early.to_tag();
    rig.receive(&update(2, &tag, OFFER));
    assert_eq!(rig.kinds(), ["500"], "the answer may not have arrived");
    let rack = format!("RAck: {} 1 INVITE", early.header("RSeq"));
    rig.receive(&with_headers(&in_dialog("PRACK", 3, &tag, ""), &rack));
    assert_eq!(rig.kinds(), ["200"]);
    rig.receive(&update(4, &tag, OFFER));
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp(OFFER) }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    assert_eq!(rig.only().header("CSeq"), "4 UPDATE");
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    assert_eq!(rig.only().kind(), "200");

    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let tag = rig.only().to_tag();
    rig.receive(&update(2, &tag, OFFER));
    assert_eq!(rig.kinds(), ["500"]);
}

#[test]
fn a_phone_that_rings_can_change_its_early_description() {
    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    let reliable = "Contact: <sip:200@192.0.2.7:5070>\nRequire: 100rel\nRSeq: 1";
    rig.receive(&reply(&invite, "183 Session Progress", "other", ANSWER));
    rig.receive(&reply_with(&invite, "183 Session Progress", "callee", reliable, ANSWER));
    rig.sent();
    rig.events();
    rig.receive(&of_callee(&invite, "other", "UPDATE", 1, OFFER));
    assert_eq!(rig.kinds(), ["491"], "our first offer has no sure answer there");
    rig.receive(&of_callee(&invite, "callee", "UPDATE", 1, "v=0 changed"));
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp("v=0 changed") }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    let ok = rig.only();
    assert_eq!(
        (ok.kind(), ok.to_tag()),
        ("200", invite.header("From").split("tag=").nth(1).unwrap_or_default().to_owned())
    );
    rig.receive(&reply(&invite, "200 OK", "callee", ANSWER));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), [Event::Answered { dialog, answer: "v=0 changed".into() }]);
}

#[test]
fn an_update_that_nobody_answers_is_forgotten() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&update(2, &tag, OFFER));
    rig.events();
    rig.pass(33_000 * MS);
    assert_eq!(rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()), Err(SipError::WrongState));
    rig.receive(&update(3, &tag, OFFER));
    assert_eq!(rig.events().len(), 1);
}

#[test]
fn hanging_up_answers_the_update_that_waits() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&update(2, &tag, OFFER));
    rig.events();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.kinds(), ["487", "BYE"]);
    rig.receive(&update(3, &tag, ""));
    assert_eq!(rig.kinds(), ["481"]);
}

#[test]
fn an_update_with_another_body_is_refused() {
    let mut rig = Rig::new();
    let (_, tag) = rig.answered();
    rig.receive(&update(2, &tag, OFFER).replace("application/sdp", "text/html"));
    let refusal = rig.only();
    assert_eq!((refusal.kind(), refusal.header("Accept")), ("415", "application/sdp"));
}
