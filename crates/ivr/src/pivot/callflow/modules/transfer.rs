//! `transfer`: sends the caller elsewhere, and ends the flow.
//!
//! Shape: `target` is a flow of the client, which then runs here, or a number that the caller's side is asked to call itself (REFER);
//! attended, and where the caller's side does not do that, it is called from here. Without `target` the first of `captures` counts.
//! Errors: a `leg` other than the caller's own is told: while a flow runs, no other is there.
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use super::{super::dialing, Field, Node, Session, Step};
use crate::{Interrupted, Refer, ReferScope, Referred};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("target"),
    Field::texts("captures").or_texts(&["no_match"]),
    Field::one_of("leg", &["self", "bleg"]),
    Field::one_of("transfer_type", &["attended", "blind"]).or_text("blind"),
    Field::flag("skip_module"),
];

/// How long the caller's side may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let captured = || data.texts("captures").into_iter().find(|capture| *capture != "no_match");
    let Some(target) = data.said("target").or_else(captured).map(str::to_owned) else {
        session.warn("transfer has no target").await?;
        return Ok(Step::Next);
    };
    if data.text("leg") == Some("bleg") {
        session.warn("nobody but the caller is there to be transferred").await?;
        return Ok(Step::Next);
    }
    session.state.branches.clear();
    let is_here = session.surroundings.flow(&target).is_some() || session.surroundings.is_internal(&target);
    if is_here || data.text("transfer_type") == Some("attended") {
        return dialing::to(&target, session).await;
    }
    let refer = Refer { target: target.clone(), scope: ReferScope::Anywhere, patience: PATIENCE };
    match session.call.refer(refer).await? {
        Referred::Done => Ok(Step::Ended),
        Referred::Refused { .. } => dialing::to(&target, session).await,
        Referred::Failed { status } => {
            session.warn(format!("the target of the transfer answered with {status}")).await?;
            Ok(Step::Next)
        }
        Referred::TimedOut => {
            session.warn("nothing was heard of the transfer").await?;
            Ok(Step::Next)
        }
    }
}
