//! An endpoint between a peer who says anything and an owner who orders anything: everything ends, and nothing floods.
//!
//! Shape: [`STEP`] bytes are one step: a message, an order, a pause, a failure of the transport.
//! Time: told; a step may let a minute pass.
//!
//! The laws: each dialog that was begun is `Ended` once, and says nothing after; so is each subscription; one message or order is answered with a few
//! messages; when the owner has ended all it had, within 64 * T1 + T4 every transaction and dialog is gone and no timer is
//! left, or one more 64 * T1 later where an answered call waited for its ACK: its BYE may only then be sent (RFC 3261 §15).

use super::peer::{self, Asked, End, pick};
use crate::{
    Config, Credentials, DialogId, Endpoint, Event, Flow, Invitation, Listener, MAX_FORWARDS, NameAddr, Notice, Reply,
    RequestId, SipError, StatusCode, SubscriptionEnd, SubscriptionId, Timers, Transmit, Transport,
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How many bytes make one step.
pub const STEP: usize = 6;
/// Steps of one conversation at most.
const STEPS: usize = 400;
/// What one message or order may make the endpoint send at once.
const AT_ONCE: usize = 5;
/// How often one message or order may make the endpoint send in all: repetitions over 64 * T1, of its answer and its BYE.
const IN_ALL: usize = 40;
/// What a dialog may send in a minute by itself: ringing, and the repetitions of what keeps its session timer fresh.
const REFRESHES: usize = 25;
/// What is remembered of the conversation.
const MEMORY: usize = 16;

const SDP: &str = "v=0\r\no=- 2 1 IN IP4 198.51.100.1\r\ns=-\r\n";

type Order = fn(&mut Endpoint, Instant, DialogId) -> Result<(), SipError>;

/// What an owner orders of a dialog. A new order is one more line.
const ORDERS: &[Order] = &[
    |endpoint, now, dialog| endpoint.ring(now, dialog, None),
    |endpoint, now, dialog| endpoint.ring(now, dialog, Some(Bytes::from_static(SDP.as_bytes()))),
    |endpoint, now, dialog| endpoint.answer(now, dialog, Bytes::from_static(SDP.as_bytes())),
    |endpoint, now, dialog| endpoint.answer(now, dialog, Bytes::from_static(SDP.as_bytes())),
    |endpoint, now, dialog| endpoint.reject(now, dialog, StatusCode::BUSY_HERE.into()),
    |endpoint, now, dialog| endpoint.hang_up(now, dialog, None),
    |endpoint, now, dialog| endpoint.hang_up(now, dialog, Some("Q.850;cause=16".to_owned())),
    |endpoint, _, dialog| endpoint.farewell(dialog, "text/plain", Bytes::from_static(b"bye")),
    |endpoint, now, dialog| endpoint.accept_reoffer(now, dialog, Bytes::from_static(SDP.as_bytes())),
    |endpoint, now, dialog| endpoint.reject_reoffer(now, dialog, StatusCode::NOT_ACCEPTABLE_HERE),
    |endpoint, now, dialog| endpoint.reoffer(now, dialog, Some(Bytes::from_static(SDP.as_bytes()))),
    |endpoint, now, dialog| endpoint.accept_refer(now, dialog),
    |endpoint, now, dialog| endpoint.reject_refer(now, dialog, StatusCode::DECLINE),
    |endpoint, now, dialog| endpoint.notify_refer(now, dialog, StatusCode::RINGING),
    |endpoint, now, dialog| endpoint.notify_refer(now, dialog, StatusCode::OK),
    |endpoint, now, dialog| endpoint.info(now, dialog, "application/dtmf-relay", Bytes::from_static(b"Signal=1\r\n")),
];

/// Pauses around the timers, in milliseconds.
const PAUSES: &[u64] = &[0, 1, 100, 499, 500, 501, 1_500, 4_000, 5_000, 31_999, 32_000, 33_000, 61_000];

/// Plays a conversation over UDP or a byte stream.
///
/// # Panics
/// When a law is broken.
pub fn converse(transport: Transport, bytes: &[u8]) {
    let mut talk = Conversation::new(transport);
    for step in bytes.chunks_exact(STEP).take(STEPS) {
        talk.step([step[0], step[1], step[2], step[3], step[4], step[5]]);
    }
    talk.finish();
}

fn addr(ip: [u8; 4]) -> SocketAddr {
    (ip, 5060).into()
}

struct Conversation {
    endpoint: Endpoint,
    now: Instant,
    began: Instant,
    flow: Flow,
    /// Dialogs that were begun, and whether they were reported over.
    dialogs: BTreeMap<DialogId, bool>,
    requests: Vec<RequestId>,
    /// SUBSCRIBEs that nobody has answered.
    subscribing: Vec<RequestId>,
    /// Subscriptions that were accepted, and whether they were reported over.
    subscriptions: BTreeMap<SubscriptionId, bool>,
    ends: VecDeque<End>,
    asked: VecDeque<Asked>,
    /// When a 2xx of ours was last let go.
    accepted: Option<Instant>,
    inputs: usize,
    sent: usize,
}

impl Conversation {
    fn new(transport: Transport) -> Self {
        let (local, peer) = (addr([10, 0, 0, 1]), addr([192, 0, 2, 7]));
        let listener = |transport| Listener { transport, local, advertised: addr([198, 51, 100, 1]) };
        let listeners = vec![listener(Transport::Udp), listener(Transport::Tcp)];
        let config =
            Config { listeners, max_dialogs: 12, max_subscriptions: 6, max_transactions: 60, ..Config::default() };
        #[expect(clippy::disallowed_methods, reason = "told time has to begin somewhere")]
        let now = Instant::now();
        Self {
            endpoint: Endpoint::new(config, 1),
            now,
            began: now,
            flow: Flow { transport, local, peer },
            dialogs: BTreeMap::new(),
            requests: Vec::new(),
            subscribing: Vec::new(),
            subscriptions: BTreeMap::new(),
            ends: VecDeque::new(),
            asked: VecDeque::new(),
            accepted: None,
            inputs: 0,
            sent: 0,
        }
    }

    fn step(&mut self, step: [u8; STEP]) {
        let [kind, a, b, c, d, e] = step;
        let rest = [a, b, c, d, e];
        let via = if self.flow.transport == Transport::Udp { "UDP" } else { "TCP" };
        match kind % 16 {
            0..=5 => {
                let request = peer::request(rest, self.ends.make_contiguous(), via);
                self.hear(&request);
            }
            6..=8 => {
                if let Some(asked) = pick(self.asked.make_contiguous(), e).cloned() {
                    self.hear(&peer::response(rest, &asked));
                }
            }
            9 | 10 => self.order(a, b),
            11 if c.is_multiple_of(2) => self.subscribe(a),
            11 => self.respond(a, b),
            12 => self.invite(a),
            13 | 14 => self.pass(Duration::from_millis(pick(PAUSES, a).copied().unwrap_or_default())),
            _ => self.trouble(a),
        }
    }

    fn hear(&mut self, text: &str) {
        self.inputs += 1;
        self.endpoint.handle_datagram(self.now, self.flow, text.as_bytes());
        self.drain(AT_ONCE);
    }

    fn order(&mut self, order: u8, which: u8) {
        let ids: Vec<_> = self.dialogs.keys().copied().collect();
        let (Some(order), Some(dialog)) = (pick(ORDERS, order), pick(&ids, which)) else { return };
        self.inputs += 1;
        // What does not fit is refused, and changes nothing.
        let followed = order(&mut self.endpoint, self.now, *dialog).is_ok();
        self.drain(if followed { AT_ONCE } else { 0 });
    }

    /// Accepts a subscription, or tells the subscriber something.
    fn subscribe(&mut self, what: u8) {
        self.inputs += 1;
        let notice = Notice { body: Bytes::copy_from_slice(&[what]) };
        if let Some(request) = self.subscribing.pop() {
            let accepted = self.endpoint.accept_subscription(self.now, request, notice);
            if let Ok(id) = accepted {
                assert!(self.subscriptions.insert(id, false).is_none(), "{id:?} is a new name");
            }
            return self.drain(if accepted.is_ok() { 2 } else { 0 });
        }
        let ids: Vec<_> = self.subscriptions.keys().copied().collect();
        let Some(id) = pick(&ids, what).copied() else { return };
        let told = match what % 4 {
            0 => self.endpoint.end_subscription(self.now, id, SubscriptionEnd::Rejected),
            _ => self.endpoint.notify(self.now, id, notice),
        };
        self.drain(usize::from(told.is_ok()));
    }

    fn respond(&mut self, status: u8, which: u8) {
        let Some(request) = pick(&self.requests, which).copied() else { return };
        self.inputs += 1;
        let status = StatusCode::new([200, 401, 403, 180][usize::from(status) % 4]).expect("a status");
        let reply = Reply { status, headers: Vec::new(), body: Bytes::new() };
        let _ = self.endpoint.respond(self.now, request, reply);
        self.drain(1);
    }

    fn invite(&mut self, how: u8) {
        let uri = |text: &str| text.parse().expect("a URI");
        self.inputs += 1;
        let credentials =
            how.is_multiple_of(2).then(|| Credentials { username: "u".into(), password: "p".into(), realm: None });
        let invitation = Invitation {
            flow: self.flow,
            target: uri("sip:200@192.0.2.7"),
            from: NameAddr::new(uri("sip:100@198.51.100.1")),
            to: NameAddr::new(uri("sip:200@192.0.2.7")),
            headers: Vec::new(),
            max_forwards: MAX_FORWARDS,
            route: Vec::new(),
            offer: if how % 8 == 7 { Bytes::new() } else { Bytes::from_static(SDP.as_bytes()) },
            credentials,
        };
        let dialog = self.endpoint.invite(self.now, invitation);
        assert!(self.dialogs.insert(dialog, false).is_none(), "{dialog} is a new name");
        self.drain(1);
    }

    fn trouble(&mut self, kind: u8) {
        self.inputs += 1;
        match kind % 4 {
            0 => self.endpoint.handle_transport_error(self.now, self.flow),
            1 => self.endpoint.handle_datagram(self.now, self.flow, b"\r\n\r\n"),
            2 => self.endpoint.handle_datagram(self.now, self.flow, b"SIP/2.0 200 OK\r\nVia: x\r\n\r\n"),
            _ => self.endpoint.handle_timeout(self.now),
        }
        // A failed transport ends what is on it, and tells nobody.
        self.drain(AT_ONCE);
    }

    /// Lets time pass, timer by timer.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut rounds = 0;
        while let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            let most = (self.endpoint.dialogs() + self.endpoint.transactions() + self.endpoint.subscriptions()) * 2;
            self.endpoint.handle_timeout(self.now);
            self.drain(most);
            rounds += 1;
            assert!(rounds < 20_000, "the timers do not end: {:?}", self.endpoint);
        }
        self.now = end;
    }

    /// Takes what the endpoint sends and says.
    fn drain(&mut self, most: usize) {
        let mut count = 0;
        while let Some(transmit) = self.endpoint.poll_transmit() {
            count += 1;
            self.note(&transmit);
        }
        assert!(count <= most, "{count} messages at once");
        self.sent += count;
        let minutes = usize::try_from((self.now - self.began).as_secs() / 60).unwrap_or(usize::MAX) + 1;
        let most = self.inputs * IN_ALL + minutes * self.dialogs.len() * REFRESHES;
        assert!(self.sent <= most, "{} messages for {}", self.sent, self.inputs);
        while let Some(event) = self.endpoint.poll_event() {
            self.learn(event);
        }
    }

    fn learn(&mut self, event: Event) {
        let Some(dialog) = event.dialog() else {
            match event {
                Event::Requested { request, .. } => self.requests.push(request),
                Event::Subscribing { request, .. } => self.subscribing.push(request),
                Event::SubscriptionEnded { subscription } => {
                    let was = self.subscriptions.insert(subscription, true);
                    assert_eq!(was, Some(false), "{subscription:?} ends once");
                }
                _ => {}
            }
            return;
        };
        match event {
            Event::Incoming { .. } => assert!(self.dialogs.insert(dialog, false).is_none(), "{dialog} is a new name"),
            Event::Ended { .. } => {
                assert_eq!(self.dialogs.insert(dialog, true), Some(false), "{dialog} ends once");
                return;
            }
            _ => {}
        }
        assert_eq!(self.dialogs.get(&dialog), Some(&false), "{dialog} is alive");
    }

    /// Remembers what the peer can answer, and which dialogs it is in.
    fn note(&mut self, transmit: &Transmit) {
        let text = String::from_utf8_lossy(&transmit.payload);
        let header = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let tag = |value: &str| {
            value.split(";tag=").nth(1).unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
        };
        let (from, to, call_id, cseq) = (header("From"), header("To"), header("Call-ID"), header("CSeq"));
        let end = if text.starts_with("SIP/2.0 ") {
            if text.starts_with("SIP/2.0 200") && cseq.ends_with("INVITE") {
                self.accepted = Some(self.now);
            }
            End { call_id, ours: tag(&to), theirs: tag(&from) }
        } else {
            let end = End { call_id: call_id.clone(), ours: tag(&from), theirs: "x".to_owned() };
            if !text.starts_with("ACK ") {
                self.asked.push_back(Asked { via: header("Via"), from, to, call_id, cseq });
                self.asked.drain(..self.asked.len().saturating_sub(MEMORY));
            }
            end
        };
        if !end.ours.is_empty() && !self.ends.contains(&end) {
            self.ends.push_back(end);
            self.ends.drain(..self.ends.len().saturating_sub(MEMORY));
        }
    }

    /// The owner ends all it has, and nobody says anything any more.
    fn finish(mut self) {
        let alive: Vec<_> = self.dialogs.iter().filter(|(_, over)| !**over).map(|(dialog, _)| *dialog).collect();
        for dialog in alive {
            self.inputs += 1;
            let refused = self.endpoint.reject(self.now, dialog, StatusCode::DECLINE.into());
            refused.or_else(|_| self.endpoint.hang_up(self.now, dialog, None)).expect("what is alive can be ended");
            self.drain(AT_ONCE);
        }
        for id in self.subscriptions.keys().copied().collect::<Vec<_>>() {
            self.inputs += 1;
            // One that is over, or ending, needs no word.
            let _ = self.endpoint.end_subscription(self.now, id, SubscriptionEnd::Rejected);
            self.drain(1);
        }
        for dialog in &self.dialogs {
            assert!(*dialog.1, "{} is not over", dialog.0);
        }
        let Timers { t1, t4, .. } = Timers::default();
        let give_up = t1 * 64;
        let unacknowledged = self.accepted.is_some_and(|at| self.now - at <= give_up);
        let bound = if unacknowledged { give_up * 2 + t4 } else { give_up + t4 };
        self.pass(bound);
        let left = (self.endpoint.dialogs(), self.endpoint.transactions(), self.endpoint.poll_timeout());
        assert_eq!(left, (0, 0, None), "{bound:?} after the end: {:?}", self.endpoint);
        assert_eq!(self.endpoint.subscriptions(), 0, "{:?}", self.endpoint);
        assert!(self.subscriptions.values().all(|over| *over), "each subscription is over");
    }
}
