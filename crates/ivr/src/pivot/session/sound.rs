//! Saying things to the caller.
//!
//! Shape: prompts, how often, and the keys that stop them; what was pressed meanwhile comes back. [`Session::media`] is the grammar of
//! media references.
//! Errors: what cannot be said takes no time; whoever wants to say it is told by `None`.
//! Sources: `kazoo-pivot.md` 2.5, 4.1 (tts, play, media references).

use std::{sync::Arc, time::Duration};

use super::Session;
use crate::{
    BargeIn, Collect, Digit, DigitSet, Interrupted, Language, Play, Played, Prompt, Rendered, SPEECH_PATIENCE,
    SoundName, Speech, TypeAhead, WebSound,
    op::{Load, LoadError},
    pivot::media,
};

/// What came of saying something.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Heard {
    /// The key that stopped it.
    pub stopped_by: Option<Digit>,
    /// All keys that were pressed meanwhile, that one with them.
    pub digits: String,
    /// How much was said.
    pub said: Duration,
}

/// How often something is said.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Times {
    /// So often.
    Count(u32),
    /// Until a key stops it, or the call ends.
    Endless,
}

/// How long a web server may take for a sound.
const SOUND_PATIENCE: Duration = Duration::from_secs(5);
/// Most times that something is said, where it is counted.
const MOST_TIMES: u32 = 1_000;

impl Session<'_> {
    /// Says prompts until they are over or one of these keys stops them. Keys are not kept anywhere else.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn say(&mut self, prompts: Vec<Prompt>, times: Times, keys: DigitSet) -> Result<Heard, Interrupted> {
        let mut heard = Heard::default();
        let mut left = match times {
            _ if prompts.is_empty() => 0,
            Times::Count(times) => times.min(MOST_TIMES),
            Times::Endless => u32::MAX,
        };
        let barge_in = BargeIn { by: keys, otherwise: TypeAhead::Keep };
        while left > 0 && heard.stopped_by.is_none() {
            match self.call.play(Play { prompts: prompts.clone(), barge_in }).await? {
                // Nothing is there that could be said, and never will.
                Played::Finished { said: Duration::ZERO } => left = 0,
                Played::Finished { said } => heard.said = heard.said.saturating_add(said),
                Played::BargedIn(digit) => heard.stopped_by = Some(digit),
            }
            heard.digits += &self.typed_ahead().await?;
            left = if times == Times::Endless { left } else { left.saturating_sub(1) };
        }
        if !heard.said.is_zero() || heard.stopped_by.is_some() {
            self.state.silent_requests = 0;
        }
        Ok(heard)
    }

    /// Waits, and tells what was pressed meanwhile. Nobody has heard anything by it.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn wait(&mut self, length: Duration) -> Result<String, Interrupted> {
        if length.is_zero() {
            return Ok(String::new());
        }
        if self.call.answered {
            self.silence(length, TypeAhead::Keep).await?;
            return self.typed_ahead().await;
        }
        // A caller who is not answered may have no stream on which silence could be played.
        let keys = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: 10_000,
            terminators: DigitSet::NONE,
            first_digit: length,
            inter_digit: length,
            longest: Some(length),
        };
        Ok(self.call.collect(keys).await?.digits)
    }

    /// Plays silence that nothing stops.
    pub(in crate::pivot) async fn silence(&mut self, length: Duration, keys: TypeAhead) -> Result<(), Interrupted> {
        let barge_in = BargeIn { by: DigitSet::NONE, otherwise: keys };
        self.call.play(Play { prompts: vec![Prompt::Silence(length)], barge_in }).await.map(drop)
    }

    /// A text to be said, in this language and voice or in the usual ones; `None` where there is nothing to say.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn speech(
        &mut self,
        text: &str,
        language: Option<&str>,
        voice: Option<&str>,
    ) -> Result<Option<Arc<Speech>>, Interrupted> {
        let mut speech = match Speech::new(text) {
            Ok(speech) => speech,
            Err(error) => {
                self.warn(format!("a text cannot be said: {error}")).await?;
                return Ok(None);
            }
        };
        speech.language = language.map_or_else(|| self.state.language.clone(), |language| Some(language.to_owned()));
        // Which voice of a language is a man's is the engine's business.
        let is_kind = |voice: &&str| ["male", "female", "man", "woman"].contains(voice);
        speech.voice = voice.filter(|voice| !voice.is_empty() && !is_kind(voice)).map(str::to_owned);
        let speech = Arc::new(speech);
        match self.call.render(speech.clone(), SPEECH_PATIENCE).await? {
            Rendered::Ready { .. } => Ok(Some(speech)),
            Rendered::Pending => {
                self.warn("a text is not spoken in time").await?;
                Ok(None)
            }
            Rendered::Failed(error) => {
                self.warn(format!("a text is not spoken: {error}")).await?;
                Ok(None)
            }
        }
    }

    /// What a media reference means, ready to be said; `None` where it is nothing that could be, which is told.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn media(&mut self, reference: &str) -> Result<Option<Vec<Prompt>>, Interrupted> {
        match media::Media::read(reference) {
            Some(media::Media::Web(url)) => self.web_sound(url).await,
            Some(media::Media::Prompt { name, language }) => {
                let language = language.and_then(|tag| tag.parse().ok()).unwrap_or(self.call.language);
                let known = self.prompt(&name, language);
                if known.is_none() {
                    self.warn(format!("there is no prompt {name:?}")).await?;
                }
                Ok(known)
            }
            Some(media::Media::Sounds(prompts)) => Ok(Some(prompts)),
            Some(media::Media::Stored(name)) => {
                let sound = SoundName { name: name.clone(), ..SoundName::default() };
                let found = self.surroundings.prompt(&sound, self.call.language).map(|prompt| vec![prompt]);
                if found.is_none() {
                    self.warn(format!("there is no sound {name:?}")).await?;
                }
                Ok(found)
            }
            None => {
                self.warn(format!("{reference:?} names no sound")).await?;
                Ok(None)
            }
        }
    }

    async fn web_sound(&mut self, url: String) -> Result<Option<Vec<Prompt>>, Interrupted> {
        if let Err(refused) = self.policy.guard.check(&url) {
            self.warn(format!("{url}: {refused}")).await?;
            return Ok(None);
        }
        let sound = Arc::new(WebSound { url });
        let loaded = self.call.load(Load { sound: sound.clone(), patience: Some(SOUND_PATIENCE) }).await?;
        match loaded {
            Ok(()) => Ok(Some(vec![Prompt::Web(sound)])),
            Err(error) => {
                self.cannot_load(&sound.url, &error).await?;
                Ok(None)
            }
        }
    }

    async fn cannot_load(&mut self, url: &str, error: &LoadError) -> Result<(), Interrupted> {
        let shown = url.split(['?', '#']).next().unwrap_or_default();
        self.warn(format!("the sound {shown} cannot be said: {error}")).await
    }

    /// A prompt of KAZOO by its name: a sound of the client that is called so, or what the system has that says the same.
    pub fn prompt(&self, name: &str, language: Language) -> Option<Vec<Prompt>> {
        let own = SoundName { name: name.to_owned(), ..SoundName::default() };
        if let Some(prompt) = self.surroundings.prompt(&own, language) {
            return Some(vec![prompt]);
        }
        media::system_prompt(name, language)
    }
}
