//! The rule surface as the REST API writes it.
//!
//! Shape: structs with the API's own keys; [`Ivr::patch`] and its like read what a user sends (POST over the default, PUT over the
//! stored object), serde writes answers and keeps the stored form.
//! Units: the API's: ms for `timeout`, `inter_digit_timeout`, `sleep_time`, `silence_time` and `voice_helper_timeout`; seconds for
//! `lifetime`, `transfer_timeout`, `record_digits_timeout` and `call_interactive_timeout`.
//! Errors: [`FieldError`]; types and ranges here, what an action needs in [`super::model`].
//! Sources: `ringme-ivr.md` 1.1-1.6, 2.5.

mod context;
mod interval;
mod ivr;
mod names;
mod patch;
mod rule;
mod script;

use serde_json::Value;

pub use context::Context;
pub use interval::{ClockTime, Day, Interval, IntervalCondition, Moment};
pub use ivr::Ivr;
pub use names::{
    ActionName, CallStatusName, CallerIdAction, ExpiryAction, HttpMethod, InteractiveDialect, IntervalKind,
    PlayDigitsMethod, ScriptEvent, SoundType, TransferMode, VoicemailStep,
};
pub use patch::FieldError;
use patch::{Patch, words};
pub use rule::Rule;
pub use script::{EventScript, UnknownEvent};

use names::Named;

/// Longest of all waits, in milliseconds: a day.
const MAX_MS: u64 = 86_400_000;
/// Longest of all waits, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;
/// Most characters of a label.
const MAX_LABEL: usize = 255;
/// Most characters of any other text.
const MAX_TEXT: usize = 4096;
/// Most digits of one input.
const MAX_DIGITS: u64 = 32;
/// Most bytes of what is JSON within a rule; it holds the 500 rules that a `voice_helper` may have.
const MAX_OPAQUE: usize = 65_536;

/// Where a POST wants its new rule: 1 is first; `None` is last (`ringme-ivr.md` 2.5). `0` counts as 1.
pub fn order_position(body: &Value) -> Result<Option<usize>, Vec<FieldError>> {
    let mut position = None;
    let mut patch = Patch::new(body)?;
    patch.optional_number("order_position", 0..=1_000_000, &mut position);
    let position = position.map(|position| usize::try_from(position.max(1)).unwrap_or(usize::MAX));
    patch.done(position)
}

#[cfg(test)]
mod tests;
