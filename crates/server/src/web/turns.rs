//! How many requests run at once, in all and to one host.
//!
//! Shape: whoever asks takes a [`Turn`], and gives it back by dropping it. Those who wait hold nothing, so that a host that is slow
//! keeps no request to another one waiting.
//! Time: nobody waits here longer than its own patience.
//! Errors: none; the table has an entry for each host that somebody asks or waits for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of all requests.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    per_host: usize,
    hosts: Arc<Mutex<HashMap<String, Host>>>,
}

#[derive(Debug)]
struct Host {
    turns: Arc<Semaphore>,
    /// How many have a turn or wait for one.
    present: usize,
}

/// The right to ask a host now.
#[derive(Debug)]
pub(crate) struct Turn {
    _all: OwnedSemaphorePermit,
    _host: OwnedSemaphorePermit,
    _presence: Presence,
}

/// Somebody who has a turn or waits for one.
#[derive(Debug)]
struct Presence {
    hosts: Arc<Mutex<HashMap<String, Host>>>,
    host: String,
}

impl Turns {
    /// So many turns in all, and to each host.
    pub(crate) fn new(all: usize, per_host: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_host, hosts: Arc::default() }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, host: String) -> Turn {
        let (turns, presence) = self.enter(host);
        let of_host = turns.acquire_owned().await.expect("the turns are never closed");
        let of_all = self.all.clone().acquire_owned().await.expect("the turns are never closed");
        Turn { _all: of_all, _host: of_host, _presence: presence }
    }

    fn enter(&self, host: String) -> (Arc<Semaphore>, Presence) {
        let mut hosts = locked(&self.hosts);
        let entry = hosts.entry(host.clone());
        let entry = entry.or_insert_with(|| Host { turns: Arc::new(Semaphore::new(self.per_host)), present: 0 });
        entry.present += 1;
        (entry.turns.clone(), Presence { hosts: self.hosts.clone(), host })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut hosts = locked(&self.hosts);
        if let Some(host) = hosts.get_mut(&self.host) {
            host.present -= 1;
            if host.present == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

/// The table is whole after every use, so a panic elsewhere while it was locked harms nothing.
fn locked(hosts: &Mutex<HashMap<String, Host>>) -> MutexGuard<'_, HashMap<String, Host>> {
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Poll};

    use super::*;

    /// Whether a turn is there at once.
    async fn at_once(turns: &Turns, host: &str) -> Option<Turn> {
        let mut taking = pin!(turns.take(host.to_owned()));
        std::future::poll_fn(|cx| match taking.as_mut().poll(cx) {
            Poll::Ready(turn) => Poll::Ready(Some(turn)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn a_slow_host_keeps_no_other_waiting() {
        let turns = Turns::new(3, 2);
        let slow = [at_once(&turns, "slow").await.unwrap(), at_once(&turns, "slow").await.unwrap()];
        assert!(at_once(&turns, "slow").await.is_none());
        let other = at_once(&turns, "other").await.expect("one is left");
        assert!(at_once(&turns, "third").await.is_none(), "there are three in all");
        drop(other);
        assert!(at_once(&turns, "third").await.is_some());
        drop(slow);
        assert!(at_once(&turns, "slow").await.is_some());
    }

    #[tokio::test]
    async fn a_host_is_forgotten_when_nobody_asks_it() {
        let turns = Turns::new(1, 1);
        let turn = at_once(&turns, "one").await;
        assert!(at_once(&turns, "two").await.is_none(), "gives up waiting");
        assert_eq!(locked(&turns.hosts).len(), 1);
        drop(turn);
        assert_eq!(locked(&turns.hosts).len(), 0);
    }
}
