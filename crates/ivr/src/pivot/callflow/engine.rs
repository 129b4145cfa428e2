//! Running a callflow: one node after the other, until the call ends or goes elsewhere.
//!
//! Shape: each module says by its [`Step`] where it leads. A flow that jumps into another waits for its end if its node has a child `_`.
//! Time: only inside ops.
//! Errors: [`Interrupted`], as any script.
//! Sources: `kazoo-pivot.md` 3.5.

use std::sync::Arc;

use super::{
    Node, OTHERWISE,
    modules::{self, Step},
};
use crate::{
    Interrupted,
    op::{Cause, Respond},
    pivot::{Exit, Session, session::Runs},
};

/// Most nodes that run without the caller hearing anything or time passing: no flow of use has so many.
const MOST_NODES: u32 = 10_000;

/// Runs a flow to its end, or to whatever it leads to.
///
/// # Errors
/// [`Interrupted`], as any script.
pub async fn run(flow: Arc<Node>, session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    session.state.runs = Runs::Callflow;
    let mut next = Some(flow);
    let mut left = MOST_NODES;
    loop {
        let Some(node) = next.take().or_else(|| session.state.branches.pop()) else {
            return end(session).await;
        };
        left -= 1;
        if left == 0 {
            session.warn("the flow does not end").await?;
            return end(session).await;
        }
        next = match step(&node, session).await? {
            Step::Next => node.otherwise().cloned(),
            Step::Child(key) => node.child(&key).or_else(|| node.child(OTHERWISE)).cloned(),
            Step::Into(child) => Some(child),
            Step::Branch(flow) => branch(&node, flow, session).await?,
            Step::Stop => None,
            Step::Ended => return Ok(Exit::Ended),
            Step::Ask(ask) => return Ok(Exit::Ask(ask)),
            Step::HandOver(extension) => return Ok(Exit::HandOver(extension)),
        };
    }
}

async fn step(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if node.data.flag("skip_module") {
        return Ok(Step::Next);
    }
    session.ran(node.name.clone()).await?;
    let idle = modules::idle(node);
    if !idle.is_empty() {
        session.warn(format!("{}: what changes nothing here: {}", node.name, idle.join(", "))).await?;
    }
    node.module.run(node, session).await
}

/// Another flow runs; this one goes on at `_` when it ends.
async fn branch(node: &Node, flow: Arc<Node>, session: &mut Session<'_>) -> Result<Option<Arc<Node>>, Interrupted> {
    if session.state.branches_left == 0 {
        session.warn("flows have jumped too often; the call ends").await?;
        session.state.branches.clear();
        return Ok(None);
    }
    session.state.branches_left -= 1;
    session.state.branches.extend(node.otherwise().cloned());
    Ok(Some(flow))
}

/// Nothing follows: the call ends. A caller who was not answered hears that nobody is there.
async fn end(session: &mut Session<'_>) -> Result<Exit, Interrupted> {
    if session.call.answered {
        session.call.hangup(Cause::NORMAL).await?;
    } else {
        session.call.respond(Respond { status: 480, phrase: None }).await?;
    }
    Ok(Exit::Ended)
}
