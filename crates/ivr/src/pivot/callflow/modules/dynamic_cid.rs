//! `dynamic_cid`: who calls, for web servers and for later callees.
//!
//! Shape: `static`: `caller_id` as it stands; `manual`: the caller presses a number, which counts where it has the right form. `_` follows.
//! Errors: `list` and `lists` need documents of KAZOO, which is told.
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use super::{Field, Node, Session, Step, check_cid::expression, set_cid::line};
use crate::{
    Collect, Digit, DigitSet, Interrupted, TypeAhead,
    pivot::{Times, schema::Data},
};

const CALLER_ID: &[Field] = &[Field::text("name"), Field::text("number")];

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::one_of("action", &["list", "lists", "manual", "static"]),
    Field::fields("caller_id", CALLER_ID),
    Field::flag("enforce_call_restriction").or_flag(true),
    Field::text("id"),
    Field::text("idx_name"),
    Field::integer("interdigit_timeout"),
    Field::integer("max_digits"),
    Field::text("media_id"),
    Field::integer("min_digits"),
    Field::flag("permit_custom_callflow").or_flag(false),
    Field::text("whitelist_regex"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    match data.text("action") {
        Some("static") => {
            let (name, number) = session.identity();
            let own = data.inner("caller_id");
            let said = |field: &str, otherwise: String| own.said(field).map_or(otherwise, line);
            session.state.shown = Some((said("name", name), said("number", number)));
        }
        Some("list" | "lists") => session.warn("lists of caller ids are not built; the caller stays who it is").await?,
        _ => {
            if let Some(number) = pressed(data, session).await? {
                let (name, _) = session.identity();
                session.state.shown = Some((name, number));
            }
        }
    }
    Ok(Step::Next)
}

/// A number of the right form that the caller presses.
async fn pressed(data: &Data, session: &mut Session<'_>) -> Result<Option<String>, Interrupted> {
    session.answer().await?;
    let most = usize::try_from(data.count("max_digits", 10)).unwrap_or(10).clamp(1, 64);
    let least = usize::try_from(data.count("min_digits", 10)).unwrap_or(10);
    let prompts = match data.said("media_id") {
        Some(media) => session.media(media).await?,
        None => session.prompt("dynamic-cid-enter_cid", session.call.language),
    };
    let early = session.say(prompts.unwrap_or_default(), Times::Count(1), DigitSet::ALL).await?.digits;
    let mut digits: String = early.chars().take_while(|digit| *digit != '#').take(most).collect();
    if digits.len() < most && !early.contains('#') {
        let inter_digit = Duration::from_millis(data.count("interdigit_timeout", 3_000).max(1));
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: most - digits.len(),
            terminators: Digit::from_char('#').into_iter().collect(),
            first_digit: Duration::from_secs(5),
            inter_digit,
            longest: None,
        };
        digits += &session.call.collect(collect).await?.digits;
    }
    let fits = expression(data.said("whitelist_regex").unwrap_or(r"\d+")).is_some_and(|written| written.is_match(&digits));
    if digits.len() >= least && fits {
        return Ok(Some(digits));
    }
    session.warn("what was pressed is no caller id that is allowed; the caller stays who it is").await?;
    Ok(None)
}
