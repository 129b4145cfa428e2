//! `collect_dtmf`: takes digits into a collection, with what was typed over the prompts before. It answers the call first.
//!
//! Shape: `max_digits`, `timeout` (for the first digit), `interdigit_timeout`, `terminator` or `terminators`, `collection_name`. `_`
//! follows, whatever was pressed.
//! Units: milliseconds.
//! Sources: `kazoo-pivot.md` 2.5, 4.1, 8 (A10).

use std::time::Duration;

use super::{Field, Node, Session, Step};
use crate::{
    Collect, DigitSet, Interrupted, TypeAhead,
    pivot::{
        schema::Data,
        session::{DEFAULT, MAX_DIGITS},
    },
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::integer("max_digits").at_least(1).or_integer(1),
    Field::integer("timeout").at_least(1).or_integer(5_000),
    Field::integer("interdigit_timeout").at_least(1),
    Field::key("terminator").or_text("#"),
    Field::keys("terminators"),
    Field::text("collection_name"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.answer().await?;
    let data = &node.data;
    let most = usize::try_from(data.count("max_digits", 1)).unwrap_or(MAX_DIGITS).clamp(1, MAX_DIGITS);
    let terminators = terminators(data);
    let early = session.typed_ahead().await?;
    session.add_digits(DEFAULT, &early);
    let typed = session.state.collections.remove(DEFAULT).unwrap_or_default();
    let mut digits: String = truncated(&typed, terminators).chars().take(most).collect();
    if digits.len() < most {
        let milliseconds = |name, usual| Duration::from_millis(data.count(name, usual));
        let inter_digit = milliseconds("interdigit_timeout", 2_000);
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: most - digits.len(),
            terminators,
            // Behind a digit that was typed ahead, the next one is a further one.
            first_digit: if digits.is_empty() { milliseconds("timeout", 5_000) } else { inter_digit },
            inter_digit,
            longest: None,
        };
        digits += &session.call.collect(collect).await?.digits;
    }
    session.keep_digits(data.said("collection_name").unwrap_or(DEFAULT), &digits);
    session.state.silent_requests = 0;
    Ok(Step::Next)
}

/// `terminators` counts where the author wrote it and not the other (A10).
fn terminators(data: &Data) -> DigitSet {
    let name = if data.is_written("terminators") && !data.is_written("terminator") { "terminators" } else { "terminator" };
    data.keys(name)
}

/// What stands before the first terminator (`kazoo-pivot.md` 4.1).
pub fn truncated(digits: &str, terminators: DigitSet) -> &str {
    let ends = |c: char| crate::Digit::from_char(c).is_some_and(|digit| terminators.contains(digit));
    digits.find(ends).map_or(digits, |at| &digits[..at])
}
