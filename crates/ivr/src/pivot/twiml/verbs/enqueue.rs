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
        let enqueue = op::Enqueue { name: self.name.clone(), most: self.most };
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
        place: Place,
        session: &mut Session<'_>,
    ) -> Result<Option<(&'static str, Duration)>, Interrupted> {
        let alone = match self.wait.url {
            Some(_) => match self.wait.sound(session).await? {
                Some(alone) => Some(alone),
                None => match self.hear(place, session).await? {
                    Waiting::Taken => None,
                    Waiting::Silent => Some(Alone::Music),
                    Waiting::Left(waited) => return Ok(Some(("leave", waited))),
                    Waiting::HungUp => return Ok(None),
                },
            },
            None => Some(Alone::Music),
        };
        self.before_the_talk(session).await?;
        let meet = Meet { alone: alone.unwrap_or(Alone::Silence), leave_by: DigitSet::NONE };
        Ok(Some(match session.call.meet(meet).await? {
            Met::Talked { waited, .. } => ("bridged", waited),
            Met::Left { waited } => ("leave", waited),
            Met::Missed | Met::Nowhere => ("error", Duration::ZERO),
        }))
    }

    /// Runs the document of the wait, over and over.
    async fn hear(&self, mut place: Place, session: &mut Session<'_>) -> Result<Waiting, Interrupted> {
        loop {
            let facts = [
                ("QueuePosition", place.position.to_string()),
                ("QueueTime", place.waited.as_secs().to_string()),
                ("AvgQueueTime", place.average.as_secs().to_string()),
                ("CurrentQueueSize", place.size.to_string()),
            ];
            session.state.once.extend(facts.map(|(name, value)| (name.to_owned(), value)));
            match aside::run(&self.wait, session).await {
                Err(Interrupted::Wanted) => return Ok(Waiting::Taken),
                Err(other) => return Err(other),
                Ok(Aside::Through) => {}
                Ok(Aside::Failed) => return Ok(Waiting::Silent),
                Ok(ended @ (Aside::Left | Aside::HungUp)) => {
                    let waited = session.call.place().await?.map(|place| place.waited).unwrap_or_default();
                    session.call.leave().await?;
                    return Ok(if ended == Aside::Left { Waiting::Left(waited) } else { Waiting::HungUp });
                }
            }
            match session.call.place().await? {
                Some(now) => place = now,
                None => return Ok(Waiting::Taken),
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

/// How the wait with a document has ended.
enum Waiting {
    /// Somebody has taken the caller.
    Taken,
    /// There is no document, so there is music.
    Silent,
    /// The caller has left.
    Left(Duration),
    /// The document hangs up.
    HungUp,
}

impl fmt::Display for Enqueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enqueue in {}", self.name)
    }
}
