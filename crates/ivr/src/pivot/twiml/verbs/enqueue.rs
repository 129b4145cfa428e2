//! `<Enqueue waitUrl="/wait" action="/after">support</Enqueue>`: the caller waits in a queue until somebody takes it.
//!
//! Shape: the name; `action`, `method`; `waitUrl`, `waitUrlMethod` (a document that runs over and over while the caller waits, or a
//! sound; music where it is missing); `maxQueueSize`.
//! Errors: without a name it is skipped, which is told.
//! Sources: `kazoo-pivot.md` 5.4.

use std::{fmt, time::Duration};

use super::{Exit, Reading, Session, Way};
use crate::{
    Alone, DigitSet, Interrupted,
    op::{self, Enqueued, Meet, Met, Place},
    pivot::twiml::{
        aside::{self, Aside},
        farewell::Farewell,
    },
};

/// Most who wait in a queue, and how many may where nobody says.
const SIZES: (u32, u32) = (1_000, 100);

/// Waits in a queue.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Enqueue {
    /// Its name.
    pub name: String,
    /// Who is asked what follows.
    pub action: Way,
    /// What runs meanwhile.
    pub wait: Way,
    /// How many may wait.
    pub most: usize,
}

impl Enqueue {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["action", "method", "waitUrl", "waitUrlMethod", "maxQueueSize"]);
        reading.holds(&[]);
        let name = reading.element.text();
        if name.is_empty() || name.len() > 128 {
            reading.warn("names no queue; it is skipped");
            return None;
        }
        let wait = Way { url: reading.word("waitUrl").map(str::to_owned), method: reading.method("waitUrlMethod") };
        let most = usize::try_from(reading.number("maxQueueSize", 1..=SIZES.0, SIZES.1)).unwrap_or(usize::MAX);
        Some(Self { name, action: reading.action(), wait, most })
    }
}

impl Enqueue {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        session.state.queue_sid = Some(self.name.clone());
        session.state.silent_requests = 0;
        let enqueue = op::Enqueue::new(self.name.clone(), self.most);
        let (result, waited) = match session.call.enqueue(enqueue).await? {
            Enqueued::Full => ("queue-full", Duration::ZERO),
            Enqueued::In(place) => match self.wait(place, session).await {
                Ok(Some(ended)) => ended,
                Ok(None) => return Ok(Some(Exit::Ended)),
                Err(Interrupted::RemoteHangup) => {
                    if self.action.url.is_some() {
                        let news = [("QueueResult", "hangup"), ("QueueSid", self.name.as_str())];
                        Farewell::of_action(&self.action, &news, session).leave(session);
                    }
                    return Err(Interrupted::RemoteHangup);
                }
                Err(other) => return Err(other),
            },
        };
        session.state.silent_requests = 0;
        if self.action.url.is_none() {
            return Ok(None);
        }
        let news = [("QueueResult", result.to_owned()), ("QueueTime", waited.as_secs().to_string())];
        session.state.once.extend(news.map(|(name, value)| (name.to_owned(), value)));
        Ok(Some(self.action.ask(session)))
    }

    /// Waits until somebody takes the caller, and talks. `None` where its document hangs up.
    async fn wait(
        &self,
        mut place: Place,
        session: &mut Session<'_>,
    ) -> Result<Option<(&'static str, Duration)>, Interrupted> {
        loop {
            let alone = match self.meanwhile(place, session).await {
                // Somebody has taken the caller.
                Err(Interrupted::Wanted) => Alone::Silence,
                Err(other) => return Err(other),
                Ok(Waiting::Hears(alone)) => alone,
                Ok(Waiting::Left(waited)) => return Ok(Some(("leave", waited))),
                Ok(Waiting::HungUp) => return Ok(None),
            };
            match self.before_the_talk(session).await {
                Err(Interrupted::Wanted) => self.before_the_talk(session).await?,
                heard => heard?,
            }
            // A menu that led here may have had its time; whoever waits for a talk has all the time that it likes.
            session.call.limit(None).await?;
            let meet = Meet { alone, leave_by: DigitSet::NONE, patience: None };
            let (met, waited) = match session.call.meet(meet).await? {
                Met::Talked { waited, .. } => ("bridged", waited),
                Met::Left { waited } | Met::Nobody { waited } => ("leave", waited),
                Met::Nowhere => ("error", Duration::ZERO),
                // Whoever took the caller is gone; it waits on where it stood.
                Met::Missed => match session.call.place().await? {
                    Some(now) => {
                        place = now;
                        continue;
                    }
                    None => ("error", Duration::ZERO),
                },
            };
            return Ok(Some((met, waited)));
        }
    }

    /// Runs the document of the wait, over and over, where there is one.
    async fn meanwhile(&self, mut place: Place, session: &mut Session<'_>) -> Result<Waiting, Interrupted> {
        if self.wait.url.is_none() {
            return Ok(Waiting::Hears(Alone::Music));
        }
        if let Some(alone) = self.wait.sound(session).await? {
            return Ok(Waiting::Hears(alone));
        }
        loop {
            let facts = [
                ("QueuePosition", place.position.to_string()),
                ("QueueTime", place.waited.as_secs().to_string()),
                ("AvgQueueTime", place.average.as_secs().to_string()),
                ("CurrentQueueSize", place.size.to_string()),
            ];
            session.state.once.extend(facts.map(|(name, value)| (name.to_owned(), value)));
            let ended = aside::run(&self.wait, session).await?;
            let now = session.call.place().await?;
            match ended {
                Aside::Through => {}
                Aside::Failed => return Ok(Waiting::Hears(Alone::Music)),
                Aside::Left | Aside::HungUp => {
                    session.call.leave().await?;
                    let waited = now.map(|place| place.waited).unwrap_or_default();
                    return Ok(if ended == Aside::Left { Waiting::Left(waited) } else { Waiting::HungUp });
                }
            }
            match now {
                Some(now) => place = now,
                None => return Ok(Waiting::Hears(Alone::Silence)),
            }
        }
    }

    /// Whoever has taken the caller may want it to hear something before.
    async fn before_the_talk(&self, session: &mut Session<'_>) -> Result<(), Interrupted> {
        let message = session.call.place().await?.and_then(|place| place.message);
        if let Some(way) = message.as_deref().and_then(Way::of_written) {
            aside::run(&way, session).await?;
        }
        Ok(())
    }
}

/// What follows the document of a wait.
enum Waiting {
    /// The caller waits on, and hears this.
    Hears(Alone),
    /// The caller has left after so long.
    Left(Duration),
    /// The call ends.
    HungUp,
}

impl fmt::Display for Enqueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enqueue in {}", self.name)
    }
}
