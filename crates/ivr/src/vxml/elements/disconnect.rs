//! `<disconnect>`: the caller is hung up, and the page hears of it as if they had (VoiceXML 2.0 §5.3.11); with a cause of the vendor's.

use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Given},
};

/// The end of the call.
#[derive(Clone, Debug)]
pub(crate) struct Disconnect {
    /// A cause of Q.850.
    cause: Option<Given>,
}

impl Disconnect {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Self {
        Self { cause: from.direct("cause", "causeexpr") }
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        interpreter.disconnect(self.cause.as_ref()).await
    }
}
