//! `language`: the language of the call from now on, for prompts, texts and the parameter `Language`.
//!
//! Shape: `language`, such as `en` or `en-us`; `_` follows.
//! Errors: a language that the system set does not speak is told; prompts stay in the one before, texts are spoken in the new one.
//! Sources: `kazoo-pivot.md` 4.1, 8 (A27).

use super::{Field, Node, Session, Step};
use crate::Interrupted;

pub(in crate::pivot) const FIELDS: &[Field] = &[Field::text("language").required().length(2, 35), Field::flag("skip_module")];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let tag = node.data.text("language").unwrap_or_default();
    let letters = |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !tag.split('-').all(letters) {
        session.warn(format!("{tag:?} is no language")).await?;
        return Ok(Step::Next);
    }
    session.state.language = Some(tag.to_owned());
    match tag.parse() {
        Ok(language) => session.call.language = language,
        Err(_) => session.warn(format!("the system has no prompts in {tag}; it says its own in {}", session.call.language)).await?,
    }
    Ok(Step::Next)
}
