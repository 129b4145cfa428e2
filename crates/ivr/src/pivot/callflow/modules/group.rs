//! `group`: a `ring_group` whose members stand here, or a group of the client by its `id`.
//!
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use super::super::dialing::{Ringing, reach};
use super::{Field, Node, Session, Step, ring_group};
use crate::{EndpointKind, Interrupted, op::PartyTerms};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::list("endpoints", &ring_group::ENDPOINTS),
    Field::one_of("strategy", &["simultaneous", "single", "weighted_random"]).or_text("simultaneous"),
    Field::integer("timeout").or_integer(20),
    Field::integer("repeats").at_least(1).or_integer(1),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if !node.data.list("endpoints").is_empty() {
        return ring_group::run(node, session).await;
    }
    let mut ringing = Ringing::new(Duration::from_secs(node.data.count("timeout", 20).max(1)));
    let members = reach(EndpointKind::Group, node.data.text("id").unwrap_or_default(), session);
    let others = members.into_iter().filter(|target| !ring_group::is_caller(target, session));
    ringing.targets = others.map(|target| (target, PartyTerms::default())).collect();
    ringing.run(node, session).await
}
