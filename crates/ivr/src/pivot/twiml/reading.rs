//! An element on its way to a verb: its attributes as values, and what is wrong with them.
//!
//! Shape: each method takes an attribute, and gives its default where the attribute is missing. What it cannot take is told, and the
//! default or the nearest value holds.
//! Units: seconds in the document, [`Duration`] behind it.
//! Sources: `kazoo-pivot.md` 5.2 (error policy).

use std::{fmt, ops::RangeInclusive, time::Duration};

use serde_json::Value;

use super::wire::Element;
use crate::{
    Alone, Digit, DigitSet, FetchMethod, Interrupted,
    pivot::{
        Exit, Session,
        request::{self, Teller},
    },
};

/// An element while it is read.
pub(super) struct Reading<'a> {
    /// The element.
    pub(super) element: &'a Element,
    warnings: &'a mut Vec<String>,
}

/// Where a verb leads: an address, and how it is asked.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Way {
    /// As the document writes it, absolute or relative; `None` where it says nothing.
    pub url: Option<String>,
    /// `None` where the document says nothing.
    pub method: Option<FetchMethod>,
}

/// Somebody who wants to be told of events.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Listener {
    /// As the document writes it.
    pub url: String,
    /// How it is told.
    pub method: FetchMethod,
    /// Of what.
    pub events: Vec<&'static str>,
}

impl Way {
    /// The request that it is: of the document's own address where it has none.
    pub(super) fn ask(&self, session: &Session<'_>) -> Exit {
        Exit::Ask(session.continuation(self.url.as_deref(), self.method))
    }

    /// What is heard over and over where it leads to a sound, as its ending says; `None` where it leads to a document.
    pub(super) async fn sound(&self, session: &mut Session<'_>) -> Result<Option<Alone>, Interrupted> {
        let url = session.resolved(self.url.as_deref().unwrap_or_default());
        let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        if ![".wav", ".mp3", ".ogg"].iter().any(|ending| path.ends_with(ending)) {
            return Ok(None);
        }
        let prompts = session.media(&url).await?;
        Ok(Some(prompts.map_or(Alone::Music, |prompts| Alone::Prompts(prompts.into()))))
    }

    /// As the script of another call of ours reads it.
    pub(super) fn written(&self, session: &Session<'_>) -> Option<String> {
        let ask = session.continuation(Some(self.url.as_deref()?), self.method);
        Some(format!("{} {}", ask.method, ask.url))
    }

    /// As the script of another call has written it.
    pub(super) fn of_written(written: &str) -> Option<Self> {
        let (method, url) = written.split_once(' ')?;
        let method = if method == "GET" { FetchMethod::Get } else { FetchMethod::Post };
        Some(Self { url: Some(url.to_owned()), method: Some(method) })
    }
}

impl Listener {
    /// Tells it something now. An address that cannot be asked is told to whoever debugs the call.
    pub(super) async fn tell(&self, session: &mut Session<'_>, news: &[(&str, &str)]) -> Result<(), Interrupted> {
        let mut parameters = request::of_call(session);
        parameters.extend(news.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        match Teller::of(session).tell(&session.resolved(&self.url), self.method, &parameters) {
            Ok(tell) => session.call.tell(tell).await,
            Err(error) => session.warn(format!("a callback: {error}")).await,
        }
    }

    /// Whether it is told of this event.
    pub fn wants(&self, event: &str) -> bool {
        self.events.contains(&event)
    }
}

impl<'a> Reading<'a> {
    /// An element, and where warnings about it go.
    pub(super) fn new(element: &'a Element, warnings: &'a mut Vec<String>) -> Self {
        Self { element, warnings }
    }

    /// An element in this one.
    pub(super) fn inside<'b>(&'b mut self, element: &'b Element) -> Reading<'b> {
        Reading { element, warnings: self.warnings }
    }

    /// Tells of attributes that are none of these.
    pub(super) fn knows(&mut self, attributes: &[&str]) {
        for (name, _) in &self.element.attributes {
            if !attributes.contains(&name.as_str()) {
                self.warn(format_args!("{name} means nothing here; it is ignored"));
            }
        }
    }

    /// Tells of elements that are none of these.
    pub(super) fn holds(&mut self, elements: &[&str]) {
        for inner in self.element.elements().filter(|inner| !elements.contains(&inner.name.as_str())) {
            self.warnings.push(format!("{}: {} in {} is skipped", inner.at, inner.name, self.element.name));
        }
    }

    /// An attribute without blanks around it.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.element.attribute(name).map(str::trim)
    }

    /// An attribute without blanks around it, where anything is left.
    pub(super) fn word(&self, name: &str) -> Option<&'a str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A whole number. One outside of the range becomes the nearest in it.
    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<u32>, otherwise: u32) -> u32 {
        let Some(written) = self.word(name) else { return otherwise };
        let digits = written.strip_prefix('-').unwrap_or(written);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.warn(format_args!("{name} is {written:?} and no whole number; {otherwise} is taken"));
            return otherwise;
        }
        let number = if written.starts_with('-') { 0 } else { digits.parse().unwrap_or(u32::MAX) };
        let taken = number.clamp(*range.start(), *range.end());
        if taken != number || written.starts_with('-') {
            self.warn(format_args!("{name} is {written}; {taken} is taken, from {} to {}", range.start(), range.end()));
        }
        taken
    }

    /// A number of seconds.
    pub(super) fn seconds(&mut self, name: &str, range: RangeInclusive<u32>, otherwise: u32) -> Duration {
        Duration::from_secs(self.number(name, range, otherwise).into())
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str, otherwise: bool) -> bool {
        match self.word(name) {
            None => otherwise,
            Some(word) if word.eq_ignore_ascii_case("true") => true,
            Some(word) if word.eq_ignore_ascii_case("false") => false,
            Some(word) => {
                self.warn(format_args!("{name} is {word:?}, neither true nor false; {otherwise} is taken"));
                otherwise
            }
        }
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)], otherwise: T) -> T {
        let Some(written) = self.word(name) else { return otherwise };
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(written)) {
            return *value;
        }
        let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.warn(format_args!("{name} is {written:?}, none of {}; its default is taken", all.join(", ")));
        otherwise
    }

    /// A set of keys: an empty attribute is none.
    pub(super) fn keys(&mut self, name: &str, otherwise: DigitSet) -> DigitSet {
        let Some(written) = self.text(name) else { return otherwise };
        let keys: Option<DigitSet> = written.chars().map(Digit::from_char).collect();
        keys.unwrap_or_else(|| {
            self.warn(format_args!("{name} is {written:?}, not all keys; its default is taken"));
            otherwise
        })
    }

    /// `GET` or `POST`.
    pub(super) fn method(&mut self, name: &str) -> Option<FetchMethod> {
        self.choice(name, &[("GET", Some(FetchMethod::Get)), ("POST", Some(FetchMethod::Post))], None)
    }

    /// `action` and `method`.
    pub(super) fn action(&mut self) -> Way {
        Way { url: self.word("action").map(str::to_owned), method: self.method("method") }
    }

    /// Who is told of events: the attribute `name`, and with it `nameMethod` and `nameEvent`, of which `usual` holds where it says nothing.
    pub(super) fn listener(&mut self, name: &str, events: &[&'static str], usual: &[&'static str]) -> Option<Listener> {
        let method = self.method(&format!("{name}Method")).unwrap_or(FetchMethod::Post);
        let of = format!("{name}Event");
        let mut wanted = Vec::new();
        for word in self.text(&of).unwrap_or_default().split([' ', ',']).filter(|word| !word.is_empty()) {
            match events.iter().find(|event| **event == word) {
                Some(event) => wanted.push(*event),
                None => self.warn(format_args!("{of} {word:?} is none of {}", events.join(", "))),
            }
        }
        let events = if wanted.is_empty() { usual.to_vec() } else { wanted };
        Some(Listener { url: self.word(name)?.to_owned(), method, events })
    }

    /// Tells that something is wrong with the element.
    pub(super) fn warn(&mut self, what: impl fmt::Display) {
        self.warnings.push(format!("{}: {} {what}", self.element.at, self.element.name));
    }
}
