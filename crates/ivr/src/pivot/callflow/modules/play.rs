//! `play`: plays a sound. It answers the call first, unless `answer` says not to: then the sound is early media.
//!
//! Shape: `id` (a media reference), `answer`, `terminators`, `loop_count`, `endless_playback`. Keys go into the collection `default`.
//! Errors: a sound that is not there is told, and `_` follows.
//! Sources: `kazoo-pivot.md` 4.1, 8 (A26).

use std::time::Duration;

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted, TypeAhead,
    pivot::{Times, schema::ALL_KEYS, session::DEFAULT},
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::flag("answer"),
    Field::keys("terminators").or_texts(ALL_KEYS),
    Field::integer("loop_count").at_least(1),
    Field::flag("endless_playback").or_flag(false),
    Field::flag("skip_module"),
];

/// So much silence goes before the first sound of a call that was just answered.
const POST_ANSWER_DELAY: Duration = Duration::from_millis(100);

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let Some(id) = data.said("id") else { return Ok(Step::Next) };
    if data.is_written("answer") && !data.flag("answer") {
        session.call.progress().await?;
    } else if session.answer().await? {
        // A key of the moment of the answer stops the sound, as one over it does.
        session.silence(POST_ANSWER_DELAY, TypeAhead::Keep).await?;
    }
    let Some(prompts) = session.media(id).await? else { return Ok(Step::Next) };
    let times = if data.flag("endless_playback") {
        Times::Endless
    } else {
        Times::Count(u32::try_from(data.count("loop_count", 1)).unwrap_or(u32::MAX))
    };
    let heard = session.say(prompts, times, data.keys("terminators")).await?;
    session.add_digits(DEFAULT, &heard.digits);
    Ok(Step::Next)
}
