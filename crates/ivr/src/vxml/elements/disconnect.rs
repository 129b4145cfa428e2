//! `<disconnect>`: the caller is hung up, and the page hears of it as if they had (VoiceXML 2.0 §5.3.11).

use crate::{
    op::Cause,
    vxml::{
        run::{Event, Flow, Interpreter, Stop},
        wire::Attributes,
    },
};

/// The end of the call.
#[derive(Clone, Debug)]
pub(crate) struct Disconnect;

impl Disconnect {
    pub(crate) fn read(_: Attributes<'_, '_>) -> Self {
        Self
    }

    pub(crate) async fn run(interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        interpreter.flush(false).await?;
        if !interpreter.is_over {
            interpreter.call.hangup(Cause::NORMAL).await?;
        }
        Err(Event::new("connection.disconnect.hangup").into())
    }
}
