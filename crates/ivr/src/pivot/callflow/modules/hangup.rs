//! `hangup`: ends the call. Nothing follows, also where other flows wait.
//!
//! Shape: no data.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step};
use crate::{Interrupted, op::Cause, op::Respond};

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::flag("skip_module")];

pub(super) async fn run(_node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if session.call.answered {
        session.call.hangup(Cause::NORMAL).await?;
    } else {
        session.call.respond(Respond { status: 480, phrase: None }).await?;
    }
    Ok(Step::Ended)
}
