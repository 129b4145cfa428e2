//! The calls in progress, and whether there is room for more.
//!
//! Shape: inboxes by [`CallId`]; how many there are, and whether new ones are taken, is told to whoever watches.
//! Errors: [`busy`] is what a caller hears for whom there is no room.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_sip::{Rejection, StatusCode};
use tokio::sync::{mpsc, watch};

use crate::call::CallEvent;

/// Whether the server takes calls.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Readiness {
    /// It does.
    Ready,
    /// Every call that fits is up.
    Full,
    /// One more would be at the cost of those that are up.
    Overloaded,
    /// It lets calls end and takes none.
    Draining,
}

/// The calls in progress.
#[derive(Debug)]
pub struct Calls {
    inboxes: Mutex<HashMap<CallId, mpsc::Sender<CallEvent>>>,
    active: watch::Sender<usize>,
    capacity: usize,
    draining: AtomicBool,
    strained: AtomicBool,
    readiness: watch::Sender<Readiness>,
}

/// Our own name of a call: sortable by its beginning, 32 hexadecimal digits when written. Never the SIP Call-ID.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct CallId(u128);

impl CallId {
    /// A new id: milliseconds since 1970 in the upper 48 bits, the rest random.
    pub fn new() -> Self {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let random = rand::random::<u128>() >> 48;
        Self(since_1970.as_millis() << 80 | random)
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl std::str::FromStr for CallId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

impl Calls {
    /// Room for this many calls.
    pub fn new(capacity: usize) -> Self {
        Self {
            inboxes: Mutex::default(),
            active: watch::Sender::new(0),
            capacity,
            draining: AtomicBool::new(false),
            strained: AtomicBool::new(false),
            readiness: watch::Sender::new(Readiness::Ready),
        }
    }

    /// Whether new calls are taken, now and whenever it changes.
    pub fn readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// How many calls are in progress, now and whenever it changes.
    pub fn active(&self) -> watch::Receiver<usize> {
        self.active.subscribe()
    }

    /// Takes no new calls from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.publish(self.lock().len());
    }

    /// Whether calls are only let end, and nobody new is called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Takes no new calls while the server is overloaded.
    pub fn strain(&self, is_overloaded: bool) {
        let inboxes = self.lock();
        self.strained.store(is_overloaded, Ordering::Relaxed);
        self.publish(inboxes.len());
    }

    /// Tells every call to end.
    pub fn shut_down(&self) {
        for inbox in self.lock().values() {
            // A call with a full inbox is about to read it; it is ended with the process otherwise.
            let _ = inbox.try_send(CallEvent::Shutdown);
        }
    }

    /// Whether a call may come in now.
    pub fn has_room(&self) -> bool {
        !self.is_draining() && !self.strained.load(Ordering::Relaxed) && *self.active.borrow() < self.capacity
    }

    /// So many of a hundred of the calls that fit, at least one.
    pub fn share(&self, percent: u8) -> usize {
        (self.capacity.saturating_mul(percent.into()) / 100).max(1)
    }

    /// A call has begun.
    pub fn add(&self, id: CallId, inbox: mpsc::Sender<CallEvent>) {
        let mut inboxes = self.lock();
        inboxes.insert(id, inbox);
        self.publish(inboxes.len());
    }

    /// A call has ended.
    pub fn remove(&self, id: CallId) {
        let mut inboxes = self.lock();
        inboxes.remove(&id);
        self.publish(inboxes.len());
    }

    /// Tells how many calls are up. Under the lock, so that the last word is the true one.
    fn publish(&self, active: usize) {
        self.active.send_replace(active);
        metrics::gauge!("antiphon_calls_active").set(active as f64);
        let readiness = match self.has_room() {
            true => Readiness::Ready,
            false if self.is_draining() => Readiness::Draining,
            false if self.strained.load(Ordering::Relaxed) => Readiness::Overloaded,
            false => Readiness::Full,
        };
        self.readiness.send_if_modified(|known| std::mem::replace(known, readiness) != readiness);
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<CallId, mpsc::Sender<CallEvent>>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of a call for which there is no room now (RFC 3261 §21.5.4).
pub fn busy() -> Rejection {
    let headers = vec![("Retry-After".to_owned(), "5".to_owned())];
    Rejection { headers, ..StatusCode::SERVICE_UNAVAILABLE.into() }
}
