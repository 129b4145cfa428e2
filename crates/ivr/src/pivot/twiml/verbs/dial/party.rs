//! Somebody whom a `Dial` rings: its text, `Number`, `Sip`, `Client`, `User`, `Device`.
//!
//! Shape: what is dialled, and what the party wants of its own. `Number` has `sendDigits`, pressed once it has answered, where `w` is
//! half a second; all but `User` and `Device` have `url` with `method` (a document that runs for the party before it is joined), and
//! `statusCallback` with `statusCallbackMethod` and `statusCallbackEvent`.
//! Errors: one with nothing to dial in it is left out, which is told.
//! Sources: `kazoo-pivot.md` 5.3, 5.4, 4.1 (device, user).

use super::{Reading, Way, sip};
use crate::{SendDigits, op::PartyTerms, pivot::twiml::reading::Listener, send_digits::HELD};

/// What a party is told of.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
/// The longest dialled string.
const MAX_TARGET: usize = 256;

/// Somebody who is rung.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Party {
    /// What is dialled.
    pub target: String,
    /// Whether that is a number, behind which may be anything that has one.
    pub is_number: bool,
    /// What is wanted of it.
    pub terms: PartyTerms,
    /// Who is told how its call goes.
    pub listener: Option<Listener>,
    /// What runs for it before it is joined to the caller.
    pub before: Way,
}

/// The attributes that every party outside of KAZOO has.
pub(super) const COMMON: [&str; 5] = ["statusCallback", "statusCallbackMethod", "statusCallbackEvent", "url", "method"];

impl Party {
    /// The number that is the text of a `Dial`.
    pub(super) fn of_text(reading: &mut Reading<'_>, text: &str) -> Option<Self> {
        Some(Self { is_number: true, ..Self::plain(number(reading, text)?) })
    }

    /// An element in a `Dial`.
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        match reading.element.name.as_str() {
            "Number" => {
                reading.knows(&[&COMMON[..], &["sendDigits"]].concat());
                reading.holds(&[]);
                let text = reading.element.text();
                let digits = digits(reading);
                let target = number(reading, &text)?;
                let terms = PartyTerms { digits, ..PartyTerms::default() };
                Some(Self { terms, listener: status(reading), before: before(reading), target, is_number: true })
            }
            "Sip" => sip::read(reading),
            "Client" => client(reading),
            "User" | "Device" => {
                reading.knows(&[]);
                reading.holds(&[]);
                let text = reading.element.text();
                target(reading, &text).map(Self::plain)
            }
            _ => {
                reading.warn("is nobody who can be called; it is skipped");
                None
            }
        }
    }

    fn plain(target: String) -> Self {
        Self { target, is_number: false, terms: PartyTerms::default(), listener: None, before: Way::default() }
    }
}

/// Who is told how the call of a party goes.
pub(super) fn status(reading: &mut Reading<'_>) -> Option<Listener> {
    reading.listener(COMMON[0], &EVENTS, &["completed"])
}

/// `url` and `method`.
pub(super) fn before(reading: &mut Reading<'_>) -> Way {
    Way { url: reading.word("url").map(str::to_owned), method: reading.method("method") }
}

/// What is dialled as it is written.
pub(super) fn target(reading: &mut Reading<'_>, text: &str) -> Option<String> {
    if text.is_empty() || text.len() > MAX_TARGET {
        reading.warn("names nobody; it is skipped");
        return None;
    }
    Some(text.to_owned())
}

/// A number without what people put between its digits. The star stays: it is part of the long form of extensions.
fn number(reading: &mut Reading<'_>, text: &str) -> Option<String> {
    let number: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '+' || *c == '*').collect();
    target(reading, &number)
}

fn digits(reading: &mut Reading<'_>) -> Option<SendDigits> {
    let written = reading.word("sendDigits")?;
    match SendDigits::parse(written, HELD) {
        Ok(digits) => Some(digits),
        Err(error) => {
            reading.warn(format_args!("sendDigits: {error}"));
            None
        }
    }
}

/// `<Client>` is a telephone by its name, as its text or in `Identity`; a `Parameter` goes with the call in a header of its own.
fn client(reading: &mut Reading<'_>) -> Option<Party> {
    reading.knows(&COMMON);
    reading.holds(&["Identity", "Parameter"]);
    let element = reading.element;
    let identity = element.elements().find(|inner| inner.name == "Identity");
    let name = identity.map_or_else(|| element.text(), |identity| identity.text());
    let name = name.strip_prefix("client:").unwrap_or(&name).to_owned();
    let mut headers = Vec::new();
    for parameter in element.elements().filter(|inner| inner.name == "Parameter") {
        let mut inner = reading.inside(parameter);
        inner.knows(&["name", "value"]);
        let pair = inner.word("name").zip(inner.text("value"));
        headers.extend(pair.and_then(|(name, value)| sip::header(&mut inner, &format!("X-{name}"), value)));
    }
    let terms = PartyTerms { headers, ..PartyTerms::default() };
    let target = target(reading, &name)?;
    Some(Party { target, is_number: false, terms, listener: status(reading), before: before(reading) })
}
