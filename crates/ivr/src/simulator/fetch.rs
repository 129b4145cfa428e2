//! HTTP in a simulation: the scenario has the answers, in their order.
//!
//! Time: virtual; an answer comes after as long as it says, or the request's patience ends first. What becomes of keys meanwhile, and
//! what is heard, the request says.
//! Errors: without a further answer nobody is there ([`FetchError::Unreachable`]).

use std::time::Duration;

use super::world::{Edge, Lifetime, Waited, World};
use crate::{
    Fetch, FetchError, Interrupted, Meanwhile, Note, Op, Outcome, Page, Prompt, TypeAhead, WebSound,
    fetch::NoteKind,
    op::{Load, LoadError},
};

/// What a web server does about one request.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct WebAnswer {
    /// How long it takes.
    pub after: Duration,
    /// What it answers.
    pub answer: Result<Page, FetchError>,
}

impl World<'_> {
    pub(super) fn fetch(&mut self, fetch: &Fetch) -> Result<Result<Page, FetchError>, Interrupted> {
        if fetch.meanwhile.keys == TypeAhead::Drop {
            self.forget_digits();
        }
        self.note(asked(fetch));
        let nobody =
            WebAnswer { after: Duration::ZERO, answer: Err(FetchError::Unreachable("nobody is there".into())) };
        let known = self.known(&fetch.url);
        let WebAnswer { after, answer } =
            known.or_else(|| self.scenario.web.get(self.asked).cloned()).unwrap_or(nobody);
        self.asked += 1;
        self.await_answer(after.min(fetch.patience), &fetch.meanwhile)?;
        if after > fetch.patience {
            self.note("… no answer in time");
            return Ok(Err(FetchError::TimedOut));
        }
        match &answer {
            Ok(page) if page.body.len() > fetch.max_bytes => {
                self.note("… the answer is too large");
                return Ok(Err(FetchError::TooLarge));
            }
            Ok(page) => self.note(format!("… {}", page.status)),
            Err(error) => self.note(format!("… {error}")),
        }
        Ok(answer)
    }

    /// Waits so long for an answer, with what is heard meanwhile.
    fn await_answer(&mut self, after: Duration, meanwhile: &Meanwhile) -> Result<(), Interrupted> {
        let until = self.now.saturating_add(after);
        let Some(sound) = meanwhile.sound.as_ref().filter(|sound| sound.after < after && self.is_there(&sound.prompts))
        else {
            return self.pass(until, meanwhile.keys);
        };
        let begins = self.now.saturating_add(sound.after);
        self.pass(begins, meanwhile.keys)?;
        let names: Vec<_> = sound.prompts.iter().map(|prompt| self.name(prompt)).collect();
        self.note(format!("meanwhile {}", names.join(", ")));
        self.pass(until.max(begins.saturating_add(sound.least)), meanwhile.keys)?;
        self.note("… that stops");
        Ok(())
    }

    /// Whether what is loaded by the way can be had.
    fn is_there(&self, prompts: &[Prompt]) -> bool {
        let has = |url: &str| self.scenario.web_sounds.contains_key(url);
        prompts.iter().all(|prompt| !matches!(prompt, Prompt::Web(sound) if !has(&sound.url)))
    }

    fn pass(&mut self, until: Duration, keys: TypeAhead) -> Result<(), Interrupted> {
        loop {
            match self.wait(until, Edge::Outside, Lifetime::Counts)? {
                Waited::Pressed(digit) if keys == TypeAhead::Keep => self.keep(digit),
                Waited::Pressed(digit) => self.note(format!("… {digit} ignored")),
                Waited::Through => return Ok(()),
            }
        }
    }

    /// A page of the scenario; another is not found where there are any.
    fn known(&self, url: &str) -> Option<WebAnswer> {
        if self.scenario.pages.is_empty() {
            return None;
        }
        let plain = url.split(['?', '#']).next().unwrap_or_default();
        let found = self.scenario.pages.get(url).or_else(|| self.scenario.pages.get(plain));
        let missing = Page { status: 404, ..Page::default() };
        let page = Page { url: url.to_owned(), ..found.cloned().unwrap_or(missing) };
        let after = self.scenario.slow_pages.get(plain).copied().unwrap_or_default();
        Some(WebAnswer { after, answer: Ok(page) })
    }

    /// What is handed over and not waited for.
    pub(super) fn perform_told(&mut self, op: &Op) -> Result<Outcome, Interrupted> {
        match op {
            Op::Tell(tell) => self.note(format!("tell {}", asked(&tell.fetch))),
            Op::Upload(upload) => {
                self.note(format!("upload recording {} by {} {}", upload.recording, upload.method, upload.url));
            }
            Op::Link(link) => {
                let url = format!("https://antiphon.example/recording/{}", link.recording);
                return Ok(Outcome::Linked(Some(url)));
            }
            _ => {}
        }
        Ok(Outcome::Done)
    }

    pub(super) fn load(&mut self, load: &Load) -> Result<(), LoadError> {
        if load.patience.is_none() {
            self.note(format!("load {} meanwhile", load.sound.url));
            return Ok(());
        }
        self.note(format!("load {}", load.sound.url));
        if self.scenario.web_sounds.contains_key(&load.sound.url) {
            return Ok(());
        }
        self.note("… 404");
        Err(LoadError::Status(404))
    }

    pub(super) fn web_length(&self, sound: &WebSound) -> Duration {
        self.scenario.web_sounds.get(&sound.url).copied().unwrap_or_default()
    }

    pub(super) fn note_of_surface(&mut self, note: &Note) {
        match note.kind {
            NoteKind::Problem => self.note(format!("… problem: {}", note.text)),
            NoteKind::Log => self.note(format!("log {}", note.text)),
            // What is run shows in its ops.
            NoteKind::Ran | NoteKind::Next => {}
        }
    }
}

fn asked(fetch: &Fetch) -> String {
    let body = match &fetch.body {
        // The lines of such a form are told as one.
        Some(body) if body.content_type.starts_with("multipart/") => {
            let text = String::from_utf8_lossy(&body.bytes).into_owned();
            let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
            format!(", {}", lines.join(" | "))
        }
        Some(body) => format!(", {}", String::from_utf8_lossy(&body.bytes)),
        None => String::new(),
    };
    let files: String = fetch.files.iter().map(|file| format!(", recording {}", file.recording)).collect();
    format!("{} {}{body}{files}", fetch.method, fetch.url)
}
