//! The queues: who waits in which, and who takes whom out.
//!
//! Shape: a queue is there while somebody waits in it or wants somebody of it, and its times for longer. Whoever waits holds a
//! [`Place`], and whoever wants somebody a [`Wish`]; dropped, they are out of it, however their calls end. A match is a [`Handover`] in
//! the inbox of whoever waited and a [`Found`] for whoever wanted. Until the two meet, the place is kept and promised to nobody else;
//! where whoever wanted somebody is gone before, its [`Promise`] is, and the place is where it was.
//! Errors: [`Full`]; every queue and their number are bounded.
//! Sources: `kazoo-pivot.md` 5.4 (Enqueue, Dial Queue).

mod meeting;
mod promise;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use antiphon_ivr::{CallerId, op};
use tokio::sync::{mpsc, oneshot};

pub use self::{
    meeting::{Handover, Meeting, MeetingId, Partner, Ready, Step},
    promise::Promise,
};
use crate::{call::CallEvent, calls::CallId, store::ClientId};

/// Queues that are remembered at most; one that nobody waits in makes room for another.
const QUEUES: usize = 4096;
/// Those who want somebody of one queue at most.
const WISHES: usize = 1024;

/// A queue as its client names it.
type Key = (ClientId, String);

/// There is no place, in this queue or for another one.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("the queue is full")]
pub struct Full;

/// Somebody who waits, for the API.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its call.
    pub call: CallId,
    /// Who it is.
    pub who: CallerId,
    /// Since when.
    pub since: Instant,
    /// Whoever has more is taken before all who have less.
    pub priority: i64,
    /// What its script says of it, by names.
    pub about: Vec<(String, String)>,
}

/// A queue, for the API.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Who waits, the first who is taken first.
    pub waiting: Vec<Waiting>,
    /// How many want somebody of it.
    pub wanting: usize,
    /// How long those who were taken had waited on average.
    pub average: Duration,
}

/// Whoever wants somebody of a queue.
#[derive(Debug)]
pub struct Taker {
    /// Where it hears of the other.
    pub inbox: mpsc::Sender<CallEvent>,
    /// What the script of the other is to know.
    pub message: Option<String>,
    /// The places of those who did not come to meet it in time, and whom it waits for no more.
    pub missed: Vec<u64>,
}

/// Somebody who was found in a queue.
#[derive(Debug)]
pub struct Found {
    /// The meeting of the two.
    pub meeting: MeetingId,
    /// Its leg, as soon as its script has come; gone where it does not.
    pub ready: oneshot::Receiver<Ready>,
    /// Its place, which nobody else takes meanwhile.
    pub promise: Promise,
}

/// Somebody who stands in a queue.
#[derive(Debug)]
struct Standing {
    place: u64,
    waiting: Waiting,
    inbox: mpsc::Sender<CallEvent>,
    /// The meeting that is about to begin, where there is one.
    promised: Option<MeetingId>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Standing>,
    wishes: VecDeque<(u64, Taker, oneshot::Sender<Found>)>,
    /// How many were taken, and how long they had waited together.
    taken: u32,
    waited: Duration,
}

#[derive(Debug, Default)]
struct Table {
    queues: Mutex<HashMap<Key, Queue>>,
    next: AtomicU64,
}

/// All queues.
#[derive(Clone, Debug, Default)]
pub struct Queues {
    table: Arc<Table>,
}

/// A place in a queue, until it is dropped.
#[derive(Debug)]
pub struct Place {
    table: Arc<Table>,
    key: Key,
    id: u64,
    since: Instant,
    /// Whoever has taken it, until the script has come.
    pub taken: Option<Box<Handover>>,
}

/// Whoever wants somebody of a queue, until it is dropped.
#[derive(Debug)]
pub struct Wish {
    table: Arc<Table>,
    key: Key,
    id: u64,
    /// Who was found.
    pub found: oneshot::Receiver<Found>,
}

impl Queue {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.wishes.is_empty()
    }

    fn average(&self) -> Duration {
        self.waited.checked_div(self.taken).unwrap_or_default()
    }

    /// Those who are promised to nobody, in their order.
    fn free(&self) -> impl Iterator<Item = &Standing> {
        self.waiting.iter().filter(|standing| standing.promised.is_none())
    }

    /// Brings those together who wait for one another.
    fn pair(&mut self, key: &Key, table: &Arc<Table>) {
        let mut turn = 0;
        while turn < self.wishes.len() && self.free().next().is_some() {
            let (_, taker, found) = &self.wishes[turn];
            let is_gone = found.is_closed();
            let may_come =
                |standing: &&mut Standing| standing.promised.is_none() && !taker.missed.contains(&standing.place);
            let Some(standing) = self.waiting.iter_mut().find(may_come).filter(|_| !is_gone) else {
                // Whoever has gone is out of it; whoever has missed all of them lets the next have one.
                match is_gone {
                    true => drop(self.wishes.remove(turn)),
                    false => turn += 1,
                }
                continue;
            };
            let Some((_, taker, found)) = self.wishes.remove(turn) else { return };
            let meeting = MeetingId(table.next.fetch_add(1, Ordering::Relaxed));
            let (sender, ready) = oneshot::channel();
            let promise = Promise::new(table.clone(), key.clone(), standing.place, meeting);
            if let Err(Found { promise, .. }) = found.send(Found { meeting, ready, promise }) {
                // It has gone at this moment, and the place was never promised.
                promise.keep();
                continue;
            }
            standing.promised = Some(meeting);
            let Taker { inbox: partner, message, .. } = taker;
            let handover = Handover { place: standing.place, meeting, message, partner, ready: sender };
            crate::queue::send_now(&standing.inbox, CallEvent::Taken(Box::new(handover)));
        }
    }

    /// A place that was promised for this meeting is promised to nobody any more.
    fn release(&mut self, place: u64, meeting: MeetingId) {
        let promised = |standing: &&mut Standing| standing.place == place && standing.promised == Some(meeting);
        if let Some(standing) = self.waiting.iter_mut().find(promised) {
            standing.promised = None;
        }
    }
}

impl Queues {
    /// Puts somebody in a queue, behind all others but those of less priority.
    ///
    /// # Errors
    /// [`Full`].
    pub fn join(
        &self,
        (client, name): (ClientId, &str),
        most: usize,
        waiting: Waiting,
        inbox: mpsc::Sender<CallEvent>,
    ) -> Result<Place, Full> {
        let key = (client, name.to_owned());
        let (since, id) = (waiting.since, self.table.next.fetch_add(1, Ordering::Relaxed));
        let mut queues = self.table.open(&key)?;
        let queue = queues.entry(key.clone()).or_default();
        if queue.waiting.len() >= most {
            return Err(Full);
        }
        let at = queue.waiting.partition_point(|standing| standing.waiting.priority >= waiting.priority);
        queue.waiting.insert(at, Standing { place: id, waiting, inbox, promised: None });
        queue.pair(&key, &self.table);
        drop(queues);
        self.table.count();
        Ok(Place { table: self.table.clone(), key, id, since, taken: None })
    }

    /// Wants whoever has waited longest in a queue, now or later.
    ///
    /// # Errors
    /// [`Full`] where too many do already.
    pub fn take(&self, (client, name): (ClientId, &str), taker: Taker) -> Result<Wish, Full> {
        let key = (client, name.to_owned());
        let id = self.table.next.fetch_add(1, Ordering::Relaxed);
        let (sender, found) = oneshot::channel();
        let mut queues = self.table.open(&key)?;
        let queue = queues.entry(key.clone()).or_default();
        if queue.wishes.len() >= WISHES {
            return Err(Full);
        }
        queue.wishes.push_back((id, taker, sender));
        queue.pair(&key, &self.table);
        drop(queues);
        Ok(Wish { table: self.table.clone(), key, id, found })
    }

    /// The queues of a client in which somebody waits or that somebody waits for, by their names.
    pub fn of(&self, client: ClientId) -> Vec<Shown> {
        let queues = self.table.lock();
        let own = queues.iter().filter(|((owner, _), queue)| *owner == client && !queue.is_idle());
        let mut shown: Vec<Shown> = own
            .map(|((_, name), queue)| Shown {
                name: name.clone(),
                waiting: queue.waiting.iter().map(|standing| standing.waiting.clone()).collect(),
                wanting: queue.wishes.len(),
                average: queue.average(),
            })
            .collect();
        drop(queues);
        shown.sort_by(|one, other| one.name.cmp(&other.name));
        shown
    }
}

impl Place {
    /// Whether this is the place that was taken.
    pub fn is(&self, id: u64) -> bool {
        self.id == id
    }

    /// Whether somebody has taken it, and waits for its script.
    pub fn is_taken(&self) -> bool {
        self.taken.as_ref().is_some_and(|handover| handover.is_awaited())
    }

    /// It is as if nobody had taken it for this meeting, and the next may.
    pub fn release(&self, meeting: MeetingId) {
        self.table.release(&self.key, self.id, meeting);
    }

    /// The talk begins, and the place is given up; how long it was held.
    pub fn leave_for_the_talk(self, now: Instant) -> Duration {
        let waited = self.waited(now);
        if let Some(queue) = self.table.lock().get_mut(&self.key) {
            queue.taken = queue.taken.saturating_add(1);
            queue.waited = queue.waited.saturating_add(waited);
        }
        waited
    }

    /// Where it stands.
    pub fn stands(&self, now: Instant) -> op::Place {
        let queues = self.table.lock();
        let queue = queues.get(&self.key);
        let position = queue.and_then(|queue| queue.free().position(|standing| standing.place == self.id));
        let (size, average) = queue.map(|queue| (queue.free().count(), queue.average())).unwrap_or_default();
        drop(queues);
        op::Place {
            position: position.map_or(0, |position| position + 1),
            size,
            waited: self.waited(now),
            average,
            message: self.taken.as_ref().filter(|it| it.is_awaited()).and_then(|it| it.message.clone()),
        }
    }

    /// How long it has been held.
    pub fn waited(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.table.lock().get_mut(&self.key) {
            queue.waiting.retain(|standing| standing.place != self.id);
        }
        self.table.count();
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        if let Some(queue) = self.table.lock().get_mut(&self.key) {
            queue.wishes.retain(|(id, ..)| *id != self.id);
        }
    }
}

impl Table {
    /// The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, with room for this queue.
    fn open(&self, key: &Key) -> Result<MutexGuard<'_, HashMap<Key, Queue>>, Full> {
        let mut queues = self.lock();
        if queues.len() >= QUEUES && !queues.contains_key(key) {
            queues.retain(|_, queue| !queue.is_idle());
            if queues.len() >= QUEUES {
                return Err(Full);
            }
        }
        Ok(queues)
    }

    /// A place is promised to nobody any more, and whoever wants somebody may have it.
    fn release(self: &Arc<Self>, key: &Key, place: u64, meeting: MeetingId) {
        if let Some(queue) = self.lock().get_mut(key) {
            queue.release(place, meeting);
            queue.pair(key, self);
        }
    }

    fn count(&self) {
        let waiting: usize = self.lock().values().map(|queue| queue.waiting.len()).sum();
        metrics::gauge!("antiphon_queued_callers").set(waiting as f64);
    }
}

#[cfg(test)]
mod tests;
