//! Recording: a message of the caller, and the whole call.
//!
//! Shape: [`Record`] takes as long as the message; [`Recording`] is a switch, and the recording goes on under the ops that follow, over
//! prompts and bridges, to the end of the call. Its [`RecordingId`] is known from the beginning, so that an [`crate::op::Upload`] or a
//! [`crate::op::Link`] can name it while it goes on.
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
    /// What is cut off it.
    pub trim: Trim,
}

/// What is cut off a message.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Trim {
    /// Nothing.
    #[default]
    Nothing,
    /// The silence before its first word and behind its last one. Where nothing was said, nothing is left of it.
    Silence,
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

/// What is asked about the recordings of the whole call. Several may go on at once, each under a name of its own.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Recording {
    /// Record. Where this extension records under this name already, nothing begins and the outcome is of what goes on; where another one
    /// does, its recording ends and a new one begins.
    Start(Arc<StartRecording>),
    /// Record nothing for now.
    Pause(Which, Gap),
    /// Go on.
    Resume(Which),
    /// Record no more. One that has not begun yet never does.
    Stop(Which),
    /// Say how it stands; nothing else. After the call's end too, for one that is meant by its [`Which::Id`]: then it waits until the
    /// recording is whole.
    Ask(Which),
}

impl Recording {
    /// The recording of the call that has no name, both sides of it, from now to the end.
    pub fn start() -> Self {
        Self::Start(Arc::default())
    }
}

/// Which recording of a call is meant.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub enum Which {
    /// The one that was begun last and goes on.
    #[default]
    Newest,
    /// The one of this name.
    Named(String),
    /// This one.
    Id(RecordingId),
}

/// A recording of the whole call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct StartRecording {
    /// By which it is told from the others of the call; empty for the one that has no name.
    pub name: String,
    /// What is shown beside it; may be empty.
    pub label: String,
    /// Whose sound.
    pub sides: Sides,
    /// It ends when it is so long, if it does not end before.
    pub max_length: Option<Duration>,
    /// A shorter one is not kept.
    pub min_length: Duration,
    /// When it begins.
    pub begins: Begins,
}

impl Default for StartRecording {
    /// Both sides, one channel each, from now to the end of the call.
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            sides: Sides::Apart,
            max_length: None,
            min_length: Duration::ZERO,
            begins: Begins::Now,
        }
    }
}

/// Whose sound is in a recording of the call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Sides {
    /// What the caller says in the left channel, and what it hears in the right one.
    Apart,
    /// Both in one channel.
    Mixed,
    /// What the caller says.
    Caller,
    /// What the caller hears.
    Heard,
}

/// When a recording of the call begins.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Begins {
    /// At once.
    Now,
    /// When the caller is answered; at once where it is.
    OnAnswer,
    /// When the caller is joined with somebody; at once where it is.
    OnBridge,
}

/// What a pause leaves in the recording.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Gap {
    /// Nothing.
    Cut,
    /// As much silence as it lasts.
    Silent,
}

/// A recording of the call, after a [`Recording`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct CallRecording {
    /// Which it is; `None` where there is no such recording, where nothing can be recorded, or where it was too short to be kept.
    pub recording: Option<RecordingId>,
    /// Whether it goes on.
    pub state: RecordingState,
    /// How long it is; zero where that is not known, as of one that goes on.
    pub length: Duration,
}

impl CallRecording {
    /// There is none.
    pub const NONE: Self = Self { recording: None, state: RecordingState::Off, length: Duration::ZERO };
}

/// Whether a recording goes on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum RecordingState {
    /// It has a name, and begins when its time comes.
    Armed,
    /// It does.
    Running,
    /// Not at the moment.
    Paused,
    /// It does not, or no more; after [`Recording::Start`] because nothing can be recorded.
    Off,
}
