//! `<foreach>`: the same for each element of an array (VoiceXML 2.1 §6).

use super::{
    Reader,
    exec::{self, Content},
};
use crate::vxml::{
    run::{Event, Flow, Interpreter, Stop},
    script::ScopeId,
    wire::{Attributes, Fault},
};

/// A loop over an array, which is copied at its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Foreach {
    pub(crate) array: String,
    pub(crate) item: String,
    content: Content,
}

/// Where the array is kept, alone in its scope: a name in all languages of expressions.
pub(crate) const ARRAY: &str = "_array";

impl Foreach {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let item = from.name("item")?.ok_or_else(|| from.fault("item is missing"))?;
        Ok(Self { array: from.required("array")?, item, content: exec::read(from.0, reader)? })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let (scope, length) = interpreter.array(&self.array)?;
        let ended = self.each(interpreter, scope, length).await;
        interpreter.engine.close(scope);
        ended
    }

    async fn each(&self, interpreter: &mut Interpreter<'_>, scope: ScopeId, length: usize) -> Result<Flow, Stop> {
        for at in 0..length {
            interpreter.element(scope, at, &self.item)?;
            if let Flow::Jump(jump) = interpreter.exec_here(&self.content).await? {
                return Ok(Flow::Jump(jump));
            }
        }
        Ok(Flow::On)
    }
}

impl Interpreter<'_> {
    /// A copy of an array, in a scope of its own, and its length.
    pub(crate) fn array(&mut self, expr: &str) -> Result<(ScopeId, usize), Stop> {
        let scope = self.engine.open(&[])?;
        let length = self.js(|engine, chain| engine.array(chain, expr, scope, ARRAY))?;
        length.map(|length| (scope, length)).ok_or_else(|| Event::semantic(format!("{expr} is no array")).into())
    }

    /// Makes a variable hold an element of such a copy.
    pub(crate) fn element(&mut self, scope: ScopeId, at: usize, name: &str) -> Result<(), Stop> {
        let target = self.innermost();
        Ok(self.engine.bind(&[scope], &format!("{ARRAY}[{at}]"), target, name)?)
    }
}
