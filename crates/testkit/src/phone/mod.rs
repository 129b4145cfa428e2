//! A phone: it calls, is called, presses keys, speaks, and remembers all it heard.
//!
//! Shape: [`SimPhone`] is the handle that a test holds; a task behind it owns the SIP endpoint and the sockets. One call
//! at a time; a second caller hears busy.
//! Time: tokio's clock.
//! Errors: a wait that lasts longer than ten minutes panics and says where the phone stood.
//! Sources: RFC 3261, RFC 4733 §2.5 (keys), RFC 6086 (INFO).

mod calls;
mod sdp;
mod speaker;
mod srtp;
mod task;
mod transfers;
mod writer;
mod written;

use crate::net::{BindError, VirtualNet};
use crate::sip_text::SipText;
use crate::stream::Received;
use antiphon_media::srtp::Suite;
use antiphon_media::{Audio, Codec};
use antiphon_sip::{EndReason, ReferOutcome};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::Task;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
pub use transfers::{Refer, Referring, Subscription};

/// How long a test waits for a phone at most.
const PATIENCE: Duration = Duration::from_secs(600);
/// Orders that wait at most; a test that gives more waits.
const ORDERS: usize = 64;
/// Packets that are remembered at most: an hour.
const PACKETS: usize = 180_000;

/// What a phone does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// It rings and answers after this time.
    After(Duration),
    /// It sends 183 with its SDP, speaks, and answers after this time.
    Early(Duration),
    /// It answers 486.
    Busy,
    /// It refuses with this status.
    Refuses(u16),
    /// It sends its calls on to this number, by 302.
    SendsOn(&'static str),
    /// It rings and nobody picks up.
    Never,
    /// It says nothing at all.
    Deaf,
}

/// How a phone's keys reach the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// As telephone-events of RFC 4733, which its SDP names.
    Events,
    /// As SIP INFO; its SDP names no telephone-event.
    Info,
}

/// A way by which a key can go, whatever was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWay {
    /// As telephone-event, where the far end's SDP names a payload type for it; as payload type 101 otherwise.
    Event,
    /// As tones in the sound.
    Tone,
    /// In an INFO with `application/dtmf-relay`.
    InfoRelay,
    /// In an INFO with `application/dtmf`.
    Info,
}

/// What a phone is.
#[derive(Debug, Clone, Copy)]
pub struct PhoneSetup {
    /// What others call it, and its user in From and Contact.
    pub name: &'static str,
    /// Its SIP address.
    pub sip: SocketAddr,
    /// Its media address.
    pub rtp: SocketAddr,
    /// The server that it calls and registers with.
    pub server: SocketAddr,
    /// The one codec that it speaks.
    pub codec: Codec,
    /// How its keys go.
    pub keys: Keys,
    /// What it does when it is called.
    pub answering: Answering,
    /// What protects its sound; it then speaks nothing plain.
    pub srtp: Option<Suite>,
}

/// What a caller's INVITE carries.
#[derive(Debug, Clone)]
enum Offer {
    Usual,
    /// Nothing: the ACK brings the answer to the offer in the 200.
    Late,
    Text(String),
    /// The usual one, in an INVITE with this `Replaces`.
    Replacing(String),
}

/// Where a phone's call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No call yet.
    Idle,
    /// It calls and has heard nothing.
    Calling,
    /// It hears that it rings, or rings itself.
    Ringing,
    /// It is answered, or has answered.
    Up,
    /// The call is over.
    Over(EndReason),
}

/// What a test tells a phone to do.
enum Order {
    Call { user: String, offer: Offer },
    HangUp(Option<String>),
    Press(char),
    PressBy { key: char, held: Duration, ways: &'static [KeyWay] },
    Speak(Option<Audio>),
    Move { to: SocketAddr, reply: oneshot::Sender<u16> },
    Reoffer { sdp: String, reply: oneshot::Sender<u16> },
    Rekey { reply: oneshot::Sender<u16> },
    AskForOffer { reply: oneshot::Sender<u16> },
    Update { sdp: String, reply: oneshot::Sender<u16> },
    Refer { to: String, norefersub: bool, reply: oneshot::Sender<ReferOutcome> },
    OnRefer(Referring),
    ReferAs(String),
    Register { contact: SocketAddr, password: String, reply: oneshot::Sender<u16> },
}

/// What a phone remembers.
#[derive(Default)]
struct Diary {
    received: Vec<Received>,
    /// Packets that its key did not open.
    unreadable: usize,
    messages: Vec<(Instant, SipText)>,
    stages: Vec<(Instant, Stage)>,
}

/// A phone.
pub struct SimPhone {
    setup: PhoneSetup,
    orders: mpsc::Sender<Order>,
    diary: Arc<Mutex<Diary>>,
    stage: watch::Receiver<Stage>,
}

/// Every change leaves the diary whole.
fn lock(diary: &Mutex<Diary>) -> MutexGuard<'_, Diary> {
    diary.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimPhone {
    /// Connects a phone to a network. It lives until the handle is dropped.
    ///
    /// # Errors
    /// [`BindError`] when somebody has one of its addresses.
    pub fn connect(net: &VirtualNet, setup: PhoneSetup) -> Result<Self, BindError> {
        let (orders, queue) = mpsc::channel(ORDERS);
        let (stages, stage) = watch::channel(Stage::Idle);
        let diary = Arc::new(Mutex::new(Diary::default()));
        let task = Task::new(net.clone(), setup, diary.clone(), stages)?;
        tokio::spawn(task.run(queue));
        Ok(Self { setup, orders, diary, stage })
    }

    /// What the phone is.
    pub fn setup(&self) -> &PhoneSetup {
        &self.setup
    }

    async fn order(&self, order: Order) {
        assert!(self.orders.send(order).await.is_ok(), "the task of {} is gone", self.setup.name);
    }

    /// Calls a number.
    pub async fn call(&self, user: &str) {
        self.place(user, Offer::Usual).await;
    }

    /// Calls this URI at its server.
    ///
    /// # Panics
    /// When it is no URI.
    pub async fn call_uri(&self, uri: &str) {
        assert!(uri.parse::<antiphon_sip::Uri>().is_ok(), "{uri} is no URI");
        self.place(uri, Offer::Usual).await;
    }

    /// Calls a number without an offer.
    pub async fn call_without_offer(&self, user: &str) {
        self.place(user, Offer::Late).await;
    }

    /// Calls a number with an offer of the test's own.
    pub async fn call_offering(&self, user: &str, sdp: &str) {
        self.place(user, Offer::Text(sdp.to_owned())).await;
    }

    async fn place(&self, user: &str, offer: Offer) {
        let mut stage = self.stage.clone();
        stage.mark_unchanged();
        self.order(Order::Call { user: user.to_owned(), offer }).await;
        let placed = self.patiently("calls", stage.changed()).await;
        assert!(placed.is_ok(), "the task of {} is gone", self.setup.name);
    }

    /// Hangs up, cancels the call that it makes, or refuses the call that it rings for.
    pub async fn hang_up(&self) {
        self.order(Order::HangUp(None)).await;
    }

    /// Hangs up with this value of `Reason`.
    pub async fn hang_up_because(&self, reason: &str) {
        self.order(Order::HangUp(Some(reason.to_owned()))).await;
    }

    /// Presses a key for a tenth of a second.
    pub async fn press(&self, key: char) {
        self.order(Order::Press(key)).await;
    }

    /// Presses a key for so long, by these ways at once. An INFO goes when the key is pressed.
    pub async fn press_by(&self, key: char, held: Duration, ways: &'static [KeyWay]) {
        self.order(Order::PressBy { key, held, ways }).await;
    }

    /// Speaks this over and over, from the next packet on; `None` is silence.
    pub async fn speak(&self, what: Option<Audio>) {
        self.order(Order::Speak(what)).await;
    }

    /// Moves its media to another address by a re-INVITE; answers with the final status.
    pub async fn move_media(&self, to: SocketAddr) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::Move { to, reply }).await;
        self.patiently("moves its media", status).await.unwrap_or_default()
    }

    /// Makes a new offer of the test's own by a re-INVITE; answers with the final status.
    pub async fn reoffer(&self, sdp: &str) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::Reoffer { sdp: sdp.to_owned(), reply }).await;
        self.patiently("offers anew", status).await.unwrap_or_default()
    }

    /// Takes another key of SRTP and offers it by a re-INVITE; answers with the final status.
    pub async fn rekey(&self) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::Rekey { reply }).await;
        self.patiently("takes another key", status).await.unwrap_or_default()
    }

    /// Asks for an offer by a re-INVITE without one, and answers it in the ACK; answers with the final status.
    pub async fn ask_for_offer(&self) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::AskForOffer { reply }).await;
        self.patiently("asks for an offer", status).await.unwrap_or_default()
    }

    /// Makes a new offer of the test's own by an UPDATE; answers with the final status.
    pub async fn update(&self, sdp: &str) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::Update { sdp: sdp.to_owned(), reply }).await;
        self.patiently("updates", status).await.unwrap_or_default()
    }

    /// Registers under its name with this password; answers with the final status.
    pub async fn register(&self, password: &str) -> u16 {
        self.register_from_behind(self.setup.sip, password).await
    }

    /// Registers with a contact that is not the address it sends from, as from behind a NAT; answers with the final status.
    pub async fn register_from_behind(&self, contact: SocketAddr, password: &str) -> u16 {
        let (reply, status) = oneshot::channel();
        self.order(Order::Register { contact, password: password.to_owned(), reply }).await;
        self.patiently("registers", status).await.unwrap_or_default()
    }

    /// Where its call stands.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Waits until its call stands as asked; `what` says it in words.
    ///
    /// # Panics
    /// When that takes ten minutes.
    pub async fn until(&self, what: &str, reached: impl FnMut(&Stage) -> bool) -> Stage {
        let mut stage = self.stage.clone();
        let waited = self.patiently(what, stage.wait_for(reached)).await;
        waited.map_or_else(|_| panic!("the task of {} is gone", self.setup.name), |stage| *stage)
    }

    async fn patiently<T>(&self, what: &str, wait: impl Future<Output = T>) -> T {
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        let (name, stage) = (self.setup.name, self.stage());
        waited.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {name} {what}; it is {stage:?}"))
    }

    /// Waits until it rings.
    pub async fn ringing(&self) {
        self.until("rings", |stage| *stage == Stage::Ringing).await;
    }

    /// Waits until the call is answered.
    ///
    /// # Panics
    /// When the call ends instead.
    pub async fn up(&self) {
        let stage = self.until("is up", |stage| matches!(stage, Stage::Up | Stage::Over(_))).await;
        assert_eq!(stage, Stage::Up, "{}", self.setup.name);
    }

    /// Waits until the call is over, and says why it is.
    pub async fn over(&self) -> EndReason {
        match self.until("is over", |stage| matches!(stage, Stage::Over(_))).await {
            Stage::Over(why) => why,
            stage => panic!("{}: {stage:?} is not over", self.setup.name),
        }
    }

    /// Every RTP packet that came, in order of arrival.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.diary).received.clone()
    }

    /// How many packets came that its key of SRTP did not open.
    pub fn unreadable(&self) -> usize {
        lock(&self.diary).unreadable
    }

    /// Every SIP message that came, with its arrival.
    pub fn messages(&self) -> Vec<(Instant, SipText)> {
        lock(&self.diary).messages.clone()
    }

    /// The requests of this method that came.
    pub fn requests(&self, method: &str) -> Vec<SipText> {
        let messages = self.messages().into_iter().map(|(_, message)| message);
        messages.filter(|message| message.method() == Some(method)).collect()
    }

    /// When its call first stood so.
    pub fn when(&self, is: impl Fn(Stage) -> bool) -> Option<Instant> {
        lock(&self.diary).stages.iter().find(|(_, stage)| is(*stage)).map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests;
