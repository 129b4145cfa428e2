//! `<log>`: a line for whoever debugs the page (VoiceXML 2.0 §5.3.13).

use super::{
    Reader,
    speakable::{self, Speakable},
};
use crate::{
    NoteKind,
    vxml::{
        run::{Flow, Interpreter, Stop},
        wire::{Attributes, Fault, collapsed},
    },
};

/// A line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    label: Option<String>,
    expr: Option<String>,
    content: Vec<Speakable>,
}

impl Log {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let content = speakable::all(from.0, reader)?;
        Ok(Self { label: from.owned("label"), expr: from.owned("expr"), content })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let mut text = match &self.label {
            Some(label) => format!("{label}: "),
            None => String::new(),
        };
        for piece in &self.content {
            match piece {
                Speakable::Text(words) => text += words,
                Speakable::Value(expr) => text += &interpreter.text(expr)?.unwrap_or_default(),
                _ => {}
            }
        }
        if let Some(expr) = &self.expr {
            text += &interpreter.text(expr)?.unwrap_or_default();
        }
        let line: String = collapsed(&text).chars().take(1_000).collect();
        interpreter.call.note(NoteKind::Log, line).await?;
        Ok(Flow::On)
    }
}
