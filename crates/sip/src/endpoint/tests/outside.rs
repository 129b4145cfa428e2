//! Requests outside dialogs, full tables, and bytes that mean harm.

use super::*;
use proptest::prelude::*;

fn outside(method: &str) -> String {
    message(
        &format!(
            "{method} sip:198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK{method}\n\
             From: <sip:alice@example.com>;tag=alice\nTo: <sip:alice@example.com>\nCall-ID: out-1\nCSeq: 1 {method}\n\
             Contact: <sip:alice@192.0.2.7>;expires=60"
        ),
        "",
    )
}

#[test]
fn options_tells_what_we_can_and_whether_we_want() {
    let mut rig = Rig::new();
    rig.receive(&outside("OPTIONS"));
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("Accept")), ("200", "application/sdp"));
    let methods = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REGISTER, REFER, NOTIFY, SUBSCRIBE";
    assert_eq!(ok.header("Allow"), methods);
    assert_eq!(ok.header("Supported"), "100rel, timer, replaces, norefersub");
    assert!(!ok.to_tag().is_empty());
    rig.endpoint.set_admission(Admission::Draining);
    rig.receive(&outside("OPTIONS").replace("z9hG4bK", "z9hG4bK2").replace("out-1", "out-2"));
    assert_eq!(rig.only().kind(), "503");
    rig.incoming(&invite(OFFER));
}

#[test]
fn other_methods_get_their_status() {
    let check = |method: &str, expected: &str| {
        let mut rig = Rig::new();
        rig.receive(&outside(method));
        assert_eq!(rig.kinds(), [expected], "{method}");
    };
    check("SUBSCRIBE", "489");
    check("REFER", "403");
    check("INFO", "405");
    check("WINK", "501");
    check("BYE", "481");
}

#[test]
fn a_register_waits_for_the_owner_and_is_answered_once() {
    let mut rig = Rig::new();
    rig.receive(&outside("REGISTER"));
    let events = rig.events();
    let [Event::Requested { request, message, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(message.contacts()[0].expires(), Some(Duration::from_secs(60)));
    rig.receive(&outside("REGISTER"));
    assert!(rig.sent().is_empty() && rig.events().is_empty());
    let headers = vec![("Contact".to_owned(), "<sip:alice@192.0.2.7>;expires=60".to_owned())];
    let reply = Reply { status: StatusCode::OK, headers, body: Bytes::new() };
    rig.endpoint.respond(rig.now, *request, reply.clone()).expect("it waits");
    let ok = rig.only();
    assert_eq!((ok.kind(), ok.header("Contact")), ("200", "<sip:alice@192.0.2.7>;expires=60"));
    assert_eq!(rig.endpoint.respond(rig.now, *request, reply), Err(SipError::UnknownRequest));
    rig.receive(&outside("REGISTER"));
    assert_eq!(rig.only().text, ok.text, "a repetition gets the same answer");
}

#[test]
fn a_proxy_that_stays_in_the_path_of_a_phone_may_require_it_for_the_registration_only() {
    for (method, expected) in [("REGISTER", None), ("OPTIONS", Some("420"))] {
        let mut rig = Rig::new();
        rig.receive(&outside(method).replace("CSeq:", "Require: path\r\nCSeq:"));
        assert_eq!(rig.kinds().first().map(String::as_str), expected, "{method}");
        assert_eq!(rig.events().is_empty(), expected.is_some(), "{method}");
    }
}

#[test]
fn a_request_that_nobody_answers_is_forgotten() {
    let mut rig = Rig::new();
    rig.receive(&outside("REGISTER"));
    let events = rig.events();
    let [Event::Requested { request, .. }] = &events[..] else { panic!("{events:?}") };
    rig.pass(33_000 * MS);
    let reply = Reply { status: StatusCode::OK, headers: Vec::new(), body: Bytes::new() };
    assert_eq!(rig.endpoint.respond(rig.now, *request, reply), Err(SipError::UnknownRequest));
    assert_eq!(rig.endpoint.transactions(), 0);
}

#[test]
fn an_invite_that_cannot_be_served_says_why() {
    let check = |from: &str, to: &str, expected: &str, header: (&str, &str)| {
        let mut rig = Rig::new();
        rig.receive(&invite(OFFER).replace(from, to));
        let sent = rig.only();
        assert_eq!((sent.kind(), sent.header(header.0)), (expected, header.1), "{to}");
        assert!(rig.events().is_empty());
    };
    check("Max-Forwards: 70", "Require: 100rel, x, timer", "420", ("Unsupported", "x"));
    check("application/sdp", "text/html", "415", ("Accept", "application/sdp"));
    check("INVITE sip:100@198.51.100.1 ", "INVITE urn:service:sos ", "416", ("CSeq", "1 INVITE"));
    check("Contact:", "X:", "400", ("CSeq", "1 INVITE"));
    check("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", "505", ("CSeq", "1 INVITE"));
    check("Content-Length: ", "Content-Length: 9", "400", ("CSeq", "1 INVITE"));
    check("From: ", "X: ", "400", ("CSeq", "1 INVITE"));
    check("To: <sip:100@198.51.100.1>", "To: <sip:100@198.51.100.1>;tag=gone", "481", ("CSeq", "1 INVITE"));
}

#[test]
fn the_same_invite_over_two_paths_is_one_call() {
    let mut rig = Rig::new();
    rig.incoming(&invite(OFFER));
    rig.receive(&invite(OFFER).replace("z9hG4bKi1", "z9hG4bKi2"));
    assert_eq!(rig.kinds(), ["482"]);
    assert!(rig.events().is_empty());
    assert_eq!(rig.endpoint.counters().merged, 1);
}

#[test]
fn a_peer_without_branches_is_matched_by_the_rest() {
    let mut rig = Rig::new();
    let old = |text: String| text.replace(";branch=z9hG4bKi1", "").replace(";branch=z9hG4bKACK1", "");
    let dialog = rig.incoming(&old(invite(OFFER)));
    rig.receive(&old(invite(OFFER)));
    assert_eq!(rig.kinds(), ["100"]);
    rig.endpoint.reject(rig.now, dialog, StatusCode::BUSY_HERE.into()).expect("it is unanswered");
    let tag = rig.only().to_tag();
    rig.receive(&old(in_dialog("ACK", 1, &tag, "")));
    assert_eq!(rig.pass(60_000 * MS), [], "the ACK ended the repetitions");
}

#[test]
fn full_tables_refuse_calls_and_drop_the_rest() {
    let mut rig = Rig::with(|config| config.max_dialogs = 1);
    rig.incoming(&invite(OFFER));
    let second = invite(OFFER).replace("call-1", "call-2").replace("z9hG4bKi1", "z9hG4bKi2");
    rig.receive(&second);
    let refusal = rig.only();
    assert_eq!((refusal.kind(), refusal.header("Retry-After")), ("503", "5"));

    let mut rig = Rig::with(|config| config.max_transactions = 1);
    rig.incoming(&invite(OFFER));
    rig.receive(&second);
    rig.receive(&outside("REGISTER"));
    assert_eq!(rig.kinds(), ["503"]);
    let counters = *rig.endpoint.counters();
    assert_eq!((counters.refused_full, counters.dropped_full), (1, 1));
    assert_eq!(rig.endpoint.transactions(), 1);
}

#[test]
fn the_bytes_that_transactions_remember_are_bounded_and_given_back() {
    const BUDGET: usize = 100_000;
    let mut rig = Rig::with(|config| config.max_transaction_bytes = BUDGET);
    let long = "x".repeat(30_000);
    let big = |method: &str, number: u32| {
        let own = format!("z9hG4bKbig{number}");
        let text =
            outside(method).replace(&format!("z9hG4bK{method}"), &own).replace("out-1", &format!("big-{number}"));
        text.replace("tag=alice", &format!("tag={long}"))
    };
    let mut answered = 0;
    for number in 0..100 {
        // The answer to OPTIONS copies From; a REGISTER is kept whole until its owner answers.
        rig.receive(&big(if number % 2 == 0 { "OPTIONS" } else { "REGISTER" }, number));
        answered += rig.sent().len();
    }
    assert!(rig.endpoint.transactions() <= 4 && rig.endpoint.counters().dropped_full >= 96, "{:?}", rig.endpoint);
    assert!(answered <= 4, "{answered}");
    rig.receive(&invite(OFFER));
    assert_eq!(rig.kinds(), ["503"]);
    rig.now += Duration::from_secs(40);
    rig.endpoint.handle_timeout(rig.now);
    rig.events();
    assert_eq!(rig.endpoint.transactions(), 0);
    rig.incoming(&invite(OFFER));
}

#[test]
fn a_flood_of_malformed_bytes_is_counted_and_leaves_nothing() {
    let mut rig = Rig::new();
    for text in ["", "\r\n\r\n", "\0\0\0\0", "hello", "INVITE\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n"] {
        rig.receive(text);
    }
    let counters = *rig.endpoint.counters();
    assert_eq!((counters.keep_alives, counters.malformed), (3, 3));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.endpoint.poll_timeout(), None);
}

proptest! {
    /// Whatever a peer sends in whatever order, every transaction ends, and each dialog is reported over exactly once.
    #[test]
    fn every_conversation_ends(steps in proptest::collection::vec((0..12_usize, 1..4_u32, 0..3_u64), 1..40)) {
        let mut rig = Rig::new();
        let (mut tag, mut started, mut over) = (String::new(), Vec::new(), Vec::new());
        for (step, cseq, seconds) in steps {
            let dialog = started.last().copied().unwrap_or(DialogId(0));
            let now = rig.now;
            match step {
                0 => rig.receive(&invite(OFFER)),
                1 => rig.receive(&in_dialog("ACK", cseq, &tag, "")),
                2 => rig.receive(&in_dialog("BYE", cseq, &tag, "")),
                3 => rig.receive(&in_dialog("INVITE", cseq, &tag, OFFER)),
                4 => rig.receive(&invite("").replace("INVITE", "CANCEL")),
                5 => { let _ = rig.endpoint.ring(now, dialog, None); }
                6 => { let _ = rig.endpoint.answer(now, dialog, ANSWER.into()); }
                7 => { let _ = rig.endpoint.hang_up(now, dialog, None); }
                8 => { let _ = rig.endpoint.accept_reoffer(now, dialog, ANSWER.into()); }
                9 => { let _ = rig.endpoint.reject(now, dialog, StatusCode::BUSY_HERE.into()); }
                10 => started.push(rig.calling_quietly()),
                _ => { rig.pass(Duration::from_secs(seconds)); }
            }
            for sent in rig.sent() {
                if sent.kind() == "200" || sent.kind() == "180" { tag = sent.to_tag(); }
            }
            for event in rig.events() {
                match event {
                    Event::Incoming { dialog, .. } => started.push(dialog),
                    Event::Ended { dialog, .. } => over.push(dialog),
                    _ => {}
                }
            }
        }
        for dialog in &started {
            let now = rig.now;
            let _ = rig.endpoint.reject(now, *dialog, StatusCode::DECLINE.into());
            let _ = rig.endpoint.hang_up(now, *dialog, None);
        }
        rig.pass(Duration::from_secs(200));
        over.extend(rig.events().into_iter().filter_map(|event| match event {
            Event::Ended { dialog, .. } => Some(dialog),
            _ => None,
        }));
        started.sort();
        over.sort();
        prop_assert_eq!(started, over);
        prop_assert_eq!((rig.endpoint.dialogs(), rig.endpoint.transactions()), (0, 0));
        prop_assert_eq!(rig.endpoint.poll_timeout(), None);
    }

    /// No change to any message of a call makes the endpoint panic, and whatever it answers can be read again.
    #[test]
    fn a_changed_message_harms_nobody(which in 0..5_usize, edits in proptest::collection::vec((any::<usize>(), any::<u8>(), 0..3_u8), 1..8)) {
        let mut rig = Rig::new();
        let (_, tag) = rig.answered();
        let (_, call) = rig.calling(None);
        let text = match which {
            0 => invite(OFFER).replace("call-1", "call-2").replace("i1", "i2"),
            1 => in_dialog("INVITE", 2, &tag, OFFER),
            2 => in_dialog("BYE", 2, &tag, ""),
            3 => reply(&call, "200 OK", "callee", ANSWER),
            _ => reply_with(&call, "401 Unauthorized", "x", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"", ""),
        };
        let mut bytes = text.into_bytes();
        for (at, byte, kind) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        rig.endpoint.handle_datagram(rig.now, rig.flow, &bytes);
        while let Some(sent) = rig.endpoint.poll_transmit() {
            if sent.payload.starts_with(b"SIP/2.0 400") || sent.payload.starts_with(b"SIP/2.0 505") {
                continue;
            }
            prop_assert!(crate::message::wire::parse(&sent.payload).is_ok(), "{:?}", sent.payload);
        }
        rig.pass(Duration::from_secs(100));
    }
}
