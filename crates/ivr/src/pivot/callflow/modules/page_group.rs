//! `page_group`: asks telephones to answer by themselves, for a word to all of them.
//!
//! Shape: `endpoints`, `audio`, `timeout`.
//! Errors: one telephone is called so. Several at once are not: the first that answers has the call, which is told.
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use super::{super::dialing::Ringing, Field, Node, Session, Step, ring_group};
use crate::{Interrupted, op::PartyTerms};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::list("endpoints", &ring_group::ENDPOINTS).required(),
    Field::one_of("audio", &["one-way", "two-way"]).or_text("one-way").required(),
    Field::integer("timeout").or_integer(5),
    Field::flag("barge_calls"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let mut ringing = Ringing::new(Duration::from_secs(node.data.count("timeout", 5).max(1)));
    for endpoint in node.data.list("endpoints").iter().take(50) {
        for target in ring_group::targets(endpoint, session) {
            if !ring_group::is_caller(&target, session) {
                ringing.targets.push((target, PartyTerms::default()));
            }
        }
    }
    if ringing.targets.len() > 1 {
        session.warn("page_group reaches one telephone, the first that answers: several at once are not built").await?;
    }
    if node.data.is_written("audio") && node.data.text("audio") == Some("one-way") {
        session.warn("page_group: both sides hear each other, also where audio is one-way").await?;
    }
    ringing.answer_after = Some(0);
    ringing.run(node, session).await
}
