//! `/client/{client}/say/`: how numbers, dates, times and money are said, without a call.
//!
//! Shape: `text`, `type` and `lang` in the query; the words, the files that are played, and those of them that are missing.
//! Errors: 400 for a text that is none of its type, in words of [`antiphon_ivr::say::Unsayable`].

use antiphon_ivr::Language;
use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::say::{self, Kind, Spoken};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::place::Place;
use crate::sounds;
use crate::store::Rejected;

/// Most characters of a text.
const MAX_TEXT: usize = 255;

pub(super) fn table() -> Table {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT });
    let kind = json!({ "type": "string", "enum": Kind::ALL.map(Kind::as_str) });
    let language = json!({ "type": "string", "enum": Language::TAGS });
    let said = Operation::new("How a number, a date, a time or money is said")
        .query("text", text, "What is said; it has to be there.")
        .query("type", kind, "What it is; a cardinal number unless said otherwise.")
        .query("lang", language, "In which language; the server's unless said otherwise.");
    Table::of("Saying", "How the system says things.").on("/client/{client}/say", get(show, said.shows::<Said>()))
}

/// How something is said.
#[derive(Serialize, ToSchema)]
struct Said {
    /// The language.
    #[schema(value_type = String)]
    lang: Language,
    /// What it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What was asked.
    text: String,
    /// The words.
    words: String,
    /// The files that are played.
    sounds: Vec<String>,
    /// Those of them that are not there.
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct Asked {
    lang: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
}

async fn show(
    State(state): State<ApiState>,
    place: Place,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Said>, ApiError> {
    place.client()?;
    let Query(Asked { lang, kind, text }) = asked.map_err(|_| ApiError::field("query", "cannot be read"))?;
    let text = text.unwrap_or_default();
    let language = lang.map_or(Ok(state.language()), |tag| language(&tag));
    let kind = kind.map_or(Ok(Kind::Cardinal), |word| self::kind(&word));
    let spoken = match &kind {
        Ok(kind) => spoken(*kind, &text).map(Some),
        Err(_) => Ok(None),
    };
    match (language, kind, spoken) {
        (Ok(language), Ok(kind), Ok(Some(spoken))) => Ok(Json(said(language, kind, &text, &spoken))),
        (language, kind, spoken) => {
            let problems = [language.err(), kind.err(), spoken.err()];
            Err(Rejected::Invalid(problems.into_iter().flatten().collect()).into())
        }
    }
}

fn language(tag: &str) -> Result<Language, FieldError> {
    tag.parse::<Language>().map_err(|problem| FieldError::new("lang", problem.to_string()))
}

fn kind(word: &str) -> Result<Kind, FieldError> {
    let problem = || format!("must be one of: {}", Kind::ALL.map(Kind::as_str).join(", "));
    Kind::from_word(word).ok_or_else(|| FieldError::new("type", problem()))
}

fn spoken(kind: Kind, text: &str) -> Result<Spoken, FieldError> {
    if text.is_empty() {
        return Err(FieldError::required("text"));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(FieldError::new("text", format!("has more than {MAX_TEXT} characters")));
    }
    Spoken::read(kind, text).map_err(|problem| FieldError::new("text", problem.to_string()))
}

fn said(language: Language, kind: Kind, text: &str, spoken: &Spoken) -> Said {
    let names = say::say(spoken, language);
    let tag = language.tag();
    let file = |name: &str| format!("{tag}/{name}.wav");
    let missing = names.iter().filter(|name| sounds::wav(tag, name).is_none());
    Said {
        lang: language,
        kind: kind.as_str(),
        text: text.to_owned(),
        words: say::words(names.iter().filter_map(|name| sounds::text(tag, name))),
        sounds: names.iter().map(|name| file(name)).collect(),
        missing: missing.map(|name| file(name)).collect(),
    }
}
