//! `<var>`: a variable of the scope in which it stands (VoiceXML 2.0 §5.3.1).

use crate::vxml::{
    run::{Interpreter, Stop},
    wire::{Attributes, Fault},
};

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) expr: Option<String>,
}

impl Var {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let name = from.name("name")?.ok_or_else(|| from.fault("name is missing"))?;
        Ok(Self { name, expr: from.initial() })
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<(), Stop> {
        // One that is declared again keeps its value (VoiceXML 2.0 §5.3.1).
        let scope = interpreter.innermost();
        if self.expr.is_none() && interpreter.engine.is_declared(&[scope], &self.name)? {
            return Ok(());
        }
        interpreter.js(|engine, chain| engine.declare(chain, &self.name, self.expr.as_deref()))
    }
}
