//! Events and their handlers.
//!
//! Shape: [`Interpreter::dispatch`] finds a handler and runs it in the scopes in which the event happened; what it throws is an event of
//! the same place.
//! Errors: handlers that throw on and on are ended.
//! Sources: VoiceXML 2.0 §5.2; `voicexml-customizers.md` 3.4.

use super::{Event, Flow, Interpreter, Jump, Stop, Visit, session::EndsBy};
use crate::{Interrupted, NoteKind, vxml::elements::exec::Content};

/// How often handlers may throw one after the other.
const DEEPEST: usize = 32;
/// Most names that are counted while a dialog is visited; what comes on top is there for the first time each time.
const MAX_COUNTED: usize = 2_000;

/// What is done where no page has a handler.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Usual {
    Nothing,
    Reprompt,
    Exit,
}

impl Interpreter<'_> {
    /// Handles an event; where it leads, if anywhere.
    pub(super) async fn dispatch(&mut self, event: Event) -> Result<Option<Jump>, Interrupted> {
        let mut event = event;
        self.reprompted = false;
        for depth in 0.. {
            // A page may throw one of this name while the caller is there.
            if event.is_end || self.is_over && event.name.starts_with("connection.disconnect") {
                if std::mem::replace(&mut self.is_over, true) && depth > 0 {
                    return Ok(Some(Jump::Exit(Vec::new())));
                }
                self.queue.clear();
            }
            if depth == DEEPEST {
                event = Event::semantic("handlers throw on and on");
            }
            if depth > DEEPEST + 1 {
                break;
            }
            self.count(&event);
            let handler = match self.handler(&event) {
                Ok(handler) => handler,
                Err(Stop::Event(next)) => {
                    event = next;
                    continue;
                }
                Err(Stop::Interrupted(interrupted)) => return Err(interrupted),
            };
            let waiting = self.queue.len();
            let done = match handler {
                Some(content) => self.handle(&event, &content).await,
                None => self.as_usual(&event).await,
            };
            match done {
                Ok(flow) => {
                    self.reprompted |= self.says_nothing(&event.name, waiting);
                    return Ok(self.handled(flow));
                }
                Err(Stop::Event(next)) => event = next,
                Err(Stop::Interrupted(interrupted)) => return Err(interrupted),
            }
        }
        let text = format!("the session ends: handlers throw on and on, {} at last", event.name);
        self.call.note(NoteKind::Problem, text).await?;
        self.ends_by = EndsBy::Error;
        Ok(Some(Jump::Exit(Vec::new())))
    }

    /// The scopes of the place where it happened are closed, and prompts are left out unless they are wanted.
    fn handled(&mut self, flow: Flow) -> Option<Jump> {
        let base = self.frame.visit.as_ref().map(|visit| visit.base);
        if let Some(base) = base {
            self.close_to(base);
        }
        let wants_prompts = self.reprompted;
        if let Some(visit) = &mut self.frame.visit {
            visit.skips_prompts = !wants_prompts;
        }
        match flow {
            Flow::On => None,
            Flow::Jump(jump) => Some(jump),
        }
    }

    async fn handle(&mut self, event: &Event, content: &Content) -> Result<Flow, Stop> {
        self.tell(event)?;
        self.exec(content).await
    }

    /// Opens a scope that says what has happened.
    fn tell(&mut self, event: &Event) -> Result<(), Stop> {
        let scope = self.engine.open(&[])?;
        self.frame.chain.push(scope);
        self.engine.put(scope, "_event", &event.name.clone().into())?;
        match &event.message {
            Some(message) => self.engine.put(scope, "_message", &message.clone().into())?,
            None => self.engine.unset(scope, "_message")?,
        }
        Ok(())
    }

    /// Whether the condition of a handler holds, which may ask what has happened.
    fn applies(&mut self, cond: Option<&str>, event: &Event) -> Result<bool, Stop> {
        if cond.is_none() {
            return Ok(true);
        }
        let scopes = self.frame.chain.len();
        let holds = self.tell(event).and_then(|()| self.holds(cond));
        self.close_to(scopes);
        holds
    }

    /// What the platform does.
    async fn as_usual(&mut self, event: &Event) -> Result<Flow, Stop> {
        let usual = usual(&event.name);
        // Ends that are no fault.
        let is_orderly = is(&event.name, "exit") || event.name.starts_with("connection.disconnect");
        if usual == Usual::Exit && !is_orderly {
            let message = event.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            let item = || self.frame.visit.as_ref().and_then(Visit::item).map(|item| item.at);
            let url = &self.frame.document.url;
            let place = event.at.or_else(item).map(|at| format!(" ({at} of {url})")).unwrap_or_default();
            self.call.note(NoteKind::Problem, format!("{}{message}{place}", event.name)).await?;
            self.ends_by = EndsBy::Error;
        }
        self.reprompted = usual == Usual::Reprompt;
        Ok(match usual {
            Usual::Exit => Flow::Jump(Jump::Exit(Vec::new())),
            Usual::Nothing | Usual::Reprompt => Flow::On,
        })
    }

    fn count(&mut self, event: &Event) {
        let Some(visit) = &mut self.frame.visit else { return };
        let prefixes = event.name.match_indices('.').map(|(at, _)| &event.name[..at]);
        for prefix in prefixes.chain(["", event.name.as_str()]) {
            let key = (visit.item, prefix.to_owned());
            if visit.events.len() < MAX_COUNTED || visit.events.contains_key(&key) {
                *visit.events.entry(key).or_default() += 1;
            }
        }
    }

    /// The handler with the highest count that is reached, the first of them in the order of scopes.
    fn handler(&mut self, event: &Event) -> Result<Option<Content>, Stop> {
        let visit = self.frame.visit.as_ref();
        let (item, dialog) = (visit.and_then(|visit| visit.item()).cloned(), visit.map(|visit| visit.dialog.clone()));
        let (document, root) = (self.frame.document.clone(), self.frame.root.clone());
        // The nearest first.
        let levels = [
            item.as_ref().map(|item| &item.handlers),
            dialog.as_ref().map(|dialog| &dialog.handlers),
            Some(&document.handlers),
            root.as_ref().map(|root| &root.handlers),
        ];
        let mut best: Option<(u32, Content)> = None;
        for catch in levels.into_iter().flatten().flatten() {
            self.looked_at(catch.names())?;
            let Some(part) = catch.catches(&event.name) else { continue };
            let happened = match &self.frame.visit {
                Some(visit) => visit.events.get(&(visit.item, part.to_owned())).copied().unwrap_or(1),
                None => 1,
            };
            let is_better = best.as_ref().is_none_or(|(count, _)| catch.count > *count);
            if catch.count <= happened && is_better && self.applies(catch.cond.as_deref(), event)? {
                best = Some((catch.count, catch.content.clone()));
            }
        }
        Ok(best.map(|(_, content)| content))
    }
}

/// Whether an event has this name, or one behind it.
fn is(event: &str, name: &str) -> bool {
    event.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn usual(event: &str) -> Usual {
    if is(event, "cancel") {
        Usual::Nothing
    } else if ["help", "noinput", "nomatch", "maxspeechtimeout"].iter().any(|name| is(event, name)) {
        Usual::Reprompt
    } else {
        Usual::Exit
    }
}
