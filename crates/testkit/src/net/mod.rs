//! A network of datagrams on tokio's clock.
//!
//! Shape: sockets are bound to addresses; a datagram takes the [`Path`] between two addresses' hosts and arrives later,
//! twice, out of order or not at all, as the path and the seed say.
//! Time: tokio's; an arrival is an exact instant, whatever the resolution of the timers that wait for it.
//! Errors: a datagram to an address that nobody has bound is lost, as is one for a socket whose queue is full.

mod path;
mod socket;

pub use path::Path;
pub use socket::{Datagram, VirtualSocket};

use crate::dice::Dice;
use bytes::Bytes;
use path::Plan;
use socket::Queue;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Datagrams that are remembered at most; later ones pass without a trace.
const TAPE: usize = 2_000_000;
/// What port 0 becomes counts from here.
const FIRST_FREE_PORT: u16 = 49_152;

/// An address could not be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is bound already")]
pub struct BindError(pub SocketAddr);

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives at this instant, and perhaps once more.
    Arrives(Instant),
    /// The path or a test lost it.
    Lost,
    /// Nobody has bound the address.
    Unreachable,
    /// The sender was told that it has no route to that host.
    NoRoute,
    /// The receiver's queue was full.
    Overrun,
}

/// A datagram that was sent.
#[derive(Debug, Clone)]
pub struct Passed {
    /// When it was sent.
    pub at: Instant,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// What it says.
    pub payload: Bytes,
    /// What became of it.
    pub fate: Fate,
}

/// Says of a datagram from, to and with a content whether a rule is about it.
type Predicate = Box<dyn Fn(SocketAddr, SocketAddr, &[u8]) -> bool + Send>;

/// Loses a number of datagrams that a test picked.
struct Loss {
    left: usize,
    picks: Predicate,
}

struct Inner {
    dice: Dice,
    usual: Path,
    paths: HashMap<(IpAddr, IpAddr), Path>,
    losses: Vec<Loss>,
    cut_off: HashSet<IpAddr>,
    bound: HashMap<SocketAddr, Arc<Queue>>,
    next_port: u16,
    tape: Vec<Passed>,
}

/// The network. Clones are the same one.
#[derive(Clone)]
pub struct VirtualNet {
    inner: Arc<Mutex<Inner>>,
}

impl VirtualNet {
    /// A network without delay and loss, whose chances follow from the seed.
    pub fn new(seed: u64) -> Self {
        let inner = Inner {
            dice: Dice::new(seed),
            usual: Path::default(),
            paths: HashMap::new(),
            losses: Vec::new(),
            cut_off: HashSet::new(),
            bound: HashMap::new(),
            next_port: FIRST_FREE_PORT,
            tape: Vec::new(),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// The path between hosts that have none of their own.
    pub fn set_usual_path(&self, path: Path) {
        self.lock().usual = path;
    }

    /// The path from one host to another; the way back is a path of its own.
    pub fn set_path(&self, from: IpAddr, to: IpAddr, path: Path) {
        self.lock().paths.insert((from, to), path);
    }

    /// Loses the next `count` datagrams that are picked.
    pub fn lose(&self, count: usize, picks: impl Fn(SocketAddr, SocketAddr, &[u8]) -> bool + Send + 'static) {
        self.lock().losses.push(Loss { left: count, picks: Box::new(picks) });
    }

    /// Takes the route to a host away: whoever sends there is told at once.
    pub fn cut_off(&self, host: IpAddr) {
        self.lock().cut_off.insert(host);
    }

    /// Binds an address; port 0 becomes a free one.
    ///
    /// # Errors
    /// [`BindError`] when somebody has it.
    pub fn bind(&self, at: SocketAddr) -> Result<VirtualSocket, BindError> {
        let mut inner = self.lock();
        let mut at = at;
        while at.port() == 0 || (inner.bound.contains_key(&at) && at.port() >= FIRST_FREE_PORT) {
            at.set_port(inner.next_port);
            inner.next_port = inner.next_port.checked_add(1).ok_or(BindError(at))?;
        }
        if inner.bound.contains_key(&at) {
            return Err(BindError(at));
        }
        let queue = Arc::new(Queue::default());
        inner.bound.insert(at, queue.clone());
        drop(inner);
        Ok(VirtualSocket::new(self.clone(), at, queue))
    }

    /// How many sockets a host has bound.
    pub fn sockets(&self, host: IpAddr) -> usize {
        self.lock().bound.keys().filter(|at| at.ip() == host).count()
    }

    /// Everything that was sent so far, in order.
    pub fn tape(&self) -> Vec<Passed> {
        self.lock().tape.clone()
    }

    /// Sends a datagram in somebody's name, whether that address is bound or not.
    pub fn send_as(&self, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Fate {
        self.send(from, to, payload)
    }

    pub(crate) fn unbind(&self, at: SocketAddr) {
        self.lock().bound.remove(&at);
    }

    pub(crate) fn send(&self, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Fate {
        let at = Instant::now();
        let payload = Bytes::copy_from_slice(payload);
        let mut inner = self.lock();
        let fate = inner.carry(at, from, to, &payload);
        if inner.tape.len() < TAPE {
            inner.tape.push(Passed { at, from, to, payload, fate });
        }
        fate
    }

    /// Every method leaves the network whole, so a panic of another test task while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn carry(&mut self, at: Instant, from: SocketAddr, to: SocketAddr, payload: &Bytes) -> Fate {
        if self.cut_off.contains(&to.ip()) {
            return Fate::NoRoute;
        }
        let path = self.paths.get(&(from.ip(), to.ip())).unwrap_or(&self.usual);
        let plan = path.plan(&mut self.dice);
        let picked = self.losses.iter_mut().find(|loss| loss.left > 0 && (loss.picks)(from, to, payload));
        if let Some(loss) = picked {
            loss.left -= 1;
            return Fate::Lost;
        }
        let Plan::Arrive { delay, again } = plan else { return Fate::Lost };
        let Some(queue) = self.bound.get(&to) else { return Fate::Unreachable };
        let arrives = at + delay;
        let copies = std::iter::once(arrives).chain(again.map(|later| at + later));
        for arrival in copies {
            if !queue.put(Datagram { at: arrival, from, payload: payload.clone() }) {
                return Fate::Overrun;
            }
        }
        Fate::Arrives(arrives)
    }
}

#[cfg(test)]
mod tests;
