//! `device`: calls a telephone. The caller hears it ring, and is answered when it answers.
//!
//! Shape: `id`, a telephone of the client or a SIP URI; `timeout`, `delay`, `static_invite` (another user), `suppress_clid`,
//! `custom_sip_headers`; whoever calls is not called itself without `can_call_self`. Where nobody answers: the child of the cause (`USER_BUSY`), of the status (`sip:486`), or `_`.
//! Units: seconds.
//! Sources: `kazoo-pivot.md` 4.1.

use std::time::Duration;

use super::super::dialing::{Ringing, headers, reach, with_user};
use super::{Field, Node, Session, Step, ring_group::is_caller};
use crate::{
    EndpointKind, Interrupted,
    op::{PartyTerms, RingOrder},
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::integer("timeout").or_integer(0),
    Field::one_of("dial_strategy", &["simultaneous", "single"]).or_text("simultaneous"),
    Field::integer("delay").or_integer(0),
    Field::flag("can_call_self"),
    Field::flag("can_text_self"),
    Field::text("static_invite"),
    Field::flag("suppress_clid"),
    Field::object("custom_sip_headers"),
    Field::flag("fail_on_single_reject"),
    Field::flag("skip_module"),
];

/// How long somebody is rung where nobody says.
const RING_TIME: u64 = 20;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    ring(EndpointKind::Device, "dial_strategy", node, session).await
}

/// Calls a device, or all devices of a user.
pub(super) async fn ring(
    kind: EndpointKind,
    strategy: &str,
    node: &Node,
    session: &mut Session<'_>,
) -> Result<Step, Interrupted> {
    let data = &node.data;
    let seconds = match data.count("timeout", RING_TIME) {
        0 => RING_TIME,
        seconds => seconds,
    };
    let mut ringing = Ringing::new(Duration::from_secs(seconds));
    let delay = Duration::from_secs(data.count("delay", 0));
    for target in reach(kind, data.text("id").unwrap_or_default(), session) {
        if is_caller(&target, session) && !data.flag("can_call_self") {
            session.warn(format!("{} does not call the caller itself", node.name)).await?;
            continue;
        }
        let target = data.said("static_invite").map_or(target.clone(), |user| with_user(&target, user));
        ringing.targets.push((target, PartyTerms { delay, ..PartyTerms::default() }));
    }
    if data.text(strategy) == Some("single") {
        ringing.order = RingOrder::OneByOne;
    }
    ringing.anonymous = data.flag("suppress_clid");
    ringing.headers = headers(data.object("custom_sip_headers"), session);
    ringing.run(node, session).await
}
