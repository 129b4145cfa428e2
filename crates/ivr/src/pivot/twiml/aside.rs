//! A document that runs beside the one that runs: for a party before it is joined, for a caller who waits.
//!
//! Shape: [`run`] asks for it and for those that it leads to, and runs the verbs that can be run there: `Say`, `Play`, `Pause`, `Gather`,
//! `Record`, `Redirect`, `Set`, `Hangup`, `Leave`. What the session knows of its own document is as before afterwards.
//! Errors: a web server that fails is told and ends it.
//! Sources: `kazoo-pivot.md` 5.4 (Number `url`, Enqueue `waitUrl`, Queue `url`).

use super::{Verb, reading::Way, verbs::Hangup};
use crate::{
    Interrupted,
    pivot::{Ask, Asker, Exit, Session, run as script},
};

/// How it has ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Aside {
    /// With its last verb.
    Through,
    /// By `Hangup`.
    HungUp,
    /// By `Leave`.
    Left,
    /// It could not be had.
    Failed,
}

/// Runs a document and what it leads to.
pub(super) async fn run(way: &Way, session: &mut Session<'_>) -> Result<Aside, Interrupted> {
    let own = (session.state.url.clone(), session.state.data.clone(), session.state.otherwise.clone());
    let ask = session.continuation(way.url.as_deref(), way.method);
    let ended = all(ask, session).await;
    (session.state.url, session.state.data, session.state.otherwise) = own;
    ended
}

async fn all(mut ask: Ask, session: &mut Session<'_>) -> Result<Aside, Interrupted> {
    loop {
        ask.asker = Asker::Aside;
        let document = match script::document(session, &ask).await? {
            Ok(document) => document,
            Err(problem) => {
                session.warn(problem).await?;
                return Ok(Aside::Failed);
            }
        };
        for warning in &document.warnings {
            session.warn(warning.clone()).await?;
        }
        let mut next = None;
        for verb in &document.verbs {
            session.ran(verb.to_string()).await?;
            match verb {
                Verb::Hangup(Hangup) => return Ok(Aside::HungUp),
                Verb::Leave(_) => return Ok(Aside::Left),
                verb => next = verb.run_beside(session).await?,
            }
            if next.is_some() {
                break;
            }
        }
        ask = match next {
            Some(Exit::Ask(ask)) => ask,
            Some(Exit::Ended | Exit::HandOver(_)) | None => return Ok(Aside::Through),
        };
    }
}
