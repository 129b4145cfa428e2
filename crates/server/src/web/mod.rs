//! The one HTTP client of all that scripts and clients have the server ask: the web servers of menus, of events, of debugging.
//!
//! Shape: a [`Fetch`] of a client in, an [`Exchange`] out. Where a request may go is in `policy`, what its URL says in `place`, what
//! follows a redirect in `redirect`, who waits for whom in `crate::turns`; [`WebWire`] carries one request, over the network or in a test.
//! Time: the fetch's patience is for everything, waiting for a turn with it. Dropping the future ends the request.
//! Errors: [`FetchError`], always in the exchange.
//! Sources: `ringme-ivr.md` 4.2; `kazoo-pivot.md` 1.1, 2.1.

pub mod debug;
mod file;
pub mod internet;
pub(crate) mod mask;
mod place;
pub mod policy;
mod redirect;
pub mod signature;
mod socket;
pub mod sounds;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use antiphon_ivr::{Cookies, Fetch, FetchError, Page};
use tokio::time::{Instant, timeout_at};

pub use self::{
    file::SentFile,
    socket::{Line, Opening, Socket, check_socket_url},
    wire::{Answer, Answering, Errand, WebWire},
};
use self::{
    policy::Policy,
    redirect::Step,
    signature::{SIGNATURE, SigningKey, SigningSecret, TIMESTAMP},
};
use crate::{settings::WebSettings, store::ClientId, turns::Turns};

/// The longest URL that is asked, in bytes.
pub const LONGEST_URL: usize = place::LONGEST;

/// Whether a text is a URL that could be asked, whatever its name leads to.
///
/// # Errors
/// [`FetchError::BadUrl`] when it could not.
pub fn check_url(text: &str) -> Result<(), FetchError> {
    place::Place::read(text).map(drop)
}

/// Who asks, as web servers see it.
const USER_AGENT: &str = concat!("Antiphon/", env!("CARGO_PKG_VERSION"));
/// Headers of a script that go to another origin than the one that it named. All others may be secrets between the two, or proofs made
/// for that URL.
const FOR_ANYBODY: [&str; 1] = ["accept"];

/// The HTTP client. Clones are the same client.
#[derive(Clone)]
pub struct Web {
    wire: Arc<dyn WebWire>,
    policy: Arc<Policy>,
    turns: Turns,
    secret: Option<SigningSecret>,
    longest: Duration,
}

/// What came of a fetch.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Exchange {
    /// The answer, or why there is none.
    pub outcome: Result<Page, FetchError>,
    /// What was asked and answered on the way, the redirects in their order.
    pub hops: Vec<Hop>,
    /// How long all of it took.
    pub took: Duration,
}

/// One request and its status.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Hop {
    /// The URL, without user and password.
    pub url: String,
    /// The status of the answer.
    pub status: u16,
}

impl Web {
    /// A client with these settings, over this wire.
    pub fn new(settings: &WebSettings, wire: Arc<dyn WebWire>) -> Self {
        Self {
            wire,
            policy: Arc::new(settings.policy.clone()),
            turns: Turns::new(settings.max_concurrent, settings.max_per_host),
            secret: settings.signing_secret.clone(),
            longest: settings.timeout,
        }
    }

    /// The key that signs a client's requests, where the settings have a secret.
    pub fn signing_key(&self, client: ClientId) -> Option<SigningKey> {
        self.secret.as_ref().map(|secret| secret.key_of(client))
    }

    /// The headers that such a request begins with; none where its URL cannot be read.
    pub fn headers(&self, client: ClientId, fetch: &Fetch) -> Vec<(String, String)> {
        let key = self.signing_key(client);
        Step::first(fetch)
            .map(|step| errand(fetch, &step, fetch.cookies.as_ref(), key.as_ref()).headers)
            .unwrap_or_default()
    }

    /// Asks in a client's name.
    pub async fn fetch(&self, client: ClientId, fetch: &Fetch) -> Exchange {
        self.exchange(client, fetch, None, fetch.patience.min(self.longest)).await
    }

    /// Sends a file in a client's name: in place of a body, whose media type is among the headers. Redirects but 303 keep method and file;
    /// of the answer only its head is read. The patience is the fetch's own, however long.
    pub async fn send_file(&self, client: ClientId, fetch: &Fetch, file: &SentFile) -> Exchange {
        self.exchange(client, fetch, Some(file), fetch.patience).await
    }

    async fn exchange(&self, client: ClientId, fetch: &Fetch, file: Option<&SentFile>, patience: Duration) -> Exchange {
        let began = Instant::now();
        let mut hops = Vec::new();
        let outcome = self.follow(client, (fetch, file), began + patience, &mut hops).await;
        let took = began.elapsed();
        let word = if outcome.is_ok() { "answered" } else { "unanswered" };
        metrics::counter!("antiphon_http_requests_total", "outcome" => word).increment(1);
        metrics::histogram!("antiphon_http_seconds").record(took.as_secs_f64());
        if let Err(error) = &outcome {
            let url = place::Place::read(&fetch.url).map_or_else(|_| "no URL".to_owned(), |place| place.for_the_log());
            tracing::warn!(url, step = fetch.step, %error, ms = took.as_millis() as u64, "a web server did not answer as it should");
        }
        Exchange { outcome, hops, took }
    }

    async fn follow(
        &self,
        client: ClientId,
        (fetch, file): (&Fetch, Option<&SentFile>),
        until: Instant,
        hops: &mut Vec<Hop>,
    ) -> Result<Page, FetchError> {
        let key = self.signing_key(client);
        let mut step = Step::first(fetch)?;
        step.has_file = file.is_some();
        let mut redirects_left = fetch.redirects;
        let mut cookies = fetch.cookies.clone();
        loop {
            step.place.check(&self.policy)?;
            let turn = self.turns.take(step.place.authority());
            let turn = timeout_at(until, turn).await.map_err(|_| FetchError::Busy)?;
            let mut errand = errand(fetch, &step, cookies.as_ref(), key.as_ref());
            if let Some(file) = file.filter(|_| step.has_file) {
                attach(&mut errand, file, key.as_ref()).await?;
            }
            let answer = timeout_at(until, self.wire.carry(errand)).await.map_err(|_| FetchError::TimedOut)??;
            drop(turn);
            let url = step.place.url().to_string();
            hops.push(Hop { url: url.clone(), status: answer.status });
            if let Some(cookies) = &mut cookies {
                cookies.take(&url, &answer.headers);
            }
            match step.next(&answer, redirects_left)? {
                Some(next) => step = next,
                None => {
                    let Answer { status, headers, body } = answer;
                    return Ok(Page { status, headers, body, url, cookies });
                }
            }
            redirects_left = redirects_left.saturating_sub(1);
        }
    }
}

/// One request, with all its headers.
fn errand(fetch: &Fetch, step: &Step<'_>, cookies: Option<&Cookies>, key: Option<&SigningKey>) -> Errand {
    let (url, body) = (step.place.url().clone(), step.body.map(|body| body.bytes.clone()));
    let own = fetch.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let own = own.filter(|(name, _)| !step.is_elsewhere || FOR_ANYBODY.contains(&name.as_str()));
    let mut headers: Vec<_> = own.collect();
    let mut put = |name: &str, value: String| {
        headers.retain(|(other, _)| other != name);
        headers.push((name.to_owned(), value));
    };
    put("user-agent", USER_AGENT.to_owned());
    if let Some(basic) = step.place.basic() {
        put("authorization", basic.to_owned());
    }
    // They know themselves to whom each belongs.
    if let Some(cookies) = cookies.and_then(|cookies| cookies.of(url.as_str())) {
        put("cookie", cookies);
    }
    if let Some(body) = step.body {
        put("content-type", body.content_type.clone());
    }
    if let Some(key) = key {
        let now = seconds();
        let signature = key.sign(&step.method.to_string(), url.as_str(), now, body.as_deref().unwrap_or_default());
        put(TIMESTAMP, now.to_string());
        put(SIGNATURE, signature);
    }
    Errand { method: step.method, url, headers, body, file: None, max_bytes: fetch.max_bytes }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Has a file sent with a request, and signs it.
async fn attach(errand: &mut Errand, file: &SentFile, key: Option<&SigningKey>) -> Result<(), FetchError> {
    errand.file = Some(file.clone());
    let Some(key) = key else { return Ok(()) };
    let timestamp = errand.headers.iter().find(|(name, _)| name == TIMESTAMP).map(|(_, value)| value.clone());
    let timestamp = timestamp.and_then(|timestamp| timestamp.parse().ok()).unwrap_or_default();
    let (key, method, url, file) = (key.clone(), errand.method.to_string(), errand.url.to_string(), file.clone());
    let signed = tokio::task::spawn_blocking(move || key.sign_file(&method, &url, timestamp, &file)).await;
    let signature = signed.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into()));
    let signature = signature.map_err(|error| FetchError::Unreachable(format!("the file cannot be read: {error}")))?;
    errand.headers.retain(|(name, _)| name != SIGNATURE);
    errand.headers.push((SIGNATURE.to_owned(), signature));
    Ok(())
}
