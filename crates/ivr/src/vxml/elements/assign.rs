//! `<assign>`: a variable that is declared, or a property of one, gets another value (VoiceXML 2.0 §5.3.2).

use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault, is_name},
};

/// A change of a variable.
#[derive(Clone, Debug)]
pub(crate) struct Assign {
    name: String,
    expr: String,
}

impl Assign {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let name = from.required("name")?;
        let root = name.split(['.', '[']).next().unwrap_or_default();
        if !is_name(root) {
            return Err(from.fault(format!("{name:?} names no variable")));
        }
        Ok(Self { expr: from.required("expr")?, name })
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let session = interpreter.session;
        interpreter.js(|engine, chain| engine.assign(chain, &self.name, &self.expr, session))?;
        Ok(Flow::On)
    }
}
