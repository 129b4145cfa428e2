//! What an answer may ask for, one file a verb.
//!
//! Shape: each verb is a struct with `read` (from an element, which may find problems) and, where it does something by itself, `run`.
//! Errors: a value that cannot be used is replaced by the one that its verb has without it, and told; a verb that cannot be used at all
//! is passed over, and told.
//! Sources: `ringme-ivr.md` 4.3, 4.4, 5.3.

mod hangup;
mod jump;
mod pause;
mod play_sound;
mod play_tts;
mod set_caller;
mod set_var;
mod simple_transfer;
mod text_to_speech;

pub use hangup::Hangup;
pub use jump::{Jump, NamedBy};
pub use pause::Pause;
pub use play_sound::PlaySound;
pub use play_tts::PlayTts;
pub use set_caller::SetCaller;
pub use set_var::SetVar;
pub use simple_transfer::{Finality, SimpleTransfer};
pub use text_to_speech::TextToSpeech;

use std::{fmt, ops::RangeInclusive};

use super::{
    Dialect, Stage, Step,
    wire::{Document, Element},
};
use crate::Interrupted;

/// A verb.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Verb {
    /// `Hangup`
    Hangup(Hangup),
    /// `Pause`
    Pause(Pause),
    /// `SetVar`
    SetVar(SetVar),
    /// `Jump`
    Jump(Jump),
    /// `SetCaller`
    SetCaller(SetCaller),
    /// `PlaySound`
    PlaySound(PlaySound),
    /// `SimpleTransfer`
    SimpleTransfer(SimpleTransfer),
    /// `TextToSpeech` or `text_to_speech`
    TextToSpeech(TextToSpeech),
    /// `PlayTTS`
    PlayTts(PlayTts),
}

/// A part of an answer, as it is to be run.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Item {
    /// A verb.
    Verb(Verb),
    /// Something that was wrong, for whoever debugs it.
    Problem(String),
}

/// How the names of verbs and attributes are compared.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Names {
    /// Whatever their case.
    AnyCase,
    /// As they are written.
    Exact,
}

/// The verbs, as they are written.
const WRITTEN: [&str; 10] = [
    "Hangup",
    "Pause",
    "SetVar",
    "Jump",
    "SetCaller",
    "PlaySound",
    "SimpleTransfer",
    "TextToSpeech",
    "text_to_speech",
    "PlayTTS",
];

/// The parts of an answer, in their order.
pub fn items(document: &Document, dialect: Dialect, names: Names) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(at) = document.stray_text {
        items.push(Item::Problem(format!("{at}: text between the verbs means nothing")));
    }
    for element in &document.verbs {
        let mut reading = Reading { element, dialect, names, problems: Vec::new() };
        let read = Verb::read(&mut reading);
        items.extend(reading.problems.into_iter().map(Item::Problem));
        match read {
            Read::Verb(verb) => items.push(Item::Verb(verb)),
            Read::PassedOver => {}
            Read::EndsHere => return items,
            Read::VoidsAll => {
                items.retain(|item| matches!(item, Item::Problem(_)));
                return items;
            }
        }
    }
    items
}

/// What became of an element.
enum Read {
    Verb(Verb),
    /// It is no verb that can be run.
    PassedOver,
    /// Nor is anything behind it.
    EndsHere,
    /// Nor is anything before it.
    VoidsAll,
}

impl Verb {
    fn read(reading: &mut Reading<'_>) -> Read {
        if reading.names == Names::Exact && !WRITTEN.contains(&reading.element.name.as_str()) {
            reading.problem("is no verb, as it is written; it is passed over");
            return Read::PassedOver;
        }
        let verb = match (reading.element.name.to_ascii_lowercase().as_str(), reading.dialect) {
            ("hangup", _) => Some(Self::Hangup(Hangup)),
            ("pause", _) => Some(Self::Pause(Pause::read(reading))),
            ("setvar", _) => SetVar::read(reading).map(Self::SetVar),
            ("jump", _) => Jump::read(reading).map(Self::Jump),
            ("setcaller", dialect) => match (SetCaller::read(reading), dialect) {
                (Some(verb), _) => Some(Self::SetCaller(verb)),
                (None, Dialect::Ucom) => return Read::EndsHere,
                (None, Dialect::Voipnow) => return Read::VoidsAll,
            },
            ("playsound", _) => PlaySound::read(reading).map(Self::PlaySound),
            ("simpletransfer", Dialect::Ucom) => SimpleTransfer::read(reading).map(Self::SimpleTransfer),
            ("texttospeech" | "text_to_speech", Dialect::Ucom) => Some(Self::TextToSpeech(TextToSpeech::read(reading))),
            ("playtts", Dialect::Voipnow) => PlayTts::read(reading).map(Self::PlayTts),
            ("simpletransfer" | "texttospeech" | "text_to_speech" | "playtts", dialect) => {
                reading.problem(format!("is no verb of the dialect {}; it is passed over", dialect.as_str()));
                None
            }
            _ => {
                reading.problem("is no verb; it is passed over");
                None
            }
        };
        verb.map_or(Read::PassedOver, Read::Verb)
    }

    /// Runs the verb; what is returned ends the run, at least until whoever asked has followed it.
    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        match self {
            Self::Hangup(Hangup) => Ok(Some(Step::Hangup)),
            Self::Pause(verb) => verb.run(stage).await,
            Self::SetVar(verb) => verb.run(stage).await,
            Self::Jump(verb) => Ok(Some(Step::Jump(verb.clone()))),
            Self::SetCaller(verb) => verb.run(stage).await,
            Self::PlaySound(verb) => verb.run(stage).await,
            Self::SimpleTransfer(verb) => Ok(Some(Step::Transfer(verb.clone()))),
            Self::TextToSpeech(verb) => verb.run(stage).await,
            Self::PlayTts(verb) => verb.run(stage).await,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hangup(_) => f.write_str("Hangup"),
            Self::Pause(verb) => verb.fmt(f),
            Self::SetVar(verb) => verb.fmt(f),
            Self::Jump(verb) => verb.fmt(f),
            Self::SetCaller(verb) => verb.fmt(f),
            Self::PlaySound(verb) => verb.fmt(f),
            Self::SimpleTransfer(verb) => verb.fmt(f),
            Self::TextToSpeech(verb) => verb.fmt(f),
            Self::PlayTts(verb) => verb.fmt(f),
        }
    }
}

/// An element on its way to a verb.
struct Reading<'a> {
    element: &'a Element,
    dialect: Dialect,
    names: Names,
    problems: Vec<String>,
}

impl<'a> Reading<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.element.attribute(name, self.names).map(str::trim)
    }

    /// A whole number in this range, or the other where it is missing; where it is anything else, that is told.
    fn number(&mut self, name: &str, range: RangeInclusive<u64>, otherwise: u64) -> u64 {
        self.told_number(name, range, format_args!("it is taken as {otherwise}")).unwrap_or(otherwise)
    }

    /// The same for one that may be missing.
    fn number_or_none(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        self.told_number(name, range, format_args!("it is taken as missing"))
    }

    fn told_number(&mut self, name: &str, range: RangeInclusive<u64>, told: fmt::Arguments<'_>) -> Option<u64> {
        let written = self.attribute(name)?;
        let plain = written.bytes().all(|byte| byte.is_ascii_digit());
        let number = written.parse().ok().filter(|number| plain && range.contains(number));
        if number.is_none() {
            let (low, high) = range.into_inner();
            self.problem(format!("{name} must be a whole number from {low} to {high}; {told}"));
        }
        number
    }

    /// The name of a variable; what is none is told.
    fn variable(&mut self, name: &str) -> Option<String> {
        let written = self.attribute(name).filter(|written| !written.is_empty())?;
        if crate::vars::Vars::is_name(written) {
            return Some(written.to_owned());
        }
        self.problem(format!(
            "{name} must be the name of a variable: a letter and then letters, digits and _, at most 64"
        ));
        None
    }

    fn problem(&mut self, what: impl fmt::Display) {
        self.problems.push(format!("{}: {} {what}", self.element.at, self.element.name));
    }
}
