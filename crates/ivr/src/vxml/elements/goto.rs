//! `<goto>`: on to another item, dialog or page (VoiceXML 2.0 §5.3.7).

use super::terms::FetchTerms;
use crate::vxml::{
    run::{Event, Flow, Interpreter, Jump, Request, Stop},
    wire::{Attributes, Fault, Given},
};

/// Where to go.
#[derive(Clone, Debug)]
pub(crate) struct Goto {
    target: Target,
    terms: FetchTerms,
}

#[derive(Clone, Debug)]
enum Target {
    Page(Given),
    Item(Given),
}

impl Goto {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.exactly_one(&["next", "expr", "nextitem", "expritem"])?;
        let target = match from.given("next", "expr")? {
            Some(page) => Target::Page(page),
            None => Target::Item(from.given("nextitem", "expritem")?.ok_or_else(|| from.fault("it leads nowhere"))?),
        };
        Ok(Self { target, terms: FetchTerms::read(from)? })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        match &self.target {
            Target::Page(given) => {
                let address = interpreter.given(given)?;
                interpreter.page(&address, Request::get(), &self.terms).await.map(Flow::Jump)
            }
            Target::Item(given) => {
                let name = interpreter.given(given)?;
                let visit = interpreter.frame.visit.as_ref();
                let item = visit.and_then(|visit| visit.dialog.item(&name));
                let item = item.ok_or_else(|| Event::bad_fetch(format!("there is no item {name}")))?;
                Ok(Flow::Jump(Jump::Item(item)))
            }
        }
    }
}
