//! `sleep`: waits. It does not answer the call.
//!
//! Shape: `duration` and `unit`; `_` follows. Keys go into the collection `default`.
//! Units: `ms`, `s`, `m` or `h`; at most a day.
//! Sources: `kazoo-pivot.md` 4.1.

use std::time::Duration;

use super::{Field, Node, Session, Step};
use crate::{Interrupted, pivot::session::DEFAULT};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::integer("duration").within(0, 86_400_000).or_integer(0),
    Field::one_of("unit", &["ms", "s", "m", "h"]).or_text("s"),
    Field::flag("skip_module"),
];

const A_DAY: Duration = Duration::from_secs(86_400);

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let milliseconds = match node.data.text("unit") {
        Some("ms") => 1,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        _ => 1_000,
    };
    let length = Duration::from_millis(node.data.count("duration", 0).saturating_mul(milliseconds)).min(A_DAY);
    let pressed = session.wait(length).await?;
    session.add_digits(DEFAULT, &pressed);
    Ok(Step::Next)
}
