//! Asking web servers.
//!
//! Shape: [`Interpreter::fetch`] gives a page of success or an event; what may be kept is kept for the session, and asked for again as it
//! says or as the page wants. Keys that are pressed meanwhile count for the next input.
//! Units: seconds of age, by the clock that is told.
//! Errors: `error.badfetch`, with the status where there is one; `error.unsupported.uri`.
//! Sources: VoiceXML 2.0 §6.1; RFC 9111 §4; `voicexml-customizers.md` 3.10.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use super::{Event, Interpreter, Request, Stop};
use crate::{
    Fetch, FetchMethod, Filler, Meanwhile, Page, TypeAhead,
    vxml::{
        elements::terms::FetchTerms,
        wire::{decode, xml},
    },
};

/// How long an answer is waited for where nobody says.
const PATIENCE: u64 = 7;
/// How many redirects are followed.
const REDIRECTS: u8 = 5;
/// Most pages that are kept, and their bytes.
const MAX_KEPT: usize = 64;
const MAX_KEPT_BYTES: usize = 4 << 20;
/// How long nothing is heard while a page is fetched, and how long is heard what has begun, in seconds, where nobody says.
const AUDIO_DELAY: u64 = 2;
const AUDIO_LEAST: u64 = 5;
/// The longest of either.
const LONGEST_AUDIO: Duration = Duration::from_secs(30);

/// Pages of the session by their addresses, with the second at which they came.
#[derive(Default, Debug)]
pub(super) struct Cache {
    pages: BTreeMap<String, (i64, Arc<Page>)>,
    bytes: usize,
}

impl Cache {
    fn keep(&mut self, address: String, now: i64, page: &Arc<Page>) {
        if page.header("cache-control").is_some_and(|control| control.contains("no-store")) {
            return;
        }
        let known = self.pages.remove(&address).map_or(0, |(_, page)| page.body.len());
        self.bytes -= known;
        if self.pages.len() < MAX_KEPT && self.bytes + page.body.len() <= MAX_KEPT_BYTES {
            self.bytes += page.body.len();
            self.pages.insert(address, (now, page.clone()));
        }
    }
}

/// Whether a page of this age need not be asked for.
fn is_fresh(page: &Page, age: i64, max_age: Option<i64>, max_stale: Option<i64>) -> bool {
    let fresh = directive(page, "max-age").unwrap_or_default();
    let says = |word: &str| page.header("cache-control").is_some_and(|control| control.contains(word));
    let max_stale = max_stale.filter(|_| !says("must-revalidate"));
    // Ages are whole seconds: a page of this very second would have the age of zero.
    let must_ask = says("no-cache") || max_age == Some(0);
    let in_time = match max_stale {
        Some(stale) => age <= fresh.saturating_add(stale),
        None => age < fresh || max_age.is_some_and(|most| age <= most && most > 0),
    };
    !must_ask && in_time && max_age.is_none_or(|most| age <= most)
}

/// A directive of `Cache-Control` with its seconds.
fn directive(page: &Page, name: &str) -> Option<i64> {
    let control = page.header("cache-control")?;
    let mut directives = control.split(',').map(str::trim);
    directives
        .find_map(|text| text.strip_prefix(name)?.trim_start().strip_prefix('=')?.trim().trim_matches('"').parse().ok())
}

/// An absolute address.
pub(super) fn resolve(base: &str, address: &str) -> Result<String, Stop> {
    let unsupported = || Stop::from(Event::with("error.unsupported.uri", address.to_owned()));
    let base = url::Url::parse(base).ok();
    let parsed = url::Url::options().base_url(base.as_ref()).parse(address.trim());
    let mut parsed = parsed.map_err(|error| match error {
        url::ParseError::RelativeUrlWithCannotBeABaseBase => {
            Event::bad_fetch(format!("{address}: the page has no address that it could be relative to"))
        }
        error => Event::bad_fetch(format!("{address}: {error}")),
    })?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(unsupported());
    }
    parsed.set_fragment(None);
    Ok(parsed.into())
}

impl Interpreter<'_> {
    /// Asks, or remembers.
    pub(crate) async fn fetch(
        &mut self,
        address: &str,
        request: Request,
        terms: &FetchTerms,
        what: &str,
    ) -> Result<Arc<Page>, Stop> {
        let mut url = resolve(&self.frame.document.base, address)?;
        if let Some(query) = &request.query {
            let joint = if url.contains('?') { '&' } else { '?' };
            let _ = write!(url, "{joint}{query}");
        }
        let max_age = terms.max_age.or_else(|| self.seconds(&format!("{what}maxage")));
        let max_stale = terms.max_stale.or_else(|| self.seconds(&format!("{what}maxstale")));
        let now = self.surroundings.now().as_second();
        let is_get = request.method == FetchMethod::Get && request.body.is_none();
        let kept = self.cache.pages.get(&url).filter(|_| is_get).cloned();
        if let Some((_, page)) = kept.as_ref().filter(|(came, page)| is_fresh(page, now - came, max_age, max_stale)) {
            return Ok(page.clone());
        }
        let sound = self.fetch_audio(terms, what).await?;
        let patience = terms.timeout.unwrap_or_else(|| self.time_property("fetchtimeout", PATIENCE));
        let mut headers: Vec<_> =
            max_age.map(|age| ("Cache-Control".to_owned(), format!("max-age={age}"))).into_iter().collect();
        headers.extend(kept.iter().flat_map(|(_, page)| conditions(page)));
        self.cookies.tell(now);
        let fetch = Fetch {
            method: request.method,
            url: url.clone(),
            headers,
            body: request.body,
            patience: patience.min(Duration::from_secs(60)),
            max_bytes: xml::MAX_BYTES,
            redirects: if request.follows { REDIRECTS } else { 0 },
            step: format!("vxml {what}"),
            files: request.files,
            meanwhile: Meanwhile { keys: TypeAhead::Keep, sound },
            cookies: Some(self.cookies.clone()),
        };
        let answer = self.call.fetch(fetch).await?;
        self.rested();
        let page = answer.map_err(|error| Event::bad_fetch(format!("{url}: {error}")))?;
        match &page.cookies {
            Some(cookies) => self.cookies = cookies.clone(),
            None => self.cookies.take(if page.url.is_empty() { &url } else { &page.url }, &page.headers),
        }
        if let Some((_, kept)) = kept.filter(|_| page.status == 304) {
            self.cache.keep(url, now, &kept);
            return Ok(kept);
        }
        if !page.is_success() {
            let event = format!("error.badfetch.http.{}", page.status);
            return Err(Event::with(&event, format!("{url} has the status {}", page.status)).into());
        }
        let came_from = if page.url.is_empty() { url.clone() } else { page.url.clone() };
        let page = Arc::new(Page { url: came_from, cookies: None, ..page });
        if is_get {
            self.cache.keep(url, now, &page);
        }
        Ok(page)
    }

    /// What is heard while a page is waited for, once what waits has been said. A sound that has to be loaded first is loaded while
    /// the page is waited for.
    async fn fetch_audio(&mut self, terms: &FetchTerms, what: &str) -> Result<Option<Filler>, Stop> {
        let property = || self.property("fetchaudio").filter(|_| what == "document").map(str::to_owned);
        let Some(address) = terms.audio.clone().or_else(property).filter(|address| !address.trim().is_empty()) else {
            return Ok(None);
        };
        if self.is_over || !self.call.answered {
            return Ok(None);
        }
        self.flush(false).await?;
        let after = self.time_property("fetchaudiodelay", AUDIO_DELAY).min(LONGEST_AUDIO);
        let least = self.time_property("fetchaudiominimum", AUDIO_LEAST).min(LONGEST_AUDIO);
        let sound = self.unloaded(&address);
        Ok(sound.map(|sound| Filler { prompts: vec![sound], after, least }))
    }

    /// A text of a web server.
    pub(crate) async fn text_of(&mut self, address: &str, terms: &FetchTerms, what: &str) -> Result<String, Stop> {
        let page = self.fetch(address, Request::get(), terms, what).await?;
        let text = decode(&page.body, page.header("content-type"));
        text.map_err(|fault| Event::bad_fetch(format!("{}: {fault}", page.url)).into())
    }

    pub(super) fn seconds(&self, property: &str) -> Option<i64> {
        self.property(property)?.trim().parse().ok()
    }
}

/// What asks a server whether a page is still the same.
fn conditions(page: &Page) -> Vec<(String, String)> {
    let pairs = [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")];
    let header = |(from, to): (&str, &str)| page.header(from).map(|value| (to.to_owned(), value.to_owned()));
    pairs.into_iter().filter_map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_fresh_as_its_server_and_whoever_asks_say() {
        let page = |control: &str| Page {
            status: 200,
            headers: vec![("cache-control".to_owned(), control.to_owned())],
            body: Vec::new(),
            url: String::new(),
            cookies: None,
        };
        for (control, age, max_age, max_stale, fresh) in [
            ("max-age=60", 59, None, None, true),
            ("max-age=60", 60, None, None, false),
            ("max-age=60", 70, None, Some(10), true),
            ("max-age=60", 71, None, Some(10), false),
            ("max-age=60, must-revalidate", 61, None, Some(10), false),
            ("max-age=60", 5, Some(5), None, true),
            ("max-age=60", 6, Some(5), None, false),
            ("max-age=60", 0, Some(0), None, false),
            ("max-age=60", 0, Some(0), Some(10), false),
            ("no-cache, max-age=60", 0, None, Some(10), false),
            ("private", 3, Some(5), None, true),
        ] {
            let told = is_fresh(&page(control), age, max_age, max_stale);
            assert_eq!(told, fresh, "{control}, age {age}, {max_age:?}, {max_stale:?}");
        }
    }
}
