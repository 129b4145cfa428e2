//! Messages in a simulation: the scenario says what is in the mailbox, and whether the caller may hear it.
//!
//! Time: none passes.

use super::{Opening, world::World};
use crate::op::{LeftMessage, Mark, MarkMessage, Marked, OpenMailbox, Opened};

impl World<'_> {
    pub(super) fn open_mailbox(&mut self, open: &OpenMailbox) -> Opened {
        let whose = open.number.as_deref().map_or("of the telephone".to_owned(), |number| format!("of {number}"));
        let pin = if open.pin.is_some() { " with a PIN" } else { "" };
        self.note(format!("open the mailbox {whose}{pin}"));
        let opened = match &self.scenario.mailbox {
            Opening::Missing => Opened::Missing,
            Opening::Open(messages) => Opened::Messages(messages.clone()),
            Opening::Denied { pin, messages } if pin.is_some() && *pin == open.pin => {
                Opened::Messages(messages.clone())
            }
            Opening::Denied { .. } => Opened::Denied,
        };
        match &opened {
            Opened::Missing => self.note("… there is none"),
            Opened::Denied => self.note("… denied"),
            Opened::Messages(messages) if messages.len() == 1 => self.note("… 1 message"),
            Opened::Messages(messages) => self.note(format!("… {} messages", messages.len())),
        }
        opened
    }

    pub(super) fn mark_message(&mut self, message: MarkMessage) -> Marked {
        let name = self.message_name(message.recording);
        self.note(match message.mark {
            Mark::Heard => format!("{name} was heard"),
            Mark::New => format!("{name} is new again"),
            Mark::Deleted => format!("{name} is deleted"),
        });
        Marked::Done
    }

    /// A message of the scenario.
    pub(super) fn message(&self, recording: crate::RecordingId) -> Option<&LeftMessage> {
        let messages = match &self.scenario.mailbox {
            Opening::Missing => return None,
            Opening::Denied { messages, .. } | Opening::Open(messages) => messages,
        };
        messages.iter().find(|message| message.recording == recording)
    }

    pub(super) fn message_name(&self, recording: crate::RecordingId) -> String {
        match self.message(recording) {
            Some(message) => format!("message from {}", message.from_number),
            None if self.taken.contains_key(&recording) => format!("recording {recording}"),
            None => "no message".to_owned(),
        }
    }

    pub(super) fn message_length(&self, recording: crate::RecordingId) -> std::time::Duration {
        let length = self.message(recording).map(|message| message.length);
        length.or_else(|| self.taken.get(&recording).copied()).unwrap_or_default()
    }
}
