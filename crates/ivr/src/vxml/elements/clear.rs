//! `<clear>`: variables become undefined, and the counters of items begin anew (VoiceXML 2.0 §5.3.3).

use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::Attributes,
};

/// What to clear; all items of the form where nothing is named.
#[derive(Clone, Debug)]
pub(crate) struct Clear {
    names: Option<Vec<String>>,
}

impl Clear {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Self {
        Self { names: from.list("namelist").filter(|names| !names.is_empty()) }
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        if interpreter.is_vendor() {
            for name in self.names.iter().flatten() {
                interpreter.clear_named(name)?;
            }
            if self.names.is_none() {
                interpreter.clear_fields()?;
            }
            return Ok(Flow::On);
        }
        let dialog = interpreter.frame.visit.as_ref().map(|visit| visit.dialog.clone());
        let all = || dialog.iter().flat_map(|dialog| dialog.items.iter().map(|item| item.name.clone())).collect();
        for name in self.names.clone().unwrap_or_else(all) {
            interpreter.js(|engine, chain| engine.reset(chain, &name))?;
            if let Some(visit) = &mut interpreter.frame.visit {
                visit.clear(&name);
            }
        }
        Ok(Flow::On)
    }
}
