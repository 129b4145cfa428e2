//! `menu`: a greeting, and the child that is called as what is pressed.
//!
//! Shape: the properties of KAZOO's menus stand in `data`, or in a flow of the client by `id` whose node is a menu. `greeting` is short for
//! `media.greeting`, `text` a greeting that is spoken. Children: digits, `timeout`, `max_retries`, `_`.
//! Units: milliseconds.
//! Sources: `kazoo-pivot.md` 4.1, 8 (A22).

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{Field, Node, Session, Step, check_cid::expression};
use crate::{
    Collect, DigitSet, Interrupted, Prompt, TypeAhead,
    pivot::{Times, callflow::OTHERWISE, schema::Data},
};

const MEDIA: &[Field] =
    &[Field::any("greeting"), Field::any("invalid_media"), Field::any("exit_media"), Field::any("transfer_media")];

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::text("id"),
    Field::text("name"),
    Field::integer("retries").within(1, 10),
    Field::integer("timeout").within(1, 60_000),
    Field::integer("interdigit_timeout").within(1, 10_000),
    Field::integer("max_extension_length").within(1, 6),
    Field::flag("hunt"),
    Field::text("hunt_allow").length(1, 256),
    Field::text("hunt_deny").length(1, 256),
    Field::text("record_pin").length(3, 6),
    Field::flag("allow_record_from_offnet"),
    Field::fields("media", MEDIA),
    Field::flag("suppress_media"),
    Field::text("greeting"),
    Field::text("text").length(1, 1_000),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.answer().await?;
    let Some(data) = described(node, session).await? else { return Ok(Step::Next) };
    let greeting = greeting(&data, session).await?;
    let mut early = String::new();
    for _ in 0..data.count("retries", 3) {
        let digits = ask(&data, greeting.clone(), &early, session).await?;
        early.clear();
        let key = if digits.is_empty() { "timeout" } else { digits.as_str() };
        if let Some(child) = node.child(key).filter(|_| key != OTHERWISE) {
            return Ok(Step::Into(child.clone()));
        }
        if digits.is_empty() {
            continue;
        }
        if let Some(step) = hunt(&data, &digits, session).await? {
            return Ok(step);
        }
        // A key that stops it is the first of the next try.
        early = say(&data, "invalid_media", "menu-invalid_entry", session).await?;
    }
    let exit = sound(&data, "exit_media", "menu-exit", session).await?;
    heard(exit.clone(), session).await?;
    if let Some(child) = node.child("max_retries") {
        return Ok(Step::Into(child.clone()));
    }
    if node.otherwise().is_some() {
        say(&data, "transfer_media", "menu-transferring_call", session).await?;
        return Ok(Step::Next);
    }
    let goodbye = sound(&data, "goodbye_media", "vm-goodbye", session).await?;
    // The system set has one word for both.
    if goodbye != exit {
        heard(goodbye, session).await?;
    }
    Ok(Step::Next)
}

/// The menu: this node's own properties before those of the flow that it names.
async fn described(node: &Node, session: &mut Session<'_>) -> Result<Option<Arc<Data>>, Interrupted> {
    let Some(id) = node.data.said("id") else { return Ok(Some(Arc::new(node.data.clone()))) };
    match session.surroundings.flow(id) {
        Some(menu) if menu.name == "menu" => Ok(Some(Arc::new(node.data.over(&menu.data)))),
        _ if node.data.is_written("media") || node.data.is_written("greeting") || node.data.is_written("text") => {
            Ok(Some(Arc::new(node.data.clone())))
        }
        _ => {
            session.warn(format!("there is no menu {id:?}")).await?;
            Ok(None)
        }
    }
}

async fn greeting(data: &Data, session: &mut Session<'_>) -> Result<Vec<Prompt>, Interrupted> {
    if let Some(text) = data.said("text") {
        return Ok(session.speech(text, None, None).await?.map(Prompt::Text).into_iter().collect());
    }
    let media = data.inner("media");
    let Some(reference) = data.said("greeting").or_else(|| media.said("greeting")) else {
        return Ok(session.prompt("menu-no_prompt", session.call.language).unwrap_or_default());
    };
    Ok(session.media(reference).await?.unwrap_or_default())
}

/// Plays the greeting, which any key stops and counts, and takes digits. Where keys were pressed before, the greeting is known.
async fn ask(
    data: &Data,
    greeting: Vec<Prompt>,
    early: &str,
    session: &mut Session<'_>,
) -> Result<String, Interrupted> {
    let longest = usize::try_from(data.count("max_extension_length", 4)).unwrap_or(4);
    let mut digits: String = early.chars().take(longest).collect();
    if digits.is_empty() && !greeting.is_empty() {
        digits = session.say(greeting, Times::Count(1), DigitSet::ALL).await?.digits.chars().take(longest).collect();
    }
    session.state.silent_requests = 0;
    if digits.len() >= longest {
        return Ok(digits);
    }
    let inter_digit = Duration::from_millis(data.count("interdigit_timeout", 2_000));
    let first = Duration::from_millis(data.count("timeout", 10_000));
    let collect = Collect {
        type_ahead: TypeAhead::Keep,
        max_digits: longest - digits.len(),
        terminators: DigitSet::NONE,
        first_digit: if digits.is_empty() { first } else { inter_digit },
        inter_digit,
        longest: None,
    };
    digits += &session.call.collect(collect).await?.digits;
    Ok(digits)
}

/// A flow or a number of the client that is called so, if the menu looks for them.
async fn hunt(data: &Data, digits: &str, session: &mut Session<'_>) -> Result<Option<Step>, Interrupted> {
    if !data.flag("hunt") {
        return Ok(None);
    }
    for (name, wanted) in [("hunt_allow", true), ("hunt_deny", false)] {
        let Some(written) = data.said(name) else { continue };
        let Some(expression) = expression(written) else {
            session.warn(format!("{name} {written:?} is no regular expression; nothing is hunted")).await?;
            return Ok(None);
        };
        if expression.is_match(digits) != wanted {
            return Ok(None);
        }
    }
    if let Some(flow) = session.surroundings.flow(digits) {
        return Ok(Some(Step::Branch(flow)));
    }
    if session.surroundings.is_internal(digits) {
        return super::super::dialing::to(digits, session).await.map(Some);
    }
    Ok(None)
}

/// One of the menu's own sounds: a reference, the usual prompt, or nothing. What was pressed over it is returned.
async fn say(data: &Data, name: &str, usual: &str, session: &mut Session<'_>) -> Result<String, Interrupted> {
    let prompts = sound(data, name, usual, session).await?;
    heard(prompts, session).await
}

async fn sound(
    data: &Data,
    name: &str,
    usual: &str,
    session: &mut Session<'_>,
) -> Result<Option<Vec<Prompt>>, Interrupted> {
    match data.inner("media").value(name) {
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::String(reference)) => session.media(reference).await,
        _ => Ok(session.prompt(usual, session.call.language)),
    }
}

async fn heard(prompts: Option<Vec<Prompt>>, session: &mut Session<'_>) -> Result<String, Interrupted> {
    match prompts {
        Some(prompts) => Ok(session.say(prompts, Times::Count(1), DigitSet::ALL).await?.digits),
        None => Ok(String::new()),
    }
}
