//! Transferring the peer, and being asked to transfer.

use super::*;
use proptest::prelude::*;

const TARGET: &str = "sip:300@192.0.2.30";

fn target() -> Uri {
    TARGET.parse().expect("a URI")
}

/// A NOTIFY of the peer in the dialog of [`invite`].
fn notify(cseq: u32, tag: &str, event: &str, state: &str, body: &str) -> String {
    let head = format!("Event: {event}\r\nSubscription-State: {state}\r\nContact");
    in_dialog("NOTIFY", cseq, tag, body).replacen("Contact", &head, 1).replace("application/sdp", "message/sipfrag")
}

/// A REFER of the peer in the dialog of [`invite`].
fn refer(cseq: u32, tag: &str, headers: &str) -> String {
    let head = format!("{}\r\nContact", headers.replace('\n', "\r\n"));
    in_dialog("REFER", cseq, tag, "").replacen("Contact", &head, 1)
}

fn referred(dialog: DialogId, outcome: ReferOutcome) -> Vec<Event> {
    vec![Event::Referred { dialog, outcome }]
}

fn progress(dialog: DialogId, status: u16) -> Vec<Event> {
    vec![Event::ReferProgress { dialog, status: StatusCode::new(status).expect("a status") }]
}

impl Rig {
    /// A call that came in, was answered, and is being transferred; with our tag and the REFER.
    fn referring(&mut self, options: ReferOptions) -> (DialogId, String, Sent) {
        let (dialog, tag) = self.answered();
        self.endpoint.refer(self.now, dialog, target(), options).expect("it is answered");
        (dialog, tag, self.only())
    }

    /// A call in which a REFER waits for our owner.
    fn asked(&mut self, headers: &str) -> (DialogId, String, ReferRequest) {
        let (dialog, tag) = self.answered();
        self.receive(&refer(2, &tag, headers));
        let events = self.events();
        let [Event::ReferRequested { refer, .. }] = &events[..] else { panic!("{events:?}") };
        assert!(self.sent().is_empty());
        (dialog, tag, refer.as_ref().clone())
    }
}

#[test]
fn a_transfer_is_told_from_its_start_to_its_end() {
    for (last, expected) in [("SIP/2.0 200 OK", 200), ("SIP/2.0 486 Busy Here\r\n", 486), ("SIP/2.0 603", 603)] {
        let mut rig = Rig::new();
        let by = NameAddr::new("sip:100@198.51.100.1".parse().expect("a URI"));
        let options = ReferOptions { referred_by: Some(by), ..ReferOptions::default() };
        let (dialog, tag, refer) = rig.referring(options);
        assert_eq!(refer.first_line(), "REFER sip:alice@192.0.2.7:5060 SIP/2.0");
        assert_eq!(refer.header("Refer-To"), "<sip:300@192.0.2.30>");
        assert_eq!((refer.header("Referred-By"), refer.header("Refer-Sub")), ("<sip:100@198.51.100.1>", ""));
        assert!(refer.header("Contact").starts_with("<sip:"));
        let again = rig.endpoint.refer(rig.now, dialog, target(), ReferOptions::default());
        assert_eq!(again, Err(SipError::WrongState), "one at a time");
        rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
        assert_eq!(rig.events(), progress(dialog, 202));
        rig.receive(&notify(2, &tag, "refer", "active;expires=60", "SIP/2.0 100 Trying\r\n"));
        assert_eq!((rig.kinds(), rig.events()), (vec!["200".to_owned()], progress(dialog, 100)));
        rig.receive(&notify(3, &tag, "refer;id=1", "active", "SIP/2.0 180 Ringing"));
        assert_eq!((rig.kinds(), rig.events()), (vec!["200".to_owned()], progress(dialog, 180)));
        rig.receive(&notify(4, &tag, "refer", "active", last));
        let status = StatusCode::new(expected).expect("a status");
        assert_eq!(rig.events(), referred(dialog, ReferOutcome::Completed(status)));
        rig.sent();
        rig.receive(&notify(5, &tag, "refer", "terminated;reason=noresource", last));
        assert_eq!((rig.kinds(), rig.events()), (vec!["200".to_owned()], vec![]), "the last NOTIFY says no more");
        rig.endpoint.refer(rig.now, dialog, target(), ReferOptions::default()).expect("the call goes on");
    }
}

#[test]
fn a_transfer_that_is_refused_or_unheard_is_over() {
    let check = |status: &str, expected: ReferOutcome| {
        let mut rig = Rig::new();
        let (dialog, _, refer) = rig.referring(ReferOptions::default());
        if !status.is_empty() {
            rig.receive(&reply(&refer, status, "alice", ""));
        }
        rig.pass(40_000 * MS);
        assert_eq!(rig.events(), referred(dialog, expected), "{status}");
        assert_eq!((rig.endpoint.dialogs(), rig.endpoint.poll_timeout()), (1, None));
    };
    check("603 Decline", ReferOutcome::Refused(StatusCode::DECLINE));
    check("405 Method Not Allowed", ReferOutcome::Refused(StatusCode::METHOD_NOT_ALLOWED));
    check("", ReferOutcome::TimedOut);

    let mut rig = Rig::new();
    let (dialog, _, refer) = rig.referring(ReferOptions::default());
    rig.endpoint.handle_transport_error(rig.now, refer.flow);
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::TransportFailed));
}

#[test]
fn a_notify_may_overtake_the_202() {
    let mut rig = Rig::new();
    let (dialog, tag, refer) = rig.referring(ReferOptions::default());
    rig.receive(&notify(2, &tag, "refer", "active", "SIP/2.0 100 Trying"));
    assert_eq!(rig.events(), progress(dialog, 100));
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    assert!(rig.events().is_empty());
    rig.receive(&notify(3, &tag, "refer", "terminated;reason=noresource", "SIP/2.0 200 OK"));
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Completed(StatusCode::OK)));

    let mut rig = Rig::new();
    let (dialog, tag, refer) = rig.referring(ReferOptions::default());
    rig.receive(&notify(2, &tag, "refer", "terminated", "SIP/2.0 200 OK"));
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Completed(StatusCode::OK)));
}

#[test]
fn a_peer_that_agrees_and_tells_nothing_is_not_waited_for_forever() {
    let mut rig = Rig::new();
    let (dialog, _, refer) = rig.referring(ReferOptions::default());
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    rig.events();
    rig.pass(31_999 * MS);
    assert!(rig.events().is_empty());
    rig.pass(MS);
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Unreported));

    let mut rig = Rig::new();
    let (dialog, tag, refer) = rig.referring(ReferOptions::default());
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    rig.receive(&notify(2, &tag, "refer", "active;expires=4294967295", "SIP/2.0 100 Trying"));
    rig.events();
    rig.pass(301_000 * MS);
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Unreported));
    assert_eq!(rig.endpoint.poll_timeout(), None);

    let mut rig = Rig::new();
    let (dialog, tag, _) = rig.referring(ReferOptions::default());
    rig.receive(&notify(2, &tag, "refer", "terminated;reason=giveup", "gibberish"));
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Unreported));
}

#[test]
fn a_peer_that_hangs_up_ends_its_transfer_first() {
    let mut rig = Rig::new();
    let (dialog, tag, refer) = rig.referring(ReferOptions::default());
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    rig.events();
    rig.receive(&in_dialog("BYE", 2, &tag, ""));
    let mut expected = referred(dialog, ReferOutcome::HungUp);
    expected.extend(ended(dialog, EndReason::RemoteBye));
    assert_eq!(rig.events(), expected);
    rig.sent();
    rig.receive(&notify(3, &tag, "refer", "terminated", "SIP/2.0 200 OK"));
    assert_eq!((rig.kinds(), rig.events()), (vec!["481".to_owned()], vec![]));
    rig.pass(40_000 * MS);
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

#[test]
fn a_transfer_without_being_told_ends_with_its_202() {
    let mut rig = Rig::new();
    let (dialog, _, refer) = rig.referring(ReferOptions { norefersub: true, ..ReferOptions::default() });
    assert_eq!(
        (refer.header("Refer-Sub"), refer.header("Supported")),
        ("false", "100rel, timer, replaces, norefersub")
    );
    rig.receive(&reply_with(&refer, "202 Accepted", "alice", "Refer-Sub: false", ""));
    assert_eq!(rig.events(), referred(dialog, ReferOutcome::Unreported));
    // A peer that does not know RFC 4488 tells all the same.
    let mut rig = Rig::new();
    let (dialog, _, refer) = rig.referring(ReferOptions { norefersub: true, ..ReferOptions::default() });
    rig.receive(&reply(&refer, "202 Accepted", "alice", ""));
    assert_eq!(rig.events(), progress(dialog, 202));
}

#[test]
fn a_notify_of_nothing_is_refused() {
    let check = |event: &str, expected: &str| {
        let mut rig = Rig::new();
        let (_, tag, _) = rig.referring(ReferOptions::default());
        rig.receive(&notify(2, &tag, event, "active", "SIP/2.0 200 OK"));
        let answer = rig.only();
        assert_eq!(answer.kind(), expected, "{event}");
        assert!(rig.events().is_empty());
        assert_eq!(answer.header("Allow-Events"), if expected == "489" { "refer, message-summary" } else { "" });
    };
    check("refer;id=77", "481");
    check("presence", "489");
    check("", "489");
    check("message-summary", "200");
    let mut rig = Rig::new();
    let (_, tag) = rig.answered();
    rig.receive(&notify(2, &tag, "refer", "active", "SIP/2.0 200 OK"));
    assert_eq!(rig.kinds(), ["481"], "there was no REFER");
    rig.receive(&in_dialog("SUBSCRIBE", 3, &tag, ""));
    assert_eq!(rig.kinds(), ["489"]);
}

#[test]
fn message_waiting_is_taken_from_whoever_sends_it() {
    let mut rig = Rig::new();
    for (tag, to) in [("", ">"), ("gone", ">;tag=gone")] {
        let outside = notify(2, tag, "message-summary", "terminated", "Messages-Waiting: yes")
            .replace(&format!(">;tag={tag}\r\nCall-ID"), &format!("{to}\r\nCall-ID"))
            .replace("z9hG4bK", &format!("z9hG4bK{tag}"))
            .replace("call-1", &format!("mwi{tag}"));
        rig.receive(&outside);
        assert_eq!(rig.kinds(), ["200"]);
    }
    assert!(rig.events().is_empty());
}

#[test]
fn an_attended_transfer_names_the_call_it_replaces() {
    let mut rig = Rig::new();
    let (dialog, _) = rig.answered();
    let (other, invite) = rig.connected();
    let contact = rig.endpoint.remote_target(other).expect("it lives");
    let options = ReferOptions { replaces: Some(other), ..ReferOptions::default() };
    rig.endpoint.refer(rig.now, dialog, contact, options).expect("both are answered");
    let refer = rig.only();
    let our_tag = invite.header("From").split("tag=").nth(1).unwrap_or_default();
    let call_id = invite.header("Call-ID");
    let expected = format!("<sip:200@192.0.2.7:5060?Replaces={call_id}%3Bto-tag%3Dcallee%3Bfrom-tag%3D{our_tag}>");
    assert_eq!(refer.header("Refer-To"), expected);
    let (ringing, _) = rig.calling(None);
    let options = ReferOptions { replaces: Some(ringing), ..ReferOptions::default() };
    rig.receive(&reply(&refer, "603 Decline", "alice", ""));
    assert_eq!(rig.endpoint.refer(rig.now, dialog, target(), options), Err(SipError::WrongState));
}

#[test]
fn a_refer_is_accepted_and_told_of() {
    let mut rig = Rig::new();
    let headers = "Refer-To: <sip:300@192.0.2.30;method=INVITE?Replaces=c%40h%3Bto-tag%3Dt%3Bfrom-tag%3Df&X=1>\n\
                   Referred-By: <sip:alice@example.com>";
    let (dialog, _, asked) = rig.asked(headers);
    assert_eq!(asked.target.uri, target());
    assert_eq!(asked.replaces.expect("there is one").to_string(), "c@h;to-tag=t;from-tag=f");
    assert_eq!(asked.referred_by.expect("there is one").uri.to_string(), "sip:alice@example.com");
    rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
    assert_eq!(rig.endpoint.accept_refer(rig.now, dialog), Err(SipError::WrongState));
    let sent = rig.sent();
    let kinds: Vec<_> = sent.iter().map(Sent::kind).collect();
    assert_eq!(kinds, ["202", "NOTIFY"]);
    assert!(sent[0].header("Contact").starts_with("<sip:"));
    let first = &sent[1];
    assert_eq!((first.header("Event"), first.header("Subscription-State")), ("refer", "active;expires=180"));
    assert_eq!(first.header("Content-Type"), "message/sipfrag;version=2.0");
    assert_eq!(first.body(), "SIP/2.0 100 Trying\r\n");
    // While a NOTIFY is on its way, only the latest news waits.
    for status in [StatusCode::RINGING, StatusCode::PROGRESS] {
        rig.endpoint.notify_refer(rig.now, dialog, status).expect("it is told of");
    }
    assert!(rig.sent().is_empty());
    rig.receive(&reply(first, "200 OK", "alice", ""));
    let second = rig.only();
    assert_eq!(second.body(), "SIP/2.0 183 Session Progress\r\n");
    rig.receive(&reply(&second, "200 OK", "alice", ""));
    rig.endpoint.notify_refer(rig.now, dialog, StatusCode::BUSY_HERE).expect("it is told of");
    let last = rig.only();
    assert_eq!(last.body(), "SIP/2.0 486 Busy Here\r\n");
    assert_eq!(last.header("Subscription-State"), "terminated;reason=noresource");
    assert_eq!(rig.endpoint.notify_refer(rig.now, dialog, StatusCode::OK), Err(SipError::WrongState));
    rig.receive(&reply(&last, "200 OK", "alice", ""));
    rig.pass(40_000 * MS);
    assert_eq!((rig.events(), rig.endpoint.poll_timeout()), (vec![], None));
}

#[test]
fn a_second_refer_says_which_one_it_tells_of() {
    let mut rig = Rig::new();
    let (dialog, tag, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
    rig.receive(&refer(3, &tag, &format!("Refer-To: {TARGET}")));
    assert_eq!(rig.kinds(), ["491"], "one at a time");
    rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
    let first = rig.sent().pop().expect("a NOTIFY");
    rig.endpoint.notify_refer(rig.now, dialog, StatusCode::OK).expect("it is told of");
    rig.receive(&reply(&first, "200 OK", "alice", ""));
    let last = rig.only();
    assert_eq!(last.body(), "SIP/2.0 200 OK\r\n");
    rig.receive(&reply(&last, "200 OK", "alice", ""));
    rig.receive(&refer(4, &tag, &format!("Refer-To: {TARGET}")));
    assert!(matches!(&rig.events()[..], [Event::ReferRequested { .. }]));
    rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
    assert_eq!(rig.sent().pop().expect("a NOTIFY").header("Event"), "refer;id=4");
}

#[test]
fn a_peer_that_does_not_want_to_be_told_is_not() {
    let mut rig = Rig::new();
    let headers = format!("Refer-To: <{TARGET}>\nRefer-Sub: false\nRequire: norefersub");
    let (dialog, tag, _) = rig.asked(&headers);
    rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("Refer-Sub")), ("202", "false"));
    rig.endpoint.notify_refer(rig.now, dialog, StatusCode::RINGING).expect("nobody is told");
    rig.receive(&refer(3, &tag, &headers));
    assert_eq!(rig.kinds(), ["491"], "still at it");
    rig.endpoint.notify_refer(rig.now, dialog, StatusCode::OK).expect("nobody is told");
    assert!(rig.sent().is_empty());
    rig.receive(&refer(4, &tag, &headers));
    assert!(matches!(&rig.events()[..], [Event::ReferRequested { .. }]));
}

#[test]
fn a_refer_that_nobody_decides_or_that_is_refused_gets_its_answer() {
    let mut rig = Rig::new();
    let (dialog, _, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
    let ringing = rig.endpoint.reject_refer(rig.now, dialog, StatusCode::RINGING);
    assert_eq!(ringing, Err(SipError::WrongStatus));
    rig.endpoint.reject_refer(rig.now, dialog, StatusCode::FORBIDDEN).expect("it waits");
    assert_eq!(rig.kinds(), ["403"]);

    let mut rig = Rig::new();
    let (dialog, _, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
    assert_eq!(rig.pass(17_000 * MS), [(16_000, "603".to_owned())]);
    assert_eq!(rig.endpoint.accept_refer(rig.now, dialog), Err(SipError::WrongState));

    let mut rig = Rig::new();
    let (dialog, tag, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
    rig.receive(&in_dialog("BYE", 3, &tag, ""));
    assert_eq!(rig.events(), ended(dialog, EndReason::RemoteBye));
    rig.sent();
    assert_eq!(rig.endpoint.accept_refer(rig.now, dialog), Err(SipError::UnknownDialog));
    assert_eq!(rig.pass(60_000 * MS), [(0, "481".to_owned())]);
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

#[test]
fn a_refer_that_cannot_be_read_is_refused() {
    let check = |headers: &str| {
        let mut rig = Rig::new();
        let (_, tag) = rig.answered();
        rig.receive(&refer(2, &tag, headers));
        assert_eq!((rig.kinds(), rig.events()), (vec!["400".to_owned()], vec![]), "{headers}");
    };
    check("X: none");
    check("Refer-To: <sip:a@b>\nRefer-To: <sip:c@d>");
    check("Refer-To: <sip:a@b>, <sip:c@d>");
    check("Refer-To: <sip:a@b");
    check("Refer-To: <sip:a@b?Replaces=nonsense>");
}

#[test]
fn a_transfer_that_takes_too_long_or_interests_nobody_is_told_no_more() {
    let mut rig = Rig::new();
    let (dialog, _, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
    rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
    let first = rig.sent().pop().expect("a NOTIFY");
    rig.receive(&reply(&first, "200 OK", "alice", ""));
    rig.now += Duration::from_secs(180);
    rig.endpoint.handle_timeout(rig.now);
    let last = rig.only();
    assert_eq!(last.header("Subscription-State"), "terminated;reason=timeout");
    assert_eq!(rig.endpoint.notify_refer(rig.now, dialog, StatusCode::OK), Err(SipError::WrongState));

    for status in ["481 Call/Transaction Does Not Exist", "500 Server Internal Error", ""] {
        let mut rig = Rig::new();
        let (dialog, _, _) = rig.asked(&format!("Refer-To: <{TARGET}>"));
        rig.endpoint.accept_refer(rig.now, dialog).expect("it waits");
        let first = rig.sent().pop().expect("a NOTIFY");
        if status.is_empty() {
            rig.pass(33_000 * MS);
        } else {
            rig.receive(&reply(&first, status, "alice", ""));
        }
        assert_eq!(rig.endpoint.notify_refer(rig.now, dialog, StatusCode::OK), Err(SipError::WrongState));
        assert!(rig.events().is_empty());
        assert_eq!(rig.endpoint.dialogs(), 1, "the call goes on");
    }
}

proptest! {
    /// Whatever is transferred and told in whatever order: each REFER of ours is reported over once and before its dialog,
    /// and nothing is left.
    #[test]
    fn every_transfer_ends(steps in proptest::collection::vec((0..12_usize, 100..700_u16, 0..40_u64), 1..40)) {
        let mut rig = Rig::new();
        let (dialog, tag) = rig.answered();
        let (mut open, mut cseq, mut last, mut over) = (0_i32, 1, Vec::new(), false);
        for (step, code, seconds) in steps {
            let (now, status) = (rig.now, StatusCode::new(code).expect("in range"));
            cseq += 1;
            match step {
                0 | 1 => {
                    let options = ReferOptions { norefersub: step == 1, ..ReferOptions::default() };
                    if rig.endpoint.refer(now, dialog, target(), options).is_ok() { open += 1; }
                }
                2 => rig.receive(&notify(cseq, &tag, "refer", "active", &format!("SIP/2.0 {code} x"))),
                3 => rig.receive(&notify(cseq, &tag, "refer", "terminated", "")),
                4 => rig.receive(&refer(cseq, &tag, "Refer-To: <sip:a@b>")),
                5 => { let _ = rig.endpoint.accept_refer(now, dialog); }
                6 => { let _ = rig.endpoint.reject_refer(now, dialog, status); }
                7 => { let _ = rig.endpoint.notify_refer(now, dialog, status); }
                8 => { let _ = rig.endpoint.info(now, dialog, "a/b", Bytes::from_static(b"x")); }
                9 if code < 200 => { let _ = rig.endpoint.hang_up(now, dialog, None); }
                9 if code < 220 => rig.receive(&in_dialog("BYE", cseq, &tag, "")),
                10 => for sent in std::mem::take(&mut last) {
                    rig.receive(&reply(&sent, &format!("{code} x"), "alice", ""));
                },
                _ => { rig.pass(Duration::from_secs(seconds)); }
            }
            last.extend(rig.sent().into_iter().filter(|sent| ["REFER", "NOTIFY", "INFO", "BYE"].contains(&sent.kind())));
            for event in rig.events() {
                prop_assert!(!over, "after the end: {event:?}");
                match event {
                    Event::Referred { .. } => open -= 1,
                    Event::Ended { .. } => over = true,
                    _ => {}
                }
            }
        }
        let _ = rig.endpoint.hang_up(rig.now, dialog, None);
        rig.pass(Duration::from_secs(400));
        open -= i32::try_from(rig.events().iter().filter(|event| matches!(event, Event::Referred { .. })).count())?;
        prop_assert_eq!(open, 0);
        prop_assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
        prop_assert_eq!((rig.endpoint.transfers.len(), rig.endpoint.poll_timeout()), (0, None));
    }
}
