//! `<exit>`: the end of everything (VoiceXML 2.0 §5.3.9).

use crate::vxml::{
    run::{Flow, Interpreter, Jump, Stop},
    wire::{Attributes, Fault},
};

/// The end, and what is said of it outside.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    expr: Option<String>,
    names: Option<Vec<String>>,
}

impl Exit {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.at_most_one(&["expr", "namelist"])?;
        Ok(Self { expr: from.owned("expr"), names: from.list("namelist") })
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let mut said = Vec::new();
        if let Some(expr) = &self.expr {
            said.extend(interpreter.plain(expr)?.map(|value| ("__exit".to_owned(), value)));
        }
        for name in self.names.iter().flatten() {
            said.extend(interpreter.plain(name)?.map(|value| (name.clone(), value)));
        }
        Ok(Flow::Jump(Jump::Exit(said)))
    }
}
