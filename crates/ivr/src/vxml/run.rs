//! Running pages on a call.
//!
//! Shape: an [`Interpreter`] has the scopes, the prompts that wait and the frame of the page that runs. What content does to the flow is a
//! [`Flow`]; an event travels as a [`Stop`] by `?` to whoever visits the item, where a handler is sought in the scopes of the place at
//! which it happened.
//! Time: only inside ops. Whatever goes round without an op that takes time is counted, and ended.
//! Errors: [`Stop`]. What a page does wrong is an event; what ends the call is an [`Interrupted`].
//! Sources: VoiceXML 2.0 Appendix C (form interpretation algorithm); `voicexml-customizers.md` 3.3-3.6, 4.

mod collect;
mod documents;
mod events;
mod fetching;
mod fia;
mod filling;
mod grammars;
mod marks;
mod object;
mod properties;
mod queue;
mod record;
mod sending;
mod session;
mod subdialog;
mod transfer;
mod vendor;

use std::{collections::BTreeMap, sync::Arc};

use self::marks::LastMark;
use super::{
    Application,
    contactpro::attached::Attached,
    elements::exec::{Content, Placed},
    grammar::Grammar,
    model::{Dialog, Document, Item},
    script::{ScopeId, ScriptEngine, ScriptError},
    wire::{Given, Place},
};
use crate::{
    AgreedSound, BodyFile, Call, Cookies, ExtensionId, FetchBody, FetchMethod, Interrupted, Surroundings, op::Cause,
};

pub(super) use session::run;

/// Most steps from one item or dialog to the next without the caller being heard or told anything.
const MAX_TURNS: u32 = 1_000;
/// Most executable elements in that time.
const MAX_ELEMENTS: u32 = 100_000;
/// How many things that are looked at, and not run, count as one of these.
const LOOKS: usize = 200;
/// How much time has to pass before what goes round may go round again.
const LEAST_REST: i64 = 100;
/// How deep subdialogs may call subdialogs.
const MAX_SUBDIALOGS: usize = 16;

/// Something that happened.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) message: Option<String>,
    /// Whether the caller has gone with it, and not only its name says so.
    pub(crate) is_end: bool,
    /// The element that was run, where one was.
    pub(crate) at: Option<Place>,
}

/// What ends content before its end.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Stop {
    Event(Event),
    Interrupted(Interrupted),
}

/// What content has led to.
#[derive(Debug)]
pub(crate) enum Flow {
    /// On.
    On,
    /// Elsewhere.
    Jump(Jump),
}

/// Where it goes on.
#[derive(Debug)]
pub(crate) enum Jump {
    /// At an item of this dialog.
    Item(usize),
    /// At a dialog of this document.
    Dialog(Arc<Dialog>),
    /// At an item of a dialog of this document.
    Entry(Arc<Dialog>, usize),
    /// At a page.
    Page(Box<Loaded>),
    /// Nowhere: the session ends, with these words for the world outside.
    Exit(Vec<(String, String)>),
    /// At whoever called the subdialog.
    Return(Returned),
    /// With another script.
    HandOver(ExtensionId),
}

/// What a subdialog gives back.
#[derive(Debug)]
pub(crate) enum Returned {
    /// A scope whose `r` has the values.
    Values(ScopeId),
    Event(Event),
}

/// A page that can be entered.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    document: Arc<Document>,
    /// Its application root, where that is another.
    root: Option<Arc<Document>>,
    /// Whether the variables of the root that was there are kept.
    keeps_root: bool,
    dialog: Option<String>,
}

/// What a page asks of a web server.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: FetchMethod,
    /// Behind the address.
    pub(crate) query: Option<String>,
    pub(crate) body: Option<FetchBody>,
    /// Recordings that stand in it.
    pub(crate) files: Vec<BodyFile>,
    /// Whether it is `submit` that asks.
    pub(crate) is_submit: bool,
    /// Whether redirects are followed.
    pub(crate) follows: bool,
}

/// The page and dialog that run, and the scopes.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) document: Arc<Document>,
    root: Option<Arc<Document>>,
    /// Of the root, or of the document where it has none.
    application: ScopeId,
    /// Outermost first: session, application, document, dialog, and those of the content that runs.
    pub(crate) chain: Vec<ScopeId>,
    /// The dialog that runs, once one does.
    pub(crate) visit: Option<Visit>,
}

/// A dialog that is visited.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) dialog: Arc<Dialog>,
    /// How many scopes are outside of what content opens.
    base: usize,
    /// How often the prompts of each item were queued, and once more.
    prompts: Vec<u32>,
    /// How often something happened, at an item or in the dialog.
    events: BTreeMap<(Option<usize>, String), u32>,
    /// The item that is visited.
    item: Option<usize>,
    /// Where a jump leads.
    next: Option<usize>,
    /// Whether the prompts of the next item are left out.
    skips_prompts: bool,
}

/// A call that pages run on.
pub(crate) struct Interpreter<'a> {
    pub(crate) call: &'a mut Call,
    surroundings: &'a dyn Surroundings,
    application: &'a Application,
    pub(crate) engine: Box<dyn ScriptEngine>,
    pub(crate) session: ScopeId,
    pub(crate) frame: Frame,
    /// What waits to be said.
    queue: Vec<queue::Queued>,
    /// How long is waited after the prompt that was queued last.
    timeout: Option<std::time::Duration>,
    cache: fetching::Cache,
    cookies: Cookies,
    /// Grammars of web servers, by their addresses.
    grammars: BTreeMap<String, Arc<Grammar>>,
    /// Keys that were pressed in one dialog and belong to another.
    carried: Option<collect::Matched>,
    /// Whether a handler wants prompts to be said again.
    pub(crate) reprompted: bool,
    /// Whether the caller has gone.
    pub(crate) is_over: bool,
    /// How many subdialogs are around this one.
    pub(crate) depth: usize,
    turns: u32,
    elements: u32,
    looks: usize,
    /// When these were counted from, in milliseconds by the clock that is told.
    rested_at: i64,
    /// The last mark that was said.
    mark: Option<LastMark>,
    /// Whether expressions are Python.
    pub(crate) is_python: bool,
    /// The item at which the next dialog is entered.
    entry: Option<usize>,
    /// What goes with the call when it is transferred.
    pub(crate) attached: Attached,
    /// Whether the caller hears the IVR unanswered, for a time that ends.
    is_early: bool,
    /// Whether the world outside was left something.
    is_concluded: bool,
    /// Why the session ends.
    ends_by: session::EndsBy,
    /// What scripts know of the caller's sound.
    sound: Option<AgreedSound>,
}

impl Event {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), message: None, is_end: false, at: None }
    }

    pub(crate) fn with(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), message: Some(message.into()), is_end: false, at: None }
    }

    /// The caller has hung up, or was hung up on.
    pub(crate) fn hangup() -> Self {
        Self { is_end: true, ..Self::new("connection.disconnect.hangup") }
    }

    pub(crate) fn semantic(message: impl Into<String>) -> Self {
        Self::with("error.semantic", message)
    }

    pub(crate) fn bad_fetch(message: impl Into<String>) -> Self {
        Self::with("error.badfetch", message)
    }
}

impl Stop {
    /// What happened in an element at this place, if it did not in one inside of it.
    fn at(mut self, place: Place) -> Self {
        if let Self::Event(event) = &mut self {
            event.at.get_or_insert(place);
        }
        self
    }
}

impl From<Event> for Stop {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<ScriptError> for Stop {
    fn from(error: ScriptError) -> Self {
        Self::Event(Event::semantic(error.0))
    }
}

impl From<Interrupted> for Stop {
    /// The caller hanging up is an event, that a page may do something about.
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::RemoteHangup => Self::Event(Event::hangup()),
            other => Self::Interrupted(other),
        }
    }
}

impl Request {
    pub(crate) fn get() -> Self {
        Self { method: FetchMethod::Get, query: None, body: None, files: Vec::new(), is_submit: false, follows: true }
    }
}

impl Visit {
    /// An item begins anew.
    pub(crate) fn clear(&mut self, name: &str) {
        if let Some(index) = self.dialog.item(name) {
            self.prompts[index] = 1;
            let from = (Some(index), String::new());
            let known: Vec<_> = self
                .events
                .range(from..)
                .map(|(key, _)| key.clone())
                .take_while(|(item, _)| *item == Some(index))
                .collect();
            for key in known {
                self.events.remove(&key);
            }
        }
    }

    /// All counters begin anew.
    pub(crate) fn begin_anew(&mut self) {
        self.prompts.fill(1);
        self.events.clear();
    }

    fn item(&self) -> Option<&Arc<Item>> {
        self.item.map(|index| &self.dialog.items[index])
    }

    /// The scope of the dialog.
    fn scope(&self, chain: &[ScopeId]) -> ScopeId {
        chain[self.base - 1]
    }
}

impl Frame {
    /// The scope of the root, or of the document where it has none.
    pub(crate) fn application(&self) -> ScopeId {
        self.application
    }

    /// The root of the page that runs, where it has one.
    pub(crate) fn root(&self) -> Option<Arc<Document>> {
        self.root.clone()
    }
}

impl Interpreter<'_> {
    /// What is run.
    pub(crate) fn application(&self) -> &Application {
        self.application
    }

    /// An absolute address.
    pub(crate) fn resolved(&self, address: &str) -> Result<String, Stop> {
        fetching::resolve(&self.frame.document.base, address)
    }

    /// An address in an answer that came from another.
    pub(crate) fn resolved_against(base: &str, address: &str) -> Result<String, Stop> {
        fetching::resolve(base, address)
    }

    /// Has the engine do something in the scopes of the content that runs.
    pub(crate) fn js<T>(
        &mut self,
        run: impl FnOnce(&mut dyn ScriptEngine, &[ScopeId]) -> Result<T, ScriptError>,
    ) -> Result<T, Stop> {
        run(&mut *self.engine, &self.frame.chain).map_err(Stop::from)
    }

    /// The scope in which content declares.
    pub(crate) fn innermost(&self) -> ScopeId {
        self.frame.chain.last().copied().unwrap_or(self.session)
    }

    /// Whether a condition holds; one that is missing does.
    pub(crate) fn holds(&mut self, cond: Option<&str>) -> Result<bool, Stop> {
        match cond {
            Some(cond) => self.js(|engine, chain| engine.truth(chain, cond)),
            None => Ok(true),
        }
    }

    /// An expression as text.
    pub(crate) fn text(&mut self, expr: &str) -> Result<Option<String>, Stop> {
        self.js(|engine, chain| engine.text(chain, expr))
    }

    /// What an attribute says, or its expression; one that is undefined is a mistake of the page.
    pub(crate) fn given(&mut self, given: &Given) -> Result<String, Stop> {
        match given {
            Given::Text(text) => Ok(text.clone()),
            Given::Expr(expr) => {
                let text = self.text(expr)?;
                text.ok_or_else(|| Event::semantic(format!("{expr} is undefined")).into())
            }
        }
    }

    /// An expression for the world outside: a text, or JSON of what is none.
    pub(crate) fn plain(&mut self, expr: &str) -> Result<Option<String>, Stop> {
        let value = self.js(|engine, chain| engine.json(chain, expr))?;
        Ok(value.map(|value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }))
    }

    /// Runs content in a scope of its own. Where it is stopped, the scope stays for whoever handles that.
    pub(crate) async fn exec(&mut self, content: &Content) -> Result<Flow, Stop> {
        let scope = self.engine.open(&[])?;
        self.frame.chain.push(scope);
        let flow = self.exec_here(content).await?;
        self.close_to(self.frame.chain.len() - 1);
        Ok(flow)
    }

    /// Runs content in the scope that is there: what it declares is there behind it.
    pub(crate) async fn exec_here(&mut self, content: &Content) -> Result<Flow, Stop> {
        for Placed { at, exec } in content.iter() {
            self.element_done()?;
            // Content lies in content as deep as the page does, which is bounded.
            if let jump @ Flow::Jump(_) = Box::pin(exec.run(self)).await.map_err(|stop| stop.at(*at))? {
                return Ok(jump);
            }
        }
        Ok(Flow::On)
    }

    /// Closes scopes until so many are left.
    fn close_to(&mut self, count: usize) {
        while self.frame.chain.len() > count {
            if let Some(scope) = self.frame.chain.pop() {
                self.engine.close(scope);
            }
        }
    }

    /// Something was done that takes time: where it did, what goes round may go round again.
    pub(crate) fn rested(&mut self) {
        let now = self.surroundings.now().as_millisecond();
        self.engine.tell(now);
        self.hear_of_sound();
        // A clock that was set back has told nothing of how much time has passed.
        if now - self.rested_at >= LEAST_REST || now < self.rested_at {
            self.begin_counting(now);
        }
    }

    /// The caller has pressed or said something, which takes it time.
    pub(super) fn heard_caller(&mut self) {
        let now = self.surroundings.now().as_millisecond();
        self.engine.tell(now);
        self.hear_of_sound();
        self.begin_counting(now);
    }

    fn begin_counting(&mut self, now: i64) {
        (self.turns, self.elements, self.rested_at) = (0, 0, now);
        self.engine.rest();
    }

    /// One more step to another item or dialog.
    fn turn(&mut self) -> Result<(), Stop> {
        self.turns += 1;
        if self.turns == MAX_TURNS {
            return Err(Event::semantic("it goes round and round without the caller hearing anything").into());
        }
        Ok(())
    }

    /// One more element was run. Whoever handles that it is one too many has room for some more, three times.
    fn element_done(&mut self) -> Result<(), Stop> {
        self.elements_done(1)
    }

    /// So many things were looked at.
    fn looked_at(&mut self, count: usize) -> Result<(), Stop> {
        let looks = self.looks.saturating_add(count);
        self.looks = looks % LOOKS;
        self.elements_done(u32::try_from(looks / LOOKS).unwrap_or(u32::MAX))
    }

    fn elements_done(&mut self, count: u32) -> Result<(), Stop> {
        self.elements = self.elements.saturating_add(count);
        if self.elements <= MAX_ELEMENTS {
            return Ok(());
        }
        self.elements = MAX_ELEMENTS / 2;
        self.turns = self.turns.max(MAX_TURNS) + 40;
        Err(Event::semantic("too much is done without the caller hearing anything").into())
    }

    /// Whether it goes round and round although the page was told.
    fn is_lost(&self) -> bool {
        self.turns > MAX_TURNS + 100
    }

    /// Ends the call.
    async fn hang_up(&mut self) -> Result<(), Interrupted> {
        if self.is_over { Ok(()) } else { self.call.hangup(Cause::NORMAL).await }
    }
}
