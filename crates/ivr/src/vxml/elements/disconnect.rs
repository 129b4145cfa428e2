//! `<disconnect>`: the caller is hung up, and the page hears of it as if they had (VoiceXML 2.0 §5.3.11,
//! VoiceXML 2.1 §8).

use crate::{
    op::Cause,
    vxml::{
        run::{Event, Flow, Interpreter, Stop},
        wire::{Attributes, Fault},
    },
};

/// The end of the call, and what is said of it outside.
#[derive(Clone, Debug)]
pub(crate) struct Disconnect {
    names: Option<Vec<String>>,
}

impl Disconnect {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        Ok(Self { names: from.list("namelist") })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let mut said = Vec::new();
        for name in self.names.iter().flatten() {
            said.extend(interpreter.plain(name)?.map(|value| (name.clone(), value)));
        }
        interpreter.flush(false).await?;
        if !interpreter.is_over {
            interpreter.conclude("disconnect", said).await?;
            interpreter.call.hangup(Cause::NORMAL).await?;
        }
        Err(Event::new("connection.disconnect.hangup").into())
    }
}
