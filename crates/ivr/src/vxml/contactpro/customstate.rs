//! `<customstate>`: a method of the IVR's customizer is called.
//!
//! Sources: `voicexml-customizers.md` 1.3, 1.8, 2.2, 2.3; 6, rows 2, 3, 4.

use std::time::Duration;

use serde_json::Value as Json;

use super::query::{Failure, Query};
use crate::{
    NoteKind,
    call::Presentation,
    op::{AboutCall, AllowFlow, Changes, CustomErrorKind, Customize, Flow as CustomFlow},
    vxml::{
        elements::{Reader, terms::FetchTerms},
        model::Start,
        run::{Event, Flow, Interpreter, Request, Stop},
        wire::{Attributes, Fault},
    },
};

/// How long a method may take with a timer that has no time of its own.
const TIMER: Duration = Duration::from_secs(5);

/// A method to be called.
#[derive(Clone, Debug)]
pub(crate) struct Customstate {
    pub(crate) query: Query,
    method: String,
    /// `None` without a timer: as long as whoever performs it allows.
    timer: Option<Duration>,
}

impl Customstate {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let method = from.vendor("method").ok_or_else(|| from.fault("method is missing"))?.to_owned();
        let timer = match from.vendor("timer") {
            None | Some("false") => None,
            Some("true") => Some(from.vendor_time("timeout")?.unwrap_or(TIMER)),
            Some(other) => return Err(from.fault(format!("timer is true or false, not {other:?}"))),
        };
        Ok(Self { query: Query::read(from, reader)?, method, timer })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let params = self.query.values(interpreter)?;
        let about = interpreter.about()?;
        interpreter.keep_result("customstate", &self.query.id, &Json::Null)?;
        interpreter.flush(false).await?;
        let extension = interpreter.call.served.id;
        let asked = Customize { extension, method: self.method.clone(), params, about, timer: self.timer };
        let answer = interpreter.call.customize(asked).await?;
        interpreter.rested();
        match answer {
            Ok(result) => {
                interpreter.keep_result("customstate", &self.query.id, &result.value)?;
                interpreter.change(result.changes).await
            }
            Err(error) => {
                let kind = error.kind.as_str();
                let failure = Failure {
                    event: format!("error.customstate.{kind}"),
                    kind: kind.to_owned(),
                    is_timeout: error.kind == CustomErrorKind::Timeout,
                    message: error.message,
                };
                self.query.failed(failure, interpreter).await
            }
        }
    }
}

impl Interpreter<'_> {
    /// What a customizer is told of the call.
    fn about(&mut self) -> Result<AboutCall, Stop> {
        let documents = [self.frame.root(), Some(self.frame.document.clone())];
        let names: Vec<String> = documents
            .iter()
            .flatten()
            .flat_map(|document| &document.start)
            .filter_map(|start| if let Start::Var(var) = start { Some(var.name.clone()) } else { None })
            .collect();
        let mut vars = Vec::new();
        for name in names {
            let value = self.json(&name)?;
            vars.push((name, value));
        }
        let caller = &self.call.caller;
        let is_shown = caller.presentation == Presentation::Allowed;
        Ok(AboutCall {
            id: caller.call_id.clone(),
            from_number: if is_shown { caller.number.clone() } else { String::new() },
            to_number: caller.called_number.clone(),
            language: self.attached.language.clone().unwrap_or_else(|| self.call.language.to_string()),
            vars,
            extra_data: self.attached.extra.clone(),
            headers: caller.sip.headers.clone(),
            flow: self.application().flow,
        })
    }

    /// Does what a method wants changed.
    async fn change(&mut self, changes: Changes) -> Result<Flow, Stop> {
        for (name, value) in &changes.vars {
            let is_free = !self.engine.is_declared(&[self.session], name)?;
            if !is_free || !crate::vxml::wire::is_name(name) {
                let text = format!("the customizer cannot set {name}");
                self.call.note(NoteKind::Problem, text).await?;
                continue;
            }
            let scope = self.global(name)?;
            self.engine.put(scope, name, value)?;
        }
        if let Some(extra) = changes.extra_data {
            self.attached.extra.clear();
            for (name, value) in extra {
                self.attached.attach(&name, value)?;
            }
            self.show_extra()?;
        }
        if let Some(language) = changes.language {
            self.speak_language(&language)?;
        }
        if let Some(priority) = changes.priority {
            self.set_priority(priority)?;
        }
        if let Some(skills) = changes.skills {
            self.set_skills(skills)?;
        }
        match changes.flow {
            None => Ok(Flow::On),
            Some(_) if self.application().flow == AllowFlow::No => {
                self.call.note(NoteKind::Problem, "the customizer may not say where the pages go on").await?;
                Ok(Flow::On)
            }
            Some(CustomFlow::Goto(address)) => {
                self.page(&address, Request::get(), &FetchTerms::default()).await.map(Flow::Jump)
            }
            Some(CustomFlow::Throw { event, message }) => Err(Event::with(&event, message).into()),
        }
    }

    /// The scope of a page's variable, or the application's for one that is not there yet.
    fn global(&mut self, name: &str) -> Result<crate::vxml::script::ScopeId, Stop> {
        let scopes: Vec<_> = self.frame.chain.iter().copied().skip(1).take(2).collect();
        for scope in scopes.into_iter().rev() {
            if self.engine.is_declared(&[scope], name)? {
                return Ok(scope);
            }
        }
        Ok(self.frame.application())
    }
}
