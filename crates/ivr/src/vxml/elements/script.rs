//! `<script>`: ECMAScript that is run in the scope in which it stands (VoiceXML 2.0 §5.3.12).

use super::terms::FetchTerms;
use crate::vxml::{
    run::{Interpreter, Stop},
    wire::{Attributes, Fault, Given},
};

/// A script.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    source: Source,
    terms: FetchTerms,
}

#[derive(Clone, Debug)]
enum Source {
    Inline(String),
    Outside(Given),
}

impl Script {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let inline = from.text();
        let is_empty = inline.trim().is_empty();
        let source = match from.given("src", "srcexpr")? {
            Some(_) if !is_empty => return Err(from.fault("src and a script in it exclude each other")),
            Some(outside) => Source::Outside(outside),
            None if is_empty => return Err(from.fault("there is neither src nor srcexpr nor a script in it")),
            None => Source::Inline(inline),
        };
        Ok(Self { source, terms: FetchTerms::read(from)? })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<(), Stop> {
        match &self.source {
            Source::Inline(source) => interpreter.js(|engine, chain| engine.run(chain, source)),
            Source::Outside(given) => {
                let address = interpreter.given(given)?;
                let text = interpreter.text_of(&address, &self.terms, "script").await?;
                interpreter.js(|engine, chain| engine.run(chain, &text))
            }
        }
    }
}
