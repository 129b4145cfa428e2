//! re-INVITE.

use super::*;

#[test]
fn a_reoffer_is_answered_by_the_owner_and_refreshes_the_target() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER).replace("192.0.2.7:5060>", "192.0.2.7:5090>"));
    assert_eq!(rig.kinds(), ["100"]);
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: sdp(OFFER) }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.body(), ok.to_tag()), ("200", ANSWER, tag.clone()));
    assert_eq!(rig.pass(600 * MS), [(500, "200".to_owned())]);
    rig.receive(&in_dialog("ACK", 2, &tag, ""));
    assert!(rig.events().is_empty());
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    let bye = rig.only();
    assert_eq!((bye.first_line(), bye.flow.peer), ("BYE sip:alice@192.0.2.7:5090 SIP/2.0", addr("192.0.2.7:5090")));
}

#[test]
fn a_reinvite_without_offer_gets_ours_and_its_ack_brings_the_answer() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, ""));
    assert_eq!(rig.events(), [Event::Reoffered { dialog, offer: None }]);
    rig.endpoint.accept_reoffer(rig.now, dialog, OFFER.into()).expect("it waits");
    rig.receive(&in_dialog("ACK", 2, &tag, ANSWER));
    assert_eq!(rig.events(), [Event::Confirmed { dialog, answer: sdp(ANSWER) }]);
}

#[test]
fn a_refused_reoffer_leaves_the_call_as_it_was() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    rig.endpoint.reject_reoffer(rig.now, dialog, StatusCode::NOT_ACCEPTABLE_HERE).expect("it waits");
    assert_eq!(rig.kinds(), ["100", "488"]);
    assert_eq!(rig.endpoint.reject_reoffer(rig.now, dialog, StatusCode::DECLINE), Err(SipError::WrongState));
    rig.receive(&in_dialog("INVITE", 3, &tag, OFFER));
    assert_eq!(rig.kinds(), ["100"]);
}

#[test]
fn a_cancelled_reinvite_leaves_the_call_as_it_was() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    rig.sent();
    rig.receive(&in_dialog("INVITE", 2, &tag, "").replacen("INVITE", "CANCEL", 1).replace("2 INVITE", "2 CANCEL"));
    assert_eq!(rig.kinds(), ["200", "487"]);
    assert_eq!(rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()), Err(SipError::WrongState));
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it goes on");
}

#[test]
fn invites_that_cross_are_put_off() {
    let mut rig = Rig::new();
    let dialog = rig.incoming(&invite(OFFER));
    rig.endpoint.ring(rig.now, dialog, None).expect("it is unanswered");
    let tag = rig.only().to_tag();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    let refusal = rig.only();
    let pause: u32 = refusal.header("Retry-After").parse().expect("seconds");
    assert!(refusal.kind() == "500" && pause <= 10, "{refusal:?}");
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it is unanswered");
    rig.sent();
    rig.receive(&in_dialog("INVITE", 3, &tag, OFFER));
    assert_eq!(rig.kinds(), ["491"]);
}

#[test]
fn a_reoffer_that_nobody_acknowledges_ends_the_call() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    rig.events();
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    assert_eq!(rig.pass(32_000 * MS).last(), Some(&(32_000, "BYE".to_owned())));
    assert_eq!(rig.events(), ended(dialog, EndReason::NoAck));
}

#[test]
fn hanging_up_while_a_reinvite_waits_ends_both() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    rig.sent();
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it is answered");
    assert_eq!(rig.kinds(), ["487", "BYE"]);
}

#[test]
fn an_ack_of_the_first_invite_does_not_stand_for_that_of_the_second() {
    let mut rig = Rig::new();
    let (dialog, tag) = rig.answered();
    rig.receive(&in_dialog("INVITE", 2, &tag, OFFER));
    rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
    rig.sent();
    rig.receive(&in_dialog("ACK", 1, &tag, ""));
    assert_eq!(rig.pass(600 * MS), [(500, "200".to_owned())], "it is still repeated");
}
