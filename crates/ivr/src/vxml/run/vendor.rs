//! The interpreter where a page is one of Contact Pro.
//!
//! Shape: the places at which the dialect changes what the form interpretation algorithm does; all else is in [`crate::vxml::contactpro`].
//! Errors: [`Stop`]; a page in other expressions than those of the session is `error.badfetch`.
//! Sources: `voicexml-customizers.md` 1.3-1.8.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};

use super::{
    Event, Flow, Interpreter, Jump, Stop,
    collect::Matched,
    fia::Visited,
    session::{declare_session, seed},
};
use crate::{
    Interrupted, Next, NoteKind,
    call::Presentation,
    op::Respond,
    vxml::{
        Answering,
        contactpro::{element::Element, place},
        model::{Document, Item, Kind},
        script::{Python, QuickJs, ScriptEngine},
    },
};

impl Interpreter<'_> {
    /// Has the session speak the language of a page's expressions: the first page chooses it.
    pub(super) fn speak(&mut self, document: &Document) -> Result<(), Stop> {
        if document.is_python == self.is_python {
            return Ok(());
        }
        let is_first = self.frame.application == self.session && self.depth == 0;
        if !is_first {
            return Err(Event::bad_fetch("a session has pages with expressions of one kind only").into());
        }
        let mut engine: Box<dyn ScriptEngine> = match document.is_python {
            true => Box::new(Python::new(seed(self.call), self.surroundings.zone())),
            false => Box::new(QuickJs::new(seed(self.call))?.heeding(self.surroundings.patience())),
        };
        engine.tell(self.surroundings.now().as_millisecond());
        self.session = engine.open(&["session"])?;
        self.engine = engine;
        self.is_python = document.is_python;
        self.frame.chain = vec![self.session];
        self.frame.application = self.session;
        self.grammars = BTreeMap::new();
        match document.is_python {
            true => self.declare_call(),
            false => Ok(declare_session(&mut *self.engine, self.session, &self.call.caller, None)?),
        }
    }

    /// The variables of the call (`voicexml-customizers.md` 1.5).
    fn declare_call(&mut self) -> Result<(), Stop> {
        let caller = self.call.caller.clone();
        let is_shown = caller.presentation == Presentation::Allowed;
        let number = if is_shown { caller.number } else { String::new() };
        let start = self.surroundings.zone().to_datetime(self.surroundings.now());
        let variables = [
            ("ANUMBER", json!(number)),
            ("BNUMBER", json!(caller.called_number)),
            ("CALLID", json!(caller.call_id)),
            ("CALLERNAME", json!(if is_shown { caller.name } else { String::new() })),
            ("LANGUAGE", json!(self.call.language.to_string())),
            ("PRIORITY", Json::Null),
            ("SKILLS", Json::Null),
            ("EXTRADATA", json!({})),
            ("IVRNUMBER", json!(self.call.served.name)),
            ("STARTTIME", json!(start.to_string())),
            ("CONNECTED", json!(self.call.answered)),
            ("DTMF", json!("")),
        ];
        for (name, value) in variables {
            self.engine.put(self.session, name, &value)?;
        }
        Ok(())
    }

    /// Answers the call, or lets the caller hear it unanswered for a while.
    pub(super) async fn open(&mut self, first: &Jump) -> Result<(), Interrupted> {
        let asks = matches!(first, Jump::Page(loaded) if loaded.document.is_early);
        if self.call.answered || !(asks || self.application.answer == Answering::ByConnect) {
            self.call.answer().await?;
            self.hear_of_sound();
            return match self.is_python {
                true => drop_error(self.engine.put(self.session, "CONNECTED", &true.into())),
                false => Ok(()),
            };
        }
        self.call.progress().await?;
        self.hear_of_sound();
        self.is_early = true;
        self.call.limit(Some(place::EARLY)).await
    }

    /// The call is answered, by us or by whoever was joined to it: the time in which it may be heard unanswered is over.
    pub(crate) async fn connected(&mut self) -> Result<(), Stop> {
        self.no_longer_early().await?;
        self.hear_of_sound();
        if self.is_python {
            self.engine.put(self.session, "CONNECTED", &true.into())?;
        }
        Ok(())
    }

    /// What ends a call that is only heard ends it no longer.
    pub(super) async fn no_longer_early(&mut self) -> Result<(), Interrupted> {
        match std::mem::take(&mut self.is_early) {
            true => self.call.limit(None).await,
            false => Ok(()),
        }
    }

    /// Nobody answered the call in the time that it may be heard so.
    pub(super) async fn too_early(&mut self) -> Result<Next, Interrupted> {
        self.call.note(NoteKind::Problem, "the call was not connected in two minutes").await?;
        self.call.respond(Respond { status: 480, phrase: None }).await?;
        Ok(Next::Finished)
    }

    /// A jump to another dialog's item is one to this dialog's own where it is the same.
    pub(super) fn within(&self, jump: Jump) -> Jump {
        match jump {
            Jump::Entry(dialog, index)
                if self.frame.visit.as_ref().is_some_and(|visit| Arc::ptr_eq(&visit.dialog, &dialog)) =>
            {
                Jump::Item(index)
            }
            other => other,
        }
    }

    /// Does what a query is for that is an item; its variable is the result, or true where that is nothing.
    pub(super) async fn control(&mut self, item: &Arc<Item>, element: &Element) -> Result<Visited, Stop> {
        let scope = self.innermost();
        // As a block, it is visited once, whatever comes of it.
        self.engine.put(scope, &item.name, &true.into())?;
        let visited = match Box::pin(element.run(self)).await? {
            Flow::On => Visited::Filled,
            Flow::Jump(jump) => Visited::Jump(jump),
        };
        let kind = match element {
            Element::Callout(_) => "callout",
            Element::Customstate(_) => "customstate",
            _ => "soap",
        };
        let result = match element.id() {
            Some(id) => self.result(kind, id)?,
            None => Json::Null,
        };
        if !result.is_null() {
            self.engine.put(scope, &item.name, &result)?;
        }
        Ok(visited)
    }

    /// Whether a handler of noinput or nomatch said nothing: the item's prompts are said again then, as nothing else could say them.
    pub(super) fn says_nothing(&self, event: &str, waiting: usize) -> bool {
        self.is_vendor() && matches!(event, "noinput" | "nomatch") && self.queue.len() == waiting
    }

    /// Keeps what an item holds, so that other elements may name it.
    pub(super) fn keep_item(&mut self, store: &str, item: &Arc<Item>, value: &Json) -> Result<(), Stop> {
        match self.is_python && item.is_named {
            true => self.keep_result(store, &item.name, value),
            false => Ok(()),
        }
    }

    /// The keys of a choice are what its menu holds.
    pub(super) fn chosen(&mut self, keys: &str) -> Result<(), Stop> {
        let menu = self.frame.visit.as_ref().and_then(|visit| visit.dialog.id.clone());
        match menu.filter(|_| self.is_python) {
            Some(menu) => self.keep_result("menu", &menu, &json!(keys)),
            None => Ok(()),
        }
    }

    /// Fills the field that was asked for with what the keys mean.
    pub(super) async fn fill_plain(&mut self, matched: &Matched, current: Option<usize>) -> Result<Option<Jump>, Stop> {
        let value = self.engine.json(&[matched.meaning], "{i}")?.unwrap_or(Json::Null);
        self.engine.close(matched.meaning);
        let Some(visit) = &self.frame.visit else { return Ok(None) };
        let (dialog, scope) = (visit.dialog.clone(), visit.scope(&self.frame.chain));
        let field = current.filter(|index| matches!(dialog.items[*index].kind, Kind::Field(_)));
        if let Some(index) = field {
            let item = &dialog.items[index];
            self.engine.put(scope, &item.name, &value)?;
            self.keep_item("field", item, &value)?;
        }
        self.process(field.into_iter().collect()).await
    }
}

/// What cannot be kept is no reason to end a call.
fn drop_error<E>(result: Result<(), E>) -> Result<(), Interrupted> {
    drop(result);
    Ok(())
}
