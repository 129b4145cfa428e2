//! Hearing the messages of a mailbox, as its owner.
//!
//! Shape: [`OpenMailbox`] says whose it is and gives the list of messages; each is then said as [`Prompt::Message`](super::Prompt::Message),
//! and marked by [`MarkMessage`].
//! Time: opening and marking wait for nobody but the server's own disk.
//! Errors: whoever may not is told so; a message that is gone cannot be marked.

use std::time::Duration;

use crate::RecordingId;

/// A mailbox to be opened.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct OpenMailbox {
    /// The internal number of its menu; `None` is the mailbox of the telephone that calls.
    pub number: Option<String>,
    /// What the caller says that its PIN is.
    pub pin: Option<String>,
}

/// What came of an [`OpenMailbox`].
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Opened {
    /// Its messages, the oldest first.
    Messages(Vec<LeftMessage>),
    /// The caller is not at its telephone, and the PIN is not its.
    Denied,
    /// There is none.
    Missing,
}

/// A message in a mailbox.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct LeftMessage {
    /// Its recording.
    pub recording: RecordingId,
    /// Whether somebody has heard it.
    pub heard: bool,
    /// The caller's number; empty when hidden.
    pub from_number: String,
    /// The caller's name; may be empty.
    pub from_name: String,
    /// When it began, as `2026-11-27 03:10:00` in UTC.
    pub left: String,
    /// How long it is.
    pub length: Duration,
}

/// What becomes of a message.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct MarkMessage {
    /// Which.
    pub recording: RecordingId,
    /// What it is from now on.
    pub mark: Mark,
}

/// What a message is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Mark {
    /// Somebody has heard it.
    Heard,
    /// It is as if nobody had.
    New,
    /// It is gone.
    Deleted,
}

/// Whether a message is what it was marked to be.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Marked {
    /// It is.
    Done,
    /// It could not be: it is gone, or the disk failed.
    Failed,
}
