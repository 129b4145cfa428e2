//! `user`: calls all telephones of somebody.
//!
//! Shape: as `device`; `strategy` says whether they ring together or one after the other.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step, device};
use crate::{EndpointKind, Interrupted};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::integer("timeout").or_integer(20),
    Field::one_of("strategy", &["simultaneous", "single"]).or_text("simultaneous"),
    Field::integer("delay").or_integer(0),
    Field::flag("fail_on_single_reject"),
    Field::flag("can_call_self"),
    Field::flag("can_text_self"),
    Field::text("static_invite"),
    Field::flag("suppress_clid"),
    Field::object("custom_sip_headers"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    device::ring(EndpointKind::User, "strategy", node, session).await
}
