//! `response`: a final answer of SIP, after a sound that is heard before it. It does not answer the call.
//!
//! Shape: `code`, `message` (the reason phrase), `media`. The call ends: no child follows.
//! Sources: `kazoo-pivot.md` 4.1.

use super::{Field, Node, Session, Step};
use crate::{DigitSet, Interrupted, op::Respond, pivot::Times};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::integer("code").or_integer(486).required(),
    Field::text("message"),
    Field::text("media").length(0, 2_048),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if let Some(media) = node.data.said("media")
        && let Some(prompts) = session.media(media).await?
    {
        session.call.progress().await?;
        session.say(prompts, Times::Count(1), DigitSet::NONE).await?;
    }
    let code = node.data.integer("code").unwrap_or(486);
    let status = u16::try_from(code).ok().filter(|status| (400..700).contains(status));
    if status.is_none() {
        session.warn(format!("the code {code} is no final refusal; it is taken as 480")).await?;
    }
    let phrase = node.data.said("message").map(|phrase| phrase.replace(char::is_control, " "));
    session.call.respond(Respond { status: status.unwrap_or(480), phrase }).await?;
    Ok(Step::Ended)
}
