//! Where the flow goes in this dialect: from one element of the top to the next, to any identifier, and out of the call.
//!
//! Sources: `voicexml-customizers.md` 1.3, 1.6, 1.7; 6, rows 12 and 15.

use std::time::Duration;

use serde_json::Value as Json;

use crate::{
    op::{Cause, Respond},
    vxml::{
        model::{Dialog, Document, Kind},
        run::{Event, Flow, Interpreter, Jump, Stop},
        wire::{Attributes, Fault, Given, is_name},
    },
};

/// How long a call may be heard without being answered.
pub(crate) const EARLY: Duration = Duration::from_secs(120);

/// Where a call is to go.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum Destination {
    /// What is dialled.
    Number(String),
    /// A queue of the client.
    Queue(String),
}

/// Where a destination leads: a text, a number, or a dictionary with one of them, which is a queue behind `queue:` and under `queue`.
pub(crate) fn destination(value: &Json) -> Result<Destination, String> {
    let text = |value: &Json| match value {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let (found, is_queue) = match value {
        Json::Object(all) => {
            let found = ["destination", "number", "queue"].iter().find_map(|key| all.get_key_value(*key));
            found.map_or((String::new(), false), |(key, value)| (text(value), key == "queue"))
        }
        other => (text(other), false),
    };
    let queue = found.strip_prefix("queue:").map(str::trim).or(is_queue.then_some(found.as_str()));
    match (queue, found.strip_prefix("tel:").unwrap_or(&found)) {
        (Some(""), _) | (None, "") => Err("the destination is empty".to_owned()),
        (Some(queue), _) => Ok(Destination::Queue(queue.to_owned())),
        (None, number) => Ok(Destination::Number(number.to_owned())),
    }
}

/// The SIP status that stands for a cause where a call was never answered.
fn status(cause: u8) -> u16 {
    match cause {
        1 => 404,
        17 => 486,
        21 => 403,
        34 | 38 | 41 | 42 => 503,
        _ => 480,
    }
}

/// The cause for which a transfer failed (`voicexml-customizers.md` 1.7).
pub(crate) fn cause(status: u16) -> Cause {
    match status {
        408 => Cause(18),
        480 | 487 => Cause::NO_ANSWER,
        other => Cause::of_status(other),
    }
}

/// Refuses a page in which two things are called the same.
pub(crate) fn check_identifiers(document: &Document, root: Attributes<'_, '_>) -> Result<(), Fault> {
    let mut known = std::collections::BTreeSet::new();
    for dialog in &document.dialogs {
        let items = dialog.items.iter().filter(|item| item.is_named).map(|item| (item.name.as_str(), Some(item.at)));
        // A block or query at the top is a dialog with the name of its one item.
        let own = dialog.id.as_deref().filter(|id| !dialog.items.iter().any(|item| item.name == *id));
        for (name, at) in items.chain(own.map(|id| (id, None))) {
            if !known.insert(name.to_owned()) {
                let fault = root.fault(format!("two elements are called {name}"));
                return Err(at.map_or(fault.clone(), |at| Fault { at, element: None, ..fault }));
            }
        }
    }
    Ok(())
}

impl Interpreter<'_> {
    /// Whether the page is one of this dialect.
    pub(crate) fn is_vendor(&self) -> bool {
        self.frame.document.is_vendor
    }

    /// Where an identifier of the page leads: to a dialog, or to an item of any.
    pub(crate) fn identified(&self, address: &str) -> Option<Jump> {
        let address = address.trim();
        let name = address.strip_prefix('#').or_else(|| is_name(address).then_some(address))?;
        if let Some(dialog) = self.frame.document.dialog(Some(name)) {
            return Some(Jump::Dialog(dialog.clone()));
        }
        let of = |dialog: &std::sync::Arc<Dialog>| Some(Jump::Entry(dialog.clone(), dialog.item(name)?));
        self.frame.document.dialogs.iter().find_map(of)
    }

    /// What comes behind a dialog that led nowhere: the next one of the page, or the end.
    pub(crate) fn fall_through(&self) -> Jump {
        let end = Jump::Exit(Vec::new());
        if !self.is_vendor() {
            return end;
        }
        let Some(visit) = &self.frame.visit else { return end };
        let dialogs = &self.frame.document.dialogs;
        let at = dialogs.iter().position(|dialog| std::sync::Arc::ptr_eq(dialog, &visit.dialog));
        at.and_then(|at| dialogs.get(at + 1)).cloned().map_or(end, Jump::Dialog)
    }

    /// Answers a call that was only heard so far.
    pub(crate) async fn connect(&mut self) -> Result<(), Stop> {
        // What was queued before is heard before.
        self.flush(false).await?;
        if self.is_over {
            return Ok(());
        }
        self.call.answer().await?;
        self.connected().await
    }

    /// Hangs up with a cause; one that is not given is 16, or 17 for a call that was never answered.
    pub(crate) async fn disconnect(
        &mut self,
        cause: Option<&Given>,
        said: Vec<(String, String)>,
    ) -> Result<Flow, Stop> {
        let cause = match cause {
            None => None,
            Some(given) => {
                let text = self.given(given)?;
                let number = text.trim().parse::<u8>().ok().filter(|cause| (1..=127).contains(cause));
                Some(number.ok_or_else(|| Event::semantic(format!("{text:?} is no cause")))?)
            }
        };
        self.flush(false).await?;
        if !self.is_over {
            self.conclude("disconnect", said).await?;
        }
        if !self.is_over && self.call.answered {
            self.call.hangup(cause.map_or(Cause::NORMAL, Cause)).await?;
        } else if !self.is_over {
            let status = status(cause.unwrap_or(Cause::USER_BUSY.0));
            self.call.respond(Respond { status, phrase: None }).await?;
        }
        Err(Event::hangup().into())
    }

    /// What a name of `clear` begins anew (`voicexml-customizers.md` 1.4).
    pub(crate) fn clear_named(&mut self, name: &str) -> Result<(), Stop> {
        let mut found = self.is_declared(name)?;
        if found {
            self.js(|engine, chain| engine.reset(chain, name))?;
        }
        found |= self.clear_results(name)?;
        if let Some(visit) = &mut self.frame.visit {
            visit.clear(name);
        }
        let document = self.frame.document.clone();
        if let Some(dialog) = document.dialog(Some(name)) {
            found = true;
            for item in &dialog.items {
                self.clear_results(&item.name)?;
            }
            self.clear_dialog(dialog)?;
        }
        found |= document.dialogs.iter().any(|dialog| dialog.item(name).is_some());
        if found { Ok(()) } else { Err(Event::semantic(format!("there is nothing called {name} to clear")).into()) }
    }

    /// All fields of the dialog that runs.
    pub(crate) fn clear_fields(&mut self) -> Result<(), Stop> {
        let Some(dialog) = self.frame.visit.as_ref().map(|visit| visit.dialog.clone()) else { return Ok(()) };
        for item in dialog.items.iter().filter(|item| matches!(item.kind, Kind::Field(_))) {
            self.clear_named(&item.name)?;
        }
        Ok(())
    }

    /// The counters of a dialog that runs, and all its items.
    fn clear_dialog(&mut self, dialog: &Dialog) -> Result<(), Stop> {
        let is_running = self.frame.visit.as_ref().is_some_and(|visit| visit.dialog.id == dialog.id);
        if !is_running {
            return Ok(());
        }
        for item in &dialog.items {
            self.js(|engine, chain| engine.reset(chain, &item.name))?;
        }
        if let Some(visit) = &mut self.frame.visit {
            visit.begin_anew();
        }
        Ok(())
    }

    fn clear_results(&mut self, name: &str) -> Result<bool, Stop> {
        let mut found = false;
        let application = self.frame.application();
        for store in &crate::vxml::script::python::STORES[1..] {
            let is_kept = match self.is_python {
                true => self.engine.is_set(application, &format!("{store}:{name}"))?,
                false => self.engine.is_set(application, store)?,
            };
            if is_kept && (self.is_python || matches!(*store, "soap" | "customstate" | "callout")) {
                self.keep_result(store, name, &Json::Null)?;
                found |= self.is_python;
            }
        }
        Ok(found)
    }
}
