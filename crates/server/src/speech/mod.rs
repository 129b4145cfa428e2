//! Speech: texts become sound, and what callers say becomes text.
//!
//! Shape: a [`Voice`] renders texts and a [`Recogniser`] understands callers; each is a program or a web server of somebody else, as the
//! settings say. What was rendered is kept by everything that makes it sound as it does (`cache`), so that it is made once.
//! Time: a rendering has a limit, and so has a recognition; so many of each run at once, and so many more may wait. A client has a quarter of
//! them, so that nobody's texts keep those of others waiting.
//! Errors: [`RenderError`] and [`NotUnderstood`] are for scripts, which go on; the log says what the engine did.
//! Sources: `ringme-ivr.md` 5.1, 5.3.
//!
//! Engines are never linked: they have licences of their own, and one that hangs, fails or fills the memory costs one text.

mod cache;
mod command;
mod espeak;
mod http;
mod pocketsphinx;
mod program;
mod rendering;

use std::{
    collections::HashMap,
    future::Future,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_ivr::{RenderError, Speech, Utterance, rules::wire::ActionName};
use antiphon_media::{Audio, record::Rate, source::file};
use tokio::sync::watch;

use crate::{
    places::{self, Places},
    settings::{RecogniserEngine, SpeechSettings, VoiceEngine},
    store::ClientId,
    turns::Turns,
};
pub(crate) use cache::bytes_of;
use cache::{Cache, Key};
pub use rendering::Rendering;

/// Texts that are rendered or wait for it, at most.
const RENDERINGS: usize = 64;
/// Recognitions that run or wait, at most: whoever comes then is not understood.
const RECOGNITIONS: usize = 64;
/// One client has one in so many of the places that there are for both, and of the engines that run.
const SHARE: usize = 4;
/// The longest sound of a text.
const LONGEST: Duration = Duration::from_secs(600);

/// Something that takes its time.
pub type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Renders texts.
pub trait Voice: Send + Sync {
    /// What has to be equal, beside the text, for a rendering to sound alike.
    fn identity(&self) -> String;
    /// A sound file of a text, at its usual loudness. Dropped, it ends what it began.
    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>>;
}

/// Understands callers.
pub trait Recogniser: Send + Sync {
    /// What was said; `None` where nothing was. Dropped, it ends what it began.
    fn understand(&self, said: Said) -> Task<Result<Option<Utterance>, NotUnderstood>>;
}

/// An utterance as sound.
#[derive(Clone, Debug)]
pub struct Said {
    /// Linear samples of one channel.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub rate: Rate,
    /// The language, where it is known.
    pub language: Option<String>,
    /// What is expected.
    pub phrases: Arc<[String]>,
}

impl Said {
    /// As a WAV file.
    pub fn wav(&self) -> Vec<u8> {
        wav_file(&self.samples, self.rate.hertz())
    }
}

/// Why nobody can say what was said.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotUnderstood {
    /// No recogniser is there.
    #[error("no recogniser is there")]
    NoRecogniser,
    /// The recogniser took too long.
    #[error("the recogniser took too long")]
    TimedOut,
    /// The recogniser failed.
    #[error("the recogniser failed")]
    Failed,
    /// Too many wait for it.
    #[error("too many utterances wait for the recogniser")]
    Busy,
}

/// The engines, and what they made.
pub struct SpeechRoom {
    voice: Option<Arc<dyn Voice>>,
    recogniser: Option<Arc<dyn Recogniser>>,
    cache: Arc<Cache>,
    time: Duration,
    /// Engines that render at once.
    rendering: Turns,
    renderings: Places,
    going: Mutex<HashMap<Key, watch::Receiver<rendering::State>>>,
    /// Engines that understand at once.
    recognising: Turns,
    recognitions: Places,
}

impl SpeechRoom {
    /// The engines of the settings, and the cache of a data directory.
    pub fn open(settings: &SpeechSettings, data: &Path) -> Self {
        let voice: Option<Arc<dyn Voice>> = match &settings.engine {
            VoiceEngine::Off => None,
            VoiceEngine::Espeak(program) => {
                espeak::find(program, settings).map(|voice| Arc::new(voice) as Arc<dyn Voice>)
            }
            VoiceEngine::Command(words) => Some(Arc::new(command::CommandVoice::new(words, settings))),
            VoiceEngine::Http(engine) => http::HttpEngine::new(engine, settings).map(|engine| Arc::new(engine) as _),
        };
        let recogniser: Option<Arc<dyn Recogniser>> = match &settings.recogniser {
            RecogniserEngine::Off => None,
            RecogniserEngine::Pocketsphinx { python } => Some(Arc::new(pocketsphinx::recogniser(python, settings))),
            RecogniserEngine::Command(words) => Some(Arc::new(command::CommandRecogniser::new(words, settings))),
            RecogniserEngine::Http(engine) => {
                http::HttpEngine::new(engine, settings).map(|engine| Arc::new(engine) as _)
            }
        };
        Self::with_engines(voice, recogniser, settings, data)
    }

    /// These engines in place of those of the settings.
    pub fn with_engines(
        voice: Option<Arc<dyn Voice>>,
        recogniser: Option<Arc<dyn Recogniser>>,
        settings: &SpeechSettings,
        data: &Path,
    ) -> Self {
        Self {
            voice,
            recogniser,
            cache: Arc::new(Cache::open(&data.join("speech"), settings.cache_bytes)),
            time: settings.timeout,
            rendering: turns(settings),
            renderings: Places::new(RENDERINGS),
            going: Mutex::default(),
            recognising: turns(settings),
            recognitions: Places::new(RECOGNITIONS),
        }
    }

    /// Whether texts can be rendered.
    pub fn has_voice(&self) -> bool {
        self.voice.is_some()
    }

    /// Whether callers can be understood.
    pub fn has_recogniser(&self) -> bool {
        self.recogniser.is_some()
    }

    /// Whether a rule with this action can do what it is for: one that would never understand anybody is refused while somebody is there to
    /// read why.
    ///
    /// # Errors
    /// [`NotUnderstood::NoRecogniser`].
    pub fn admits(&self, action: Option<&str>) -> Result<(), NotUnderstood> {
        let listens = action.is_some_and(|action| action == ActionName::VoiceHelper.to_string());
        if listens && !self.has_recogniser() { Err(NotUnderstood::NoRecogniser) } else { Ok(()) }
    }

    /// Begins to render a text for a client, unless that was done, or goes on already. Nobody has to wait for it.
    pub fn render(self: &Arc<Self>, client: ClientId, speech: &Arc<Speech>) -> Rendering {
        let Some(voice) = &self.voice else { return Rendering::failed(RenderError::NoEngine) };
        let key = Key::of(&voice.identity(), speech);
        if let Some(audio) = self.cache.in_memory(&key) {
            return Rendering::ready(audio);
        }
        let mut going = self.going();
        if let Some(state) = going.get(&key) {
            return Rendering::going(state.clone());
        }
        let Some(place) = self.renderings.take(client, RENDERINGS / SHARE) else {
            tracing::warn!(client = client.0, "too many texts wait to be rendered");
            return Rendering::failed(RenderError::Busy);
        };
        let (done, state) = watch::channel(None);
        going.insert(key, state.clone());
        let (room, speech) = (self.clone(), speech.clone());
        tokio::spawn(async move {
            // Dropped whatever happens, so that a text that failed can be tried again.
            let _going = Going { room: room.clone(), key, _place: place };
            let made = room.make(client, key, speech).await;
            done.send_replace(Some(made));
        });
        Rendering::going(state)
    }

    /// A text that is rendered already.
    pub fn rendered(&self, speech: &Speech) -> Option<Arc<Audio>> {
        self.cache.in_memory(&Key::of(&self.voice.as_ref()?.identity(), speech))
    }

    /// A WAV file of a text, made now for a client and not kept.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn file(&self, client: ClientId, speech: Arc<Speech>) -> Result<Vec<u8>, RenderError> {
        let sound = self.speak(client, speech).await?;
        Ok(wav_file(&sound.samples, sound.rate))
    }

    /// What was said in an utterance of a client's call.
    ///
    /// # Errors
    /// [`NotUnderstood`].
    pub async fn understand(&self, client: ClientId, said: Said) -> Result<Option<Utterance>, NotUnderstood> {
        let recogniser = self.recogniser.as_ref().ok_or(NotUnderstood::NoRecogniser)?;
        let _place = self.recognitions.take(client, RECOGNITIONS / SHARE).ok_or(NotUnderstood::Busy)?;
        let work = async {
            let _turn = self.recognising.take(client.to_string()).await;
            recogniser.understand(said).await
        };
        let understood = tokio::time::timeout(self.time, work).await.unwrap_or(Err(NotUnderstood::TimedOut));
        let outcome = match &understood {
            Ok(Some(_)) => "understood",
            Ok(None) => "nothing",
            Err(_) => "failed",
        };
        metrics::counter!("antiphon_recognitions_total", "outcome" => outcome).increment(1);
        Ok(understood?.and_then(normalised))
    }

    /// A text that is not in memory: from the disk, or from the engine.
    async fn make(&self, client: ClientId, key: Key, speech: Arc<Speech>) -> Result<Arc<Audio>, RenderError> {
        let cache = self.cache.clone();
        if let Ok(Some(audio)) = tokio::task::spawn_blocking(move || cache.on_disk(&key)).await {
            return Ok(audio);
        }
        let made = self.speak(client, speech).await;
        let outcome = if made.is_ok() { "rendered" } else { "failed" };
        metrics::counter!("antiphon_renderings_total", "outcome" => outcome).increment(1);
        let sound = made?;
        let cache = self.cache.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let audio = Arc::new(Audio::at_rate(sound.samples, sound.rate));
            cache.keep(key, &audio);
            audio
        });
        kept.await.map_err(|_| RenderError::Failed)
    }

    /// Has the engine say a text, as loud as it is asked for.
    async fn speak(&self, client: ClientId, speech: Arc<Speech>) -> Result<file::Decoded, RenderError> {
        let voice = self.voice.as_ref().ok_or(RenderError::NoEngine)?;
        let volume = i32::from(speech.volume);
        let work = async {
            let _turn = self.rendering.take(client.to_string()).await;
            voice.render(speech).await
        };
        let sound =
            tokio::time::timeout(self.time, work).await.unwrap_or(Err(RenderError::TimedOut)).inspect_err(|error| {
                tracing::warn!(%error, "a text was not rendered");
            })?;
        let decode = move || {
            let mut sound = file::read(&sound).inspect_err(|error| {
                tracing::warn!(%error, "what the speech engine made is no sound");
            })?;
            sound.samples.truncate(LONGEST.as_secs() as usize * sound.rate as usize);
            for sample in &mut sound.samples {
                let louder = i32::from(*sample) * volume / i32::from(Speech::USUAL);
                *sample = louder.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            }
            Ok::<_, antiphon_media::FileError>(sound)
        };
        tokio::task::spawn_blocking(decode).await.map_err(|_| RenderError::Failed)?.map_err(|_| RenderError::Failed)
    }

    /// What is rendered now. It is whole after every call to it.
    fn going(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<rendering::State>>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many engines at once, and a client's share of them.
fn turns(settings: &SpeechSettings) -> Turns {
    Turns::new(settings.concurrent, settings.concurrent.div_ceil(SHARE))
}

/// A text that is rendered now.
struct Going {
    room: Arc<SpeechRoom>,
    key: Key,
    _place: places::Place,
}

impl Drop for Going {
    fn drop(&mut self) {
        self.room.going().remove(&self.key);
    }
}

/// Words as scripts compare them: in one line, without the marks that some recognisers set. Nothing is left of a silence.
fn normalised(said: Utterance) -> Option<Utterance> {
    let is_mark = |c: char| ".,!?;:\"«»„“”…。，".contains(c) || c.is_control();
    let spaced: String = said.text.chars().map(|c| if is_mark(c) { ' ' } else { c }).collect();
    let text = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.char_indices().nth(antiphon_ivr::op::MAX_SPEECH).map_or(text.len(), |(at, _)| at);
    (!text.is_empty()).then(|| Utterance { text: text[..end].to_owned(), ..said })
}

/// Samples of one channel as a WAV file (RIFF, linear, 16 bits).
fn wav_file(samples: &[i16], rate: u32) -> Vec<u8> {
    let bytes = u32::try_from(2 * samples.len()).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(2 * rate).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}
