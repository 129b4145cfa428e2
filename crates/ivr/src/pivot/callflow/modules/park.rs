//! `park`: keeps the caller on hold, with music.
//!
//! Shape: `action`; the slots of KAZOO, by which others fetch a parked call, are not there.
//! Errors: `retrieve` is told and passed over.
//! Sources: `kazoo-pivot.md` 4.2.

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::one_of("action", &["direct_park", "park", "retrieve", "auto"]).or_text("park"),
    Field::any("custom_presence_id").or_flag(false),
    Field::integer("default_callback_timeout"),
    Field::text("default_presence_type"),
    Field::integer("default_ringback_timeout"),
    Field::integer("max_slot_number"),
    Field::text("presence_id"),
    Field::text("slot"),
    Field::object("slots").or_empty(),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if node.data.text("action") == Some("retrieve") {
        session.warn("parked calls have no slots, so none is retrieved").await?;
        return Ok(Step::Next);
    }
    session.hold().await?;
    Ok(Step::Stop)
}
