//! Strangers who scan, guess and flood, and what the others notice of it.
//!
//! Sources: RFC 3261 §22 and §26.1; field rows N33 and N35.

use std::net::SocketAddr;
use std::time::Duration;

use antiphon_sip::EndReason;
use antiphon_testkit::{Answering, Proof, SipText, Stage, VirtualSocket, authorization};

use crate::world::{SERVER, TRUNK, World, pass, prompt};

/// Somebody who writes SIP by hand.
struct Stranger {
    socket: VirtualSocket,
    number: u32,
}

impl Stranger {
    fn at(world: &World, at: &str) -> Self {
        let at: SocketAddr = at.parse().expect("an address");
        Self { socket: world.net.bind(at).expect("nobody has it"), number: 0 }
    }

    /// Sends a request as this user to that one; `proof` answers a challenge with a password.
    fn send(&mut self, method: &str, from: &str, to: &str, proof: Option<(&str, &str)>) {
        self.number += 1;
        let (number, here) = (self.number, self.socket.local_addr());
        let uri = if method == "REGISTER" { format!("sip:{SERVER}") } else { format!("sip:{to}@{SERVER}") };
        let mut request = SipText { start: format!("{method} {uri} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP {here};branch=z9hG4bK{}x{number};rport", here.port()))
            .with("Max-Forwards", "70")
            .with("From", &format!("<sip:{from}@{SERVER}>;tag={number}"))
            .with("To", &format!("<sip:{to}@{SERVER}>"))
            .with("Call-ID", &format!("{here}-{number}"))
            .with("CSeq", &format!("{number} {method}"))
            .with("Contact", &format!("<sip:{from}@{here}>"));
        if let Some((challenge, password)) = proof {
            let proof = Proof { user: from, password, method, uri: &uri };
            request = request.with("Authorization", &authorization(challenge, &proof).expect("a challenge"));
        }
        self.socket.send(&request.to_bytes(), SERVER);
    }

    /// The next final response within a second.
    async fn answer(&self) -> Option<SipText> {
        let final_one = async {
            loop {
                let answer = SipText::parse(&self.socket.receive().await.payload);
                if answer.status().is_some_and(|status| status >= 200) && answer.cseq() == self.number {
                    return answer;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(1), final_one).await.ok()
    }

    async fn ask(&mut self, method: &str, from: &str, to: &str) -> Option<u16> {
        self.send(method, from, to, None);
        self.answer().await.and_then(|answer| answer.status())
    }
}

/// What of an answer could tell something: the status and the headers, but for what is drawn anew each time or copied.
fn shape(answer: &SipText) -> Vec<String> {
    let challenge = answer.header("WWW-Authenticate").unwrap_or_default();
    let told = |part: &&str| !part.contains("nonce=");
    let challenge = challenge.split(',').filter(told).collect::<Vec<_>>().join(",");
    let names = String::from_utf8(answer.to_bytes()).expect("text");
    let names = names.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned());
    let mut shape = vec![answer.start.clone(), challenge];
    shape.extend(names);
    shape
}

#[tokio::test]
async fn nobody_learns_from_an_answer_which_users_and_numbers_there_are() {
    let world = World::new().await;
    // A phone with a password, one without, a menu, a blocked menu, a public number; and what is none of these.
    let users = ["004", "002", "071", "072", "+37410000000", "777", "000*004", "nobody"];
    for method in ["INVITE", "REGISTER"] {
        for credentials in [false, true] {
            let mut shapes = Vec::new();
            for (host, user) in users.into_iter().enumerate() {
                for (port, to) in [user, "071", "12345"].into_iter().enumerate() {
                    let mut stranger = Stranger::at(&world, &format!("10.9.{host}.1:{}", 5_000 + port));
                    stranger.send(method, user, to, None);
                    let mut answer = stranger.answer().await.expect("an answer");
                    if credentials {
                        let challenge = answer.header("WWW-Authenticate").expect("a challenge").to_owned();
                        stranger.send(method, user, to, Some((&challenge, "guess")));
                        answer = stranger.answer().await.expect("an answer");
                    }
                    shapes.push((user, to, shape(&answer)));
                }
            }
            let (_, _, first) = shapes[0].clone();
            assert!(first[0].starts_with("SIP/2.0 401"), "{first:?}");
            for (user, to, shape) in shapes {
                assert_eq!(shape, first, "{method} from {user} to {to}, credentials: {credentials}");
            }
        }
    }
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_scanner_is_answered_like_everybody_and_then_ignored_for_a_time() {
    let world = World::new().await;
    let mut scanner = Stranger::at(&world, "10.9.9.9:5060");
    let mut answered = 0;
    for user in 0..400 {
        match scanner.ask("REGISTER", &user.to_string(), "071").await {
            Some(status) => assert_eq!(status, 401, "user {user}"),
            None => break,
        }
        answered += 1;
        pass(100).await;
    }
    // Its datagrams may be forged, so that the owner of the address keeps a way in: five messages, and one a second.
    assert_eq!(answered, 205, "ten unanswered challenges are one failure, and twenty failures are enough");
    // Others do not notice, and the scanner is nobody even for what anybody gets an answer to.
    let mut other = Stranger::at(&world, "10.9.9.8:5060");
    assert_eq!(other.ask("OPTIONS", "a", "071").await, Some(200));
    scanner.send("OPTIONS", "a", "071", None);
    assert_eq!(scanner.ask("OPTIONS", "a", "071").await, None);
    pass(601_000).await;
    assert_eq!(scanner.ask("REGISTER", "a", "071").await, Some(401), "it ends by itself");
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_guesses_passwords_or_sends_nonsense_is_ignored_sooner() {
    let world = World::new().await;
    let mut guesser = Stranger::at(&world, "10.9.9.9:5060");
    let mut guesses = 0;
    for guess in 0..100 {
        guesser.send("REGISTER", "004", "004", None);
        let Some(challenged) = guesser.answer().await else { break };
        let challenge = challenged.header("WWW-Authenticate").expect("a challenge").to_owned();
        guesser.send("REGISTER", "004", "004", Some((&challenge, &format!("guess{guess}"))));
        guesses += 1;
        assert_eq!(guesser.answer().await.and_then(|answer| answer.status()), Some(401));
    }
    assert_eq!(guesses, 20, "who answers a challenge is where he says");
    // The right password does not help it any more.
    assert_eq!(guesser.ask("REGISTER", "004", "004").await, None);
    let mut vandal = Stranger::at(&world, "10.9.9.8:5060");
    for _ in 0..30 {
        vandal.socket.send(b"INVITE nonsense\r\n\r\n", SERVER);
        pass(50).await;
    }
    assert_eq!(vandal.ask("OPTIONS", "a", "071").await, None);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn whoever_forges_the_address_of_a_phone_does_not_keep_it_away() {
    let world = World::new().await;
    // The same socket sends what is forged and what is not, as the server sees it.
    let mut phone = Stranger::at(&world, "10.9.9.7:5060");
    let mut attacker = Stranger::at(&world, "10.9.9.9:5060");
    attacker.send("REGISTER", "004", "004", None);
    let of_attacker = attacker.answer().await.expect("an answer");
    let of_attacker = of_attacker.header("WWW-Authenticate").expect("a challenge").to_owned();
    let made_up = "Digest realm=\"antiphon\", nonce=\"0.0.0.0\", algorithm=MD5, qop=\"auth\"";
    for forged in 0..100 {
        match forged % 4 {
            0 => phone.send("REGISTER", "004", "004", Some((&of_attacker, "guess"))),
            1 => phone.send("REGISTER", "004", "004", Some((made_up, "guess"))),
            2 => phone.send("INVITE", "004", "071", None),
            _ => phone.socket.send(b"INVITE nonsense\r\n\r\n", SERVER),
        }
        pass(50).await;
    }
    assert_eq!(phone.ask("OPTIONS", "a", "071").await, None, "what is forged is dropped, and nearly all else");
    pass(2_000).await;
    phone.send("REGISTER", "004", "004", None);
    let challenged = phone.answer().await.expect("a phone is challenged");
    let challenge = challenged.header("WWW-Authenticate").expect("a challenge").to_owned();
    phone.send("REGISTER", "004", "004", Some((&challenge, "secret")));
    assert_eq!(phone.answer().await.and_then(|answer| answer.status()), Some(200));
    for _ in 0..20 {
        assert_eq!(phone.ask("OPTIONS", "a", "071").await, Some(200), "it has proved itself");
    }
}

#[tokio::test]
async fn a_flood_from_one_source_is_not_noticed_by_a_call_nor_by_another_caller() {
    let world = World::new().await;
    let caller = world.caller();
    caller.call("071").await;
    caller.up().await;
    let mut flooder = Stranger::at(&world, "10.9.9.9:5060");
    for _ in 0..200 {
        for method in ["INVITE", "REGISTER", "OPTIONS"] {
            for _ in 0..7 {
                flooder.send(method, "a", "071", None);
            }
        }
        pass(20).await;
    }
    let transactions = world.server.rooms.signalling.report().await.expect("signalling lives").transactions;
    assert!(transactions < 200, "{transactions} of 4,200 requests are remembered");
    let late = world.connect(World::setup("late", 11));
    late.call("071").await;
    late.up().await;
    pass(5_500).await;
    assert_eq!(world.heard(&late, &[]).first("ad").duration(), prompt("ad").duration());
    let received = caller.received();
    let longest = received.windows(2).map(|two| two[1].at - two[0].at).max();
    // Timers of tokio end within a millisecond of their instant.
    assert!(
        longest.is_some_and(|pause| pause <= Duration::from_millis(22)),
        "{longest:?} of {} packets",
        received.len()
    );
    caller.hang_up().await;
    late.hang_up().await;
    world.leaves_nothing().await;
}

#[tokio::test]
async fn a_draining_house_answers_phones_and_dials_nobody() {
    let world = World::new().await;
    let trunk = world.callee("trunk", TRUNK, Answering::After(Duration::from_secs(1)));
    let (caller, phone) = (world.caller(), world.connect(World::setup("004", 4)));
    caller.call("071").await;
    caller.up().await;
    pass(3_500).await;
    world.server.rooms.calls.drain();
    pass(10).await;
    let mut balancer = Stranger::at(&world, "127.0.0.77:5060");
    balancer.send("OPTIONS", "a", "071", None);
    let answer = balancer.answer().await.expect("an answer");
    assert_eq!((answer.status(), answer.header("Retry-After")), (Some(503), Some("5")));
    balancer.send("INVITE", "a", "071", None);
    let answer = balancer.answer().await.expect("an answer");
    assert_eq!((answer.status(), answer.header("Retry-After")), (Some(503), Some("5")));
    assert_eq!(phone.register("secret").await, 200);
    // The menu's option 1 leads outside; the call is let end, and no other is begun for it.
    caller.press('1').await;
    assert_eq!(caller.over().await, EndReason::RemoteBye);
    assert!(trunk.requests("INVITE").is_empty());
    assert_eq!(trunk.stage(), Stage::Idle);
    world.leaves_nothing().await;
}

#[tokio::test]
async fn an_overloaded_house_refuses_calls_and_says_so_until_it_is_over() {
    let world = World::new().await;
    let mut balancer = Stranger::at(&world, "127.0.0.77:5060");
    for (is_overloaded, options, invite) in [(true, 503, 503), (false, 200, 404)] {
        world.server.rooms.calls.strain(is_overloaded);
        pass(10).await;
        assert_eq!(balancer.ask("OPTIONS", "a", "071").await, Some(options));
        assert_eq!(balancer.ask("INVITE", "a", "12345").await, Some(invite));
    }
    world.leaves_nothing().await;
}
