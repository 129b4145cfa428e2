//! `callflow`: runs another flow, and goes on at `_` when that ends without having ended the call.
//!
//! Shape: `id` of a flow of the client, or a `flow` that stands here.
//! Errors: a flow that is not there is told, and `_` follows.
//! Sources: `kazoo-pivot.md` 3.5, 4.1.

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::schema::Mode};

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::text("id"), Field::object("flow"), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if let Some(flow) = node.data.value("flow") {
        let mode = if session.policy.strict_validation { Mode::Strict } else { Mode::Lenient };
        match Node::read(flow, mode) {
            Ok((flow, warnings)) => {
                for warning in warnings {
                    session.warn(format!("flow: {warning}")).await?;
                }
                return Ok(Step::Branch(flow));
            }
            Err(problems) => {
                let told: Vec<_> = problems.iter().map(|problem| format!("flow: {problem}")).collect();
                session.warn(told.join("; ")).await?;
                return Ok(Step::Next);
            }
        }
    }
    let id = node.data.text("id").unwrap_or_default();
    match session.surroundings.flow(id) {
        Some(flow) => Ok(Step::Branch(flow)),
        None => {
            session.warn(format!("there is no callflow {id:?}")).await?;
            Ok(Step::Next)
        }
    }
}
