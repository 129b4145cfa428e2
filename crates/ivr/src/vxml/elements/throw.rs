//! `<throw>`: an event happens (VoiceXML 2.0 §5.2.1).

use crate::vxml::{
    run::{Event, Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Given},
};

/// The longest name of an event, in bytes: each of its parts is counted.
const MAX_NAME: usize = 256;

/// An event of the page's own making.
#[derive(Clone, Debug)]
pub(crate) struct Throw {
    pub(crate) event: Given,
    pub(crate) message: Option<Given>,
}

impl Throw {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        Self::optional(from)?.ok_or_else(|| from.fault("there is neither event nor eventexpr"))
    }

    /// The event of an element that may have one.
    pub(crate) fn optional(from: Attributes<'_, '_>) -> Result<Option<Self>, Fault> {
        let message = from.given("message", "messageexpr")?;
        Ok(from.given("event", "eventexpr")?.map(|event| Self { event, message }))
    }

    pub(crate) fn event(&self, interpreter: &mut Interpreter<'_>) -> Result<Event, Stop> {
        let name = interpreter.given(&self.event)?;
        if name.len() > MAX_NAME {
            return Err(Event::semantic(format!("the name of an event has more than {MAX_NAME} bytes")).into());
        }
        let message = self.message.as_ref().map(|message| interpreter.given(message)).transpose()?;
        Ok(Event { name, message, is_end: false, at: None })
    }

    pub(crate) fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let event = self.event(interpreter)?;
        Err(Stop::Event(event))
    }
}
