//! Speech: texts that are said, and what callers say.
//!
//! Shape: a [`Speech`] is a text as it is to be said; [`crate::Prompt::Text`] says it and [`Render`] has it ready before. A [`Listen`]
//! is a wait for words and keys; [`crate::Listening`] decides what it means.
//! Units: speed and volume in percent of the usual one.
//! Errors: [`BadSpeech`] where a text cannot be said by anybody. A text that is not rendered takes no time, and a caller who is not
//! understood has said nothing: the script goes on.
//! Sources: `ringme-ivr.md` 5.1, 5.3; VoiceXML 2.0 §2.3 (timeouts), §4.1 (prompts).

use std::{sync::Arc, time::Duration};

use super::ssml;
use crate::{Digit, DigitSet, Pattern, Prompt, TypeAhead};

use super::{Extent, Gather, Gathered};

/// Most characters of a text (`ringme-ivr.md` 5.3).
pub const MAX_SPEECH: usize = 5000;
/// How long a script waits for a text that it needs now (`ringme-ivr.md` 5.3).
pub const SPEECH_PATIENCE: Duration = Duration::from_secs(5);

/// A text as it is to be said. Two that are equal sound alike.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Speech {
    /// What is said.
    pub words: Words,
    /// The language, such as `ru-RU`; `None` is the usual one.
    pub language: Option<String>,
    /// The voice, as the engine calls it; `None` is the usual one of the language.
    pub voice: Option<String>,
    /// How fast, in percent.
    pub speed: u16,
    /// How loud, in percent.
    pub volume: u16,
}

/// What is said: a text that can be.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Words {
    text: String,
    form: Form,
}

/// What a text is written in.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Form {
    /// Words.
    Plain,
    /// Speech Synthesis Markup Language.
    Ssml,
}

/// Why a text cannot be said.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadSpeech {
    /// There is nothing in it.
    #[error("there is nothing to say")]
    Empty,
    /// It has more than [`MAX_SPEECH`] characters.
    #[error("has at most {MAX_SPEECH} characters")]
    TooLong,
    /// It is SSML with something else in it than elements that shape speech; `audio` and all that names a file or an address are such.
    #[error(
        "is no SSML that is said: elements may be speak, p, s, voice, prosody, emphasis, break, say-as, sub, phoneme, lang and mark"
    )]
    Ssml,
}

impl Speech {
    /// Speed and volume that are as usual.
    pub const USUAL: u16 = 100;

    /// A text in the usual voice. What begins with `<speak` is SSML.
    pub fn new(text: &str) -> Result<Self, BadSpeech> {
        let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.is_empty() {
            return Err(BadSpeech::Empty);
        }
        if text.chars().count() > MAX_SPEECH {
            return Err(BadSpeech::TooLong);
        }
        let form = if text.starts_with("<speak") { Form::Ssml } else { Form::Plain };
        if form == Form::Ssml && !ssml::is_harmless(&text) {
            return Err(BadSpeech::Ssml);
        }
        Ok(Self { words: Words { text, form }, language: None, voice: None, speed: Self::USUAL, volume: Self::USUAL })
    }

    /// The text, in one line without control characters.
    pub fn text(&self) -> &str {
        &self.words.text
    }

    /// What the text is written in.
    pub fn form(&self) -> Form {
        self.words.form
    }
}

/// Have a text ready.
#[derive(Clone, PartialEq, Debug)]
pub struct Render {
    /// The text.
    pub speech: Arc<Speech>,
    /// How long to wait for it; zero begins, and waits for nothing.
    pub patience: Duration,
}

/// What came of a [`Render`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Rendered {
    /// It is not ready yet, and being made.
    Pending,
    /// It is ready.
    Ready {
        /// How long it is.
        length: Duration,
    },
    /// It will not be.
    Failed(RenderError),
}

impl Rendered {
    /// Its name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready { .. } => "ready",
            Self::Failed(_) => "failed",
        }
    }
}

/// Why a text is not rendered.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum RenderError {
    /// Nothing is there that could.
    #[error("no engine for speech is there")]
    NoEngine,
    /// The engine took too long.
    #[error("the speech engine took too long")]
    TimedOut,
    /// The engine made no sound of it.
    #[error("the speech engine failed")]
    Failed,
    /// Too many texts wait.
    #[error("too many texts wait for the speech engine")]
    Busy,
}

/// A wait for what the caller says, or presses.
#[derive(Clone, PartialEq, Debug)]
pub struct Listen {
    /// Said meanwhile. The caller's voice stops them, and so does any key that counts.
    pub prompts: Vec<Prompt>,
    /// When the two times below begin.
    pub from: ListenFrom,
    /// The wait ends when nothing was said or pressed for so long.
    pub no_input: Duration,
    /// The wait ends after so long in any case.
    pub longest: Duration,
    /// So long a silence is the end of what was said.
    pub end_silence: Duration,
    /// The language of the caller, such as `ru-RU`; `None` is the usual one.
    pub language: Option<String>,
    /// Words and phrases that are expected; a recogniser may take nothing else.
    pub phrases: Vec<String>,
    /// The wait ends with a result in which one of these is found.
    pub wanted: Vec<Pattern>,
    /// The wait ends after so many results; `None` sets no end.
    pub max_results: Option<usize>,
    /// Whether keys pressed before count.
    pub type_ahead: TypeAhead,
    /// The wait ends at so many digits; with 0 keys that are no terminators are thrown away.
    pub max_digits: usize,
    /// How long to wait for a further digit.
    pub inter_digit: Duration,
    /// Keys that end the wait and are no digits.
    pub terminators: DigitSet,
    /// Keys that a grammar judges, in place of the three above: from the first of them on it is a wait for keys, and ends as one.
    pub keys: Option<Box<Gather>>,
}

/// When the times of a [`Listen`] begin.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ListenFrom {
    /// With the prompts.
    Start,
    /// With their end.
    PromptsEnd,
}

/// What came of a [`Listen`].
#[derive(Clone, PartialEq, Debug)]
pub struct Listened {
    /// How much of the prompts was heard.
    pub extent: Extent,
    /// What was said, one after the other.
    pub results: Vec<Utterance>,
    /// What the caller was saying when the wait ended, as far as it was understood; where digits were pressed nobody asks.
    pub guess: Option<String>,
    /// What was pressed, without the terminator.
    pub digits: String,
    /// The same, where a grammar judged it.
    pub gathered: Option<Gathered>,
    /// Why the wait ended.
    pub ended_by: ListenEnd,
    /// Whether anybody could understand the caller.
    pub recogniser: Recogniser,
}

/// Something that the caller said.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Utterance {
    /// The words, as the recogniser writes them.
    pub text: String,
    /// How sure it is, in percent, where it says so.
    pub confidence: Option<u8>,
}

/// Why a [`Listen`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ListenEnd {
    /// The last result has something in it that was wanted.
    Wanted,
    /// There are as many results as were asked for.
    Results,
    /// There are as many digits as were asked for, or no further one came.
    Digits,
    /// This key was pressed.
    Terminator(Digit),
    /// The wait for keys that a grammar judges is over.
    Gathered,
    /// Nothing was said or pressed.
    NoInput,
    /// It lasted as long as it may.
    Longest,
}

impl ListenEnd {
    /// Its name in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Results => "results",
            Self::Digits => "digits",
            Self::Terminator(_) => "terminator",
            Self::Gathered => "gathered",
            Self::NoInput => "no_input",
            Self::Longest => "longest",
        }
    }
}

/// Whether anybody could understand the caller.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Recogniser {
    /// Yes.
    #[default]
    Worked,
    /// No recogniser is there, or it failed each time. Keys were taken all the same.
    Failed,
}
