//! Sounds that lie on web servers, fetched once for all calls of a client.
//!
//! Shape: [`WebSounds::load`] is a sound once it is there, for whoever waits; [`WebSounds::ready`] is one that is there already. A client's
//! sounds are its own, for its requests are signed with its own key, and are charged to it for as long as anybody keeps or plays them.
//! Units: bytes of samples, and of files.
//! Time: a sound is fresh as long as its server says (`Cache-Control`), `FRESH` where it says nothing, and never less than [`LEAST`], so
//! that what was loaded can be said; after that the server is asked whether it is still the same (`ETag`, `Last-Modified`). A request that
//! nobody waits for any more is given up.
//! Errors: [`LoadError`]. Where the server cannot say, what it said before still holds. Whoever wants more than its share of what may be
//! waited for, or of what may be in use, has `Busy`.
//! Sources: RFC 9110 §13 (conditional requests), RFC 9111 §4.2, §5.2 (freshness); `kazoo-pivot.md` 4.1 (media references).

mod freshness;
mod kept;
mod live;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_ivr::{Fetch, FetchError, FetchMethod, Meanwhile, Page, WebSound, op::LoadError};
use antiphon_media::{Audio, Codec, source::file};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

pub use self::freshness::LEAST;
use self::{
    freshness::Freshness,
    kept::{Kept, Shares},
    live::Live,
};
use super::Web;
use crate::turns::{Turn, Turns};
use crate::{speech::bytes_of, store::ClientId};

/// Bytes of samples that are kept.
const MEMORY: u64 = 128 << 20;
/// The largest file.
const FILE: usize = 8 << 20;
/// The longest sound: 29 MB as a telephone has it.
const LONGEST: Duration = Duration::from_secs(1_800);
/// The longest that is kept wide: 43 MB.
const LONGEST_WIDE: Duration = Duration::from_secs(900);
/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Redirects that are followed.
const REDIRECTS: u8 = 5;
/// Files that are fetched at once, in all and for one client: each is held in memory.
const AT_ONCE: usize = 64;
const AT_ONCE_OF_CLIENT: usize = 8;
/// Sounds that are fetched or wait for it at most, in all and for one client.
const WAITING: usize = 1_024;
const WAITING_OF_CLIENT: usize = 128;
/// Files that are decoded at once.
const DECODERS: usize = 2;
/// Bytes of sounds that are kept or played, in all and for one client.
const IN_USE: u64 = 512 << 20;
const IN_USE_OF_CLIENT: u64 = 128 << 20;

/// What came of a sound, once it is known.
type State = Option<Result<Arc<Audio>, LoadError>>;
/// Whose sound, and which.
type Key = (ClientId, String);
/// What makes a sound of a file.
type Reader = dyn Fn(&[u8]) -> Result<Audio, LoadError> + Send + Sync;

/// The sounds. Clones are the same ones.
#[derive(Clone)]
pub struct WebSounds(Arc<Inner>);

struct Inner {
    web: Web,
    turns: Turns,
    decoders: Arc<Semaphore>,
    reader: Arc<Reader>,
    kept: Mutex<Shares>,
    live: Mutex<Live>,
    going: Mutex<Going>,
}

impl WebSounds {
    /// None yet; they are fetched by this client.
    pub fn new(web: Web) -> Self {
        Self::with(web, Arc::new(read), Live::new(IN_USE, IN_USE_OF_CLIENT))
    }

    fn with(web: Web, reader: Arc<Reader>, live: Live) -> Self {
        Self(Arc::new(Inner {
            web,
            turns: Turns::new(AT_ONCE, AT_ONCE_OF_CLIENT),
            decoders: Arc::new(Semaphore::new(DECODERS)),
            reader,
            kept: Mutex::new(Shares::new(MEMORY)),
            live: Mutex::new(live),
            going: Mutex::default(),
        }))
    }

    /// A sound that was loaded, as long as it is kept.
    pub fn ready(&self, client: ClientId, sound: &WebSound) -> Option<Arc<Audio>> {
        self.0.kept().take(client, &sound.url).map(|kept| kept.audio)
    }

    /// Whether a sound can be said without asking its server.
    pub fn is_fresh(&self, client: ClientId, sound: &WebSound) -> bool {
        self.0.fresh(client, &sound.url).is_some()
    }

    /// A sound, once it is there.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(&self, client: ClientId, sound: &WebSound) -> Result<Arc<Audio>, LoadError> {
        self.started(client, sound)?.known().await
    }

    /// The same of several, which are fetched at once.
    pub async fn load_all(&self, client: ClientId, sounds: &[Arc<WebSound>]) -> Vec<Result<Arc<Audio>, LoadError>> {
        let started: Vec<_> = sounds.iter().map(|sound| self.started(client, sound)).collect();
        let mut known = Vec::with_capacity(started.len());
        for loading in started {
            known.push(match loading {
                Ok(loading) => loading.known().await,
                Err(error) => Err(error),
            });
        }
        known
    }

    /// A sound that is wanted soon. It is fetched for as long as this is kept.
    ///
    /// # Errors
    /// [`LoadError`], where it cannot even be begun.
    pub fn ahead(&self, client: ClientId, sound: &WebSound) -> Result<Ahead, LoadError> {
        self.started(client, sound).map(Ahead)
    }

    fn started(&self, client: ClientId, sound: &WebSound) -> Result<Loading, LoadError> {
        match self.0.fresh(client, &sound.url) {
            Some(audio) => Ok(Loading::Known(audio)),
            None => self.begin(client, &sound.url).map(Loading::Going),
        }
    }

    /// Joins those who wait for a sound, or is the first of them.
    fn begin(&self, client: ClientId, url: &str) -> Result<watch::Receiver<State>, LoadError> {
        let key = (client, url.to_owned());
        let mut going = self.0.going();
        if let Some(known) = going.0.get(&key) {
            return Ok(known.subscribe());
        }
        if going.0.len() >= WAITING || going.of(client) >= WAITING_OF_CLIENT {
            tracing::warn!(%client, "too many sounds of web servers are waited for");
            return Err(FetchError::Busy.into());
        }
        let (known, state) = watch::channel(None);
        going.0.insert(key.clone(), known.clone());
        let inner = self.0.clone();
        tokio::spawn(async move {
            // Dropped whatever happens, so that a sound that could not be had can be tried again.
            let place = Place { inner: inner.clone(), key, known };
            tokio::select! {
                made = inner.make(client, &place.key.1) => drop(place.known.send_replace(Some(made))),
                () = inner.nobody_waits(&place) => {}
            }
        });
        Ok(state)
    }
}

/// A sound that is wanted soon.
pub struct Ahead(Loading);

impl Ahead {
    /// What has come of it, once something has.
    pub fn known(&self) -> Option<Result<Arc<Audio>, LoadError>> {
        let state = match &self.0 {
            Loading::Known(audio) => return Some(Ok(audio.clone())),
            Loading::Going(state) => state,
        };
        let known = state.borrow().clone();
        known.or_else(|| state.has_changed().is_err().then(lost))
    }
}

/// Whoever fetched it has gone without a word, which is only after a panic.
fn lost() -> Result<Arc<Audio>, LoadError> {
    Err(LoadError::NoSound("it was lost".to_owned()))
}

/// A sound that somebody waits for.
enum Loading {
    Known(Arc<Audio>),
    Going(watch::Receiver<State>),
}

impl Loading {
    async fn known(self) -> Result<Arc<Audio>, LoadError> {
        let mut state = match self {
            Self::Known(audio) => return Ok(audio),
            Self::Going(state) => state,
        };
        let known = state.wait_for(Option::is_some).await;
        known.ok().and_then(|known| known.clone()).unwrap_or_else(lost)
    }
}

/// A sound that is fetched now.
struct Place {
    inner: Arc<Inner>,
    key: Key,
    known: watch::Sender<State>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inner.going().leave(self);
    }
}

/// Those that are fetched.
#[derive(Default)]
struct Going(HashMap<Key, watch::Sender<State>>);

impl Going {
    /// How many a client has here.
    fn of(&self, client: ClientId) -> usize {
        self.0.keys().filter(|(owner, _)| *owner == client).count()
    }

    /// A place is given up, unless another has been taken for the same sound since.
    fn leave(&mut self, place: &Place) {
        if self.0.get(&place.key).is_some_and(|known| known.same_channel(&place.known)) {
            self.0.remove(&place.key);
        }
    }
}

impl Inner {
    /// Comes when nobody waits for a sound any more. Nobody can join after that.
    async fn nobody_waits(&self, place: &Place) {
        loop {
            place.known.closed().await;
            let mut going = self.going();
            if place.known.receiver_count() == 0 {
                going.leave(place);
                return;
            }
        }
    }

    fn fresh(&self, client: ClientId, url: &str) -> Option<Arc<Audio>> {
        let kept = self.kept().take(client, url)?;
        (kept.fresh_until > Instant::now()).then_some(kept.audio)
    }

    /// Fetches a sound, or hears that the one that is kept is still the same.
    async fn make(&self, client: ClientId, url: &str) -> Result<Arc<Audio>, LoadError> {
        let old = self.kept().take(client, url);
        let turn = self.turns.take(client.to_string()).await;
        let outcome = self.web.fetch(client, &request(url, old.as_ref())).await.outcome;
        let page = match (outcome, old) {
            (Ok(page), Some(old)) if page.status == 304 => {
                let audio = old.audio.clone();
                self.keep(client, url, old.renewed(Freshness::of(&page)));
                return Ok(audio);
            }
            (Ok(page), _) if page.is_success() => page,
            (Ok(page), old) if page.status < 500 || old.is_none() => {
                self.kept().remove(client, url);
                return Err(LoadError::Status(page.status));
            }
            (outcome, Some(old)) => {
                let why = outcome.map_or_else(|error| error.to_string(), |page| format!("status {}", page.status));
                tracing::warn!(why, "the server of a sound cannot say whether it is still the same; it is taken to be");
                return Ok(old.audio);
            }
            (Ok(page), None) => return Err(LoadError::Status(page.status)),
            (Err(error), None) => return Err(error.into()),
        };
        let freshness = Freshness::of(&page);
        let audio = self.charged(client, self.decode(page, turn).await?)?;
        self.keep(client, url, Kept::new(audio.clone(), freshness));
        Ok(audio)
    }

    /// Decodes a file on a thread where that disturbs nobody. The turns are held until that thread is done, whoever has gone meanwhile.
    async fn decode(&self, page: Page, turn: Turn) -> Result<Arc<Audio>, LoadError> {
        let decoder = self.decoders.clone().acquire_owned().await.expect("the decoders are never closed");
        let reader = self.reader.clone();
        let decode = move || {
            let _held = (turn, decoder);
            let body = page.body;
            reader(&body).map(Arc::new)
        };
        tokio::task::spawn_blocking(decode).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a sound of a web server could not be decoded");
            Err(LoadError::NoSound("it could not be decoded".to_owned()))
        })
    }

    /// A sound that is new, once there is room for it. Where its client has none, or nobody has, what is only kept makes some.
    fn charged(&self, client: ClientId, audio: Arc<Audio>) -> Result<Arc<Audio>, LoadError> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        while let Err(whose) = live.add(client, &audio) {
            if !self.kept().make_room(whose, bytes_of(&audio)) {
                tracing::warn!(%client, "the sounds of web servers that are in use leave no room for another");
                return Err(FetchError::Busy.into());
            }
        }
        Ok(audio)
    }

    fn keep(&self, client: ClientId, url: &str, kept: Kept) {
        let bytes = bytes_of(&kept.audio);
        self.kept().put(client, url, kept, bytes);
    }

    /// What is kept. It is whole after every call to it.
    fn kept(&self) -> MutexGuard<'_, Shares> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is fetched now. It is whole after every call to it.
    fn going(&self) -> MutexGuard<'_, Going> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sound of a file.
fn read(file: &[u8]) -> Result<Audio, LoadError> {
    let sound = file::read(file).map_err(|error| LoadError::NoSound(error.to_string()))?;
    if sound.samples.len() as u64 > LONGEST.as_secs() * u64::from(sound.rate) {
        return Err(LoadError::NoSound(format!("it is longer than {} minutes", LONGEST.as_secs() / 60)));
    }
    Ok(within(Audio::at_rate(sound.samples, sound.rate), LONGEST_WIDE))
}

/// A sound, without what a telephone does not have where it is longer than this.
fn within(audio: Audio, longest_wide: Duration) -> Audio {
    if audio.duration() <= longest_wide {
        return audio;
    }
    Audio::from_payloads(audio.payload(Codec::Pcmu), audio.payload(Codec::Pcma)).unwrap_or(audio)
}

/// What a server is asked, where a sound of it may be kept already.
fn request(url: &str, old: Option<&Kept>) -> Fetch {
    let accept = "audio/wav, audio/mpeg, audio/ogg, audio/*;q=0.8, */*;q=0.1";
    let mut headers = vec![("accept".to_owned(), accept.to_owned())];
    headers.extend(old.and_then(|old| old.validator.clone()));
    Fetch {
        method: FetchMethod::Get,
        url: url.to_owned(),
        headers,
        body: None,
        patience: PATIENCE,
        max_bytes: FILE,
        redirects: REDIRECTS,
        step: "sound".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}
