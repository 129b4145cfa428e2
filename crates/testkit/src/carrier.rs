//! A carrier's server: it holds registrations, challenges, and says whether it is there, as a test wants it to.
//!
//! Shape: [`Carrier`] is the handle that a test holds; a task behind it answers REGISTER and OPTIONS and remembers both.
//! Time: tokio's clock.
//! Sources: RFC 3261 §10.3, §11.2, §22.4 (stale); apart from the code under test on purpose.

use crate::digest::{Proof, authorization};
use crate::net::{BindError, VirtualNet, VirtualSocket};
use crate::sip_text::SipText;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// What a carrier does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    /// It answers as it should.
    Serves,
    /// It says nothing.
    Silent,
    /// It refuses everything with this status and these headers.
    Refuses(u16, Vec<(&'static str, &'static str)>),
}

/// What a carrier is.
#[derive(Debug, Clone)]
pub struct CarrierSetup {
    /// Its address.
    pub at: SocketAddr,
    /// The user and password that it wants of who registers; nobody is challenged without.
    pub account: Option<(&'static str, &'static str)>,
    /// The shortest registration that it takes, in seconds.
    pub min_expires: u64,
    /// The longest that it grants, in seconds.
    pub max_expires: u64,
}

/// What a carrier remembers and does.
#[derive(Debug)]
struct State {
    setup: CarrierSetup,
    registering: Mood,
    asked: Mood,
    /// The nonce that is good now.
    nonce: u32,
    requests: Vec<(Instant, SipText)>,
    /// The contact that is registered.
    contact: Option<String>,
}

/// A carrier's server.
#[derive(Debug)]
pub struct Carrier {
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Carrier {
    /// Connects a carrier to a network. It lives until the handle is dropped.
    ///
    /// # Errors
    /// [`BindError`] when somebody has its address.
    pub fn connect(net: &VirtualNet, setup: CarrierSetup) -> Result<Self, BindError> {
        let socket = net.bind(setup.at)?;
        let state = State {
            setup,
            registering: Mood::Serves,
            asked: Mood::Serves,
            nonce: 1,
            requests: Vec::new(),
            contact: None,
        };
        let state = Arc::new(Mutex::new(state));
        let task = tokio::spawn(serve(socket, state.clone()));
        Ok(Self { state, task })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// From now on, REGISTER gets this.
    pub fn when_registering(&self, mood: Mood) {
        self.lock().registering = mood;
    }

    /// From now on, OPTIONS gets this.
    pub fn when_asked(&self, mood: Mood) {
        self.lock().asked = mood;
    }

    /// The nonce of before is stale.
    pub fn forget_nonce(&self) {
        self.lock().nonce += 1;
    }

    /// The contact that is registered now.
    pub fn contact(&self) -> Option<String> {
        self.lock().contact.clone()
    }

    /// The requests of this method that came, with their arrivals.
    pub fn requests(&self, method: &str) -> Vec<(Instant, SipText)> {
        self.lock().requests.iter().filter(|(_, request)| request.method() == Some(method)).cloned().collect()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Every change leaves the state whole.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(socket: VirtualSocket, state: Arc<Mutex<State>>) {
    loop {
        let datagram = socket.receive().await;
        let request = SipText::parse(&datagram.payload);
        if request.method().is_none() {
            continue;
        }
        let answer = lock(&state).hear(request);
        if let Some(answer) = answer {
            socket.send(&answer.to_bytes(), datagram.from);
        }
    }
}

impl State {
    fn hear(&mut self, request: SipText) -> Option<SipText> {
        self.requests.push((Instant::now(), request.clone()));
        let mood = match request.method() {
            Some("REGISTER") => self.registering.clone(),
            Some("OPTIONS") => self.asked.clone(),
            _ => return None,
        };
        match mood {
            Mood::Silent => None,
            Mood::Refuses(status, headers) => {
                let refusal = answer(&request, status);
                Some(headers.into_iter().fold(refusal, |refusal, (name, value)| refusal.with(name, value)))
            }
            Mood::Serves if request.method() == Some("REGISTER") => Some(self.register(&request)),
            Mood::Serves => Some(answer(&request, 200)),
        }
    }

    fn register(&mut self, request: &SipText) -> SipText {
        if let Some((user, password)) = self.setup.account {
            let stale = match self.judge(request, user, password) {
                Proven::Yes => None,
                Proven::No => Some("false"),
                Proven::Stale => Some("true"),
            };
            if let Some(stale) = stale {
                let challenge = self.challenge();
                return answer(request, 401).with("WWW-Authenticate", &format!("{challenge}, stale={stale}"));
            }
        }
        let contact = request.header("Contact").unwrap_or_default();
        let expires = contact.rsplit_once("expires=").and_then(|(_, value)| value.parse::<u64>().ok());
        let expires = expires.or_else(|| request.header("Expires")?.parse().ok()).unwrap_or(3_600);
        if expires == 0 {
            self.contact = None;
            return answer(request, 200);
        }
        if expires < self.setup.min_expires {
            return answer(request, 423).with("Min-Expires", &self.setup.min_expires.to_string());
        }
        let granted = expires.min(self.setup.max_expires);
        let uri = request.uri("Contact").unwrap_or_default().to_owned();
        self.contact = Some(uri.clone());
        answer(request, 200).with("Contact", &format!("<{uri}>;expires={granted}"))
    }

    fn challenge(&self) -> String {
        format!("Digest realm=\"carrier\", nonce=\"n{}\", algorithm=MD5", self.nonce)
    }

    /// Digests without `qop`, so that what is right follows from the challenge alone.
    fn judge(&self, request: &SipText, user: &str, password: &str) -> Proven {
        let Some(given) = request.header("Authorization") else { return Proven::No };
        let uri = request.start.split(' ').nth(1).unwrap_or_default();
        let right = authorization(&self.challenge(), &Proof { user, password, method: "REGISTER", uri });
        let response =
            |text: &str| text.split_once("response=\"").and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
        match right.as_deref().and_then(response) {
            Some(right) if response(given) == Some(right.clone()) => Proven::Yes,
            _ if !given.contains(&format!("nonce=\"n{}\"", self.nonce)) => Proven::Stale,
            _ => Proven::No,
        }
    }
}

enum Proven {
    Yes,
    No,
    Stale,
}

/// A response: what of the request goes back with it.
fn answer(request: &SipText, status: u16) -> SipText {
    let mut answer = SipText { start: format!("SIP/2.0 {status} So"), ..SipText::default() };
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let value = request.header(name).unwrap_or_default();
        let tag = if name == "To" { ";tag=carrier" } else { "" };
        answer = answer.with(name, &format!("{value}{tag}"));
    }
    answer
}
