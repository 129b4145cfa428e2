//! The built-in grammars of fields.
//!
//! Shape: a name with parameters, such as `digits?length=4`, becomes a grammar whose value a [`Kind`] says; [`Kind::keys`] are the keys
//! that somebody says.
//! Errors: an unknown name is [`GrammarError::Builtin`], a contradiction among parameters [`GrammarError::Bad`].
//! Sources: VoiceXML 2.0 Appendix P; `voicexml-customizers.md` 3.7.

use serde_json::{Value as Json, json};

use super::{Expansion, Grammar, GrammarError, Mode, Value};
use crate::Digit;

/// What callers say for yes and no, in the languages of the system.
pub(super) const YES: [&str; 3] = ["yes", "да", "այո"];
pub(super) const NO: [&str; 3] = ["no", "нет", "ոչ"];

/// What the keys of a built-in grammar are worth.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Kind {
    /// True by this key, false by the other.
    Boolean(char, char),
    /// The keys.
    Digits,
    /// `*` is the decimal point.
    Number,
    /// The same, as `UUUmm.nn` without a unit.
    Currency,
    /// `yyyymmdd`.
    Date,
    /// `hhmm`, with `?` for the half of the day, which keys do not say.
    Time,
    /// `*` begins an extension.
    Phone,
}

impl Kind {
    /// The keys that words stand for, where a recogniser writes numbers as such.
    pub(crate) fn keys(&self, words: &[String]) -> Option<String> {
        let text = words.concat();
        match self {
            Self::Boolean(yes, no) => match text.as_str() {
                said if YES.contains(&said) => Some(yes.to_string()),
                said if NO.contains(&said) => Some(no.to_string()),
                _ => None,
            },
            Self::Number | Self::Currency => Some(decimal_keys(&text)),
            _ => Some(text),
        }
        .filter(|keys| keys.chars().all(|key| key.is_ascii_digit() || key == '*'))
    }

    /// The value of keys.
    pub(crate) fn value(&self, keys: &str) -> Json {
        match self {
            Self::Boolean(yes, _) => json!(keys.starts_with(*yes)),
            Self::Digits | Self::Date => json!(keys),
            Self::Number => json!(keys.replace('*', ".")),
            Self::Currency => {
                let (whole, part) = keys.split_once('*').unwrap_or((keys, ""));
                json!(format!("{whole}.{part:0<2}"))
            }
            Self::Time => json!(format!("{keys}?")),
            Self::Phone => json!(keys.replace('*', "x")),
        }
    }
}

/// The keys of a number that is written with a point or comma. A comma before exactly three digits is one between thousands.
fn decimal_keys(text: &str) -> String {
    let mut pieces = text.split(',');
    let mut keys = pieces.next().unwrap_or_default().replace('.', "*");
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        if digits != 3 || keys == "0" {
            keys.push('*');
        }
        keys += &piece.replace('.', "*");
    }
    keys
}

/// The grammar of a type, such as `boolean?y=7;n=9`.
pub(crate) fn grammar(text: &str) -> Result<Grammar, GrammarError> {
    let (name, parameters) = text.split_once('?').unwrap_or((text, ""));
    let parameter = |wanted: &str| {
        let mut pairs = parameters.split([';', '&']).filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim())
    };
    let (kind, expansion) = match name {
        "boolean" => boolean(parameter("y"), parameter("n"))?,
        "digits" => (Kind::Digits, digits(parameter("length"), parameter("minlength"), parameter("maxlength"))?),
        "number" => (Kind::Number, decimal()),
        "currency" => (Kind::Currency, decimal()),
        "date" => (Kind::Date, digit(8, 8)),
        "time" => (Kind::Time, digit(4, 4)),
        "phone" => {
            let extension = Expansion::Sequence(vec![key('*'), digit(1, u32::MAX)]);
            (Kind::Phone, Expansion::Sequence(vec![digit(1, u32::MAX), Expansion::Repeat(Box::new(extension), 0, 1)]))
        }
        other => return Err(GrammarError::Builtin(other.to_owned())),
    };
    Ok(Grammar { mode: Mode::Both, ..Grammar::of(expansion, Value::Builtin(kind)) })
}

fn boolean(yes: Option<&str>, no: Option<&str>) -> Result<(Kind, Expansion), GrammarError> {
    let one = |text: Option<&str>, usual| {
        let mut keys = text.unwrap_or(usual).chars();
        let key = keys.next().filter(|_| keys.next().is_none()).and_then(Digit::from_char);
        key.ok_or_else(|| GrammarError::Bad("boolean takes one key for yes and one for no".to_owned()))
    };
    let (yes, no) = (one(yes, "1")?, one(no, "2")?);
    if yes == no {
        return Err(GrammarError::Bad("boolean has the same key for yes and no".to_owned()));
    }
    Ok((Kind::Boolean(yes.as_char(), no.as_char()), Expansion::OneOf(vec![Expansion::Key(yes), Expansion::Key(no)])))
}

fn digits(length: Option<&str>, least: Option<&str>, most: Option<&str>) -> Result<Expansion, GrammarError> {
    let number = |text: Option<&str>| {
        text.map(|text| text.parse::<u32>().map_err(|_| GrammarError::Bad(format!("digits: {text} is no length"))))
            .transpose()
    };
    let (length, least, most) = (number(length)?, number(least)?, number(most)?);
    let (from, to) = match length {
        Some(_) if least.is_some() || most.is_some() => {
            return Err(GrammarError::Bad("digits has a length beside a least or greatest one".to_owned()));
        }
        Some(length) => (length, length),
        None => (least.unwrap_or(1), most.unwrap_or(u32::MAX)),
    };
    if from > to || to == 0 {
        return Err(GrammarError::Bad("digits has a least length above the greatest".to_owned()));
    }
    Ok(digit(from, to))
}

fn decimal() -> Expansion {
    let part = Expansion::Sequence(vec![key('*'), digit(0, u32::MAX)]);
    let part = |least| Expansion::Repeat(Box::new(part.clone()), least, 1);
    Expansion::OneOf(vec![
        Expansion::Sequence(vec![digit(1, u32::MAX), part(0)]),
        Expansion::Sequence(vec![key('*'), digit(1, u32::MAX)]),
    ])
}

fn digit(least: u32, most: u32) -> Expansion {
    let any = "0123456789".chars().map(key).collect();
    Expansion::Repeat(Box::new(Expansion::OneOf(any)), least, most)
}

fn key(key: char) -> Expansion {
    Digit::from_char(key).map_or(Expansion::Void, Expansion::Key)
}
