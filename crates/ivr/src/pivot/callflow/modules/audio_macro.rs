//! `audio_macro`: several sounds one behind the other; a terminator skips the rest. It does not answer the call.
//!
//! Shape: `macros`, each with `macro`: `play` (`id`), `prompt` (`id`, `language`), `tts` (`text`, `voice`, `language`), `tone` (`frequencies`,
//! `duration_on`, `duration_off`, `repeat`) or `say` (`text`, `type`). Keys go into the collection `default`.
//! Errors: an entry that cannot be said is told and passed over.
//! Sources: `kazoo-pivot.md` 4.2.

use std::sync::Arc;

use serde_json::Value;

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted, Language, Prompt,
    pivot::{
        Times, media,
        schema::{ALL_KEYS, Data, ListOf},
        session::DEFAULT,
    },
    say::{self, Kind, Spoken},
};

const MACROS: ListOf = ListOf {
    fields: &[
        Field::one_of("macro", &["play", "prompt", "say", "tts", "tone"]),
        Field::text("id"),
        Field::text("text"),
        Field::text("language"),
        Field::text("voice"),
        Field::text("type"),
        Field::text("method"),
        Field::any("frequencies"),
        Field::integer("duration_on"),
        Field::integer("duration_off"),
        Field::integer("repeat"),
        Field::integer("volume"),
    ],
    bare: None,
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::list("macros", &MACROS).or_texts(&[]),
    Field::text("language"),
    Field::keys("terminators").or_texts(ALL_KEYS),
    Field::flag("skip_module"),
];

/// Most entries.
const MOST: usize = 100;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let data = &node.data;
    let mut prompts = Vec::new();
    for entry in data.list("macros").iter().take(MOST) {
        let language = entry.said("language").or_else(|| data.said("language"));
        prompts.extend(self::prompts(entry, language, session).await?);
    }
    if !prompts.is_empty() {
        let heard = session.say(prompts, Times::Count(1), data.keys("terminators")).await?;
        session.add_digits(DEFAULT, &heard.digits);
    }
    Ok(Step::Next)
}

async fn prompts(entry: &Data, language: Option<&str>, session: &mut Session<'_>) -> Result<Vec<Prompt>, Interrupted> {
    let spoken_in = language.and_then(|tag| tag.parse().ok()).unwrap_or(session.call.language);
    let found = match (entry.text("macro").unwrap_or_default(), entry.said("id"), entry.said("text")) {
        ("play", Some(id), _) => session.media(id).await?,
        ("prompt", Some(id), _) => session.prompt(id, spoken_in),
        ("tts", _, Some(text)) => {
            let speech = session.speech(text, language, entry.said("voice")).await?;
            speech.map(|speech| vec![Prompt::Text(speech)])
        }
        ("tone", ..) => tone(entry),
        ("say", _, Some(text)) => return said(entry, text, spoken_in, language, session).await,
        _ => None,
    };
    if found.is_none() {
        let name = entry.text("macro").unwrap_or_default();
        session.warn(format!("an entry {name} of audio_macro cannot be said; it is passed over")).await?;
    }
    Ok(found.unwrap_or_default())
}

fn tone(entry: &Data) -> Option<Vec<Prompt>> {
    let frequencies: Vec<f64> =
        entry.value("frequencies")?.as_array()?.iter().filter_map(Value::as_f64).collect();
    let milliseconds = |name: &str| entry.integer(name).unwrap_or(0) as f64;
    let times = u32::try_from(entry.count("repeat", 1)).unwrap_or(1);
    let tone = media::tone(milliseconds("duration_on"), milliseconds("duration_off"), &frequencies, times)?;
    Some(vec![Prompt::Tone(Arc::new(tone))])
}

/// A value that is said as what it is; one that the system set cannot say is spoken as a text.
async fn said(
    entry: &Data,
    text: &str,
    language: Language,
    tag: Option<&str>,
    session: &mut Session<'_>,
) -> Result<Vec<Prompt>, Interrupted> {
    let kind = match entry.text("type").unwrap_or_default() {
        "number" | "items" | "persons" | "messages" if entry.text("method") != Some("iterated") => Some(Kind::Cardinal),
        "number" | "telephone_number" | "telephone_extension" | "account_number" | "postal_address" => Some(Kind::Digits),
        "current_date" => Some(Kind::Date),
        "current_time" | "time_measurement" => Some(Kind::Time),
        "currency" => Some(Kind::Money),
        _ => None,
    };
    let ordinal = kind == Some(Kind::Cardinal) && entry.text("method") == Some("counted");
    let kind = if ordinal { Some(Kind::Ordinal) } else { kind };
    if let Some(Ok(spoken)) = kind.map(|kind| Spoken::read(kind, text)) {
        let names = say::say(&spoken, language).into_iter();
        return Ok(names.map(|name| Prompt::System { name: name.into(), language }).collect());
    }
    // Letters are said one by one.
    let spelled = entry.text("type").is_some_and(|kind| kind.starts_with("name_") || kind == "e-mail_address");
    let text = if spelled { text.chars().map(|c| format!("{c} ")).collect() } else { text.to_owned() };
    Ok(session.speech(&text, tag, entry.said("voice")).await?.map(Prompt::Text).into_iter().collect())
}
