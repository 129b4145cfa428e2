//! Recording in a simulation: the timeline says when the caller speaks.
//!
//! Time: virtual; the end of the lifetime interrupts a message.
//! Errors: [`Interrupted`], as on a real call; a hang-up ends a message, and then the script.

use std::time::Duration;

use super::{
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Interrupted, Record, RecordEnd, Recorded, RecordingId,
    op::{Attachment, Beep, Mailbox, Trim},
};

impl World<'_> {
    pub(super) fn record(&mut self, record: &Record) -> Result<Recorded, Interrupted> {
        self.forget_digits();
        self.note(announced(record));
        let began = self.now;
        self.first_word = None;
        let ended_by = loop {
            // Silence counts from the last word.
            let last = self.spoken_until.max(began);
            let longest = began.saturating_add(record.max_length);
            let silent = record.end_silence.map_or(Duration::MAX, |silence| last.saturating_add(silence));
            match self.wait(longest.min(silent), Edge::Outside, Lifetime::Counts) {
                Ok(Waited::Pressed(digit)) if record.terminators.contains(digit) => {
                    break RecordEnd::Terminator(digit);
                }
                Ok(Waited::Pressed(digit)) => self.note(format!("… {digit} ignored")),
                Ok(Waited::Through) if self.now >= longest => break RecordEnd::MaxLength,
                // Somebody has spoken meanwhile.
                Ok(Waited::Through) if self.spoken_until > last => {}
                Ok(Waited::Through) => break RecordEnd::EndSilence,
                Err(Interrupted::RemoteHangup) => break RecordEnd::HungUp,
                Err(interrupted) => return Err(interrupted),
            }
        };
        let length = match record.trim {
            Trim::Nothing => self.now - began,
            Trim::Silence => {
                self.spoken_until.min(self.now).saturating_sub(self.first_word.unwrap_or(began).max(began))
            }
        };
        let heard_until = if record.end_silence.is_some() { self.spoken_until.min(self.now) } else { self.now };
        let kept = heard_until.saturating_sub(began) >= record.min_length && !length.is_zero();
        let why = match ended_by {
            RecordEnd::Terminator(digit) => digit.to_string(),
            RecordEnd::EndSilence => "silence".to_owned(),
            RecordEnd::MaxLength => "its longest".to_owned(),
            RecordEnd::HungUp => "the caller has gone".to_owned(),
            RecordEnd::Failed => "no further".to_owned(),
        };
        self.note(format!("… recorded {}, {why}{}", seconds(length), if kept { "" } else { ", not kept" }));
        if let Some(mailbox) = record.mailbox.as_deref().filter(|mailbox| kept && !mailbox.recipients.is_empty()) {
            self.note(told(mailbox));
        }
        self.messages += u128::from(kept);
        if kept {
            self.taken.insert(RecordingId(self.messages), length);
        }
        Ok(Recorded { recording: kept.then_some(RecordingId(self.messages)), length, ended_by })
    }
}

fn told(mailbox: &Mailbox) -> String {
    let addresses: Vec<_> = mailbox.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
    let sound = match mailbox.attachment {
        Attachment::Sound => "with the message",
        Attachment::None => "without the message",
    };
    format!("… e-mail to {}, {sound}", addresses.join(", "))
}

fn announced(record: &Record) -> String {
    let beep = match record.beep {
        Beep::Tone => ", after a beep",
        Beep::Silent => "",
    };
    let silence = record.end_silence.map(|silence| format!(", to {} of silence", seconds(silence))).unwrap_or_default();
    let trim = match record.trim {
        Trim::Nothing => "",
        Trim::Silence => ", without the silence around it",
    };
    format!("record up to {}{silence}{beep}{trim}", seconds(record.max_length))
}
