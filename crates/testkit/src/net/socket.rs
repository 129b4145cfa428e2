//! Sockets of the virtual network.
//!
//! Shape: datagrams on their way stand in the receiver's queue with the instant of their arrival; who receives sees only
//! those that have arrived.
//! Errors: a full queue takes no more; the datagram is lost.

use super::{Fate, VirtualNet};
use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::time::{Instant, Sleep, sleep_until};

/// Datagrams that wait for one socket at most, those on their way included.
const QUEUE: usize = 1_024;

/// A datagram that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// When it arrived.
    pub at: Instant,
    /// Who sent it.
    pub from: SocketAddr,
    /// What it says.
    pub payload: Bytes,
}

#[derive(Default)]
struct Waiting {
    /// By arrival, then by the order of sending.
    heap: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    slots: Vec<Option<Datagram>>,
    sent: u64,
    waker: Option<Waker>,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// What one socket has yet to receive.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
}

impl Queue {
    /// Puts a datagram on its way; `false` when there is no room.
    pub(crate) fn put(&self, datagram: Datagram) -> bool {
        let mut waiting = self.lock();
        if waiting.heap.len() >= QUEUE {
            return false;
        }
        let slot = waiting.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            waiting.slots.push(None);
            waiting.slots.len() - 1
        });
        waiting.sent += 1;
        let order = (datagram.at, waiting.sent, slot);
        waiting.heap.push(Reverse(order));
        waiting.slots[slot] = Some(datagram);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        true
    }

    /// The queue is whole after every method.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn arrived(&mut self, now: Instant) -> Option<Datagram> {
        let Reverse((at, _, slot)) = *self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        self.slots[slot].take()
    }

    fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }
}

/// A bound socket; dropping it gives the address back.
pub struct VirtualSocket {
    net: VirtualNet,
    at: SocketAddr,
    queue: Arc<Queue>,
}

impl VirtualSocket {
    pub(crate) fn new(net: VirtualNet, at: SocketAddr, queue: Arc<Queue>) -> Self {
        Self { net, at, queue }
    }

    /// The bound address.
    pub fn local_addr(&self) -> SocketAddr {
        self.at
    }

    /// Sends at once.
    pub fn send(&self, datagram: &[u8], to: SocketAddr) {
        self.net.send(self.at, to, datagram);
    }

    /// Sends at once, and says whether there was a route; that it arrives is not said.
    pub fn try_send(&self, datagram: &[u8], to: SocketAddr) -> bool {
        self.net.send(self.at, to, datagram) != Fate::NoRoute
    }

    /// A datagram that has arrived, if one has.
    pub fn try_receive(&self) -> Option<Datagram> {
        self.queue.lock().arrived(Instant::now())
    }

    /// The next datagram, or a promise to wake the task when there is one. One task at a time can wait.
    pub fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Datagram> {
        let mut waiting = self.queue.lock();
        loop {
            if let Some(datagram) = waiting.arrived(Instant::now()) {
                waiting.sleep = None;
                return Poll::Ready(datagram);
            }
            waiting.waker = Some(cx.waker().clone());
            let Some(next) = waiting.next() else { return Poll::Pending };
            let mut sleep = Box::pin(sleep_until(next));
            let slept = sleep.as_mut().poll(cx);
            waiting.sleep = Some(sleep);
            if slept.is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Waits for the next datagram.
    pub async fn receive(&self) -> Datagram {
        poll_fn(|cx| self.poll_receive(cx)).await
    }
}

impl Drop for VirtualSocket {
    fn drop(&mut self) {
        self.net.unbind(self.at);
    }
}
