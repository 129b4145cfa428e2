//! `resources`: calls a number outside.
//!
//! Shape: `to_did`, or the number that was dialled; `timeout`, `ignore_early_media`, `custom_sip_headers`. Where nobody answers: as `device`;
//! without `_` the caller hears KAZOO's answer for the cause.
//! Units: seconds.
//! Errors: `outbound_flags` and all that KAZOO knows of its carriers choose nothing, which is told: every trunk that allows the number counts.
//! Sources: `kazoo-pivot.md` 4.1, 4.5, 8 (A18).

use std::time::Duration;

use super::super::dialing::{Ringing, Unanswered, headers};
use super::{Field, Node, Session, Step};
use crate::{
    Dial, Interrupted,
    op::{EarlySound, PartyTerms},
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("to_did"),
    Field::flag("use_local_resources").or_flag(true),
    Field::text("hunt_account_id"),
    Field::text("caller_id_type").or_text("external"),
    Field::integer("timeout"),
    Field::text("ringback"),
    Field::flag("ignore_early_media").or_flag(false),
    Field::flag("bypass_e164"),
    Field::flag("do_not_normalize"),
    Field::flag("format_from_uri"),
    Field::text("from_uri_realm"),
    Field::flag("emit_account_id"),
    Field::object("custom_sip_headers"),
    Field::texts("outbound_flags").or_texts(&[]),
    Field::texts("dynamic_flags"),
    Field::text("resource_type"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let number = data.said("to_did").unwrap_or_else(|| session.request_user()).to_owned();
    let mut ringing = Ringing::new(
        data.integer("timeout")
            .map_or(Dial::RING_TIME, |_| Duration::from_secs(data.count("timeout", Dial::RING_TIME.as_secs()).max(1))),
    );
    if !number.is_empty() {
        ringing.targets.push((number, PartyTerms::default()));
    }
    if data.flag("ignore_early_media") {
        ringing.early = EarlySound::Ignored;
    }
    ringing.headers = headers(data.object("custom_sip_headers"), session);
    ringing.unanswered = Unanswered::DefaultResponse;
    ringing.run(node, session).await
}
