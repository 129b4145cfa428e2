//! What web servers were asked for calls and what came of it, for the people who write their answers.
//!
//! Shape: a ring of calls for each client, each with its steps in their order: the request, the answer, what the surface made of it. Whoever
//! asks shares them: nothing is copied while the ring is locked, and one step at most when it changes while somebody reads it.
//! A page that runs from its application and is asked for nowhere is kept once for all calls.
//! Units: bodies are kept up to `BODY` bytes, with their whole length beside them.
//! Time: the time of day, for people; nothing here waits.
//! Errors: none. What is beyond a bound goes: the oldest call of a client, and of all clients the one that takes most memory; a call's
//! steps behind `STEPS` are counted.
//! Sources: `kazoo-pivot.md` 6, whose records this has all fields of.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use antiphon_ivr::{Fetch, FetchBody, Note, NoteKind};

use super::{Exchange, Hop, mask};
use crate::{calls::CallId, settings::DebugSettings, store::ClientId};

/// Bytes of a body that are kept.
const BODY: usize = 262_144;
/// Steps of one call.
const STEPS: usize = 200;
/// Notes under one step.
const NOTES: usize = 100;
/// The longest note, in bytes.
const NOTE: usize = 2_048;
/// Pages of applications whose texts are remembered, so that the next call has the same text.
const PAGES: usize = 64;
/// What a step takes beside its texts, about.
const STEP_BYTES: usize = 512;

/// The ring. Clones are the same ring.
#[derive(Clone, Debug)]
pub struct HttpDebug {
    settings: DebugSettings,
    book: Arc<Mutex<Book>>,
}

#[derive(Default, Debug)]
struct Book {
    clients: BTreeMap<ClientId, Client>,
    bytes: usize,
    /// What was made of the pages of applications, the oldest first.
    pages: VecDeque<(Weak<[u8]>, Text)>,
}

#[derive(Default, Debug)]
struct Client {
    /// The oldest first.
    calls: VecDeque<Arc<CallSteps>>,
    bytes: usize,
}

/// Whose request it is.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The client.
    pub client: ClientId,
    /// The call.
    pub call: CallId,
    /// The Call-ID of the caller's dialog.
    pub sip_call_id: String,
    /// The extension that serves the call.
    pub extension: String,
    /// Who calls.
    pub from: String,
    /// Whom.
    pub to: String,
}

/// The steps of one call.
#[derive(Clone, Debug)]
pub struct CallSteps {
    /// Whose they are.
    pub asker: Asker,
    /// In their order.
    pub steps: Vec<Arc<Step>>,
    /// How many are not kept.
    pub omitted: u64,
    bytes: usize,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Counts from 1 within the call.
    pub number: u64,
    /// When it began.
    pub at: SystemTime,
    /// The extension that served the call then.
    pub extension: String,
    /// Which step of which surface asked.
    pub step: String,
    /// What was asked.
    pub request: Request,
    /// What came of it; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// What was run of the answer.
    pub ran: Vec<String>,
    /// What was wrong with it.
    pub problems: Vec<String>,
    /// What followed.
    pub next: Option<String>,
    /// Whether the script did not wait for the answer, so that nothing was made of it.
    is_aside: bool,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The URL, with its secrets hidden.
    pub url: String,
    /// All headers, with their secrets hidden.
    pub headers: Vec<(String, String)>,
    /// What went with it.
    pub body: Text,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How long it took.
    pub took: Duration,
    /// The redirects, each with the status by which it led on.
    pub redirects: Vec<Hop>,
    /// The answer, or why there is none.
    pub answer: Result<Answer, String>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with their secrets hidden.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Text,
}

/// A body, as far as it is kept.
#[derive(Clone, Default, Eq, PartialEq, Debug)]
pub struct Text {
    /// The beginning; bytes that are no UTF-8 are replaced.
    pub shown: Arc<str>,
    /// How many bytes there were in all.
    pub length: usize,
}

/// A step that runs. One that is dropped was given up, because its call ended.
#[derive(Debug)]
pub struct RunningStep {
    debug: HttpDebug,
    client: ClientId,
    call: CallId,
    number: u64,
    began: tokio::time::Instant,
    is_finished: bool,
}

impl Text {
    fn of(bytes: &[u8]) -> Self {
        let kept = &bytes[..bytes.len().min(BODY)];
        Self { shown: String::from_utf8_lossy(kept).into(), length: bytes.len() }
    }

    fn of_request(body: Option<&FetchBody>) -> Self {
        let Some(body) = body else { return Self::default() };
        let text = Self::of(&body.bytes);
        let is_form = body.content_type.starts_with("application/x-www-form-urlencoded");
        if is_form { Self { shown: mask::parameters(&text.shown).into(), ..text } } else { text }
    }
}

impl HttpDebug {
    /// A ring within these bounds.
    pub fn new(settings: DebugSettings) -> Self {
        Self { settings, book: Arc::default() }
    }

    /// A request begins; `headers` are all that it is sent with.
    pub fn begin(&self, asker: Asker, fetch: &Fetch, headers: &[(String, String)]) -> RunningStep {
        self.add(asker, fetch, headers, false)
    }

    /// The same of one for whose answer the script does not wait: what is noted later stands under the request before it.
    pub fn begin_aside(&self, asker: Asker, fetch: &Fetch, headers: &[(String, String)]) -> RunningStep {
        self.add(asker, fetch, headers, true)
    }

    fn add(&self, asker: Asker, fetch: &Fetch, headers: &[(String, String)], is_aside: bool) -> RunningStep {
        let (client, call, extension) = (asker.client, asker.call, asker.extension.clone());
        let request = Request {
            method: fetch.method.to_string(),
            url: mask::url(&fetch.url),
            headers: mask::headers(headers),
            body: Text::of_request(fetch.body.as_ref()),
        };
        let step = Step {
            number: 0,
            at: SystemTime::now(),
            extension,
            step: clipped(&fetch.step),
            request,
            outcome: None,
            ran: Vec::new(),
            problems: Vec::new(),
            next: None,
            is_aside,
        };
        let number = self.book().add(&self.settings, asker, step);
        let began = tokio::time::Instant::now();
        RunningStep { debug: self.clone(), client, call, number, began, is_finished: false }
    }

    /// A page runs that lies in its application: what is noted of it stands under this step.
    pub fn begin_uploaded(&self, asker: Asker, fetch: &Fetch, page: &Arc<[u8]>) {
        let body = self.book().page(page);
        let step = self.add(asker, fetch, &[], false);
        let answer = Ok(Answer { status: 200, headers: Vec::new(), body });
        step.set(Outcome { took: Duration::ZERO, redirects: Vec::new(), answer });
        step.end();
    }

    /// What a surface made of the last answer of a call. Before the first request there is nothing to note it under.
    pub fn note(&self, client: ClientId, call: CallId, note: &Note) {
        self.book().change(&self.settings, client, call, |steps| {
            // Of a step that is not kept nothing is noted.
            let last = steps.steps.iter_mut().rev().find(|step| !step.is_aside);
            let Some(step) = last.filter(|_| steps.omitted == 0).map(Arc::make_mut) else { return };
            let text = clipped(&mask::text(&note.text));
            match note.kind {
                NoteKind::Ran | NoteKind::Log if step.ran.len() < NOTES => step.ran.push(text),
                NoteKind::Problem if step.problems.len() < NOTES => step.problems.push(text),
                NoteKind::Ran | NoteKind::Log | NoteKind::Problem => {}
                NoteKind::Next => step.next = Some(text),
            }
        });
    }

    /// The calls of a client, oldest first.
    pub fn calls(&self, client: ClientId) -> Vec<Arc<CallSteps>> {
        let book = self.book();
        book.clients.get(&client).map(|client| client.calls.iter().cloned().collect()).unwrap_or_default()
    }

    /// One call of a client.
    pub fn call(&self, client: ClientId, call: CallId) -> Option<Arc<CallSteps>> {
        let mut book = self.book();
        book.find(client, call).cloned()
    }

    /// The book is whole after every use, so a panic elsewhere while it was locked harms nothing.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunningStep {
    /// The request has an answer, or there will be none.
    pub fn finish(mut self, exchange: &Exchange) {
        self.is_finished = true;
        let answer = match &exchange.outcome {
            Ok(page) => {
                Ok(Answer { status: page.status, headers: mask::headers(&page.headers), body: Text::of(&page.body) })
            }
            Err(error) => Err(error.to_string()),
        };
        // The last of an exchange that succeeded is the answer itself.
        let redirects = exchange.hops.len() - usize::from(answer.is_ok()).min(exchange.hops.len());
        let shown = |hop: &Hop| Hop { url: mask::url(&hop.url), status: hop.status };
        let redirects = exchange.hops[..redirects].iter().map(shown).collect();
        self.set(Outcome { took: exchange.took, redirects, answer });
    }

    fn end(mut self) {
        self.is_finished = true;
    }

    fn set(&self, outcome: Outcome) {
        let Self { debug, client, call, number, .. } = self;
        debug.book().change(&debug.settings, *client, *call, |steps| {
            if let Some(step) = steps.steps.iter_mut().find(|step| step.number == *number) {
                Arc::make_mut(step).outcome = Some(outcome);
            }
        });
    }
}

impl Drop for RunningStep {
    fn drop(&mut self) {
        if !self.is_finished {
            let answer = Err("given up: the call went on without it, or ended".to_owned());
            self.set(Outcome { took: self.began.elapsed(), redirects: Vec::new(), answer });
        }
    }
}

impl Book {
    /// The text of a page, the same for all calls that run it.
    fn page(&mut self, page: &Arc<[u8]>) -> Text {
        self.pages.retain(|(of, _)| of.strong_count() > 0);
        let known = self.pages.iter().find(|(of, _)| std::ptr::addr_eq(of.as_ptr(), Arc::as_ptr(page)));
        if let Some((_, text)) = known {
            return text.clone();
        }
        let text = Text::of(page);
        if self.pages.len() == PAGES {
            self.pages.pop_front();
        }
        self.pages.push_back((Arc::downgrade(page), text.clone()));
        text
    }

    /// Adds a step and answers its number; the call's steps beyond the bound are counted, and have the number of none.
    fn add(&mut self, settings: &DebugSettings, asker: Asker, mut step: Step) -> u64 {
        let (id, call) = (asker.client, asker.call);
        if settings.calls == 0 {
            return 0;
        }
        let client = self.clients.entry(id).or_default();
        if !client.calls.iter().any(|steps| steps.asker.call == call) {
            client.calls.push_back(Arc::new(CallSteps { asker, steps: Vec::new(), omitted: 0, bytes: 0 }));
        }
        while client.calls.len() > settings.calls {
            let gone = client.calls.pop_front().map_or(0, |steps| steps.bytes);
            client.bytes -= gone;
            self.bytes -= gone;
        }
        let mut number = 0;
        self.change(settings, id, call, |steps| {
            if steps.steps.len() == STEPS {
                steps.omitted += 1;
                return;
            }
            number = steps.steps.len() as u64 + 1;
            step.number = number;
            steps.steps.push(Arc::new(step));
        });
        number
    }

    fn find(&mut self, client: ClientId, call: CallId) -> Option<&mut Arc<CallSteps>> {
        let calls = &mut self.clients.get_mut(&client)?.calls;
        // The call that is looked for is nearly always one of the last.
        calls.iter_mut().rev().find(|steps| steps.asker.call == call)
    }

    /// Changes the steps of a call, and sees to the memory.
    fn change(&mut self, settings: &DebugSettings, id: ClientId, call: CallId, change: impl FnOnce(&mut CallSteps)) {
        let Some(steps) = self.find(id, call).map(Arc::make_mut) else { return };
        let before = steps.bytes;
        change(steps);
        steps.bytes = steps.steps.iter().map(|step| step.bytes()).sum();
        let after = steps.bytes;
        if let Some(client) = self.clients.get_mut(&id) {
            client.bytes = client.bytes + after - before;
        }
        self.bytes = self.bytes + after - before;
        while self.bytes > settings.bytes {
            let Some((largest, client)) = self.clients.iter_mut().max_by_key(|(_, client)| client.bytes) else {
                return;
            };
            let largest = *largest;
            let gone = client.calls.pop_front().map_or(0, |steps| steps.bytes);
            client.bytes -= gone;
            self.bytes -= gone;
            if client.calls.is_empty() {
                self.clients.remove(&largest);
            }
        }
    }
}

impl Step {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let headers = |headers: &[(String, String)]| {
            headers.iter().map(|(name, value)| name.len() + value.len() + 48).sum::<usize>()
        };
        let answer = self.outcome.as_ref().and_then(|outcome| outcome.answer.as_ref().ok());
        let answer = answer.map_or(0, |answer| headers(&answer.headers) + answer.body.shown.len());
        let notes = self.ran.iter().chain(&self.problems).map(|note| note.len() + 24).sum::<usize>();
        let Request { url, headers: sent, body, .. } = &self.request;
        STEP_BYTES + url.len() + headers(sent) + body.shown.len() + answer + notes
    }
}

/// A note as long as is kept.
fn clipped(text: &str) -> String {
    let mut end = text.len().min(NOTE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests;
