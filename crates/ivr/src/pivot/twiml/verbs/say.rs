//! `<Say voice="woman" language="en-GB" loop="2">…</Say>`: a text is said.
//!
//! Shape: the text, or SSML where there are elements in it; `voice` (`man`, `woman` or the engine's own name), `language`, `loop` (0 is
//! 1,000 times), `terminators` (keys that stop it, all where it is missing).
//! Units: a text is cut at 4,000 bytes.
//! Errors: without a text, or where no engine can say it, the next verb follows; both are told.
//! Sources: `kazoo-pivot.md` 5.3, 5.4.

mod ssml;

use std::fmt;

use super::{Exit, Reading, Session, repeated};
use crate::{DigitSet, Interrupted, Prompt, pivot::Times};

/// The most bytes of a text.
pub(super) const MAX_BYTES: usize = 4000;
/// How often something without an end is said or played.
pub(super) const ENDLESS: u32 = 1000;
/// How people write languages for short, and what they mean.
const SHORT: [(&str, &str); 2] = [("en", "en-US"), ("en-gb", "en-GB")];

/// Says a text.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Say {
    /// What: words, or SSML that begins with `<speak`.
    pub text: String,
    /// By whom.
    pub voice: Option<String>,
    /// In which language.
    pub language: Option<String>,
    /// How often.
    pub times: u32,
    /// The keys that stop it.
    pub terminators: DigitSet,
}

impl Say {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["voice", "language", "loop", "terminators"]);
        let times = times(reading);
        let terminators = reading.keys("terminators", DigitSet::ALL);
        let voice = reading.word("voice").map(|voice| match voice {
            "man" | "male" => "male".to_owned(),
            "woman" | "female" => "female".to_owned(),
            other => other.to_owned(),
        });
        let language = language(reading, "language");
        let text = text(reading);
        if text.is_empty() {
            reading.warn("has no text; it is skipped");
            return None;
        }
        Some(Self { text, voice, language, times, terminators })
    }
}

/// `loop`.
pub(super) fn times(reading: &mut Reading<'_>) -> u32 {
    match reading.number("loop", 0..=ENDLESS, 1) {
        0 => ENDLESS,
        times => times,
    }
}

/// A language by its tag (BCP 47).
pub(super) fn language(reading: &mut Reading<'_>, name: &str) -> Option<String> {
    let written = reading.word(name)?;
    let short = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(written));
    if let Some((_, tag)) = short {
        return Some((*tag).to_owned());
    }
    let part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_tag = written.len() <= 35 && written.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_tag && written.split('-').all(part) {
        return Some(written.to_owned());
    }
    reading.warn(format_args!("{name} is {written:?} and no language; the usual one is taken"));
    None
}

fn text(reading: &mut Reading<'_>) -> String {
    let whole = reading.element.whole_text();
    // Between two characters.
    let text = &whole[..whole.floor_char_boundary(MAX_BYTES)];
    if text.len() < whole.len() {
        reading.warn(format_args!("has more than {MAX_BYTES} bytes of text; the rest is not said"));
    } else if !text.is_empty() && reading.element.elements().next().is_some() {
        if let Some(markup) = ssml::of(reading) {
            return markup;
        }
        reading.warn("has markup that cannot be said; its text is");
    }
    // Words that look like markup are words.
    text.trim_start_matches('<').to_owned()
}

impl Say {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        if let Some(prompt) = self.prompt(session).await? {
            let heard = session.say(vec![prompt], Times::Count(self.times), self.terminators).await?;
            session.gather_digits(&heard.digits);
        }
        Ok(None)
    }

    /// The text, ready to be said; `None` where it cannot be, which is told.
    pub(super) async fn prompt(&self, session: &mut Session<'_>) -> Result<Option<Prompt>, Interrupted> {
        let speech = session.speech(&self.text, self.language.as_deref(), self.voice.as_deref()).await?;
        Ok(speech.map(Prompt::Text))
    }
}

impl fmt::Display for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Say, {} characters", self.text.chars().count())?;
        repeated(self.times, f)
    }
}
