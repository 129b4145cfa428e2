//! Web servers of a test on virtual time: they answer by themselves, each request after a time.
//!
//! Shape: a test says what is answered next; whoever asks more than that finds nobody.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use antiphon_ivr::FetchError;
use antiphon_server::web::{Answer, Answering, Errand, Line, Opening, WebWire};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use url::Url;

/// The web servers. Clones are the same ones.
#[derive(Clone, Default)]
pub(crate) struct ToldWeb(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<(Duration, Result<Answer, FetchError>)>,
    asked: Vec<Asked>,
    /// What lies there by its URL; whoever has any of it has nothing else.
    files: Arc<BTreeMap<String, Answer>>,
    lines: Option<mpsc::Sender<(Url, DuplexStream)>>,
}

/// A request, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) errand: Errand,
    /// Whether it was given up before its answer.
    pub(crate) is_given_up: bool,
}

impl ToldWeb {
    /// The next request that has no answer yet is answered so, after so many milliseconds.
    pub(crate) fn answer(&self, ms: u64, status: u16, body: &str) {
        self.answer_with(ms, Answer { status, headers: Vec::new(), body: body.into() });
    }

    /// The same, with a media type.
    pub(crate) fn answer_as(&self, ms: u64, status: u16, kind: &str, body: Vec<u8>) {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        self.answer_with(ms, Answer { status, headers, body });
    }

    /// The same, with the way to another address.
    pub(crate) fn redirect(&self, ms: u64, location: &str) {
        let headers = vec![("location".to_owned(), location.to_owned())];
        self.answer_with(ms, Answer { status: 302, headers, body: Vec::new() });
    }

    fn answer_with(&self, ms: u64, answer: Answer) {
        self.0.lock().expect("nobody panics here").answers.push_back((Duration::from_millis(ms), Ok(answer)));
    }

    /// Serves these files by their URLs, and 404 for all else.
    #[cfg(feature = "cases")]
    pub(crate) fn serve(&self, files: Arc<BTreeMap<String, Answer>>) {
        self.0.lock().expect("nobody panics here").files = files;
    }

    /// The lines that are opened from now on, each with where it leads.
    pub(crate) fn lines(&self) -> mpsc::Receiver<(Url, DuplexStream)> {
        let (opened, lines) = mpsc::channel(64);
        self.0.lock().expect("nobody panics here").lines = Some(opened);
        lines
    }

    /// All that was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.lock().expect("nobody panics here").asked.clone()
    }

    /// The parameters of the query and of the form of a request, in their order.
    pub(crate) fn parameters(asked: &Asked) -> Vec<(String, String)> {
        let owned = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| (name.into(), value.into());
        let query = asked.errand.url.query_pairs().map(owned).collect::<Vec<_>>();
        let form = asked.errand.body.as_deref().unwrap_or_default();
        query.into_iter().chain(url::form_urlencoded::parse(form).map(owned)).collect()
    }
}

/// Marks a request as given up, unless it was answered.
struct Unanswered(Option<(ToldWeb, usize)>);

impl Unanswered {
    /// It has its answer.
    fn answer(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some((web, number)) = self.0.take() {
            web.0.lock().expect("nobody panics here").asked[number].is_given_up = true;
        }
    }
}

impl WebWire for ToldWeb {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        let mut state = self.0.lock().expect("nobody panics here");
        state.asked.push(Asked { at: Instant::now(), errand, is_given_up: false });
        let unanswered = Unanswered(Some((self.clone(), state.asked.len() - 1)));
        let nobody = || (Duration::ZERO, Err(FetchError::Unreachable("nobody is there".to_owned())));
        let file = || {
            let url = state.asked.last().map(|asked| asked.errand.url.clone())?;
            let found = state.files.get(url.as_str().split(['?', '#']).next().unwrap_or_default()).cloned();
            let missing = Answer { status: 404, ..Answer::default() };
            (!state.files.is_empty()).then(|| (Duration::from_millis(10), Ok(found.unwrap_or(missing))))
        };
        let (after, answer) = file().or_else(|| state.answers.pop_front()).unwrap_or_else(nobody);
        Box::pin(async move {
            tokio::time::sleep(after).await;
            unanswered.answer();
            answer
        })
    }

    fn open(&self, url: Url) -> Opening<'_> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let lines = self.0.lock().expect("nobody panics here").lines.clone();
        let opened = lines.is_some_and(|lines| lines.try_send((url, theirs)).is_ok());
        Box::pin(async move {
            let nobody = || FetchError::Unreachable("nobody is there".to_owned());
            opened.then(|| Box::new(ours) as Box<dyn Line>).ok_or_else(nobody)
        })
    }
}
