//! `<Gather input="dtmf speech" numDigits="4" action="/next">…</Gather>`: waits for keys, or for words, and asks what follows.
//!
//! Shape: `input` (`dtmf`, `speech` or both), `action`, `method`, `timeout` (for each key, or for the first word), `finishOnKey`,
//! `numDigits`, `actionOnEmptyResult`, `bargeIn`, `speechTimeout` (the silence that ends what is said; `auto` is 0.8),
//! `maxSpeechTime`, `language`, `hints`, `partialResultCallback`; `Say`, `Play` and `Pause` in it are heard meanwhile.
//! `profanityFilter`, `speechModel`, `enhanced` and `debug` are taken and mean nothing: the recogniser is the administrator's.
//! Units: seconds.
//! Errors: nothing pressed or said leads to the next verb, or with `actionOnEmptyResult` to the action.
//! Sources: `kazoo-pivot.md` 5.3, 5.4, row A12.

use std::{fmt, time::Duration};

use super::{Exit, Play, Played, Reading, Session, Spoken, Way, play, say};
use crate::{
    Collect, Digit, DigitSet, FetchMethod, Interrupted, Listen, ListenFrom, Prompt, Recogniser, TypeAhead, Utterance,
    pivot::{Times, twiml::reading::Listener},
};

/// The silence that ends what is said where the document leaves it to us.
pub(super) const AUTO: Duration = Duration::from_millis(800);
/// Most hints.
const MAX_HINTS: usize = 500;
/// Most keys.
const MAX_DIGITS: u32 = 128;

/// Waits for keys or words.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Gather {
    /// Whether keys count.
    pub keys: bool,
    /// Whether words do, and how they are understood.
    pub words: Option<Words>,
    /// Who is asked what follows.
    pub action: Way,
    /// How long each key is waited for, and the first word.
    pub timeout: Duration,
    /// The keys that end it: one, or none.
    pub finish_on: DigitSet,
    /// It ends at so many keys.
    pub most: usize,
    /// Whether the action is asked where nothing came.
    pub action_on_empty: bool,
    /// Whether the caller can stop what is said meanwhile.
    pub barge_in: bool,
    /// What is said meanwhile.
    pub meanwhile: Vec<Spoken>,
}

/// How words are understood.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Words {
    /// The silence that ends them.
    pub end_silence: Duration,
    /// The longest time for them.
    pub longest: Duration,
    /// Their language.
    pub language: Option<String>,
    /// What is expected.
    pub hints: Vec<String>,
    /// Who is told what was understood so far.
    pub partial: Option<Listener>,
}

const ATTRIBUTES: [&str; 18] = [
    "input",
    "action",
    "method",
    "timeout",
    "finishOnKey",
    "numDigits",
    "actionOnEmptyResult",
    "bargeIn",
    "speechTimeout",
    "maxSpeechTime",
    "language",
    "hints",
    "profanityFilter",
    "speechModel",
    "enhanced",
    "debug",
    "partialResultCallback",
    "partialResultCallbackMethod",
];

impl Gather {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&ATTRIBUTES);
        reading.holds(&["Say", "Play", "Pause"]);
        let (keys, speech) = input(reading);
        let timeout = reading.seconds("timeout", 1..=3_600, 5);
        for flag in ["profanityFilter", "enhanced", "debug"] {
            reading.flag(flag, false);
        }
        let words = words(reading, timeout);
        Self {
            keys,
            words: speech.then_some(words),
            action: reading.action(),
            timeout,
            finish_on: finish_on(reading),
            most: usize::try_from(reading.number("numDigits", 1..=MAX_DIGITS, MAX_DIGITS)).unwrap_or(usize::MAX),
            action_on_empty: reading.flag("actionOnEmptyResult", false),
            barge_in: reading.flag("bargeIn", true),
            meanwhile: Spoken::read_all(reading),
        }
    }
}

/// Whether keys and whether words are waited for.
fn input(reading: &mut Reading<'_>) -> (bool, bool) {
    let written = reading.word("input").unwrap_or("dtmf");
    let (mut keys, mut speech) = (false, false);
    for word in written.split([' ', ',']).filter(|word| !word.is_empty()) {
        match word {
            "dtmf" => keys = true,
            "speech" => speech = true,
            other => reading.warn(format_args!("input {other:?} is neither dtmf nor speech")),
        }
    }
    (keys || !speech, speech)
}

fn finish_on(reading: &mut Reading<'_>) -> DigitSet {
    let hash: DigitSet = Digit::from_char('#').into_iter().collect();
    let written = reading.text("finishOnKey").unwrap_or("#");
    if written.chars().count() > 1 {
        reading.warn(format_args!("finishOnKey is {written:?} and not one key; # is taken"));
        return hash;
    }
    reading.keys("finishOnKey", hash)
}

fn words(reading: &mut Reading<'_>, timeout: Duration) -> Words {
    let end_silence = match reading.word("speechTimeout") {
        None => timeout,
        Some("auto") => AUTO,
        Some(_) => reading.seconds("speechTimeout", 1..=3_600, 5),
    };
    let hints = reading.word("hints").unwrap_or_default().split(',').map(str::trim).filter(|hint| !hint.is_empty());
    let hints = hints.take(MAX_HINTS).map(str::to_owned).collect();
    let method = reading.method("partialResultCallbackMethod").unwrap_or(FetchMethod::Post);
    let partial = reading.word("partialResultCallback");
    Words {
        end_silence,
        longest: reading.seconds("maxSpeechTime", 1..=600, 60),
        language: say::language(reading, "language"),
        hints,
        partial: partial.map(|url| Listener { url: url.to_owned(), method, events: Vec::new() }),
    }
}

impl Gather {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        let is_new = session.answer().await?;
        let mut early = std::mem::take(&mut session.state.digits_collected);
        if !is_new {
            early.push_str(&session.typed_ahead().await?);
        }
        if !self.meanwhile.is_empty() {
            // What was pressed before these prompts were heard does not answer them; what is pressed in the moment of the answer may.
            early.clear();
        }
        let (mut prompts, pressed) = self.say_first(session).await?;
        early.push_str(&pressed);
        if self.words.is_some() {
            early.push_str(&self.pressed_first(&mut prompts, session).await?);
        }
        let words = self.words.as_ref().filter(|_| early.is_empty() || !self.keys);
        let heard = match words {
            Some(words) if session.surroundings.may_listen() => self.listen(words, prompts, session).await?,
            Some(_) => {
                session.warn("Gather: callers of this client may not be listened to; only keys count").await?;
                self.collect(&early, prompts, session).await?
            }
            None => self.collect(&early, prompts, session).await?,
        };
        self.follow(heard, session).await
    }

    /// Says all but what can be said while the caller is waited for, which comes back; and with it what was pressed.
    async fn say_first(&self, session: &mut Session<'_>) -> Result<(Vec<Prompt>, String), Interrupted> {
        let (mut prompts, mut pressed) = (Vec::new(), String::new());
        for spoken in &self.meanwhile {
            if let Spoken::Play(Play { what: Played::Digits(digits), times, .. }) = spoken {
                pressed += &session.say(std::mem::take(&mut prompts), Times::Count(1), self.stopped_by()).await?.digits;
                if pressed.is_empty() || !self.barge_in {
                    play::press(digits, *times, session).await?;
                }
            } else {
                spoken.add_to(&mut prompts, session).await?;
            }
        }
        if !pressed.is_empty() && self.barge_in {
            prompts.clear();
        }
        Ok((prompts, pressed))
    }

    /// What is pressed before words are waited for: while prompts were fetched, and over prompts that nothing stops, which are said now.
    async fn pressed_first(&self, prompts: &mut Vec<Prompt>, session: &mut Session<'_>) -> Result<String, Interrupted> {
        let mut pressed = session.typed_ahead().await?;
        if !self.barge_in {
            let prompts = std::mem::take(prompts);
            pressed += &session.say(prompts, Times::Count(1), DigitSet::NONE).await?.digits;
        } else if self.keys && !pressed.is_empty() {
            prompts.clear();
        }
        Ok(pressed)
    }

    fn stopped_by(&self) -> DigitSet {
        if self.barge_in && self.keys { DigitSet::ALL } else { DigitSet::NONE }
    }

    /// Waits for keys.
    async fn collect(
        &self,
        early: &str,
        prompts: Vec<Prompt>,
        session: &mut Session<'_>,
    ) -> Result<Heard, Interrupted> {
        let mut keys = early.to_owned();
        if !prompts.is_empty() {
            keys += &session.say(prompts, Times::Count(1), self.stopped_by()).await?.digits;
        }
        let mut digits = String::new();
        if self.keys {
            for key in keys.chars() {
                if Digit::from_char(key).is_some_and(|key| self.finish_on.contains(key)) {
                    return Ok(Heard { digits, ..Heard::default() });
                }
                digits.push(key);
                if digits.len() == self.most {
                    return Ok(Heard { digits, ..Heard::default() });
                }
            }
        }
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: self.most - digits.len(),
            terminators: self.finish_on,
            first_digit: self.timeout,
            inter_digit: self.timeout,
            longest: None,
        };
        let more = session.call.collect(collect).await?.digits;
        if self.keys {
            digits += &more;
        }
        Ok(Heard { digits, ..Heard::default() })
    }

    /// Waits for words, and for keys where they count.
    async fn listen(
        &self,
        words: &Words,
        prompts: Vec<Prompt>,
        session: &mut Session<'_>,
    ) -> Result<Heard, Interrupted> {
        let listen = Listen {
            prompts,
            from: ListenFrom::PromptsEnd,
            no_input: self.timeout,
            longest: words.longest,
            end_silence: words.end_silence,
            language: words.language.clone().or_else(|| session.state.language.clone()),
            phrases: words.hints.clone(),
            wanted: Vec::new(),
            max_results: Some(1),
            type_ahead: TypeAhead::Keep,
            max_digits: if self.keys { self.most } else { 0 },
            inter_digit: self.timeout,
            terminators: if self.keys { self.finish_on } else { DigitSet::NONE },
            keys: None,
        };
        let listened = session.call.listen(listen).await?;
        if listened.recogniser == Recogniser::Failed {
            session.warn("Gather: nobody was there who could understand the caller").await?;
        }
        let guess = listened.guess.map(|text| Utterance { text, confidence: None });
        let said = listened.results.into_iter().next().or(guess).filter(|said| !said.text.is_empty());
        Ok(Heard { said: said.filter(|_| listened.digits.is_empty()), digits: listened.digits })
    }

    /// What follows.
    async fn follow(&self, heard: Heard, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        if let Some(said) = &heard.said {
            if let Some(partial) = self.words.as_ref().and_then(|words| words.partial.as_ref()) {
                // Recognisers understand whole utterances, so there is one result, and it is stable.
                let news = [("StableSpeechResult", said.text.as_str()), ("SequenceNumber", "0")];
                partial.tell(session, &news).await?;
            }
            session.state.once.push(("SpeechResult".to_owned(), said.text.clone()));
            let confidence = said.confidence.map(|percent| (f64::from(percent) / 100.0).to_string());
            session.state.once.extend(confidence.map(|confidence| ("Confidence".to_owned(), confidence)));
        } else if heard.digits.is_empty() && !self.action_on_empty {
            return Ok(None);
        } else {
            // These are all of them: what is pressed behind the last one belongs to nobody.
            session.state.once.push(("Digits".to_owned(), heard.digits));
        }
        session.state.digits_collected.clear();
        Ok(Some(self.action.ask(session)))
    }
}

/// What came of a wait.
#[derive(Default)]
struct Heard {
    digits: String,
    said: Option<Utterance>,
}

impl fmt::Display for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.keys, self.words.is_some()) {
            (_, false) => "Gather keys",
            (false, true) => "Gather words",
            (true, true) => "Gather keys or words",
        })
    }
}
