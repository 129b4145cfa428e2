//! Queues in a simulation: the scenario says who waits before the caller, and who takes it.
//!
//! Time: virtual; a talk lifts the lifetime.
//! Errors: [`Interrupted`], as on a real call.

use std::{fmt::Write as _, time::Duration};

use super::{
    Taking,
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Bridged, Dialed, Interrupted,
    op::{Enqueue, Enqueued, Meet, Met, Place, Take},
};

/// A caller in a queue.
#[derive(Copy, Clone)]
pub(super) struct Queued {
    since: Duration,
    /// When it is taken, if it is.
    taken_at: Option<Duration>,
    /// Whether whoever takes it then has gone before they meet.
    missed: bool,
}

impl World<'_> {
    pub(super) fn enqueue(&mut self, enqueue: &Enqueue) -> Enqueued {
        let mut said = format!("enqueue in {}, at most {}", enqueue.name, enqueue.most);
        if enqueue.priority != 0 {
            let _ = write!(said, ", priority {}", enqueue.priority);
        }
        for (name, value) in &enqueue.about {
            let _ = write!(said, ", {name}: {value}");
        }
        self.note(said);
        if self.scenario.queueing.before >= enqueue.most {
            self.note("… full");
            return Enqueued::Full;
        }
        self.wait_for_taker(self.now, self.scenario.queueing.missed);
        self.place().map_or(Enqueued::Full, Enqueued::In)
    }

    /// Somebody takes the caller, whom it misses or not.
    fn wait_for_taker(&mut self, since: Duration, missed: Option<Duration>) {
        let after = missed.or_else(|| self.scenario.queueing.taken.map(|taken| taken.after));
        let taken_at = after.map(|after| since.saturating_add(after));
        self.queued = Some(Queued { since, taken_at, missed: missed.is_some() });
        self.wanted = taken_at;
    }

    pub(super) fn place(&mut self) -> Option<Place> {
        let Queued { since, taken_at, .. } = self.queued?;
        let before = self.scenario.queueing.before;
        let is_taken = taken_at.is_some_and(|at| at <= self.now);
        Some(Place {
            position: if is_taken { 0 } else { before + 1 },
            size: if is_taken { before } else { before + 1 },
            waited: self.now - since,
            average: Duration::ZERO,
            message: self.scenario.queueing.message.clone().filter(|_| is_taken),
        })
    }

    pub(super) fn meet(&mut self, meet: &Meet) -> Result<Met, Interrupted> {
        self.note(match meet.patience {
            Some(patience) => format!("meet within {}", seconds(patience)),
            None => "meet".to_owned(),
        });
        let Some(Queued { since, taken_at, missed }) = self.queued else {
            self.note("… the caller is in no queue");
            return Ok(Met::Nowhere);
        };
        self.wanted = None;
        let patient_until = meet.patience.map(|patience| self.now.saturating_add(patience));
        while taken_at.is_none_or(|at| at > self.now) {
            let until = taken_at.into_iter().chain(patient_until).min();
            if until.is_none() && self.limit.is_none() && self.caller_is_done() {
                self.note("… waits on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(until.unwrap_or(Duration::MAX), Edge::Outside, Lifetime::Counts)? {
                Waited::Pressed(digit) if meet.leave_by.contains(digit) => {
                    self.note(format!("… left by {digit}"));
                    self.queued = None;
                    return Ok(Met::Left { waited: self.now - since });
                }
                Waited::Through if patient_until.is_some_and(|until| until <= self.now) => {
                    self.note("… nobody takes the caller");
                    self.queued = None;
                    return Ok(Met::Nobody { waited: self.now - since });
                }
                Waited::Pressed(_) | Waited::Through => {}
            }
        }
        if missed {
            self.note("… whoever took the caller is gone");
            self.wait_for_taker(since, None);
            return Ok(Met::Missed);
        }
        let waited = taken_at.unwrap_or(self.now) - since;
        self.note(format!("… taken after {}", seconds(waited)));
        self.queued = None;
        let talk = self.scenario.queueing.taken.and_then(|taken| taken.talk);
        let talk = self.talk_with("the other", talk)?;
        Ok(Met::Talked { talk, waited })
    }

    pub(super) fn leave(&mut self) {
        if self.queued.take().is_some() {
            self.note("leave the queue");
        }
        self.wanted = None;
    }

    pub(super) fn take(&mut self, take: &Take) -> Result<Dialed, Interrupted> {
        self.note(format!("take from {} for {}", take.name, seconds(take.patience)));
        let came = self.scenario.taking.filter(|taking| taking.after < take.patience);
        let Some(Taking { after, talk }) = came else {
            self.ring(take.patience)?;
            self.note("… nobody");
            return Ok(Dialed::NoAnswer);
        };
        self.ring(after)?;
        self.note("… somebody comes");
        self.talk(("the other", talk), take.longest, take.ends_by)
    }

    /// A talk that only the other ends.
    fn talk_with(&mut self, other: &str, talk: Option<Duration>) -> Result<Duration, Interrupted> {
        (self.bridged, self.limit) = (Bridged::Yes, None);
        let (began, end) = (self.now, talk.map(|talk| self.now.saturating_add(talk)));
        loop {
            if end.is_none() && self.caller_is_done() {
                self.note("… they talk on");
                return Err(Interrupted::Shutdown);
            }
            if let Waited::Through = self.wait(end.unwrap_or(Duration::MAX), Edge::Outside, Lifetime::Deferred)? {
                self.note(format!("… {other} hangs up"));
                return Ok(self.now - began);
            }
        }
    }
}
