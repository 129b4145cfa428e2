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
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiState;
use super::error::ApiError;
use super::place::Place;
use crate::sounds;
use crate::store::Rejected;

/// Most characters of a text.
const MAX_TEXT: usize = 255;

#[derive(Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
}

pub(super) async fn show(
    State(state): State<ApiState>,
    place: Place,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
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

fn said(language: Language, kind: Kind, text: &str, spoken: &Spoken) -> Value {
    let names = say::say(spoken, language);
    let tag = language.tag();
    let file = |name: &str| format!("{tag}/{name}.wav");
    let missing = names.iter().filter(|name| sounds::wav(tag, name).is_none());
    json!({
        "lang": language,
        "type": kind.as_str(),
        "text": text,
        "words": say::words(names.iter().filter_map(|name| sounds::text(tag, name))),
        "sounds": names.iter().map(|name| file(name)).collect::<Vec<_>>(),
        "missing": missing.map(|name| file(name)).collect::<Vec<_>>(),
    })
}
