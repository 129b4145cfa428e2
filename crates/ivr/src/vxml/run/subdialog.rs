//! A dialog in a context of its own.
//!
//! Shape: the frame is put aside, a new one runs until it returns, and the old one goes on.
//! Errors: what the subdialog throws at its caller is an event of the item; one inside it stays inside.
//! Sources: VoiceXML 2.0 §2.3.4; `voicexml-customizers.md` 4.

use std::sync::Arc;

use super::{
    Event, Frame, Interpreter, Jump, Loaded, MAX_SUBDIALOGS, Returned, Stop,
    fia::{Params, Visited},
    session::Ended,
};
use crate::vxml::{
    elements::subdialog::Subdialog,
    model::{Dialog, Item},
};

impl Interpreter<'_> {
    pub(super) async fn subdialog(&mut self, item: &Arc<Item>, subdialog: &Subdialog) -> Result<Visited, Stop> {
        if self.depth >= MAX_SUBDIALOGS {
            return Err(Event::semantic(format!("subdialogs more than {MAX_SUBDIALOGS} deep")).into());
        }
        let address = self.given(&subdialog.source)?;
        let names = subdialog.sending.names.clone().unwrap_or_default();
        let request = self.request(&subdialog.sending, &names)?;
        let mut params = Params::new();
        for (name, value) in &subdialog.params {
            let scope = self.engine.open(&[])?;
            match value {
                crate::vxml::wire::Given::Text(text) => self.engine.put(scope, "p", &text.clone().into())?,
                crate::vxml::wire::Given::Expr(expr) => {
                    self.js(|engine, chain| engine.bind(chain, expr, scope, "p"))?
                }
            }
            params.insert(name.clone(), scope);
        }
        let first = match self.page(&address, request, &subdialog.terms).await? {
            Jump::Dialog(dialog) => Jump::Page(Box::new(self.again(&dialog))),
            Jump::Page(loaded) => Jump::Page(Box::new(Loaded { keeps_root: false, ..*loaded })),
            other => other,
        };
        let inner = Frame {
            document: self.frame.document.clone(),
            root: None,
            application: self.session,
            chain: vec![self.session],
            visit: None,
        };
        let outer = std::mem::replace(&mut self.frame, inner);
        self.depth += 1;
        let ended = self.context(first, params).await;
        self.depth -= 1;
        self.leave_dialog();
        let mut inner = std::mem::replace(&mut self.frame, outer);
        inner.chain.drain(1..).for_each(|scope| self.engine.close(scope));
        match ended? {
            Ended::Exit(said) => Ok(Visited::Jump(Jump::Exit(said))),
            Ended::HandOver(extension) => Ok(Visited::Jump(Jump::HandOver(extension))),
            Ended::Return(Returned::Event(event)) => Err(event.into()),
            Ended::Return(Returned::Values(values)) => {
                let scope = self.frame.visit.as_ref().map_or(self.session, |visit| visit.scope(&self.frame.chain));
                self.engine.bind(&[values], "r", scope, &item.name)?;
                self.engine.close(values);
                Ok(Visited::Filled)
            }
        }
    }

    /// This document, to be entered anew at a dialog.
    fn again(&self, dialog: &Arc<Dialog>) -> Loaded {
        Loaded {
            document: self.frame.document.clone(),
            root: self.frame.root.clone(),
            keeps_root: false,
            dialog: dialog.id.clone(),
        }
    }
}
