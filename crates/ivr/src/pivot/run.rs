//! Asking web servers and running what they answer, until the call ends or goes elsewhere.
//!
//! Shape: [`run`] is the whole script: a request, an answer, a document, and again. [`after`] tells of the call when it is over.
//! Time: only inside ops.
//! Errors: a request that fails, and an answer that is none, lead to the child `_` of the pivot that asked; without one the call ends.
//! Sources: `kazoo-pivot.md` 2.8, 3.1 to 3.3, 8 (A2, A4 to A6, A8).

mod answer;
mod epilogue;

use std::sync::Arc;

pub use epilogue::{after, has_epilogue};

use self::answer::{Answer, Body};
use super::{
    Ask, Asker, Exit, Node, Pivot, RequestFormat, Session, callflow, request,
    session::{DEFAULT, Runs},
    twiml,
};
use crate::{
    Call, Interrupted, Next, NoteKind, Surroundings,
    op::{Cause, Respond},
};

/// Runs a pivot on a call.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn run(pivot: &Arc<Pivot>, call: &mut Call, surroundings: &dyn Surroundings) -> Result<Next, Interrupted> {
    let mut session = Session::new(call, surroundings, pivot.clone());
    let mut exit = if pivot.data.skip_module {
        otherwise(pivot.otherwise.clone(), &mut session).await?
    } else {
        Exit::Ask(Ask::of_node(pivot.data.clone(), pivot.otherwise.clone()))
    };
    loop {
        exit = match exit {
            Exit::Ended => return Ok(Next::Finished),
            Exit::HandOver(extension) => {
                next(&mut session, format!("extension {extension}")).await?;
                return Ok(Next::HandOver(extension));
            }
            Exit::Ask(ask) => match request(&mut session, &ask).await? {
                Ok(answer) => perform(&mut session, answer).await?,
                Err(problem) => {
                    session.warn(problem).await?;
                    otherwise(ask.otherwise.clone(), &mut session).await?
                }
            },
        };
    }
}

/// Asks a web server; what is wrong with the request or its answer, where something is.
async fn request(session: &mut Session<'_>, ask: &Ask) -> Result<Result<Answer, String>, Interrupted> {
    // What was typed over the last prompts is told; a request throws keys away.
    let early = session.typed_ahead().await?;
    match (session.state.runs, ask.data.format) {
        (Runs::Callflow, _) | (Runs::Nothing, RequestFormat::Kazoo) => session.add_digits(DEFAULT, &early),
        (Runs::Twiml, _) | (Runs::Nothing, RequestFormat::Twiml) => session.gather_digits(&early),
    }
    if let Some(problem) = counted(session, ask.asker) {
        // What it would have told is told to nobody else.
        session.state.once.clear();
        return Ok(Err(problem));
    }
    let state = &mut session.state;
    state.url = ask.url.split('#').next().unwrap_or_default().to_owned();
    state.data = ask.data.clone();
    state.otherwise = ask.otherwise.clone();
    if let Some(url) = &ask.data.cdr_url {
        state.cdr_url = Some(url.clone());
    }
    if ask.data.patience > session.policy.longest_patience {
        let longest = session.policy.longest_patience.as_millis();
        session.warn(format!("req_timeout_ms must be at most {longest}; it is taken as {longest}")).await?;
    }
    let fetch = match request::fetch(session, ask) {
        Ok(fetch) => fetch,
        Err(error) => return Ok(Err(error.to_string())),
    };
    Ok(match session.call.fetch(fetch).await? {
        Ok(page) => {
            let mode = if session.policy.strict_validation { super::Mode::Strict } else { super::Mode::Lenient };
            Answer::read(&page, mode)
        }
        Err(error) => Err(error.to_string()),
    })
}

/// Counts a request; why it may not be made, where it may not.
fn counted(session: &mut Session<'_>, asker: Asker) -> Option<String> {
    let (policy, state) = (&session.policy, &mut session.state);
    let (made, most, of) = match asker {
        Asker::Aside => (state.aside_requests, policy.max_aside_requests, " for documents beside another"),
        Asker::Pivot | Asker::Verb => (state.iteration - state.aside_requests, policy.max_requests, ""),
    };
    if made >= most {
        return Some(format!("the call has made {most} requests{of}, and may make no more"));
    }
    let silent = policy.max_silent_requests;
    if state.silent_requests >= silent {
        return Some(format!("{silent} requests came to nothing that the caller has heard; no more are made"));
    }
    state.iteration += 1;
    state.silent_requests += 1;
    state.aside_requests += u32::from(asker == Asker::Aside);
    None
}

/// Asks for a document of TwiML that runs beside the one that runs; what is wrong with it, where something is.
pub(super) async fn document(
    session: &mut Session<'_>,
    ask: &Ask,
) -> Result<Result<twiml::Document, String>, Interrupted> {
    Ok(match request(session, ask).await? {
        Ok(Answer { body: Body::Twiml(document), .. }) => Ok(document),
        Ok(Answer { body: Body::Nothing, .. }) => Ok(twiml::Document::default()),
        Ok(Answer { body: Body::Flow(_), .. }) => {
            Err("the answer is a callflow, and cannot be run beside TwiML".into())
        }
        Err(problem) => Err(problem),
    })
}

async fn perform(session: &mut Session<'_>, answer: Answer) -> Result<Exit, Interrupted> {
    for warning in &answer.warnings {
        session.warn(warning.clone()).await?;
    }
    let exit = match answer.body {
        Body::Nothing => {
            next(session, "the answer is empty; the call ends").await?;
            hang_up(session).await?
        }
        Body::Flow(flow) => callflow::run(flow, session).await?,
        Body::Twiml(document) => match twiml::run(&document, session).await? {
            Exit::Ended => hang_up(session).await?,
            exit => exit,
        },
    };
    if let Exit::Ask(ask) = &exit {
        next(session, format!("{} {}", ask.method, ask.url.split(['?', '#']).next().unwrap_or_default())).await?;
    }
    Ok(exit)
}

async fn next(session: &mut Session<'_>, what: impl Into<String>) -> Result<(), Interrupted> {
    session.call.note(NoteKind::Next, what).await
}

/// The web server failed: its pivot's child `_` runs, or the call ends.
async fn otherwise(flow: Option<Arc<Node>>, session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    match flow {
        Some(flow) => {
            next(session, "the child _").await?;
            callflow::run(flow, session).await
        }
        None => {
            next(session, "there is no child _; the call ends").await?;
            hang_up(session).await
        }
    }
}

/// Ends the call; a caller who was not answered hears that nobody is there. A call that has ended stays so.
async fn hang_up(session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    let ended = if session.call.answered {
        session.call.hangup(Cause::NORMAL).await
    } else {
        session.call.respond(Respond { status: 480, phrase: None }).await
    };
    match ended {
        Ok(()) | Err(Interrupted::LocalHangup) => Ok(Exit::Ended),
        Err(other) => Err(other),
    }
}
