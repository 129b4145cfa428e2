//! `voicemail`: takes a message of the caller, into the mailbox of the extension, and sends it where the node says.
//!
//! Shape: `action` `compose`; `max_message_length`; `greeting` and `url`, `method`, `format` beside KAZOO's own. It answers the call first.
//! Units: seconds.
//! Errors: `check`, the owner's side of a mailbox, is not built here, which is told.
//! Sources: `kazoo-pivot.md` 4.2.

use std::{sync::Arc, time::Duration};

use super::{Field, Node, Session, Step, record_caller};
use crate::{
    Digit, DigitSet, Interrupted, Record,
    op::{Attachment, Beep, Mailbox, Trim},
    pivot::Times,
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::one_of("action", &["check", "compose"]).or_text("compose"),
    Field::integer("max_message_length").or_integer(500),
    Field::integer("interdigit_timeout").or_integer(2_000),
    Field::flag("single_mailbox_login").or_flag(false),
    Field::flag("callerid_match_login").or_flag(false),
    Field::text("greeting"),
    Field::url("url"),
    Field::one_of("format", &["mp3", "wav"]),
    Field::one_of("method", &["put", "post"]),
    Field::flag("skip_module"),
];

/// So long a silence ends a message.
const SILENCE: Duration = Duration::from_secs(5);
/// A shorter message is not kept.
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if node.data.text("action") == Some("check") {
        session.warn("voicemail check is not built; it is passed over").await?;
        return Ok(Step::Next);
    }
    session.answer().await?;
    let greeting = match node.data.said("greeting") {
        Some(media) => session.media(media).await?,
        None => session.prompt("vm-person", session.call.language),
    };
    if let Some(prompts) = greeting {
        session.say(prompts, Times::Count(1), DigitSet::ALL).await?;
    }
    let record = Record {
        beep: Beep::Tone,
        max_length: Duration::from_secs(node.data.count("max_message_length", 500).clamp(5, 10_800)),
        end_silence: Some(SILENCE),
        min_length: SHORTEST,
        terminators: Digit::from_char('#').into_iter().collect(),
        mailbox: Some(Arc::new(Mailbox { recipients: Vec::new(), attachment: Attachment::None })),
        trim: Trim::Nothing,
    };
    record_caller::take(record, node, session).await?;
    Ok(Step::Next)
}
