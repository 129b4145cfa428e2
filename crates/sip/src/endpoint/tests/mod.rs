//! Calls as a peer and an owner see them, on told time.

mod agreement;
mod answering;
mod calling;
mod conversations;
mod identity;
mod inside;
mod outside;
mod outward;
mod property;
mod refer;
mod reliable;
mod reoffer;
mod reoffering;
mod replacing;
mod session_timer;
mod subscribe;
mod torture;
mod update;

use crate::*;
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const OFFER: &str = "v=0\r\no=offer\r\n";
const ANSWER: &str = "v=0\r\no=answer\r\n";
const PEER: &str = "192.0.2.7:5060";
const MS: Duration = Duration::from_millis(1);

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn flow(transport: Transport, peer: &str) -> Flow {
    Flow { transport, local: addr("10.0.0.1:5060"), peer: addr(peer) }
}

/// One message that left.
#[derive(Debug, Clone)]
struct Sent {
    flow: Flow,
    text: String,
}

impl Sent {
    fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The method, or the status.
    fn kind(&self) -> &str {
        let mut words = self.first_line().split(' ');
        match words.next() {
            Some("SIP/2.0") => words.next().unwrap_or_default(),
            word => word.unwrap_or_default(),
        }
    }

    fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default()
    }

    fn to_tag(&self) -> String {
        self.header("To").split("tag=").nth(1).unwrap_or_default().to_owned()
    }

    fn branch(&self) -> String {
        self.header("Via").split("branch=").nth(1).unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
    }

    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// An endpoint, its peer and the time.
struct Rig {
    endpoint: Endpoint,
    now: Instant,
    flow: Flow,
}

impl Rig {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let listener =
            |transport, public| Listener { transport, local: addr("10.0.0.1:5060"), advertised: addr(public) };
        let mut config = Config {
            listeners: vec![
                listener(Transport::Udp, "198.51.100.1:5060"),
                listener(Transport::Tcp, "198.51.100.1:5060"),
            ],
            user_agent: "Antiphon".to_owned(),
            ..Config::default()
        };
        change(&mut config);
        #[expect(clippy::disallowed_methods, reason = "told time has to begin somewhere")]
        let now = Instant::now();
        Self { endpoint: Endpoint::new(config, 1), now, flow: flow(Transport::Udp, PEER) }
    }

    fn over(mut self, transport: Transport) -> Self {
        self.flow.transport = transport;
        self
    }

    fn receive(&mut self, text: &str) {
        self.endpoint.handle_datagram(self.now, self.flow, text.as_bytes());
    }

    fn sent(&mut self) -> Vec<Sent> {
        let text = |transmit: Transmit| Sent {
            flow: transmit.flow,
            text: String::from_utf8_lossy(&transmit.payload).into_owned(),
        };
        std::iter::from_fn(|| self.endpoint.poll_transmit()).map(text).collect()
    }

    /// What left, by method and status.
    fn kinds(&mut self) -> Vec<String> {
        self.sent().iter().map(|sent| sent.kind().to_owned()).collect()
    }

    /// The one message that left.
    fn only(&mut self) -> Sent {
        let sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent.into_iter().next().expect("there is one")
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    /// Lets time pass and notes when what was sent, in milliseconds from now.
    fn pass(&mut self, time: Duration) -> Vec<(u128, String)> {
        let (start, end) = (self.now, self.now + time);
        let mut log = Vec::new();
        while let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.endpoint.handle_timeout(self.now);
            let at = (self.now - start).as_millis();
            log.extend(self.kinds().into_iter().map(|kind| (at, kind)));
        }
        self.now = end;
        log
    }

    /// An INVITE came in; what was sent is forgotten.
    fn incoming(&mut self, text: &str) -> DialogId {
        self.receive(text);
        self.sent();
        match self.events().pop() {
            Some(Event::Incoming { dialog, .. }) => dialog,
            other => panic!("no call: {other:?}"),
        }
    }

    /// A call that came in, was answered and acknowledged; with our tag.
    fn answered(&mut self) -> (DialogId, String) {
        let dialog = self.incoming(&invite(OFFER));
        self.endpoint.answer(self.now, dialog, ANSWER.into()).expect("it rings");
        let tag = self.only().to_tag();
        self.receive(&in_dialog("ACK", 1, &tag, ""));
        assert_eq!(self.events(), [Event::Confirmed { dialog, answer: None }]);
        (dialog, tag)
    }

    /// A call of ours that left; with its INVITE.
    fn calling(&mut self, credentials: Option<Credentials>) -> (DialogId, Sent) {
        let invitation = Invitation {
            flow: self.flow,
            target: "sip:200@192.0.2.7".parse().expect("a URI"),
            from: NameAddr::new("sip:100@198.51.100.1".parse().expect("a URI")).with_display("Menu 071"),
            to: NameAddr::new("sip:200@192.0.2.7".parse().expect("a URI")),
            headers: vec![("Diversion".to_owned(), "<sip:071@198.51.100.1>".to_owned())],
            max_forwards: 9,
            route: Vec::new(),
            offer: OFFER.into(),
            credentials,
        };
        let dialog = self.endpoint.invite(self.now, invitation);
        (dialog, self.only())
    }

    /// A call of ours, whatever leaves.
    fn calling_quietly(&mut self) -> DialogId {
        self.sent();
        self.calling(None).0
    }

    /// A call of ours that was answered; with its INVITE.
    fn connected(&mut self) -> (DialogId, Sent) {
        let (dialog, invite) = self.calling(None);
        self.receive(&reply(&invite, "200 OK", "callee", ANSWER));
        assert_eq!(self.only().kind(), "ACK");
        assert_eq!(self.events(), [Event::Answered { dialog, answer: ANSWER.into() }]);
        (dialog, invite)
    }
}

/// A message from its lines: `body` gets its headers.
fn message(head: &str, body: &str) -> String {
    let head = head.replace('\n', "\r\n");
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{head}\r\n{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// An INVITE from the peer.
fn invite(offer: &str) -> String {
    message(
        "INVITE sip:100@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKi1\n\
         From: <sip:alice@example.com>;tag=alice\nTo: <sip:100@198.51.100.1>\nCall-ID: call-1\nCSeq: 1 INVITE\n\
         Contact: <sip:alice@192.0.2.7:5060>\nMax-Forwards: 70",
        offer,
    )
}

/// A request of the peer in the dialog of [`invite`].
fn in_dialog(method: &str, cseq: u32, tag: &str, body: &str) -> String {
    message(
        &format!(
            "{method} sip:100@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK{method}{cseq}\n\
             From: <sip:alice@example.com>;tag=alice\nTo: <sip:100@198.51.100.1>;tag={tag}\nCall-ID: call-1\n\
             CSeq: {cseq} {method}\nContact: <sip:alice@192.0.2.7:5060>"
        ),
        body,
    )
}

/// A request of the fork with this tag in the dialog of a call of ours.
fn of_callee(invite: &Sent, tag: &str, method: &str, cseq: u32, body: &str) -> String {
    let our_tag = invite.header("From").split("tag=").nth(1).unwrap_or_default();
    let text = in_dialog(method, cseq, our_tag, body).replace("tag=alice", &format!("tag={tag}"));
    text.replace("call-1", invite.header("Call-ID"))
        .replace(&format!("z9hG4bK{method}"), &format!("z9hG4bK{tag}{method}"))
}

/// A message with more header lines.
fn with_headers(text: &str, headers: &str) -> String {
    text.replacen("\r\nCSeq:", &format!("\r\n{}\r\nCSeq:", headers.replace('\n', "\r\n")), 1)
}

/// A response of the peer to a request of ours.
fn reply(request: &Sent, status: &str, tag: &str, body: &str) -> String {
    reply_with(request, status, tag, "Contact: <sip:200@192.0.2.7:5060>", body)
}

/// The same, with other headers.
fn reply_with(request: &Sent, status: &str, tag: &str, headers: &str, body: &str) -> String {
    let to = request.header("To").split(";tag=").next().unwrap_or_default().to_owned();
    let (via, from) = (request.header("Via"), request.header("From"));
    let (call_id, cseq) = (request.header("Call-ID"), request.header("CSeq"));
    let head = format!(
        "SIP/2.0 {status}\nVia: {via}\nFrom: {from}\nTo: {to};tag={tag}\nCall-ID: {call_id}\nCSeq: {cseq}\n{headers}"
    );
    message(&head, body)
}

fn ended(dialog: DialogId, why: EndReason) -> Vec<Event> {
    vec![Event::Ended { dialog, why }]
}

fn sdp(text: &'static str) -> Option<Bytes> {
    Some(Bytes::from_static(text.as_bytes()))
}
