//! A destination that is a queue: the caller waits in it until somebody takes it out, and the two talk.
//!
//! Shape: what is attached to the call goes along: its priority says who is taken first, all else is there to be looked at. A queue is there
//! as soon as somebody waits in it; which agents take whom is the business of whoever takes.
//! Time: as long as the attempt may take, else as long as the caller likes; a call that is only heard waits for its two minutes.
//! Errors: [`Waited`]. A status stands for each failure, from which the cause is made.
//! Sources: `voicexml-customizers.md` 1.3, 1.7.

use std::time::Duration;

use super::attached::{Attached, plain};
use crate::{
    Alone, DigitSet,
    op::{Enqueue, Enqueued, Meet, Met, QUEUE_SIZE},
    vxml::run::{Interpreter, Stop},
};

/// Most bytes of a name.
const MAX_NAME: usize = 128;

/// What came of a wait.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Waited {
    /// They talked for so long.
    Talked(Duration),
    /// They did not, for which this SIP status stands.
    Failed(u16),
}

impl Attached {
    /// What whoever looks at a queue is told, by the names that the page's variables have.
    fn about(&self) -> Vec<(String, String)> {
        let one = |name: &str, value: String| (name.to_owned(), value.chars().take(1_000).collect());
        let mut about = Vec::new();
        about.extend(self.language.clone().map(|language| one("LANGUAGE", language)));
        about.extend(self.skills.as_ref().map(|skills| one("SKILLS", plain(skills))));
        about.extend(self.extra.iter().map(|(name, value)| one(&format!("EXTRADATA_{name}"), plain(value))));
        about
    }

    /// Whoever has more is taken first; what is no number counts as nothing.
    fn in_queues(&self) -> i64 {
        self.priority.as_ref().and_then(|priority| plain(priority).trim().parse().ok()).unwrap_or(0)
    }
}

impl Interpreter<'_> {
    /// Waits in a queue, and talks with whoever takes the caller out of it.
    pub(crate) async fn wait_in(
        &mut self,
        queue: String,
        patience: Option<Duration>,
        keeps_language: bool,
    ) -> Result<Waited, Stop> {
        if queue.len() > MAX_NAME {
            return Ok(Waited::Failed(404));
        }
        let mut about = self.attached.about();
        if keeps_language {
            about.push(("KEEPLANGUAGE".to_owned(), "true".to_owned()));
        }
        let enqueue = Enqueue { priority: self.attached.in_queues(), about, ..Enqueue::new(queue, QUEUE_SIZE) };
        if self.call.enqueue(enqueue).await? == Enqueued::Full {
            return Ok(Waited::Failed(486));
        }
        loop {
            let meet = Meet { alone: Alone::Music, leave_by: DigitSet::NONE, patience };
            let met = self.call.meet(meet).await?;
            self.rested();
            return Ok(match met {
                Met::Talked { talk, .. } => {
                    self.connected().await?;
                    Waited::Talked(talk)
                }
                Met::Nobody { .. } | Met::Left { .. } => Waited::Failed(480),
                Met::Nowhere => Waited::Failed(500),
                // Whoever took the caller is gone; it waits on where it stood.
                Met::Missed => continue,
            });
        }
    }
}
