//! `branch_bnumber`: goes on at the child that is called as what was dialled; with `hunt`, at a flow or number of the client.
//!
//! Shape: `hunt`, `hunt_allow`, `hunt_deny` (expressions that the number has to match, or must not). Else `_`.
//! Sources: `kazoo-pivot.md` 4.2. What KAZOO captures by the pattern of a route is here the number as it was dialled.

use super::{Field, Node, Session, Step, check_cid::expression};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::flag("hunt").or_flag(false),
    Field::text("hunt_allow"),
    Field::text("hunt_deny"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let number = session.request_user().to_owned();
    if let Some(child) = node.child(&number) {
        return Ok(Step::Into(child.clone()));
    }
    let data = &node.data;
    let fits = |name: &str, otherwise: bool| match data.said(name) {
        Some(written) => expression(written).is_some_and(|expression| expression.is_match(&number)),
        None => otherwise,
    };
    let hunted = data.flag("hunt") && fits("hunt_allow", true) && !fits("hunt_deny", false);
    if let Some(flow) = hunted.then(|| session.surroundings.flow(&number)).flatten() {
        return Ok(Step::Branch(flow));
    }
    Ok(Step::Next)
}
