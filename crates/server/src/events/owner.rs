//! The owner of the notices: it sends them, and tries again what failed.
//!
//! Shape: one task a notice. Those of one [`Line`] wait for each other, so that a subscriber hears of a call's end last; beside that so many are sent at once, in all and of one client.
//! Time: each request's patience for a try; how long it rests before the next one is the notice's own.
//! Errors: where nobody may be asked nothing is tried again.

use std::collections::HashMap;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::notice::{self, Line, Notice, Verdict};
use crate::{turns::Turns, web::Web};

/// Notices that are sent at once.
const AT_ONCE: usize = 64;
/// The same of one client, so that nobody's dead web server keeps the others' notices waiting.
const OF_A_CLIENT: usize = 16;

/// The owner.
pub struct Owner {
    web: Web,
    notices: mpsc::Receiver<Notice>,
    turns: Turns,
    /// The last notice of each line, and what says that it is done.
    lines: HashMap<Line, (u64, oneshot::Receiver<()>)>,
    sending: JoinSet<(Line, u64)>,
    count: u64,
}

impl Owner {
    pub(super) fn new(web: Web, notices: mpsc::Receiver<Notice>) -> Self {
        let turns = Turns::new(AT_ONCE, OF_A_CLIENT);
        Self { web, notices, turns, lines: HashMap::new(), sending: JoinSet::new(), count: 0 }
    }

    /// Sends notices as long as anybody can raise an event.
    pub async fn run(mut self) {
        loop {
            tokio::select! {
                notice = self.notices.recv() => match notice {
                    Some(notice) => self.send(notice),
                    None => return,
                },
                Some(sent) = self.sending.join_next() => {
                    // One that panicked has told so already, and only its own line's entry stays.
                    if let Ok((line, number)) = sent
                        && self.lines.get(&line).is_some_and(|(last, _)| *last == number)
                    {
                        self.lines.remove(&line);
                    }
                }
            }
        }
    }

    fn send(&mut self, notice: Notice) {
        let line = notice.line.clone();
        self.count += 1;
        let (done, is_done) = oneshot::channel::<()>();
        let before = self.lines.insert(line.clone(), (self.count, is_done));
        let (web, turns, number) = (self.web.clone(), self.turns.clone(), self.count);
        self.sending.spawn(async move {
            if let Some((_, before)) = before {
                // Its sender is dropped when it is done.
                let _ = before.await;
            }
            deliver(&web, &turns, notice).await;
            drop(done);
            (line, number)
        });
    }
}

/// Tells one web server, in several tries.
async fn deliver(web: &Web, turns: &Turns, mut notice: Notice) {
    let mut tried = 0;
    let verdict = loop {
        let turn = turns.take(notice.client.to_string()).await;
        let exchange = web.fetch(notice.client, &notice.fetch).await;
        drop(turn);
        if let Some(step) = notice.step.take() {
            step.finish(&exchange);
        }
        let verdict = notice.manner.judge(&exchange.outcome);
        match notice.manner.pause(tried).filter(|_| verdict == Verdict::Again) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => break verdict,
        }
        tried += 1;
    };
    notice::count(if verdict == Verdict::Told { "told" } else { "given_up" });
    if verdict != Verdict::Told {
        tracing::warn!(step = notice.fetch.step, client = %notice.client, "a web server could not be told");
    }
}
