//! How many of a kind of work run at once, in all and for one party: a host that is asked, a client that wants something done.
//!
//! Shape: whoever has work takes a [`Turn`], and gives it back by dropping it. Those who wait for their party hold nothing, so that one that
//! is slow or wants much keeps no other waiting.
//! Time: nobody waits here longer than its own patience.
//! Errors: none; the table has an entry for each party that has a turn or waits for one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of one kind of work.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    per_party: usize,
    parties: Arc<Mutex<HashMap<String, Party>>>,
}

#[derive(Debug)]
struct Party {
    turns: Arc<Semaphore>,
    /// How many have a turn or wait for one.
    present: usize,
}

/// The right to work now.
#[derive(Debug)]
pub(crate) struct Turn {
    _all: OwnedSemaphorePermit,
    _party: OwnedSemaphorePermit,
    _presence: Presence,
}

/// Somebody who has a turn or waits for one.
#[derive(Debug)]
struct Presence {
    parties: Arc<Mutex<HashMap<String, Party>>>,
    party: String,
}

impl Turns {
    /// So many turns in all, and for each party.
    pub(crate) fn new(all: usize, per_party: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_party, parties: Arc::default() }
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self, party: String) -> Turn {
        let (turns, presence) = self.enter(party);
        let of_party = turns.acquire_owned().await.expect("the turns are never closed");
        let of_all = self.all.clone().acquire_owned().await.expect("the turns are never closed");
        Turn { _all: of_all, _party: of_party, _presence: presence }
    }

    fn enter(&self, party: String) -> (Arc<Semaphore>, Presence) {
        let mut parties = locked(&self.parties);
        let entry = parties.entry(party.clone());
        let entry = entry.or_insert_with(|| Party { turns: Arc::new(Semaphore::new(self.per_party)), present: 0 });
        entry.present += 1;
        (entry.turns.clone(), Presence { parties: self.parties.clone(), party })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut parties = locked(&self.parties);
        if let Some(party) = parties.get_mut(&self.party) {
            party.present -= 1;
            if party.present == 0 {
                parties.remove(&self.party);
            }
        }
    }
}

/// The table is whole after every use, so a panic elsewhere while it was locked harms nothing.
fn locked(parties: &Mutex<HashMap<String, Party>>) -> MutexGuard<'_, HashMap<String, Party>> {
    parties.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Poll};

    use super::*;

    /// Whether a turn is there at once.
    async fn at_once(turns: &Turns, party: &str) -> Option<Turn> {
        let mut taking = pin!(turns.take(party.to_owned()));
        std::future::poll_fn(|cx| match taking.as_mut().poll(cx) {
            Poll::Ready(turn) => Poll::Ready(Some(turn)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn a_slow_party_keeps_no_other_waiting() {
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
    async fn a_party_without_work_is_forgotten() {
        let turns = Turns::new(1, 1);
        let turn = at_once(&turns, "one").await;
        assert!(at_once(&turns, "two").await.is_none(), "gives up waiting");
        assert_eq!(locked(&turns.parties).len(), 1);
        drop(turn);
        assert_eq!(locked(&turns.parties).len(), 0);
    }
}
