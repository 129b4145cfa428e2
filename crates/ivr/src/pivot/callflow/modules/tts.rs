//! `tts`: says a text. It answers the call first.
//!
//! Shape: `text`, `voice`, `language`, `terminators` (none: nothing stops it), `endless_playback`. Keys go into the collection `default`.
//! Errors: what cannot be said is told, and `_` follows.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted, Prompt,
    pivot::{Times, schema::ALL_KEYS, session::DEFAULT},
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("text").required().length(1, 1_000),
    Field::text("voice").or_text("female"),
    Field::text("language"),
    // Any engine that is configured: which one speaks is the server's choice.
    Field::text("engine"),
    Field::keys("terminators").or_texts(ALL_KEYS),
    Field::flag("endless_playback"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.answer().await?;
    let data = &node.data;
    let text = data.text("text").unwrap_or_default();
    let Some(speech) = session.speech(text, data.said("language"), data.said("voice")).await? else {
        return Ok(Step::Next);
    };
    let times = if data.flag("endless_playback") { Times::Endless } else { Times::Count(1) };
    let heard = session.say(vec![Prompt::Text(speech)], times, data.keys("terminators")).await?;
    session.add_digits(DEFAULT, &heard.digits);
    Ok(Step::Next)
}
