//! Objects of the platform: a method of the customizer is called, and what it returns is the value of the item.
//!
//! Errors: `error.unsupported.objectname` for any other; `error.customstate.*` where the method returns nothing.
//! Sources: VoiceXML 2.0 §2.3.5; `voicexml-customizers.md` 2.2, 2.3, 3.2.

use std::sync::Arc;

use super::{Event, Interpreter, Stop, fia::Visited};
use crate::{
    NoteKind,
    call::Presentation,
    op::{AboutCall, Changes, Customize},
    vxml::{
        elements::object::Object,
        model::Item,
        wire::{Given, is_name, time},
    },
};

impl Interpreter<'_> {
    pub(super) async fn object(&mut self, item: &Arc<Item>, object: &Object) -> Result<Visited, Stop> {
        let Some(method) = &object.method else {
            return Err(Event::new("error.unsupported.objectname").into());
        };
        let mut params = Vec::new();
        for (name, given) in &object.params {
            let value = match given {
                Given::Text(text) => text.clone().into(),
                Given::Expr(expr) => self.js(|engine, chain| engine.json(chain, expr))?.unwrap_or_default(),
            };
            params.push((name.clone(), value));
        }
        self.flush(false).await?;
        let extension = self.call.served.id;
        let timer = object.terms.timeout.or_else(|| self.property("fetchtimeout").and_then(time));
        let asked = Customize { extension, method: method.clone(), params, about: self.about_call(), timer };
        let customized = self.call.customize(asked).await?;
        self.rested();
        let result = customized
            .map_err(|error| Event::with(&format!("error.customstate.{}", error.kind.as_str()), error.message))?;
        self.set_variables(result.changes).await?;
        let scope = self.frame.visit.as_ref().map_or(self.session, |visit| visit.scope(&self.frame.chain));
        self.engine.put(scope, &item.name, &result.value)?;
        Ok(Visited::Filled)
    }

    /// What a customizer is told of the call.
    fn about_call(&self) -> AboutCall {
        let caller = &self.call.caller;
        let is_shown = caller.presentation == Presentation::Allowed;
        AboutCall {
            id: caller.call_id.clone(),
            from_number: if is_shown { caller.number.clone() } else { String::new() },
            to_number: caller.called_number.clone(),
            language: self.call.language.to_string(),
            headers: caller.sip.headers.clone(),
            ..AboutCall::default()
        }
    }

    /// Sets what a method wants set: variables of the page, or of its application. All else means nothing to a page.
    async fn set_variables(&mut self, changes: Changes) -> Result<(), Stop> {
        let Changes { vars, extra_data, language, priority, skills, flow } = changes;
        let outer: Vec<_> = self.frame.chain.iter().copied().skip(1).take(2).collect();
        for (name, value) in vars {
            if !is_name(&name) || self.engine.is_declared(&[self.session], &name)? {
                self.call.note(NoteKind::Problem, format!("the customizer cannot set {name}")).await?;
                continue;
            }
            let mut scope = self.frame.application;
            for known in &outer {
                if self.engine.is_declared(&[*known], &name)? {
                    scope = *known;
                }
            }
            self.engine.put(scope, &name, &value)?;
        }
        let others = [extra_data.is_some(), language.is_some(), priority.is_some(), skills.is_some(), flow.is_some()];
        if others.contains(&true) {
            let text = "the customizer wants more changed than variables, which a page of this dialect has not";
            self.call.note(NoteKind::Problem, text).await?;
        }
        Ok(())
    }
}
