//! `send_dtmf`: presses keys towards the caller.
//!
//! Shape: `digits` (with `w` and `W` for pauses), `duration_ms` for each key; `_` follows.
//! Units: milliseconds, within 40 and 6,000.
//! Errors: what is no key is told, and nothing is sent.
//! Sources: `kazoo-pivot.md` 4.1.

use std::time::Duration;

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{Interrupted, SendDigits, Sent};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("digits").required().length(1, 128),
    Field::any("duration_ms").or_text("2000"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let held = match node.data.value("duration_ms") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let held = Duration::from_millis(held.unwrap_or(2_000));
    match SendDigits::parse(node.data.text("digits").unwrap_or_default(), held) {
        Ok(digits) => {
            if session.call.send_digits(digits).await? == Sent::Unsent {
                session.warn("the caller's side takes no digits").await?;
            }
        }
        Err(error) => session.warn(format!("digits: {error}")).await?,
    }
    Ok(Step::Next)
}
