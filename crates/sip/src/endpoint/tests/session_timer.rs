//! Session timers: who refreshes, when, and what becomes of a call that nobody refreshes.

use super::*;

const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE";

/// An INVITE with these headers is answered; our 200 and its dialog.
fn asked(rig: &mut Rig, headers: &str) -> (DialogId, Sent) {
    let dialog = rig.incoming(&with_headers(&invite(OFFER), headers));
    rig.endpoint.answer(rig.now, dialog, ANSWER.into()).expect("it rings");
    let ok = rig.only();
    rig.receive(&in_dialog("ACK", 1, &ok.to_tag(), ""));
    rig.events();
    (dialog, ok)
}

/// A call of ours whose 200 carries these headers.
fn agreed(rig: &mut Rig, headers: &str) -> (DialogId, Sent) {
    let (dialog, invite) = rig.calling(None);
    let headers = format!("Contact: <sip:200@192.0.2.7:5060>\n{headers}");
    rig.receive(&reply_with(&invite, "200 OK", "callee", &headers, ANSWER));
    rig.sent();
    rig.events();
    (dialog, invite)
}

/// The next thing that is sent, and how long after now.
fn next(rig: &mut Rig) -> (u64, Sent) {
    let began = rig.now;
    loop {
        rig.now = rig.endpoint.poll_timeout().expect("something is due");
        rig.endpoint.handle_timeout(rig.now);
        if let Some(sent) = rig.sent().into_iter().next() {
            return ((rig.now - began).as_secs(), sent);
        }
    }
}

#[test]
fn a_request_is_answered_by_what_it_asks_and_knows() {
    let check = |headers: &str, expected: &str, require: &str| {
        let mut rig = Rig::new();
        let (_, ok) = asked(&mut rig, headers);
        assert_eq!((ok.header("Session-Expires"), ok.header("Require")), (expected, require), "{headers}");
    };
    check("X: y", "", "");
    check("Supported: timer", "1800;refresher=uas", "timer");
    check("Supported: timer\nSession-Expires: 600", "600;refresher=uac", "timer");
    check("Supported: timer\nx: 600;refresher=uas", "600;refresher=uas", "timer");
    check("Require: timer\nSession-Expires: 600 ; Refresher = UAC", "600;refresher=uac", "timer");
    check("Supported: timer\nSession-Expires: 7200", "1800;refresher=uac", "timer");
    check("Supported: timer\nSession-Expires: 7200\nMin-SE: 3600", "3600;refresher=uac", "timer");
    check("Supported: timer\nMin-SE: 3600", "3600;refresher=uas", "timer");
    // A proxy asked on behalf of a phone that knows no timers.
    check("Session-Expires: 600;refresher=uac", "600;refresher=uas", "");
    check("Session-Expires: 10", "", "");
    check("Supported: timer\nSession-Expires: soon", "1800;refresher=uas", "timer");
}

#[test]
fn an_interval_that_is_too_small_gets_422() {
    let mut rig = Rig::new();
    rig.receive(&with_headers(&invite(OFFER), "Supported: timer\nSession-Expires: 60"));
    let refusal = rig.only();
    assert_eq!((refusal.kind(), refusal.header("Min-SE")), ("422", "90"));
    assert!(rig.events().is_empty());
    let mut rig = Rig::new();
    let (_, tag) = rig.answered();
    for method in ["UPDATE", "INVITE"] {
        rig.receive(&with_headers(&in_dialog(method, 2, &tag, ""), "Supported: timer\nSession-Expires: 60"));
        assert_eq!(rig.only().kind(), "422", "{method}");
    }
}

#[test]
fn a_peer_that_does_not_refresh_is_left_in_time() {
    for (interval, end) in [(600, 568), (90, 60)] {
        let mut rig = Rig::new();
        let (dialog, ok) = asked(&mut rig, &format!("Supported: timer\nSession-Expires: {interval};refresher=uac"));
        rig.pass(Duration::from_secs(end - 1));
        // A refresh of either kind begins it anew.
        for (method, cseq, body) in [("UPDATE", 2, ""), ("INVITE", 3, OFFER)] {
            let headers = format!("Supported: timer\nSession-Expires: {interval};refresher=uac");
            rig.receive(&with_headers(&in_dialog(method, cseq, &ok.to_tag(), body), &headers));
            if method == "INVITE" {
                rig.endpoint.accept_reoffer(rig.now, dialog, ANSWER.into()).expect("it waits");
            }
            let ok = rig.sent().pop().expect("an answer");
            assert_eq!(ok.header("Session-Expires"), format!("{interval};refresher=uac"), "{method}");
            if method == "INVITE" {
                rig.receive(&in_dialog("ACK", cseq, &ok.to_tag(), ""));
            }
            rig.events();
            assert_eq!(rig.pass(Duration::from_secs(end - 1)), [], "{method}");
        }
        let (after, bye) = next(&mut rig);
        assert_eq!((after, bye.kind()), (1, "BYE"));
        assert_eq!(rig.events(), ended(dialog, EndReason::SessionExpired));
        rig.pass(Duration::from_secs(37));
        assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
    }
}

#[test]
fn an_invite_of_ours_asks_for_a_timer() {
    let mut rig = Rig::with(|config| config.session_expires = Duration::from_secs(900));
    let (_, invite) = rig.calling(None);
    assert_eq!((invite.header("Session-Expires"), invite.header("Min-SE")), ("900", "90"));
    assert!(invite.header("Supported").contains("timer"));
}

#[test]
fn we_refresh_by_update_at_half_the_interval() {
    let mut rig = Rig::new();
    let (dialog, invite) = agreed(&mut rig, &format!("{ALLOW}\nRequire: timer\nSession-Expires: 600;refresher=uac"));
    for number in 2..5 {
        let (after, update) = next(&mut rig);
        assert_eq!((after, update.kind(), update.body()), (300, "UPDATE", ""));
        assert_eq!(update.header("Session-Expires"), "600;refresher=uac");
        assert_eq!(
            (update.header("CSeq"), update.header("Contact")),
            (format!("{number} UPDATE").as_str(), invite.header("Contact"))
        );
        let headers = "Contact: <sip:200@192.0.2.7:5060>\nSession-Expires: 600;refresher=uac";
        rig.receive(&reply_with(&update, "200 OK", "callee", headers, ""));
        assert!(rig.events().is_empty());
    }
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it goes on");
    rig.pass(Duration::from_secs(37));
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

#[test]
fn we_refresh_by_reinvite_with_the_same_description_where_there_is_no_update() {
    let mut rig = Rig::new();
    let (dialog, ok) = asked(&mut rig, "Supported: timer\nSession-Expires: 600;refresher=uas");
    let (after, refresh) = next(&mut rig);
    assert_eq!((after, refresh.kind(), refresh.body()), (300, "INVITE", ANSWER));
    assert_eq!(refresh.header("Session-Expires"), "600;refresher=uac");
    let headers = "Contact: <sip:alice@192.0.2.7:5060>\nSession-Expires: 600;refresher=uac";
    rig.receive(&reply_with(&refresh, "200 OK", "alice", headers, OFFER));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), [Event::Reanswered { dialog, answer: OFFER.into() }]);
    assert_eq!(next(&mut rig).0, 300);
    drop(ok);
}

#[test]
fn a_peer_that_promised_update_and_has_none_is_refreshed_by_reinvite() {
    let mut rig = Rig::new();
    agreed(&mut rig, &format!("{ALLOW}\nSession-Expires: 600;refresher=uac"));
    let (_, update) = next(&mut rig);
    rig.receive(&reply(&update, "405 Method Not Allowed", "callee", ""));
    let (after, invite) = next(&mut rig);
    assert_eq!((after, invite.kind(), invite.body()), (0, "INVITE", OFFER));
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_and_one_that_is_lost_ends_the_call() {
    let mut rig = Rig::new();
    let headers = format!("{ALLOW}\nSession-Expires: 600;refresher=uac");
    let (dialog, _) = agreed(&mut rig, &headers);
    let (_, update) = next(&mut rig);
    rig.receive(&reply(&update, "500 Server Internal Error", "callee", ""));
    let (after, update) = next(&mut rig);
    assert_eq!((after, update.kind()), (134, "UPDATE"));
    rig.receive(&reply(&update, "500 Server Internal Error", "callee", ""));
    // However often it is refused, the call ends in time.
    let mut left = Duration::from_secs(134);
    loop {
        let (after, sent) = next(&mut rig);
        left -= Duration::from_secs(after);
        if sent.kind() == "BYE" {
            break;
        }
        rig.receive(&reply(&sent, "503 Service Unavailable", "callee", ""));
    }
    assert!(left < Duration::from_secs(8), "{left:?}");
    assert_eq!(rig.events(), ended(dialog, EndReason::SessionExpired));

    let mut rig = Rig::new();
    let (dialog, _) = agreed(&mut rig, &headers);
    assert_eq!(next(&mut rig).1.kind(), "UPDATE");
    assert_eq!(rig.pass(Duration::from_secs(32)).last(), Some(&(32_000, "BYE".to_owned())));
    assert_eq!(rig.events(), ended(dialog, EndReason::TransactionTimeout));
}

#[test]
fn a_422_is_answered_with_a_longer_interval_twice_at_most() {
    let mut rig = Rig::new();
    let (dialog, mut invite) = rig.calling(None);
    for least in [2_000, 3_000] {
        rig.receive(&reply_with(&invite, "422 Session Interval Too Small", "x", &format!("Min-SE: {least}"), ""));
        let sent = rig.sent();
        assert_eq!(sent.iter().map(Sent::kind).collect::<Vec<_>>(), ["ACK", "INVITE"]);
        invite = sent[1].clone();
        assert_eq!(invite.header("Session-Expires"), least.to_string());
        assert_eq!((invite.header("Min-SE"), invite.body()), (least.to_string().as_str(), OFFER));
    }
    rig.receive(&reply_with(&invite, "422 Session Interval Too Small", "x", "Min-SE: 4000", ""));
    assert_eq!(rig.kinds(), ["ACK"]);
    assert_eq!(rig.events(), ended(dialog, EndReason::Rejected(StatusCode::INTERVAL_TOO_SMALL)));

    let mut rig = Rig::new();
    let (dialog, invite) = rig.calling(None);
    rig.endpoint.hang_up(rig.now, dialog, None).expect("it rings");
    rig.receive(&reply_with(&invite, "422 Session Interval Too Small", "x", "Min-SE: 2000", ""));
    assert_eq!(rig.kinds(), ["ACK"], "nobody wants the call any more");
}

#[test]
fn a_422_raises_what_we_ask_for_and_not_what_we_take() {
    let mut rig = Rig::new();
    let (_, invite) = rig.calling(None);
    rig.receive(&reply_with(&invite, "422 Session Interval Too Small", "x", "Min-SE: 1800", ""));
    let invite = rig.sent().pop().expect("another INVITE");
    rig.receive(&reply(&invite, "200 OK", "callee", ANSWER));
    rig.sent();
    let update = of_callee(&invite, "callee", "UPDATE", 1, "");
    rig.receive(&with_headers(&update, "Supported: timer\nSession-Expires: 600;refresher=uac"));
    assert_eq!(rig.only().header("Session-Expires"), "600;refresher=uac");
}

#[test]
fn a_callee_that_knows_no_timer_gets_none() {
    let mut rig = Rig::new();
    agreed(&mut rig, ALLOW);
    assert_eq!(rig.pass(Duration::from_secs(10_000)), []);
}

#[test]
fn a_peer_cannot_make_us_refresh_all_the_time() {
    let mut rig = Rig::new();
    agreed(&mut rig, &format!("{ALLOW}\nSession-Expires: 1;refresher=uac"));
    assert_eq!(next(&mut rig).0, 45);
}

#[test]
fn an_offer_of_the_owner_waits_for_a_refresh_that_is_under_way() {
    let mut rig = Rig::new();
    let (dialog, _) = agreed(&mut rig, "Session-Expires: 600;refresher=uac");
    let (_, refresh) = next(&mut rig);
    rig.endpoint.reoffer(rig.now, dialog, sdp("v=0 new")).expect("it waits");
    assert!(rig.sent().is_empty());
    let headers = "Contact: <sip:200@192.0.2.7:5060>\nSession-Expires: 600;refresher=uac";
    rig.receive(&reply_with(&refresh, "200 OK", "callee", headers, ANSWER));
    assert_eq!(rig.kinds(), ["ACK"]);
    let (after, invite) = next(&mut rig);
    assert_eq!((invite.kind(), invite.body()), ("INVITE", "v=0 new"));
    assert!(after <= 4, "{after} s");
}
