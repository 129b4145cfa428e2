//! The languages in which the system set speaks.
//!
//! Shape: a closed list; each has the system's phrases and the numbers of [`crate::say`].
//! Errors: [`UnknownLanguage`] for a tag that names none of them.
//! Sources: RFC 5646 §2.2.1 (the primary subtag of a language tag), ISO 639-1.

use std::{fmt, str::FromStr};

/// A language of the system set.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Language {
    /// English, as in the United States.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
    /// Eastern Armenian.
    #[serde(rename = "hy")]
    Armenian,
}

/// A tag that names none of the languages.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("must be one of: en, ru, hy")]
pub struct UnknownLanguage;

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Armenian];
    /// The tags of all of them, in the same order.
    pub const TAGS: [&'static str; 3] = ["en", "ru", "hy"];

    /// Its tag, which is also the folder of its sounds.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Armenian => "hy",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a tag; what follows the language itself, such as the country of `ru-RU`, is not looked at.
    fn from_str(tag: &str) -> Result<Self, UnknownLanguage> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary)).ok_or(UnknownLanguage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_by_its_language_alone() {
        for (tag, language) in [
            ("en", Some(Language::English)),
            ("EN-gb", Some(Language::English)),
            ("ru_RU", Some(Language::Russian)),
            ("hy-AM", Some(Language::Armenian)),
            ("rus", None),
            ("", None),
            ("-ru", None),
        ] {
            assert_eq!(tag.parse().ok(), language, "{tag}");
        }
        assert_eq!(Language::ALL.map(Language::tag), Language::TAGS);
        for language in Language::ALL {
            let written = serde_json::to_string(&language).unwrap();
            assert_eq!(serde_json::from_str::<Language>(&written).unwrap(), language);
        }
    }
}
