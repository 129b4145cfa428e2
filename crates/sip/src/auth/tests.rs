//! Digest vectors of the RFCs, and challenges that come back right, wrong and again.

use super::digest::{Algorithm, Exchange};
use super::*;
use super::{Bound, Covered, Wallet};
use crate::event::Credentials;
use crate::message::wire::parse;
use crate::message::{Headers, Message, Request, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

#[test]
fn the_vectors_of_rfc_7616_3_9_1_hold() {
    let exchange = |algorithm| Exchange {
        algorithm,
        username: "Mufasa",
        realm: "http-auth@example.org",
        password: "Circle of Life",
        method: "GET",
        uri: "/dir/index.html",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        count: Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
    };
    assert_eq!(exchange(Algorithm::Md5).response(), "8ca523f5e9506fed4657c9700eebdbec");
    let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
    assert_eq!(exchange(Algorithm::Sha256).response(), sha256);
}

/// What a fresh wallet answers.
fn answer(
    status: StatusCode,
    headers: &Headers,
    credentials: &Credentials,
    method: &str,
    uri: &str,
    cnonce: &str,
) -> Option<(&'static str, String)> {
    let bound = Bound::new(credentials.clone(), [192, 0, 2, 7].into());
    Wallet::default().answer(status, headers, &bound, Covered { method, uri, cnonce })
}

struct Rig {
    authenticator: Authenticator,
    now: Instant,
}

impl Rig {
    fn new(max_nonces: usize) -> Self {
        #[expect(clippy::disallowed_methods, reason = "told time has to begin somewhere")]
        let now = Instant::now();
        let algorithms = vec![Algorithm::Sha256, Algorithm::Md5];
        let config = AuthConfig { max_nonces, algorithms, ..AuthConfig::new("antiphon", [7; 32]) };
        Self { authenticator: Authenticator::new(config, now), now }
    }

    /// What a client with this password answers to a new challenge of this algorithm (0 is SHA-256, 1 MD5).
    fn answer(&mut self, password: &str, algorithm: usize) -> String {
        let (name, value) = self.authenticator.challenge(self.now, Verdict::Missing, PHONE).swap_remove(algorithm);
        let mut headers = Headers::default();
        headers.push(&name, value);
        let credentials = Credentials {
            username: "002".to_owned(),
            password: password.to_owned(),
            realm: Some("antiphon".to_owned()),
        };
        let answer = answer(StatusCode::UNAUTHORIZED, &headers, &credentials, "REGISTER", "sip:antiphon", "c1");
        answer.expect("the challenge is ours").1
    }

    fn verify(&mut self, authorization: &str) -> Verdict {
        let secret = Secret::Password("secret".to_owned());
        self.authenticator.verify(self.now, &register(authorization), &secret)
    }
}

fn register(authorization: &str) -> Request {
    let text = format!(
        "REGISTER sip:antiphon SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: <sip:002@antiphon>;tag=1\r\n\
         To: <sip:002@antiphon>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nAuthorization: {authorization}\r\n\r\n"
    );
    match parse(text.as_bytes()) {
        Ok(Message::Request(request)) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_right_answer_is_verified_by_either_algorithm() {
    for algorithm in [0, 1] {
        let mut rig = Rig::new(10);
        let answer = rig.answer("secret", algorithm);
        assert_eq!(rig.authenticator.username(&register(&answer)).as_deref(), Some("002"));
        assert_eq!(rig.verify(&answer), Verdict::Verified);
    }
}

#[test]
fn a_challenge_offers_its_algorithms_in_order_and_says_when_a_nonce_was_stale() {
    let mut rig = Rig::new(10);
    let headers = rig.authenticator.challenge(rig.now, Verdict::Stale, PHONE);
    assert!(headers.iter().all(|(name, value)| name == "WWW-Authenticate" && value.ends_with("stale=true")));
    assert!(headers[0].1.contains("algorithm=SHA-256") && headers[1].1.contains("algorithm=MD5"));
}

/// A phone that stops at the first challenge whose algorithm it does not have could not register otherwise.
#[test]
fn the_usual_challenge_names_md5_alone() {
    let mut rig = Rig::new(10);
    rig.authenticator = Authenticator::new(AuthConfig::new("antiphon", [7; 32]), rig.now);
    let headers = rig.authenticator.challenge(rig.now, Verdict::Missing, PHONE);
    assert_eq!(headers.len(), 1);
    assert!(headers[0].1.contains("algorithm=MD5"));
}

#[test]
fn what_is_not_right_is_told_apart() {
    let mut rig = Rig::new(10);
    assert_eq!(rig.verify("Basic eA=="), Verdict::Missing);
    assert_eq!(rig.verify("Digest realm=\"elsewhere\", username=\"002\""), Verdict::Missing);
    assert_eq!(rig.verify("Digest realm=\"antiphon\", username=\"002\""), Verdict::Wrong);
    let wrong = rig.answer("guess", 0);
    assert_eq!(rig.verify(&wrong), Verdict::Wrong);
    let other_user = rig.answer("secret", 0).replace("\"002\"", "\"003\"");
    assert_eq!(rig.verify(&other_user), Verdict::Wrong);
}

/// Whoever forges an address does not hear what is sent there.
#[test]
fn a_nonce_says_to_whom_it_was_sent() {
    let mut rig = Rig::new(10);
    let right = register(&rig.answer("secret", 0));
    let wrong = register(&rig.answer("guess", 1));
    let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8));
    for request in [&right, &wrong] {
        assert!(rig.authenticator.was_challenged_at(rig.now, request, PHONE));
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped());
        assert!(rig.authenticator.was_challenged_at(rig.now, request, mapped));
        assert!(!rig.authenticator.was_challenged_at(rig.now, request, other));
        assert!(!rig.authenticator.was_challenged_at(rig.now + Duration::from_secs(301), request, PHONE));
    }
    let text = rig.answer("secret", 0);
    let mut forged = text.clone().into_bytes();
    let mark_at = text.find("nonce=").map(|at| at + text[at + 7..].find('"').unwrap_or_default() + 6);
    let mark_at = mark_at.expect("there is a nonce");
    forged[mark_at] = if forged[mark_at] == b'0' { b'1' } else { b'0' };
    let forged = register(&String::from_utf8(forged).expect("it was text"));
    assert!(!rig.authenticator.was_challenged_at(rig.now, &forged, PHONE));
    assert!(!rig.authenticator.was_challenged_at(rig.now, &register("Digest realm=\"antiphon\", nonce=\"x\""), PHONE));
    // A phone that has moved since is let in all the same.
    assert_eq!(rig.verify(&text), Verdict::Verified);
}

#[test]
fn an_answer_serves_once_and_a_nonce_for_its_lifetime() {
    let mut rig = Rig::new(10);
    let answer = rig.answer("secret", 0);
    assert_eq!(rig.verify(&answer), Verdict::Verified);
    assert_eq!(rig.verify(&answer), Verdict::Stale, "the same count again");
    let late = rig.answer("secret", 0);
    rig.now += Duration::from_secs(301);
    assert_eq!(rig.verify(&late), Verdict::Stale);
}

#[test]
fn a_nonce_of_another_server_is_stale_when_the_password_is_right() {
    let mut other = Rig::new(10);
    other.authenticator = Authenticator::new(AuthConfig::new("antiphon", [8; 32]), other.now);
    let answer = other.answer("secret", 0);
    assert_eq!(Rig::new(10).verify(&answer), Verdict::Stale);
}

#[test]
fn a_nonce_whose_count_was_forgotten_is_not_taken_again() {
    let mut rig = Rig::new(1);
    let (first, second) = (rig.answer("secret", 0), rig.answer("secret", 0));
    assert_eq!(rig.verify(&first), Verdict::Verified);
    assert_eq!(rig.verify(&second), Verdict::Verified);
    assert_eq!(rig.verify(&first), Verdict::Stale);
}

#[test]
fn an_answer_without_qop_is_understood_for_old_peers() {
    let mut headers = Headers::default();
    headers.push("Proxy-Authenticate", "Digest realm=\"x\", nonce=\"n\", opaque=\"o\", algorithm=AKAv1-MD5");
    headers.push("Proxy-Authenticate", "Digest realm=\"x\", nonce=\"n\", opaque=\"o\"");
    let credentials = Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: None };
    let (name, value) =
        answer(StatusCode::PROXY_AUTHENTICATION_REQUIRED, &headers, &credentials, "INVITE", "sip:x", "c")
            .expect("it is MD5");
    assert_eq!(name, "Proxy-Authorization");
    assert!(value.contains("opaque=\"o\"") && !value.contains("qop"), "{value}");
}

#[test]
fn counts_may_overtake_each_other_but_serve_once() {
    let mut rig = Rig::new(10);
    let (_, challenge) = rig.authenticator.challenge(rig.now, Verdict::Missing, PHONE).swap_remove(0);
    let (mut wallet, mut headers) = (Wallet::default(), Headers::default());
    headers.push("WWW-Authenticate", challenge);
    let credentials = Credentials { username: "002".to_owned(), password: "secret".to_owned(), realm: None };
    let bound = Bound::new(credentials, [192, 0, 2, 7].into());
    let request = Covered { method: "REGISTER", uri: "sip:antiphon", cnonce: "c" };
    let mut answers = vec![wallet.answer(StatusCode::UNAUTHORIZED, &headers, &bound, request).expect("ours").1];
    answers.extend((0..70).map(|_| wallet.ahead(&bound, request).swap_remove(0).1));
    assert!(answers[2].contains("nc=00000003"), "{}", answers[2]);
    let verdicts = [0, 2, 1, 2, 1, 70, 7, 6].map(|at: usize| rig.verify(&answers[at]));
    let (ok, old) = (Verdict::Verified, Verdict::Stale);
    assert_eq!(verdicts, [ok, ok, ok, old, old, ok, ok, old], "nc 7 is 64 behind nc 71");
}

#[test]
fn the_first_realm_of_a_peer_is_its_only_one() {
    let challenge = |realm: &str| {
        let mut headers = Headers::default();
        headers.push("WWW-Authenticate", format!("Digest realm=\"{realm}\", nonce=\"n\""));
        headers
    };
    let credentials = Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: None };
    let (here, there) = ([192, 0, 2, 7].into(), [192, 0, 2, 8].into());
    let mut wallet = Wallet::default();
    let mut ask = |realm: &str, peer| {
        let covered = Covered { method: "INVITE", uri: "sip:x", cnonce: "c" };
        let bound = Bound::new(credentials.clone(), peer);
        wallet.answer(StatusCode::UNAUTHORIZED, &challenge(realm), &bound, covered).is_some()
    };
    let answered = [ask("one", here), ask("two", here), ask("two", there), ask("one", there), ask("one", here)];
    assert_eq!(answered, [true, false, true, false, true]);
}

#[test]
fn a_flood_of_peers_keeps_the_wallet_small() {
    let mut wallet = Wallet::default();
    let mut headers = Headers::default();
    headers.push("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"");
    let credentials = Credentials { username: "u".to_owned(), password: "p".to_owned(), realm: None };
    let bound = |at: u32| Bound::new(credentials.clone(), std::net::Ipv4Addr::from(at).into());
    for at in 0..3000 {
        let covered = Covered { method: "INVITE", uri: "sip:x", cnonce: "c" };
        assert!(wallet.answer(StatusCode::UNAUTHORIZED, &headers, &bound(at), covered).is_some());
    }
    assert_eq!((0..3000).filter(|at| wallet.is_asked(&bound(*at))).count(), 1024);
}
