//! Telephones that are told of their messages: who may be, and what they are told.
//!
//! Time: virtual, but for the store, which works on a thread of its own: it is waited for on the machine's clock.
//! Sources: RFC 3842, RFC 6665.

use antiphon_server::store::changes::{MarkHeard, UpdatePhone};
use antiphon_server::store::{ClientId, Count};
use antiphon_testkit::{Proof, SipText, VirtualSocket, authorization};
use serde_json::json;

use crate::world::{SERVER, World, pass};

/// A telephone that subscribes.
struct Lamp {
    socket: VirtualSocket,
    user: &'static str,
    /// What it subscribes to.
    uri: String,
    to: String,
    call_id: String,
    cseq: u32,
}

impl Lamp {
    fn new(world: &World, user: &'static str, number: &str) -> Self {
        Self::at(world, 5060, user, number)
    }

    /// One at a port of its own, so that there may be several.
    fn at(world: &World, port: u16, user: &'static str, number: &str) -> Self {
        let socket = world.net.bind(([10, 5, 5, 5], port).into()).expect("a free address");
        let uri = format!("sip:{number}@{SERVER}");
        Self { socket, user, to: format!("<{uri}>"), uri, call_id: format!("lamp{port}"), cseq: 0 }
    }

    fn request(&mut self, expires: u32) -> SipText {
        self.cseq += 1;
        let (at, user, cseq) = (self.socket.local_addr(), self.user, self.cseq);
        SipText { start: format!("SUBSCRIBE {} SIP/2.0", self.uri), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP {at};branch=z9hG4bKlamp{cseq};rport"))
            .with("Max-Forwards", "70")
            .with("From", &format!("<sip:{user}@{SERVER}>;tag=lamp"))
            .with("To", &self.to)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{cseq} SUBSCRIBE"))
            .with("Contact", &format!("<sip:{user}@{at}>"))
            .with("Event", "message-summary")
            .with("Accept", "application/simple-message-summary")
            .with("Expires", &expires.to_string())
    }

    /// Subscribes for so long, with a password where it is asked for one; the status.
    async fn subscribe(&mut self, expires: u32, password: Option<&str>) -> u16 {
        let request = self.request(expires);
        self.socket.send(&request.to_bytes(), SERVER);
        let answer = self.answer().await;
        let (Some(401), Some(password)) = (answer.status(), password) else { return answer.status().unwrap_or(0) };
        let uri = self.uri.clone();
        let proof = Proof { user: self.user, password, method: "SUBSCRIBE", uri: &uri };
        let challenge = answer.header("WWW-Authenticate").expect("a challenge");
        let proof = authorization(challenge, &proof).expect("a digest challenge");
        let request = self.request(expires).with("Authorization", &proof);
        self.socket.send(&request.to_bytes(), SERVER);
        let answer = self.answer().await;
        if answer.status() == Some(200) {
            answer.header("To").expect("an answer has one").clone_into(&mut self.to);
        }
        answer.status().unwrap_or(0)
    }

    async fn answer(&self) -> SipText {
        loop {
            let message = SipText::parse(&self.socket.receive().await.payload);
            if message.status().is_some() {
                return message;
            }
        }
    }

    /// The next NOTIFY, which it takes: the state of the subscription, and what is told.
    async fn told(&self) -> (String, String) {
        loop {
            let message = SipText::parse(&self.socket.receive().await.payload);
            if message.method() != Some("NOTIFY") {
                continue;
            }
            let mut ok = SipText { start: "SIP/2.0 200 OK".to_owned(), ..SipText::default() };
            for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
                ok = ok.with(name, message.header(name).expect("a request has it"));
            }
            self.socket.send(&ok.to_bytes(), SERVER);
            let state = message.header("Subscription-State").expect("a NOTIFY has one");
            let state = state.split(';').next().unwrap_or_default().to_owned();
            let text = String::from_utf8_lossy(&message.to_bytes()).into_owned();
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
            return (state, body);
        }
    }
}

fn summary(new: usize, old: usize) -> String {
    let waiting = if new > 0 { "yes" } else { "no" };
    format!("Messages-Waiting: {waiting}\r\nVoice-Message: {new}/{old}\r\n")
}

/// Gives the phone a mailbox.
async fn give_mailbox(world: &World, phone: &str, mailbox: Option<&str>) {
    let store = &world.server.rooms.store;
    let extension = store.snapshot().find_extension(phone, Some(ClientId(1))).expect("it is there").id;
    let body = json!({ "mailbox": mailbox });
    store.commit(UpdatePhone { client: ClientId(1), extension, body }).await.expect("a menu");
}

#[tokio::test]
async fn a_lamp_is_lit_by_a_message_and_goes_out_when_it_was_heard() {
    let world = World::new().await;
    give_mailbox(&world, "004", Some("085")).await;
    let mut lamp = Lamp::new(&world, "004", "004");
    assert_eq!(lamp.subscribe(3600, Some("secret")).await, 200);
    assert_eq!(lamp.told().await, ("active".to_owned(), summary(0, 0)));
    let caller = world.caller();
    caller.speak(Some(crate::world::prompt("caller"))).await;
    caller.call("085").await;
    caller.up().await;
    pass(10_000).await;
    caller.hang_up().await;
    world.until_mailbox_has(Count { new: 1, old: 0 }).await;
    assert_eq!(lamp.told().await, ("active".to_owned(), summary(1, 0)));
    let store = &world.server.rooms.store;
    let record = store.mailboxes().messages()[0];
    store.commit(MarkHeard { client: ClientId(1), record, heard: true }).await.expect("it is there");
    assert_eq!(lamp.told().await, ("active".to_owned(), summary(0, 1)));
    world.server.rooms.recordings.delete(record).expect("it has ended");
    world.until_mailbox_has(Count::default()).await;
    assert_eq!(lamp.told().await, ("active".to_owned(), summary(0, 0)));
    assert_eq!(lamp.subscribe(0, None).await, 200);
    assert_eq!(lamp.told().await, ("terminated".to_owned(), summary(0, 0)));
    world.leaves_nothing().await;
}

#[tokio::test]
async fn nobody_is_told_of_the_messages_of_others() {
    let world = World::new().await;
    give_mailbox(&world, "004", Some("085")).await;
    // By its number, by that of its mailbox, by another's; without a mailbox, without a password, with a wrong one.
    for (user, number, password, status) in [
        ("004", "085", Some("secret"), 200),
        ("004", "005", Some("secret"), 403),
        ("005", "085", Some("secret"), 404),
        ("005", "005", Some("secret"), 404),
        ("004", "004", None, 401),
        ("004", "004", Some("wrong"), 401),
    ] {
        let mut lamp = Lamp::new(&world, user, number);
        assert_eq!(lamp.subscribe(600, password).await, status, "{user} to {number}");
        if status == 200 {
            assert_eq!(lamp.told().await.0, "active");
            // A mailbox that is taken away is told of no more, as soon as the telephone asks again.
            give_mailbox(&world, "004", None).await;
            assert_eq!(lamp.subscribe(600, None).await, 200);
            let mut last = lamp.told().await;
            if last.0 == "active" {
                last = lamp.told().await;
            }
            assert_eq!(last, ("terminated".to_owned(), String::new()));
            give_mailbox(&world, "004", Some("085")).await;
        }
        drop(lamp);
        pass(40_000).await;
    }
    world.leaves_nothing().await;
}

/// Telephones that restart forget their subscriptions, and make new ones for an hour.
#[tokio::test]
async fn the_eleventh_subscription_of_a_telephone_ends_its_oldest() {
    let world = World::new().await;
    give_mailbox(&world, "004", Some("085")).await;
    let mut lamps: Vec<Lamp> = (0..11).map(|place| Lamp::at(&world, 5060 + place, "004", "004")).collect();
    for lamp in &mut lamps[..10] {
        assert_eq!(lamp.subscribe(600, Some("secret")).await, 200);
        assert_eq!(lamp.told().await.0, "active");
    }
    // The first is refreshed, so that the second is the oldest.
    assert_eq!(lamps[0].subscribe(600, None).await, 200);
    assert_eq!(lamps[0].told().await.0, "active");
    assert_eq!(lamps[10].subscribe(600, Some("secret")).await, 200);
    assert_eq!(lamps[10].told().await.0, "active");
    assert_eq!(lamps[1].told().await, ("terminated".to_owned(), String::new()));
    for lamp in lamps.iter_mut().enumerate().filter(|(place, _)| *place != 1).map(|(_, lamp)| lamp) {
        assert_eq!(lamp.subscribe(0, None).await, 200);
        assert_eq!(lamp.told().await.0, "terminated");
    }
    drop(lamps);
    pass(40_000).await;
    world.leaves_nothing().await;
}
