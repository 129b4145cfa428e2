//! `<return>`: the end of a subdialog (VoiceXML 2.0 §5.3.10).

use super::throw::Throw;
use crate::vxml::{
    run::{Event, Flow, Interpreter, Jump, Returned, Stop},
    wire::{Attributes, Fault},
};

/// The end of a subdialog, with variables or an event for who called it.
#[derive(Clone, Debug)]
pub(crate) struct Return {
    names: Vec<String>,
    event: Option<Throw>,
}

impl Return {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.at_most_one(&["namelist", "event", "eventexpr"])?;
        Ok(Self { names: from.list("namelist").unwrap_or_default(), event: Throw::optional(from)? })
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        if interpreter.depth == 0 {
            return Err(Event::semantic("return stands in no subdialog").into());
        }
        if let Some(event) = &self.event {
            let event = event.event(interpreter)?;
            return Ok(Flow::Jump(Jump::Return(Returned::Event(event))));
        }
        let result = interpreter.collected(&self.names)?;
        Ok(Flow::Jump(Jump::Return(Returned::Values(result))))
    }
}
