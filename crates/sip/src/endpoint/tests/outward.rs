//! Requests of ours outside dialogs, and registrations.

use super::*;

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

fn credentials() -> Option<Credentials> {
    Some(Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: None })
}

fn options(rig: &Rig, credentials: Option<Credentials>) -> OutsideRequest {
    OutsideRequest {
        flow: rig.flow,
        method: Method::Options,
        target: uri("sip:carrier.example"),
        from: NameAddr::new(uri("sip:us@198.51.100.1")),
        to: NameAddr::new(uri("sip:carrier.example")),
        headers: vec![("Accept".to_owned(), "application/sdp".to_owned())],
        route: vec![uri("sip:192.0.2.9;lr")],
        body: Bytes::new(),
        credentials,
        call_id: Some("ping-1".to_owned()),
    }
}

fn registration(rig: &Rig) -> Registration {
    Registration {
        flow: rig.flow,
        registrar: uri("sip:carrier.example"),
        aor: NameAddr::new(uri("sip:374000@carrier.example")),
        contact_user: Some("374000".to_owned()),
        credentials: credentials(),
        expires: Duration::from_secs(600),
        route: Vec::new(),
    }
}

impl Rig {
    /// A registration and its first REGISTER.
    fn registering(&mut self) -> (RegistrationId, Sent) {
        let registration = registration(self);
        let id = self.endpoint.register(self.now, registration).expect("there is room");
        (id, self.only())
    }

    /// A registration that holds.
    fn registered(&mut self) -> (RegistrationId, Sent) {
        let (id, register) = self.registering();
        self.receive(&bound(&register, 600));
        let expires = Duration::from_secs(600);
        assert_eq!(self.events(), [Event::Registered { registration: id, expires, service_route: Vec::new() }]);
        (id, register)
    }

    /// The failure that was reported, and the seconds until the next attempt.
    fn failure(&mut self) -> (RegistrationFailure, u64) {
        match &self.events()[..] {
            [Event::RegistrationFailed { why, retry_at, .. }] => (*why, (*retry_at - self.now).as_secs()),
            other => panic!("{other:?}"),
        }
    }
}

/// A 200 to a REGISTER that lists another binding before ours.
fn bound(register: &Sent, seconds: u32) -> String {
    let ours = register.header("Contact").replace("expires=600", &format!("expires={seconds}"));
    let contacts = format!("Contact: <sip:374000@203.0.113.5>;expires=17, {ours}");
    reply_with(register, "200 OK", "r", &contacts, "")
}

#[test]
fn an_options_of_ours_comes_back_with_its_answer() {
    let mut rig = Rig::new();
    let request = options(&rig, None);
    let id = rig.endpoint.request(rig.now, request).expect("there is room");
    let sent = rig.only();
    assert_eq!(sent.first_line(), "OPTIONS sip:carrier.example SIP/2.0");
    assert_eq!((sent.header("Call-ID"), sent.header("CSeq")), ("ping-1", "1 OPTIONS"));
    assert_eq!((sent.header("Route"), sent.header("Accept")), ("<sip:192.0.2.9;lr>", "application/sdp"));
    rig.receive(&reply_with(&sent, "503 Service Unavailable", "x", "Retry-After: 7", ""));
    rig.receive(&reply_with(&sent, "503 Service Unavailable", "x", "Retry-After: 7", ""));
    let events = rig.events();
    let [Event::Responded { request, outcome: Outcome::Response(response) }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*request, response.status()), (id, StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(response.header("Retry-After"), Some("7"));
}

#[test]
fn a_request_without_an_answer_says_so_once() {
    for fails in [false, true] {
        let mut rig = Rig::new();
        let request = options(&rig, None);
        let id = rig.endpoint.request(rig.now, request).expect("there is room");
        rig.sent();
        let outcome = if fails {
            rig.endpoint.handle_transport_error(rig.now, rig.flow);
            Outcome::TransportFailed
        } else {
            Outcome::TimedOut
        };
        rig.pass(40_000 * MS);
        assert_eq!(rig.events(), [Event::Responded { request: id, outcome }]);
        assert_eq!((rig.endpoint.transactions(), rig.endpoint.poll_timeout()), (0, None));
    }
}

#[test]
fn a_request_outside_dialogs_answers_its_challenge() {
    let mut rig = Rig::new();
    let request = options(&rig, credentials());
    rig.endpoint.request(rig.now, request).expect("there is room");
    let first = rig.only();
    rig.receive(&reply_with(&first, "401 Unauthorized", "x", CHALLENGE, ""));
    let second = rig.only();
    assert_eq!((second.header("CSeq"), second.header("From")), ("2 OPTIONS", first.header("From")));
    assert!(second.header("Authorization").contains("algorithm=SHA-256"));
    rig.receive(&reply_with(&second, "401 Unauthorized", "x", CHALLENGE, ""));
    assert!(rig.sent().is_empty());
    assert!(matches!(&rig.events()[..], [Event::Responded { outcome: Outcome::Response(_), .. }]));
}

#[test]
fn the_methods_of_calls_have_their_own_orders_and_tables_are_bounded() {
    let mut rig = Rig::with(|config| config.max_transactions = 1);
    let calls = OutsideRequest { method: Method::Invite, ..options(&rig, None) };
    assert_eq!(rig.endpoint.request(rig.now, calls), Err(SipError::WrongMethod));
    let request = options(&rig, None);
    assert!(rig.endpoint.request(rig.now, request.clone()).is_ok());
    assert_eq!(rig.endpoint.request(rig.now, request), Err(SipError::Full));
}

#[test]
fn a_registration_is_refreshed_before_it_runs_out() {
    let mut rig = Rig::new();
    let (id, first) = rig.registered();
    assert_eq!(first.first_line(), "REGISTER sip:carrier.example SIP/2.0");
    assert_eq!(first.header("Contact"), "<sip:374000@198.51.100.1:5060>;expires=600");
    assert_eq!((first.header("To"), first.header("CSeq")), ("<sip:374000@carrier.example>", "1 REGISTER"));
    for number in 2..5 {
        let mut at = 0;
        let again = loop {
            rig.now += Duration::from_secs(1);
            rig.endpoint.handle_timeout(rig.now);
            at += 1;
            assert!(at < 600, "it ran out");
            if let Some(sent) = rig.sent().pop() {
                break sent;
            }
        };
        assert!((419..=511).contains(&at), "{at}");
        assert_eq!(again.header("CSeq"), format!("{number} REGISTER"));
        assert_eq!((again.header("Call-ID"), again.header("From")), (first.header("Call-ID"), first.header("From")));
        rig.receive(&bound(&again, 600));
        assert!(matches!(&rig.events()[..], [Event::Registered { registration, .. }] if *registration == id));
    }
}

#[test]
fn what_the_registrar_granted_counts_and_only_for_our_contact() {
    let check = |headers: &str, expected: u64| {
        let mut rig = Rig::new();
        let (id, register) = rig.registering();
        rig.receive(&reply_with(&register, "200 OK", "r", headers, ""));
        let expires = Duration::from_secs(expected);
        assert_eq!(
            rig.events(),
            [Event::Registered { registration: id, expires, service_route: Vec::new() }],
            "{headers}"
        );
    };
    let ours = "<sip:374000@198.51.100.1>";
    check(&format!("Contact: <sip:374000@192.0.2.99>;expires=9, {ours};expires=60"), 60);
    check(&format!("Contact: {ours}\nExpires: 70"), 70);
    check("Contact: <sip:374000@192.0.2.99:1024>;expires=80", 80);
    check("Contact: <sip:a@192.0.2.1>;expires=5, <sip:b@192.0.2.2>;expires=6", 600);
    check("Subject: none", 600);
    check(&format!("Contact: {ours};expires=4294967295"), 86_400);
}

#[test]
fn a_registrar_that_holds_nothing_for_us_is_a_failure() {
    let mut rig = Rig::new();
    let (_, register) = rig.registering();
    rig.receive(&bound(&register, 0));
    assert_eq!(rig.failure().0, RegistrationFailure::NotBound);
}

#[test]
fn a_service_route_is_reported() {
    let mut rig = Rig::new();
    let (_, register) = rig.registering();
    let headers = "Service-Route: <sip:192.0.2.8;lr>, broken>, <sip:192.0.2.9;lr>\nExpires: 60";
    rig.receive(&reply_with(&register, "200 OK", "r", headers, ""));
    let events = rig.events();
    let [Event::Registered { service_route, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(service_route[..], [uri("sip:192.0.2.8;lr"), uri("sip:192.0.2.9;lr")]);
}

#[test]
fn a_challenge_to_a_register_is_answered_and_the_next_one_ahead() {
    let mut rig = Rig::new();
    let (id, first) = rig.registering();
    rig.receive(&reply_with(&first, "401 Unauthorized", "r", CHALLENGE, ""));
    let second = rig.only();
    assert_eq!(second.header("CSeq"), "2 REGISTER");
    assert!(second.header("Authorization").contains("nc=00000001"));
    rig.receive(&bound(&second, 600));
    assert_eq!(rig.events().len(), 1);
    rig.endpoint.refresh_registration(rig.now, id).expect("it holds");
    let third = rig.only();
    assert_eq!(third.header("CSeq"), "3 REGISTER");
    assert!(third.header("Authorization").contains("nc=00000002"));
    rig.endpoint.refresh_registration(rig.now, id).expect("it is asking");
    assert!(rig.sent().is_empty(), "one REGISTER at a time");
}

#[test]
fn an_interval_too_brief_is_raised_once() {
    let mut rig = Rig::new();
    let (_, first) = rig.registering();
    rig.receive(&reply_with(&first, "423 Interval Too Brief", "r", "Min-Expires: 1800", ""));
    let second = rig.only();
    assert_eq!((second.header("CSeq"), second.header("Expires")), ("2 REGISTER", "1800"));
    rig.receive(&reply_with(&second, "423 Interval Too Brief", "r", "Min-Expires: 3600", ""));
    assert!(rig.sent().is_empty());
    assert_eq!(rig.failure().0, RegistrationFailure::Rejected(StatusCode::INTERVAL_TOO_BRIEF));
    for useless in ["Min-Expires: 10", "Min-Expires: x", "Subject: none", "Min-Expires: 99999999"] {
        let mut rig = Rig::new();
        let (_, first) = rig.registering();
        rig.receive(&reply_with(&first, "423 Interval Too Brief", "r", useless, ""));
        assert!(rig.sent().is_empty(), "{useless}");
        assert_eq!(rig.failure().0, RegistrationFailure::Rejected(StatusCode::INTERVAL_TOO_BRIEF));
    }
}

#[test]
fn failures_are_tried_again_ever_more_seldom() {
    let mut rig = Rig::new();
    let (_, mut register) = rig.registering();
    let ranges = [30..=37, 60..=75, 120..=150, 240..=300, 480..=600, 960..=1200, 1440..=1800, 1440..=1800];
    for range in ranges {
        rig.receive(&reply(&register, "500 Server Internal Error", "r", ""));
        let (why, pause) = rig.failure();
        assert_eq!(why, RegistrationFailure::Rejected(StatusCode::SERVER_ERROR));
        assert!(range.contains(&pause), "{pause} not in {range:?}");
        rig.now += Duration::from_secs(pause + 1);
        rig.endpoint.handle_timeout(rig.now);
        register = rig.only();
    }
    rig.receive(&bound(&register, 600));
    rig.events();
    let two: Vec<_> = (0..2)
        .map(|seed| {
            let mut rig = Rig::new();
            rig.endpoint = Endpoint::new(rig.endpoint.config.clone(), seed);
            let (_, register) = rig.registering();
            rig.receive(&reply(&register, "500 Server Internal Error", "r", ""));
            match &rig.events()[..] {
                [Event::RegistrationFailed { retry_at, .. }] => *retry_at - rig.now,
                other => panic!("{other:?}"),
            }
        })
        .collect();
    assert_ne!(two[0], two[1], "chance keeps them apart");
}

#[test]
fn a_registrar_may_say_when_to_come_again_within_bounds() {
    let check = |status: &str, headers: &str, range: std::ops::RangeInclusive<u64>| {
        let mut rig = Rig::new();
        let (_, register) = rig.registering();
        rig.receive(&reply_with(&register, status, "r", headers, ""));
        let pause = rig.failure().1;
        assert!(range.contains(&pause), "{headers}: {pause}");
    };
    check("503 Service Unavailable", "Retry-After: 100 (busy);duration=3", 100..=125);
    check("503 Service Unavailable", "Retry-After: 0", 5..=6);
    check("503 Service Unavailable", "Retry-After: 999999", 3600..=4500);
    check("503 Service Unavailable", "Retry-After: soon", 30..=37);
    check("403 Forbidden", "Subject: none", 480..=600);
}

#[test]
fn a_registrar_that_is_silent_or_out_of_reach_is_tried_again() {
    let mut rig = Rig::new();
    rig.registering();
    rig.pass(32_000 * MS);
    assert_eq!(rig.failure().0, RegistrationFailure::TimedOut);

    let mut rig = Rig::new().over(Transport::Tcp);
    rig.registering();
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    assert_eq!(rig.failure().0, RegistrationFailure::TransportFailed);
    rig.pass(38_000 * MS);
    assert_eq!(rig.endpoint.transactions(), 1, "it asks again");
}

#[test]
fn a_lost_connection_is_registered_over_again_soon() {
    let mut rig = Rig::new().over(Transport::Tcp);
    rig.registered();
    rig.endpoint.handle_transport_error(rig.now, rig.flow);
    let log = rig.pass(5_001 * MS);
    assert_eq!(log.iter().map(|(_, kind)| kind.as_str()).collect::<Vec<_>>(), ["REGISTER"]);
}

#[test]
fn a_registration_that_moves_asks_there_and_forgets_the_old_answer() {
    let mut rig = Rig::new();
    let (id, first) = rig.registering();
    let second_server = Flow { peer: addr("192.0.2.8:5060"), ..rig.flow };
    rig.endpoint.move_registration(rig.now, id, second_server).expect("it lives");
    let second = rig.only();
    assert_eq!((second.flow, second.header("CSeq")), (second_server, "2 REGISTER"));
    assert_eq!(second.header("Call-ID"), first.header("Call-ID"));
    rig.receive(&reply_with(&first, "401 Unauthorized", "r", CHALLENGE, ""));
    rig.receive(&reply(&first, "500 Server Internal Error", "r", ""));
    assert!(rig.events().is_empty() && rig.sent().is_empty());
    rig.flow = second_server;
    rig.receive(&bound(&second, 600));
    assert!(matches!(&rig.events()[..], [Event::Registered { .. }]));
}

#[test]
fn a_registration_ends_with_a_binding_of_no_time_whatever_the_registrar_says() {
    for status in ["200 OK", "500 Server Internal Error", ""] {
        let mut rig = Rig::new();
        let (id, _) = rig.registered();
        rig.endpoint.unregister(rig.now, id).expect("it lives");
        assert_eq!(rig.endpoint.unregister(rig.now, id), Err(SipError::UnknownRegistration));
        let last = rig.only();
        assert_eq!((last.header("Contact"), last.header("Expires")), ("<sip:374000@198.51.100.1:5060>;expires=0", "0"));
        if !status.is_empty() {
            rig.receive(&reply(&last, status, "r", ""));
        }
        rig.pass(40_000 * MS);
        assert_eq!(rig.events(), [Event::Unregistered { registration: id }]);
        assert_eq!((rig.endpoint.transactions(), rig.endpoint.poll_timeout()), (0, None));
        assert_eq!(rig.endpoint.refresh_registration(rig.now, id), Err(SipError::UnknownRegistration));
    }
}

#[test]
fn unregistering_waits_for_the_register_that_is_on_its_way() {
    let mut rig = Rig::new();
    let (id, first) = rig.registering();
    rig.endpoint.unregister(rig.now, id).expect("it lives");
    assert!(rig.sent().is_empty());
    rig.receive(&bound(&first, 600));
    let last = rig.only();
    assert_eq!((last.header("CSeq"), last.header("Expires")), ("2 REGISTER", "0"));
    rig.receive(&reply(&last, "200 OK", "r", ""));
    assert_eq!(rig.events(), [Event::Unregistered { registration: id }]);
}
