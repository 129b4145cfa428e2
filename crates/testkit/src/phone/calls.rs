//! A phone's calls: what it does on events and orders.
//!
//! Shape: datagrams, orders and time in; datagrams and stages out.
//! Time: told.
//! Sources: RFC 3261 §13 (INVITE), §14 (re-INVITE), §22 (digest).

use super::speaker::{HELD, Speaker};
use super::srtp::PhoneSrtp;
use super::transfers::{Referring, told};
use super::writer::{self, BRANCH, DialogText};
use super::written::Written;
use super::{Answering, Diary, KeyWay, Keys, Offer, Order, PhoneSetup, Stage, lock, sdp};
use crate::digest::{Proof, authorization};
use crate::net::Datagram;
use crate::sip_text::SipText;
use antiphon_media::Digit;
use antiphon_sip::{
    Config, DialogId, EndReason, Endpoint, Event, Flow, Invitation, Listener, MAX_FORWARDS, NameAddr, ReferOptions,
    ReferOutcome, Rejection, StatusCode, Transport, Uri,
};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// What a request that nobody answers counts as.
const TIMEOUT: u16 = 408;
/// ACKs that are remembered at most.
const ACKS: usize = 16;

/// A request of our own writing that waits for its final response.
enum Waiting {
    /// A re-INVITE; its ACK carries the answer, where it asked for an offer.
    Reoffer {
        reply: oneshot::Sender<u16>,
        answer: Option<String>,
    },
    Update(oneshot::Sender<u16>),
    Registration {
        contact: SocketAddr,
        password: String,
        reply: oneshot::Sender<u16>,
        challenged: Challenged,
    },
    Info,
}

#[derive(PartialEq)]
enum Challenged {
    Once,
    NotYet,
}

struct Call {
    dialog: DialogId,
    /// Where the far end wants its media.
    remote: Option<SocketAddr>,
    /// The dialog, once there is one.
    text: Option<DialogText>,
    /// The INVITE, of a call that came in.
    invite: Option<SipText>,
    answer_at: Option<Instant>,
    /// The answer that ACKs carry, of a call without offer.
    late_answer: Option<String>,
    offer: Offer,
}

pub(super) struct Calls {
    pub(super) setup: PhoneSetup,
    pub(super) diary: Arc<Mutex<Diary>>,
    pub(super) speaker: Speaker,
    pub(super) srtp: Option<PhoneSrtp>,
    stages: watch::Sender<Stage>,
    endpoint: Endpoint,
    call: Option<Call>,
    referring: Referring,
    /// The last `Refer-To`, which may name a dialog that the endpoint knows nothing of.
    refer_to: String,
    refers_as: Option<NameAddr>,
    /// Who waits for the outcome of our REFER.
    refers: Vec<(DialogId, oneshot::Sender<ReferOutcome>)>,
    rtp: SocketAddr,
    waiting: Vec<Written<Waiting>>,
    /// The ACKs of re-INVITEs by their branches, for a 2xx that comes again.
    acks: VecDeque<(String, Vec<u8>)>,
    outbox: VecDeque<(Vec<u8>, SocketAddr)>,
    next_number: u32,
    /// Requests of our own writing in the last dialog; the endpoint's own numbers lag behind by as many.
    written: u32,
}

impl Calls {
    pub(super) fn new(setup: PhoneSetup, diary: Arc<Mutex<Diary>>, stages: watch::Sender<Stage>) -> Self {
        let listener = Listener { transport: Transport::Udp, local: setup.sip, advertised: setup.sip };
        let config = Config { listeners: vec![listener], user_agent: setup.name.to_owned(), ..Config::default() };
        // Two phones of one name still draw their own tags and Call-IDs.
        let whole_name = format!("{}@{}", setup.name, setup.sip);
        let seed = whole_name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Self {
            speaker: Speaker::new(setup.codec, seed),
            srtp: setup.srtp.map(PhoneSrtp::new),
            setup,
            diary,
            stages,
            endpoint: Endpoint::new(config, seed),
            call: None,
            referring: Referring::Refuses(603),
            refer_to: String::new(),
            refers_as: None,
            refers: Vec::new(),
            rtp: setup.rtp,
            waiting: Vec::new(),
            acks: VecDeque::new(),
            outbox: VecDeque::new(),
            next_number: 1,
            written: 0,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let answer = self.call.as_ref().and_then(|call| call.answer_at);
        let written = self.waiting.iter().map(Written::deadline).min();
        [answer, written, self.endpoint.poll_timeout().map(Instant::from_std)].into_iter().flatten().min()
    }

    pub(super) fn talks_to(&self) -> Option<SocketAddr> {
        self.call.as_ref()?.remote
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now.into_std());
        self.write_again(now);
        if let Some(call) = self.call.as_mut().filter(|call| call.answer_at.is_some_and(|at| at <= now)) {
            call.answer_at = None;
            let dialog = call.dialog;
            let offer = call.invite.as_ref().map_or(String::new(), |invite| invite.body.clone());
            let answer = self.description(1, Some(&offer));
            if self.endpoint.answer(now.into_std(), dialog, answer.into()).is_ok() {
                self.connect(&offer);
            }
        }
    }

    /// Takes a message from the wire.
    pub(super) fn hear(&mut self, now: Instant, datagram: &Datagram, message: &SipText) {
        if message.status().is_some() && message.branch().starts_with(BRANCH) {
            return self.answered(now, message);
        }
        let ok = message.status().is_some_and(|status| status / 100 == 2) && message.cseq_method() == "INVITE";
        if let Some(call) = self.call.as_mut().filter(|call| ok && call.text.is_none()) {
            call.text = Some(DialogText::of_caller(message));
        }
        let flow = self.flow(datagram.from);
        self.endpoint.handle_datagram(now.into_std(), flow, &datagram.payload);
    }

    fn flow(&self, peer: SocketAddr) -> Flow {
        Flow { transport: Transport::Udp, local: self.setup.sip, peer }
    }

    pub(super) fn carry_out(&mut self, now: Instant, order: Order) {
        match order {
            Order::Call { user, offer } => self.invite(now, &user, offer),
            Order::HangUp(reason) => {
                let Some(dialog) = self.call.as_ref().map(|call| call.dialog) else { return };
                if self.endpoint.hang_up(now.into_std(), dialog, reason).is_err() {
                    // It rings and is refused; a call that is over needs neither.
                    let _ = self.endpoint.reject(now.into_std(), dialog, StatusCode::BUSY_HERE.into());
                }
            }
            Order::Press(key) => match self.setup.keys {
                Keys::Events => self.press(now, key, HELD, &[KeyWay::Event]),
                Keys::Info => self.press(now, key, HELD, &[KeyWay::InfoRelay]),
            },
            Order::PressBy { key, held, ways } => self.press(now, key, held, ways),
            Order::Refer { to, norefersub, reply } => self.refer(now, &to, norefersub, reply),
            Order::OnRefer(referring) => self.referring = referring,
            Order::ReferAs(who) => self.refers_as = who.parse().ok(),
            Order::Speak(what) => self.speaker.speak(what),
            Order::Register { contact, password, reply } => {
                let number = self.number();
                let request = writer::register(&self.setup, contact, number);
                let challenged = Challenged::NotYet;
                self.write(now, request, Waiting::Registration { contact, password, reply, challenged });
            }
            Order::Move { to, reply } => self.move_media(now, to, reply),
            Order::Reoffer { sdp, reply } => self.reoffer(now, &sdp, reply),
            Order::Rekey { reply } => {
                if let Some(srtp) = &mut self.srtp {
                    srtp.rekey();
                }
                let offer = self.description(2, None);
                self.reoffer(now, &offer, reply);
            }
            Order::AskForOffer { reply } => {
                let answer = Some(self.description(2, None));
                if let Some(reinvite) = self.in_dialog("INVITE") {
                    self.write(now, reinvite, Waiting::Reoffer { reply, answer });
                }
            }
            Order::Update { sdp, reply } => {
                if let Some(update) = self.in_dialog("UPDATE") {
                    self.write(now, update.with_body("application/sdp", &sdp), Waiting::Update(reply));
                }
            }
        }
    }

    fn invite(&mut self, now: Instant, user: &str, offer: Offer) {
        let setup = self.setup;
        let body = match &offer {
            Offer::Usual | Offer::Replacing(_) => self.description(1, None),
            Offer::Late => String::new(),
            Offer::Text(text) => text.clone(),
        };
        let whole = user.parse().ok().filter(|_| user.starts_with("sip:"));
        let target = whole.unwrap_or_else(|| Uri::sip(Some(user), setup.server));
        let headers = match &offer {
            Offer::Replacing(dialog) => vec![("Replaces".to_owned(), dialog.clone())],
            Offer::Usual | Offer::Late | Offer::Text(_) => Vec::new(),
        };
        let invitation = Invitation {
            flow: self.flow(setup.server),
            from: NameAddr::new(Uri::sip(Some(setup.name), setup.sip)),
            to: NameAddr::new(target.clone()),
            target,
            headers,
            max_forwards: MAX_FORWARDS,
            route: Vec::new(),
            offer: body.into(),
            credentials: None,
        };
        let dialog = self.endpoint.invite(now.into_std(), invitation);
        self.begin(Call::new(dialog, offer));
        self.stand(Stage::Calling);
    }

    /// The phone's own description; an answer, where there is an offer.
    fn description(&mut self, version: u32, offer: Option<&str>) -> String {
        let crypto = self.srtp.as_mut().map(|srtp| srtp.line(offer).to_owned());
        sdp::description(&self.setup, self.rtp, version, crypto.as_deref())
    }

    fn begin(&mut self, call: Call) {
        self.call = Some(call);
        self.written = 0;
    }

    fn press(&mut self, now: Instant, key: char, held: Duration, ways: &[KeyWay]) {
        let Some(digit) = Digit::from_char(key) else { return };
        for way in ways {
            let (content_type, body) = match way {
                KeyWay::Event => {
                    self.speaker.press(digit, held);
                    continue;
                }
                KeyWay::Tone => {
                    self.speaker.sound_key(digit, held);
                    continue;
                }
                KeyWay::InfoRelay => {
                    ("application/dtmf-relay", format!("Signal={key}\r\nDuration={}\r\n", held.as_millis()))
                }
                KeyWay::Info => ("application/dtmf", key.to_string()),
            };
            if let Some(info) = self.in_dialog("INFO") {
                self.write(now, info.with_body(content_type, &body), Waiting::Info);
            }
        }
    }

    pub(super) fn move_media(&mut self, now: Instant, to: SocketAddr, reply: oneshot::Sender<u16>) {
        self.rtp = to;
        let offer = self.description(2, None);
        self.reoffer(now, &offer, reply);
    }

    fn reoffer(&mut self, now: Instant, offer: &str, reply: oneshot::Sender<u16>) {
        if let Some(reinvite) = self.in_dialog("INVITE") {
            self.write(now, reinvite.with_body("application/sdp", offer), Waiting::Reoffer { reply, answer: None });
        }
    }

    fn number(&mut self) -> u32 {
        self.next_number += 1;
        self.next_number
    }

    fn in_dialog(&mut self, method: &str) -> Option<SipText> {
        let number = self.number();
        let dialog = self.call.as_mut()?.text.as_mut()?;
        self.written += 1;
        Some(dialog.request(&self.setup, method, number))
    }

    fn write(&mut self, now: Instant, request: SipText, waiting: Waiting) {
        let bytes = request.to_bytes();
        self.waiting.push(Written::new(now, request.branch(), bytes.clone(), waiting));
        self.outbox.push_back((bytes, self.setup.server));
    }

    /// Repeats what nobody has answered, and gives up what nobody will.
    fn write_again(&mut self, now: Instant) {
        let server = self.setup.server;
        self.outbox.extend(self.waiting.iter_mut().filter_map(|written| written.due(now)).map(|bytes| (bytes, server)));
        let (over, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|written| written.is_given_up(now));
        self.waiting = waiting;
        for written in over {
            match written.waiting {
                Waiting::Info => {}
                // A test that no longer waits has failed elsewhere.
                Waiting::Reoffer { reply, .. } | Waiting::Update(reply) | Waiting::Registration { reply, .. } => {
                    let _ = reply.send(TIMEOUT);
                }
            }
        }
    }

    /// A response to a request of our own writing.
    fn answered(&mut self, now: Instant, response: &SipText) {
        let status = response.status().unwrap_or_default();
        let Some(at) = self.waiting.iter().position(|written| written.branch == response.branch()) else {
            let again = self.acks.iter().find(|(branch, _)| branch == response.branch());
            self.outbox.extend(again.map(|(_, ack)| (ack.clone(), self.setup.server)));
            return;
        };
        if status < 200 {
            if response.cseq_method() == "INVITE" {
                self.waiting[at].heard_of();
            }
            return;
        }
        match self.waiting.swap_remove(at).waiting {
            Waiting::Info => {}
            Waiting::Update(reply) => drop(reply.send(status)),
            Waiting::Reoffer { reply, answer } => {
                let number = self.number();
                // The tag of a key is the offer's, which is known only now.
                let answer = answer.map(|_| self.description(2, Some(&response.body)));
                if let Some(srtp) = self.srtp.as_mut().filter(|_| status < 300) {
                    srtp.connect(&response.body);
                }
                if let Some(call) = self.call.as_mut().filter(|_| status < 300) {
                    call.remote = sdp::remote(&response.body).or(call.remote);
                    let ack = call.text.as_ref().map(|dialog| dialog.ack(&self.setup, response, number));
                    let ack = ack.map(|ack| match &answer {
                        Some(answer) => ack.with_body("application/sdp", answer).to_bytes(),
                        None => ack.to_bytes(),
                    });
                    self.acks.extend(ack.clone().map(|ack| (response.branch().to_owned(), ack)));
                    self.acks.drain(..self.acks.len().saturating_sub(ACKS));
                    self.outbox.extend(ack.map(|ack| (ack, self.setup.server)));
                }
                // A test that no longer waits has failed elsewhere.
                let _ = reply.send(status);
            }
            Waiting::Registration { contact, password, reply, challenged } => {
                let challenge = response.header("WWW-Authenticate").filter(|_| status == 401);
                match challenge.filter(|_| challenged == Challenged::NotYet) {
                    Some(challenge) => self.prove(now, challenge, contact, password, reply),
                    None => drop(reply.send(status)),
                }
            }
        }
    }

    /// Registers again, with an answer to the challenge.
    fn prove(
        &mut self,
        now: Instant,
        challenge: &str,
        contact: SocketAddr,
        password: String,
        reply: oneshot::Sender<u16>,
    ) {
        let number = self.number();
        let request = writer::register(&self.setup, contact, number);
        let uri = request.start.split(' ').nth(1).unwrap_or_default().to_owned();
        let proof = Proof { user: self.setup.name, password: &password, method: "REGISTER", uri: &uri };
        let answer = authorization(challenge, &proof).unwrap_or_default();
        let again = Waiting::Registration { contact, password, reply, challenged: Challenged::Once };
        self.write(now, request.with("Authorization", &answer), again);
    }

    /// Takes what the endpoint reports. Events come before messages, so that an ACK can carry what an event brought.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Incoming { dialog, .. } => self.rung(now, dialog),
                Event::Progress { .. } => self.stand(Stage::Ringing),
                Event::Answered { answer, .. } => self.picked_up(&answer),
                Event::Reoffered { dialog, offer } => {
                    let offer = offer.map(|offer| String::from_utf8_lossy(&offer).into_owned());
                    let answer = self.description(2, offer.as_deref());
                    if let (Some(srtp), Some(offer)) = (&mut self.srtp, &offer) {
                        srtp.connect(offer);
                    }
                    // It fails only when the far end has taken its offer back.
                    let _ = self.endpoint.accept_reoffer(now.into_std(), dialog, answer.into());
                }
                Event::ReferRequested { dialog, .. } => self.referred(now, dialog),
                Event::Referred { dialog, outcome } => {
                    if let Some(at) = self.refers.iter().position(|(of, _)| *of == dialog) {
                        // A test that no longer waits does not want to know.
                        let _ = self.refers.swap_remove(at).1.send(outcome);
                    }
                }
                Event::Ended { dialog, why } => self.ended(dialog, why),
                _ => {}
            }
        }
    }

    fn refer(&mut self, now: Instant, to: &str, norefersub: bool, reply: oneshot::Sender<ReferOutcome>) {
        let Some(dialog) = self.call.as_ref().map(|call| call.dialog) else { return };
        let target = Uri::sip(None, self.setup.server);
        self.refer_to = format!("<{to}>");
        let options = ReferOptions { norefersub, referred_by: self.refers_as.clone(), replaces: None };
        // A REFER that cannot be sent drops the reply, which the test sees.
        if self.endpoint.refer(now.into_std(), dialog, target, options).is_ok() {
            self.refers.push((dialog, reply));
        }
    }

    fn referred(&mut self, now: Instant, dialog: DialogId) {
        let now = now.into_std();
        // None of this fails on a REFER that has just come.
        if let Referring::Refuses(status) = self.referring {
            let _ = self.endpoint.reject_refer(now, dialog, StatusCode::new(status).unwrap_or(StatusCode::DECLINE));
            return;
        }
        let _ = self.endpoint.accept_refer(now, dialog);
        if let Some(status) = told(self.referring) {
            let _ = self.endpoint.notify_refer(now, dialog, status);
        }
        if self.referring == Referring::HangsUp {
            let _ = self.endpoint.hang_up(now, dialog, None);
        }
    }

    fn rung(&mut self, now: Instant, dialog: DialogId) {
        let refusal = match self.setup.answering {
            _ if self.call.is_some() => Some(StatusCode::BUSY_HERE),
            Answering::Busy => Some(StatusCode::BUSY_HERE),
            Answering::Refuses(status) => StatusCode::new(status),
            Answering::SendsOn(_) => Some(StatusCode::MOVED_TEMPORARILY),
            Answering::After(_) | Answering::Early(_) | Answering::Never | Answering::Deaf => None,
        };
        // Neither fails on a call that has just come in.
        if let Some(status) = refusal {
            let mut rejection = Rejection::from(status);
            if let (StatusCode::MOVED_TEMPORARILY, Answering::SendsOn(number)) = (status, self.setup.answering) {
                let to = NameAddr::new(Uri::sip(Some(number), self.setup.server));
                rejection.headers.push(("Contact".to_owned(), to.to_string()));
            }
            let _ = self.endpoint.reject(now.into_std(), dialog, rejection);
            return;
        }
        let mut call = Call::new(dialog, Offer::Usual);
        call.invite = lock(&self.diary).messages.last().map(|(_, message)| message.clone());
        let offers_keys = call.invite.as_ref().is_some_and(|invite| invite.body.contains("a=crypto:"));
        if self.srtp.is_some() && !offers_keys {
            let _ = self.endpoint.reject(now.into_std(), dialog, Rejection::from(StatusCode::NOT_ACCEPTABLE_HERE));
            return;
        }
        let mut early = None;
        match self.setup.answering {
            Answering::After(delay) => call.answer_at = Some(now + delay),
            Answering::Early(delay) => {
                call.answer_at = Some(now + delay);
                call.remote = call.invite.as_ref().and_then(|invite| sdp::remote(&invite.body));
                let offer = call.invite.as_ref().map(|invite| invite.body.clone());
                early = Some(self.description(1, offer.as_deref()).into());
            }
            Answering::Busy | Answering::Refuses(_) | Answering::SendsOn(_) | Answering::Never | Answering::Deaf => {}
        }
        let _ = self.endpoint.ring(now.into_std(), dialog, early);
        self.begin(call);
        self.stand(Stage::Ringing);
    }

    fn picked_up(&mut self, answer: &Bytes) {
        let text = String::from_utf8_lossy(answer).into_owned();
        if self.call.as_ref().is_some_and(|call| matches!(call.offer, Offer::Late)) {
            let late_answer = Some(self.description(1, Some(&text)));
            if let Some(call) = &mut self.call {
                call.late_answer = late_answer;
            }
        }
        self.connect(&text);
    }

    /// Both sides' media are known.
    fn connect(&mut self, theirs: &str) {
        self.speaker.events = sdp::events(theirs, self.setup.codec);
        if let Some(srtp) = &mut self.srtp {
            srtp.connect(theirs);
        }
        if let Some(call) = &mut self.call {
            call.remote = sdp::remote(theirs);
        }
        self.stand(Stage::Up);
    }

    fn ended(&mut self, dialog: DialogId, why: EndReason) {
        if self.call.as_ref().is_some_and(|call| call.dialog == dialog) {
            self.call = None;
            self.stand(Stage::Over(why));
        }
    }

    fn stand(&self, stage: Stage) {
        lock(&self.diary).stages.push((Instant::now(), stage));
        self.stages.send_replace(stage);
    }

    /// The next datagram to send.
    pub(super) fn poll_transmit(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        if let Some(written) = self.outbox.pop_front() {
            return Some(written);
        }
        let transmit = self.endpoint.poll_transmit()?;
        let message = SipText::parse(&transmit.payload);
        let ok = message.status().is_some_and(|status| status / 100 == 2) && message.cseq_method() == "INVITE";
        if let Some(call) = self.call.as_mut().filter(|call| ok && call.text.is_none()) {
            call.text = call.invite.as_ref().map(|invite| DialogText::of_callee(invite, &message));
        }
        let late_answer = self.call.as_ref().and_then(|call| call.late_answer.as_deref());
        let bytes = match (message.method(), late_answer) {
            (Some("ACK"), Some(answer)) => message.with_body("application/sdp", answer).to_bytes(),
            (Some("REFER"), _) => message.with("Refer-To", &self.refer_to).to_bytes(),
            (Some("BYE"), _) if self.written > 0 => writer::renumbered(message, self.written).to_bytes(),
            _ => transmit.payload.to_vec(),
        };
        Some((bytes, transmit.flow.peer))
    }
}

impl Call {
    fn new(dialog: DialogId, offer: Offer) -> Self {
        Self { dialog, remote: None, text: None, invite: None, answer_at: None, late_answer: None, offer }
    }
}
