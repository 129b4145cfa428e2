//! What is said: the queue of prompts.
//!
//! Shape: a prompt is made up when it is queued, with all its values, and said with all others when the caller is listened to, transferred
//! or recorded, or the session ends.
//! Errors: a sound that cannot be had is replaced by what stands in its element, or by nothing.
//! Sources: VoiceXML 2.0 §4.1; `voicexml-customizers.md` 3.6 (barge-in), 3.8.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use super::{Event, Interpreter, Stop, fetching::resolve, marks::Marks, sending::recording};
use crate::{
    BargeIn, DigitSet, Language, NoteKind, Play, Played, Prompt as Sound, SoundName, Speech, TypeAhead, WebSound,
    op::{Extent, Load},
    say::{self, Kind as SayKind, Spoken},
    vxml::{
        elements::{audio::Audio, enumerate::Enumerate, prompt::Prompt, speakable::Speakable},
        model::Kind,
        wire::{Given, spaced, xml::escaped},
    },
};

/// Most prompts that wait.
const MAX_QUEUE: usize = 1_000;
/// The longest text that is made up for one prompt, in bytes: far more than is said of it.
const MAX_TEXT: usize = 128 << 10;
/// Characters of the name of a sound that are told where it cannot be had.
const LONGEST_NAME: usize = 200;
/// How recordings are called in variables.
pub(super) const RECORDING: &str = "recording:";

/// Something that waits to be said.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    what: What,
    barge_in: bool,
}

#[derive(Clone, Debug)]
enum What {
    Sound(Sound),
    Mark(String),
}

/// A prompt that is being made up.
struct Making {
    barge_in: bool,
    language: Option<String>,
    /// SSML that was not queued yet.
    text: String,
    /// Whether there is markup in it.
    has_markup: bool,
    /// The elements that are open, with their attributes.
    open: Vec<(&'static str, String)>,
}

impl Interpreter<'_> {
    /// Queues a prompt, if its condition holds.
    pub(crate) async fn queue(&mut self, prompt: &Prompt) -> Result<(), Stop> {
        if self.holds(prompt.cond.as_deref())? { self.queue_held(prompt).await } else { Ok(()) }
    }

    /// Queues a prompt whose condition was asked.
    pub(super) async fn queue_held(&mut self, prompt: &Prompt) -> Result<(), Stop> {
        let barge_in =
            prompt.barge_in.unwrap_or_else(|| self.property("bargein").is_none_or(|value| value.trim() != "false"));
        let language = prompt.language.clone().or_else(|| self.frame.document.language.clone());
        let mut making = Making { barge_in, language, text: String::new(), has_markup: false, open: Vec::new() };
        self.make(&prompt.content, &mut making).await?;
        self.finish(&mut making)?;
        self.timeout = prompt.timeout;
        Ok(())
    }

    async fn make(&mut self, content: &[Speakable], making: &mut Making) -> Result<(), Stop> {
        for piece in content {
            self.element_done()?;
            match piece {
                Speakable::Text(text) => making.say(text),
                Speakable::Value(expr) => {
                    if let Some(text) = self.text(expr)? {
                        making.say(&text);
                    }
                }
                Speakable::Audio(audio) => self.audio(audio, making).await?,
                Speakable::Enumerate(enumerate) => Box::pin(self.enumerate(enumerate, making)).await?,
                Speakable::Break(pause) => {
                    self.finish(making)?;
                    self.push(What::Sound(Sound::Silence(*pause)), making.barge_in)?;
                }
                Speakable::Mark(name) => {
                    let name = self.given(name)?;
                    self.finish(making)?;
                    self.push(What::Mark(name), making.barge_in)?;
                }
                Speakable::SayAs(kind, content) => self.say_as(kind, content, making)?,
                Speakable::Markup(name, attributes, content) => {
                    let attributes = attributes.iter().fold(String::new(), |mut text, (name, value)| {
                        let _ = write!(text, " {name}=\"{}\"", escaped(value));
                        text
                    });
                    making.begin(name, attributes);
                    Box::pin(self.make(content, making)).await?;
                    making.end();
                }
                Speakable::Foreach { array, item, content } => {
                    let (scope, length) = self.array(array)?;
                    for at in 0..length {
                        self.element(scope, at, item)?;
                        Box::pin(self.make(content, making)).await?;
                    }
                    self.engine.close(scope);
                }
            }
        }
        Ok(())
    }

    /// What was made up so far is queued.
    fn finish(&mut self, making: &mut Making) -> Result<(), Stop> {
        let text = std::mem::take(&mut making.text);
        let has_markup = std::mem::take(&mut making.has_markup) || !making.open.is_empty();
        self.looked_at(text.len() / 16)?;
        let is_silent = !has_words(&text);
        let text = match has_markup {
            true => {
                let closed: String = making.open.iter().rev().map(|(name, _)| format!("</{name}>")).collect();
                format!("<speak>{text}{closed}</speak>")
            }
            false => unescaped(&text),
        };
        making.text = making.open.iter().map(|(name, attributes)| format!("<{name}{attributes}>")).collect();
        if is_silent {
            return Ok(());
        }
        // Longer ones are cut: a caller would not hear them to their end.
        let speech = Speech::new(&text)
            .or_else(|_| Speech::new(&unescaped(&text.chars().take(crate::op::MAX_SPEECH).collect::<String>())));
        match speech {
            Ok(speech) => {
                let speech = Speech { language: making.language.clone(), ..speech };
                self.push(What::Sound(Sound::Text(Arc::new(speech))), making.barge_in)
            }
            Err(_) => Ok(()),
        }
    }

    fn push(&mut self, what: What, barge_in: bool) -> Result<(), Stop> {
        if self.queue.len() >= MAX_QUEUE {
            return Err(Event::with("error.noresource", "too many prompts wait").into());
        }
        if !self.is_over {
            self.queue.push(Queued { what, barge_in });
        }
        Ok(())
    }

    async fn audio(&mut self, audio: &Audio, making: &mut Making) -> Result<(), Stop> {
        if !self.holds(audio.cond.as_deref())? {
            return Ok(());
        }
        let address = match &audio.source {
            Given::Text(text) => Some(text.clone()),
            Given::Expr(expr) => self.text(expr)?,
        };
        // What is undefined is passed over with all in it.
        let Some(address) = address else { return Ok(()) };
        if let Some(sound) = self.sound_in_language(audio) {
            self.finish(making)?;
            return self.push(What::Sound(sound), making.barge_in);
        }
        let language = audio.language.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or(self.call.language);
        let spoken = std::mem::replace(&mut self.call.language, language);
        let sound = self.sound(&address, audio.terms.timeout).await;
        self.call.language = spoken;
        match sound? {
            Some(sound) => {
                self.finish(making)?;
                self.push(What::Sound(sound), making.barge_in)
            }
            None => Box::pin(self.make(&audio.otherwise, making)).await,
        }
    }

    /// A sound of the client or the system, by its name.
    pub(crate) fn named_sound(&self, name: &SoundName) -> Option<Sound> {
        self.surroundings.prompt(name, self.call.language)
    }

    /// The sound of an address; one of a web server has to be loaded yet.
    pub(super) fn unloaded(&self, address: &str) -> Option<Sound> {
        if address.starts_with(RECORDING) {
            return recording(address).map(Sound::Message);
        }
        if let Some(name) = address.strip_prefix("builtin:") {
            let name = SoundName { name: name.to_owned(), ..SoundName::default() };
            return self.named_sound(&name);
        }
        let url = resolve(&self.frame.document.base, address).ok()?;
        Some(Sound::Web(Arc::new(WebSound { url })))
    }

    /// Tells whoever debugs that an address is none of a sound.
    pub(super) async fn no_such_sound(&mut self, address: &str) -> Result<(), Stop> {
        let address: String = address.chars().take(LONGEST_NAME).collect();
        Ok(self.call.note(NoteKind::Problem, format!("{address}: there is no such sound")).await?)
    }

    /// A sound, if it can be had.
    pub(super) async fn sound(&mut self, address: &str, timeout: Option<Duration>) -> Result<Option<Sound>, Stop> {
        let sound = match self.unloaded(address) {
            Some(Sound::Web(sound)) => sound,
            Some(other) => return Ok(Some(other)),
            None => {
                self.no_such_sound(address).await?;
                return Ok(None);
            }
        };
        if self.is_over {
            return Ok(None);
        }
        let usual = self.time_property("fetchtimeout", 7).min(Duration::from_secs(60));
        let patience = timeout.unwrap_or(usual);
        match self.call.load(Load { sound: sound.clone(), patience: Some(patience) }).await? {
            Ok(()) => Ok(Some(Sound::Web(sound))),
            Err(error) => {
                self.call.note(NoteKind::Problem, format!("{}: {error}", sound.url)).await?;
                Ok(None)
            }
        }
    }

    /// Each choice of the menu or field by its words and keys.
    async fn enumerate(&mut self, enumerate: &Enumerate, making: &mut Making) -> Result<(), Stop> {
        let item = self.frame.visit.as_ref().and_then(|visit| visit.item()).cloned();
        let choices: Vec<(String, Option<String>)> = match item.as_ref().map(|item| &item.kind) {
            Some(Kind::Menu(choices)) => {
                choices.iter().map(|choice| (choice.words.clone(), choice.keys.clone())).collect()
            }
            Some(Kind::Field(options)) => options.clone(),
            _ => return Err(Event::semantic("enumerate stands in no menu, and no field with options").into()),
        };
        for (words, keys) in choices {
            if enumerate.template.is_empty() {
                making.say(&format!(" {words};"));
                continue;
            }
            making.say(" ");
            let scope = self.engine.open(&[])?;
            self.engine.put(scope, "_prompt", &words.into())?;
            self.engine.put(scope, "_dtmf", &apart(&keys.unwrap_or_default()).into())?;
            self.frame.chain.push(scope);
            self.make(&enumerate.template, making).await?;
            self.frame.chain.pop();
            self.engine.close(scope);
        }
        Ok(())
    }

    /// Numbers, dates and the like from sounds of the system; as text where they cannot be read.
    fn say_as(&mut self, kind: &Given, content: &[Speakable], making: &mut Making) -> Result<(), Stop> {
        let kind = self.given(kind)?;
        let mut text = String::new();
        for piece in content {
            match piece {
                Speakable::Text(words) => text += words,
                Speakable::Value(expr) => text += &self.text(expr)?.unwrap_or_default(),
                _ => {}
            }
        }
        let language = making.language.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or(self.call.language);
        match spoken(&kind, text.trim(), language) {
            Some(names) => {
                self.finish(making)?;
                for name in names {
                    self.push(What::Sound(Sound::System { name: name.into(), language }), making.barge_in)?;
                }
                Ok(())
            }
            None => {
                making.say(&text);
                Ok(())
            }
        }
    }

    /// Says all that waits up to the last that has to be heard out; gives what is behind that, for a wait in which words stop it.
    pub(super) async fn flush_all_but_last(&mut self) -> Result<(Vec<Sound>, Marks), Stop> {
        let from = self.queue.iter().rposition(|queued| !queued.barge_in).map_or(0, |at| at + 1);
        let last = self.queue.split_off(from);
        self.flush(true).await?;
        Ok(apart_from_marks(&last))
    }

    /// Says what waits. Where keys are listened to, they stop what may be stopped; else they are kept.
    pub(crate) async fn flush(&mut self, listens: bool) -> Result<(), Stop> {
        let queue = std::mem::take(&mut self.queue);
        if self.is_over {
            return Ok(());
        }
        let mut barged = false;
        for group in queue.chunk_by(|one, other| one.barge_in == other.barge_in) {
            let may_stop = group[0].barge_in;
            if may_stop && barged {
                continue;
            }
            let barge_in = match (may_stop, listens) {
                (false, _) => BargeIn::FOREGROUND,
                (true, true) => BargeIn::BACKGROUND,
                (true, false) => BargeIn { by: DigitSet::NONE, otherwise: TypeAhead::Keep },
            };
            let (prompts, marks) = apart_from_marks(group);
            if prompts.is_empty() {
                barged = false;
                self.passed(&marks, &Extent::whole(&[]));
                continue;
            }
            let (played, extent) = self.call.play_measured(Play { prompts, barge_in }).await?;
            barged = matches!(played, Played::BargedIn(_));
            if matches!(played, Played::Finished { said } if !said.is_zero()) {
                self.rested();
            }
            self.passed(&marks, &extent);
        }
        Ok(())
    }

    /// Throws away the keys that nobody has taken yet (`voicexml-customizers.md` 3.6).
    pub(super) async fn forget_keys(&mut self) -> Result<(), Stop> {
        if !self.is_over && !self.is_early {
            self.call.play(Play { prompts: Vec::new(), barge_in: BargeIn::FOREGROUND }).await?;
        }
        Ok(())
    }
}

/// What is said, and the marks in it.
fn apart_from_marks(queue: &[Queued]) -> (Vec<Sound>, Marks) {
    let (mut sounds, mut marks) = (Vec::new(), Marks::default());
    for queued in queue {
        match &queued.what {
            What::Sound(sound) => sounds.push(sound.clone()),
            What::Mark(name) => marks.put(sounds.len(), name),
        }
    }
    (sounds, marks)
}

/// Keys with a blank between each two (VoiceXML 2.0 §2.2.4).
fn apart(keys: &str) -> String {
    keys.chars().filter(|key| !key.is_whitespace()).map(String::from).collect::<Vec<_>>().join(" ")
}

/// The sounds of a text that is meant so.
fn spoken(kind: &str, text: &str, language: Language) -> Option<Vec<&'static str>> {
    let kind = match kind.split([':', '/']).next_back().unwrap_or_default() {
        "number" | "cardinal" | "cardinals" => SayKind::Cardinal,
        "ordinal" | "ordinals" => SayKind::Ordinal,
        "digits" | "telephone" | "phone" => SayKind::Digits,
        "date" | "dates" => SayKind::Date,
        "time" | "times" => SayKind::Time,
        "currency" | "money" => SayKind::Money,
        _ => return None,
    };
    let text = if kind == SayKind::Date { dashed(text) } else { text.to_owned() };
    Spoken::read(kind, &text).ok().map(|spoken| say::say(&spoken, language))
}

/// A date of a built-in grammar with its dashes.
fn dashed(text: &str) -> String {
    match text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
        false => text.to_owned(),
    }
}

impl Making {
    fn say(&mut self, text: &str) {
        if self.text.len() > MAX_TEXT {
            return;
        }
        let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |(at, _)| at);
        let text = escaped(&spaced(&text[..end]));
        let has_space = self.text.is_empty() || self.text.ends_with(' ');
        self.text += if has_space { text.trim_start() } else { &text };
    }

    fn begin(&mut self, name: &'static str, attributes: String) {
        let _ = write!(self.text, "<{name}{attributes}>");
        self.open.push((name, attributes));
        self.has_markup = true;
    }

    fn end(&mut self) {
        if let Some((name, _)) = self.open.pop() {
            let _ = write!(self.text, "</{name}>");
        }
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Whether there is anything in SSML beside its elements.
fn has_words(text: &str) -> bool {
    let mut in_tag = false;
    text.chars().any(|c| {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c => return !in_tag && !c.is_whitespace(),
        }
        false
    })
}
