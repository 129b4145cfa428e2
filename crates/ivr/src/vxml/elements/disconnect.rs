//! `<disconnect>`: the caller is hung up, and the page hears of it as if they had (VoiceXML 2.0 §5.3.11,
//! VoiceXML 2.1 §8); with a cause of the vendor's.

use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Given},
};

/// The end of the call, and what is said of it outside.
#[derive(Clone, Debug)]
pub(crate) struct Disconnect {
    names: Option<Vec<String>>,
    /// A cause of Q.850.
    cause: Option<Given>,
}

impl Disconnect {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        Ok(Self { names: from.list("namelist"), cause: from.direct("cause", "causeexpr") })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let mut said = Vec::new();
        for name in self.names.iter().flatten() {
            said.extend(interpreter.plain(name)?.map(|value| (name.clone(), value)));
        }
        interpreter.disconnect(self.cause.as_ref(), said).await
    }
}
