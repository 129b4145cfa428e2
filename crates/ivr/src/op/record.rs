//! Recording: a message of the caller, and the whole call.
//!
//! Shape: [`Record`] takes as long as the message; [`Recording`] is a switch, and the recording goes on under the ops that follow, over
//! prompts and bridges, to the end of the call.
//! Errors: where nothing can be recorded the script goes on: the outcome says so.

use std::{sync::Arc, time::Duration};

use crate::{Digit, DigitSet, RecordingId, rules::mailto::Recipient};

/// A message of the caller.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Whether a tone says when to speak.
    pub beep: Beep,
    /// The message ends when it is so long.
    pub max_length: Duration,
    /// The message ends after so long a silence, if any ends it.
    pub end_silence: Option<Duration>,
    /// A shorter one is not kept. Silence that ended it does not count.
    pub min_length: Duration,
    /// Keys that end the message. All others are ignored, and so is what was pressed before.
    pub terminators: DigitSet,
    /// What else becomes of it; `None` where it is only kept.
    pub mailbox: Option<Arc<Mailbox>>,
}

/// What becomes of a message that is left in the mailbox of the extension whose script runs, beside being kept there as a new one.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Mailbox {
    /// Who is told by e-mail.
    pub recipients: Vec<Recipient>,
    /// What goes with the mail.
    pub attachment: Attachment,
}

/// What goes with the mail about a message.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Attachment {
    /// Its sound.
    Sound,
    /// Nothing.
    None,
}

/// Whether a tone says when to speak.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Beep {
    /// It does.
    Tone,
    /// It does not.
    Silent,
}

/// What came of a [`Record`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Recorded {
    /// The recording; `None` when it is too short, or nothing could be recorded.
    pub recording: Option<RecordingId>,
    /// How long it is.
    pub length: Duration,
    /// Why it ended.
    pub ended_by: RecordEnd,
}

/// Why a message ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RecordEnd {
    /// This key was pressed.
    Terminator(Digit),
    /// Nobody said anything more.
    EndSilence,
    /// It is as long as it may be.
    MaxLength,
    /// The caller hung up; the next op ends with [`crate::Interrupted::RemoteHangup`].
    HungUp,
    /// It could not be recorded, or no further.
    Failed,
}

/// What is asked about the recording of the whole call, both sides of it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Recording {
    /// Record; nothing where this extension does already. Where another one does, its recording ends and a new one begins.
    Start,
    /// Record nothing for now.
    Pause(Gap),
    /// Go on.
    Resume,
    /// Record no more.
    Stop,
}

/// What a pause leaves in the recording.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Gap {
    /// Nothing.
    Cut,
    /// As much silence as it lasts.
    Silent,
}

/// Whether the call is recorded, after a [`Recording`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RecordingState {
    /// It is.
    Running,
    /// Not at the moment.
    Paused,
    /// It is not; after [`Recording::Start`] because nothing can be recorded.
    Off,
}
