//! The vocabulary: everything a script can ask of a call, and everything that can come of it.
//!
//! Shape: one [`Op`] in, one [`Outcome`] or an [`Interrupted`] back.
//! Units: every wait is a [`Duration`].
//! Time: an op may take time; nothing else does.
//! Errors: what a far end or a web server did wrong is an outcome; [`Interrupted`] says that the script cannot go on.
//! Sources: `ringme-ivr.md` 3.3-3.10; VoiceXML 2.0 §4.1 (prompt, barge-in).
//!
//! | op         | asks                                          | outcome       |
//! |------------|-----------------------------------------------|---------------|
//! | Answer     | connect the caller, once                      | Done          |
//! | Limit      | end the script's ops after a time, or no more | Done          |
//! | Play       | say prompts                                   | Played        |
//! | Collect    | wait for digits                               | Collected     |
//! | TypedAhead | take the keys that nothing has asked for      | TypedAhead    |
//! | Gather     | wait for keys that a grammar judges           | Gathered      |
//! | Dial       | ring targets, bridge the first to answer      | Dialed        |
//! | Conference | talk with all others in a room                | Conferred     |
//! | Join       | join the caller to whoever was whispered to   | Dialed        |
//! | Part       | hang up whoever was whispered to              | Done          |
//! | Enqueue    | wait in a queue while the script goes on      | Enqueued      |
//! | Place      | where the caller stands in its queue          | Placed        |
//! | Meet       | talk with whoever takes the caller out of it  | Met           |
//! | Leave      | leave the queue                               | Done          |
//! | Take       | talk with whoever has waited longest          | Dialed        |
//! | Echo       | let the caller hear itself                    | Echoed        |
//! | Refer      | have the caller's side call a target itself   | Referred      |
//! | Record     | take a message of the caller                  | Recorded      |
//! | Recording  | record the whole call, pause, go on, stop, ask | Recording    |
//! | SendDigits | press keys towards the caller                 | Sent          |
//! | Render     | have a text ready to be said                  | Rendered      |
//! | Listen     | wait for words and keys                       | Listened      |
//! | OpenMailbox | list the messages of a mailbox, as its owner | Opened       |
//! | MarkMessage | a message was heard, is new again, is deleted | Marked      |
//! | Fetch      | ask a web server                              | Fetched       |
//! | Customize  | call a method of an author's own code         | Customized    |
//! | Note       | say what came of an answer, for debugging     | Done          |
//! | Rate       | keep the caller's rating of the call          | Done          |
//! | Progress   | be heard by a caller who is not answered      | Done          |
//! | Load       | have a sound of a web server ready to be said | Loaded        |
//! | Tell       | tell a web server, and wait for nothing       | Done          |
//! | Upload     | send a recording to a web server              | Done          |
//! | Link       | ask for a URL of a recording                  | Linked        |
//! | Stream     | copy the call's sound to a web server, or stop | Streaming    |
//! | Connect    | talk with a web server                        | Connected     |
//! | Respond    | end the call with an answer of SIP            | Done          |
//! | Conclude   | leave something for the world outside         | Done          |
//! | Hangup     | end the call                                  | Done          |

mod conclude;
mod conference;
mod customize;
mod echo;
mod extent;
mod gather;
mod mailbox;
mod news;
mod queue;
mod record;
mod respond;
mod speech;
mod ssml;
mod stream;
mod terms;
mod tone;
mod web;

use std::{borrow::Cow, sync::Arc, time::Duration};

pub use conclude::{Conclusion, MAX_CONCLUSION};
pub use conference::{Alone, Announcement, Conference, Conferred, Ears, Ends, Opens, Voice};
pub use customize::{
    AboutCall, AllowFlow, CUSTOM_PATIENCE, Changes, CustomError, CustomErrorKind, CustomLog, CustomResult, Customize,
    Flow,
};
pub use echo::{Echo, Echoed};
pub use extent::Extent;
pub use gather::{Gather, GatherEnd, Gathered, KeyJudge, KeyMatcher, KeyState, MAX_KEYS};
pub use mailbox::{LeftMessage, Mark, MarkMessage, Marked, OpenMailbox, Opened};
pub use news::{ConferenceEvent, ConferenceNews, News, PartyNews, PartyState, Watch, Watcher};
pub use queue::{Enqueue, Enqueued, MEET_PATIENCE, Meet, Met, Place, Take};
pub use record::{
    Attachment, Beep, Begins, CallRecording, Gap, Mailbox, Record, RecordEnd, Recorded, Recording, RecordingState,
    Sides, StartRecording, Trim, Which,
};
pub use respond::Respond;
pub use speech::{
    BadSpeech, Form, Listen, ListenEnd, ListenFrom, Listened, MAX_SPEECH, Recogniser, Render, RenderError, Rendered,
    SPEECH_PATIENCE, Speech, Utterance, Words,
};
pub use stream::{Connect, Connected, Stream, StreamError, StreamStatus, Track, WebStream};
pub use terms::{EarlySound, Join, Login, PartyTerms, RingOrder, Terms, Whisper};
pub use tone::Tone;
pub use web::{Link, Load, LoadError, SoundFormat, Tell, Upload, WebSound};

use crate::{
    Digit, DigitSet, ExtensionId, Fetch, FetchError, Language, Note, Page, RecordingId, SoundId,
    send_digits::{SendDigits, Sent},
};

/// One thing that a script asks of its call.
#[derive(Clone, PartialEq, Debug)]
pub enum Op {
    /// Answer the caller; nothing when the call is answered already.
    Answer,
    /// From now on the call's script may take this long: after it, the op that runs ends with [`Interrupted::LifetimeExpired`], once.
    /// `None` lifts the limit. A bridge lifts it too. Ringing defers it: a [`Op::Dial`] in which it runs out and nobody answers
    /// ends with the interruption in place of its outcome. [`Op::Refer`] defers it as well.
    /// [`Op::Hangup`] is never interrupted.
    Limit(Option<Duration>),
    /// Say prompts, one after the other without a gap.
    Play(Play),
    /// Wait for digits.
    Collect(Collect),
    /// Take the keys that were pressed and that nothing has asked for yet. It takes no time, and where there are none nobody hears of it.
    TypedAhead,
    /// Wait for keys that a grammar judges, one after the other.
    Gather(Box<Gather>),
    /// Ring targets and bridge the caller to the first that answers, until one of the two hangs up.
    Dial(Dial),
    /// Have the caller talk with all others who are in the same conference, until one of its ways out is taken. It lifts the limit of
    /// [`Op::Limit`], as a bridge does.
    Conference(Conference),
    /// Join the caller to whoever has answered a [`Op::Dial`] with [`Whisper::Script`], and let them talk.
    Join,
    /// Hang up whoever has answered such a dial: the party of the ops is the caller again.
    Part,
    /// Put the caller in a queue.
    Enqueue(Enqueue),
    /// Where the caller stands in its queue.
    Place,
    /// Talk with whoever takes the caller out of its queue. The talk lifts the limit as a bridge does; the wait for
    /// it does not, and whatever interrupts it, the caller is out of the queue then.
    Meet(Meet),
    /// Leave the queue.
    Leave,
    /// Take whoever has waited longest in a queue, and talk. It lifts the limit as a bridge does.
    Take(Take),
    /// Let the caller hear itself.
    Echo(Echo),
    /// Ask the caller's side to call a target itself, and to leave us.
    Refer(Refer),
    /// Take a message of the caller.
    Record(Record),
    /// Record the whole call, or pause, go on, stop. It takes no time.
    Recording(Recording),
    /// Press keys towards the caller, as telephone-events, in INFO or as tones, by the way that the caller's side takes. What plays
    /// goes on behind them; keys that the caller presses meanwhile are kept for the next collect.
    SendDigits(SendDigits),
    /// Have a text ready, so that saying it takes no time to begin. Keys meanwhile are kept for the next collect.
    Render(Render),
    /// Wait for what the caller says or presses.
    Listen(Box<Listen>),
    /// List the messages of a mailbox, if the caller is its owner.
    OpenMailbox(OpenMailbox),
    /// A message of a mailbox that was opened was heard, is to be new again, or deleted.
    MarkMessage(MarkMessage),
    /// Ask a web server. The caller hanging up ends the request.
    Fetch(Box<Fetch>),
    /// Call a method of the extension's customizer.
    Customize(Box<Customize>),
    /// Say what was made of an answer, for the people who debug it.
    Note(Note),
    /// Keep the caller's rating of the call. It takes no time.
    Rate(Rating),
    /// Be heard by a caller who is not answered: what is said from now on is early media (RFC 3960). Nothing where the caller hears us
    /// already.
    Progress,
    /// Have a sound of a web server ready.
    Load(Load),
    /// Tell a web server something, and wait for nothing. What cannot be queued is dropped and counted.
    Tell(Box<Tell>),
    /// Send a recording to a web server, and wait for nothing.
    Upload(Box<Upload>),
    /// Ask for a URL at which a recording can be had. It takes no time.
    Link(Link),
    /// Copy the call's sound to a web server from now on, or no more. It takes no time.
    Stream(Stream),
    /// Have the caller talk with a web server.
    Connect(Connect),
    /// End the call with an answer of SIP.
    Respond(Respond),
    /// Leave something for the world outside, which the caller's side is told in the BYE. It takes no time, and may come after the end.
    Conclude(Conclusion),
    /// End the call.
    Hangup(Cause),
}

/// What came of an [`Op`], for each op its own kind.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// Answer, Limit, Part, Leave, Note, Rate, Progress, Tell, Upload, Respond, Conclude, Hangup.
    Done,
    /// Play, and how much of the prompts was heard.
    Played(Played, Extent),
    /// Collect.
    Collected(Collected),
    /// TypedAhead, the oldest first.
    TypedAhead(String),
    /// Gather.
    Gathered(Gathered),
    /// Dial, Join, Take.
    Dialed(Dialed),
    /// Conference.
    Conferred(Conferred),
    /// Enqueue.
    Enqueued(Enqueued),
    /// Place; `None` where the caller is in no queue.
    Placed(Option<Place>),
    /// Meet.
    Met(Met),
    /// Echo.
    Echoed(Echoed),
    /// Refer.
    Referred(Referred),
    /// Record.
    Recorded(Recorded),
    /// Recording.
    Recording(CallRecording),
    /// SendDigits.
    Sent(Sent),
    /// Render.
    Rendered(Rendered),
    /// Listen.
    Listened(Listened),
    /// OpenMailbox.
    Opened(Opened),
    /// MarkMessage.
    Marked(Marked),
    /// Fetch.
    Fetched(Result<Page, FetchError>),
    /// Customize.
    Customized(Box<Result<CustomResult, CustomError>>),
    /// Load.
    Loaded(Result<(), LoadError>),
    /// Link; `None` where the server gives no such URLs.
    Linked(Option<String>),
    /// Stream. One that was started may still fail, which this does not tell.
    Streaming(Result<(), StreamError>),
    /// Connect.
    Connected(Connected),
}

/// Why a script cannot go on. Any op can end so.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Interrupted {
    /// The caller hung up.
    #[error("the caller hung up")]
    RemoteHangup,
    /// The call was ended from our side, outside the script.
    #[error("the call was ended")]
    LocalHangup,
    /// The time given with [`Op::Limit`] is over. The call is still up, and the script may go on with other ops.
    #[error("the lifetime of the script expired")]
    LifetimeExpired,
    /// Somebody takes the caller out of its queue, or its conference has begun. The call is still up; [`Op::Meet`] or
    /// [`Op::Conference`] is what the script goes on with. Dial, Conference, Meet, Take, Refer and Hangup are never interrupted so.
    #[error("somebody wants the caller")]
    Wanted,
    /// Whoever was whispered to has hung up ([`Whisper::Script`]). The call is still up, and the party of the ops is the caller again.
    #[error("the party that was called hung up")]
    PartyGone,
    /// The server is going down.
    #[error("the server shuts down")]
    Shutdown,
}

/// Prompts and what a digit does to them.
#[derive(Clone, PartialEq, Debug)]
pub struct Play {
    /// Said in this order.
    pub prompts: Vec<Prompt>,
    /// What a digit does meanwhile.
    pub barge_in: BargeIn,
}

/// Something said.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Prompt {
    /// An uploaded sound.
    Sound(SoundId),
    /// A sound of the system set.
    System {
        /// Its name without language and ending, such as `digits/5`; `tone/beep` for a tone, which speaks no language.
        name: Cow<'static, str>,
        /// In which language it speaks.
        language: Language,
    },
    /// A text. One that is not rendered yet is waited for, up to [`SPEECH_PATIENCE`]; one that cannot be counts as said.
    Text(Arc<Speech>),
    /// A message of a mailbox that was opened, or one that a [`Record`] of this call has taken.
    Message(RecordingId),
    /// A sound of a web server. One that is not there yet is waited for, up to [`SPEECH_PATIENCE`]; one that cannot be had counts as said.
    Web(Arc<WebSound>),
    /// A tone.
    Tone(Arc<Tone>),
    /// Silence.
    Silence(Duration),
}

/// What a digit does while prompts play.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct BargeIn {
    /// These keys stop the prompts; the key is kept for the next collect.
    pub by: DigitSet,
    /// What happens to all other keys.
    pub otherwise: TypeAhead,
}

impl BargeIn {
    /// Any digit stops the prompt and is kept (`ringme-ivr.md` 3.5).
    pub const BACKGROUND: Self = Self { by: DigitSet::ALL, otherwise: TypeAhead::Keep };
    /// The prompt is heard out, digits are dropped (`ringme-ivr.md` 3.5).
    pub const FOREGROUND: Self = Self { by: DigitSet::NONE, otherwise: TypeAhead::Drop };
}

/// Whether digits pressed early count for the next collect.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum TypeAhead {
    /// Digits are kept for the next collect, or taken from what was kept.
    Keep,
    /// Digits are thrown away.
    #[default]
    Drop,
}

/// How a [`Play`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Played {
    /// All prompts were said; those that do not exist count as said.
    Finished {
        /// How long sound or silence really went out; zero where no prompt exists.
        said: Duration,
    },
    /// A key stopped them; it waits in the type-ahead.
    BargedIn(Digit),
}

/// A wait for digits.
#[derive(Clone, PartialEq, Debug)]
pub struct Collect {
    /// Whether digits pressed before the collect count.
    pub type_ahead: TypeAhead,
    /// The collect ends at this many digits, at least 1.
    pub max_digits: usize,
    /// A key that ends the collect and is not part of the digits.
    pub terminators: DigitSet,
    /// How long to wait for the first digit.
    pub first_digit: Duration,
    /// How long to wait for each further digit.
    pub inter_digit: Duration,
    /// How long the whole collect may take; it then ends as when no digit comes in time.
    pub longest: Option<Duration>,
}

/// The digits of a [`Collect`].
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Collected {
    /// What was pressed, without the terminator.
    pub digits: String,
    /// Why the wait ended.
    pub ended_by: EndedBy,
}

/// Why a [`Collect`] ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum EndedBy {
    /// `max_digits` were pressed.
    MaxDigits,
    /// This key was pressed.
    Terminator(Digit),
    /// The wait for a further digit ran out.
    InterDigitTimeout,
    /// Nothing was pressed.
    NoInput,
}

/// An attempt to reach somebody.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Dial {
    /// Dialled strings, rung all at once.
    pub targets: Vec<String>,
    /// Whether the targets' own incoming rules run.
    pub rules: TargetRules,
    /// How long the targets ring.
    pub no_answer: Duration,
    /// Who calls, as the far end sees it.
    pub caller_id: CallerId,
    /// What else is wanted.
    pub terms: Terms,
}

impl Dial {
    /// How long targets ring where nobody says otherwise (`ringme-ivr.md` 3.8).
    pub const RING_TIME: Duration = Duration::from_secs(60);
}

/// Whether an internal target's own incoming rules run (`ringme-ivr.md` 3.8: transfer and simple_transfer).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum TargetRules {
    /// They run.
    Apply,
    /// The target is rung directly.
    Ignore,
}

/// A caller id to present.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct CallerId {
    /// The number; empty when the caller is anonymous.
    pub number: String,
    /// The name; may be empty.
    pub name: String,
}

/// How a [`Dial`] ended.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Dialed {
    /// A target answered, and the talk has ended. (The caller hanging up is [`Interrupted::RemoteHangup`].)
    Answered {
        /// How long the two talked.
        talk: Duration,
        /// Why they no longer do.
        ended_by: TalkEnd,
        /// The Call-ID of the target's dialog; empty where there is none.
        sip_call_id: String,
    },
    /// A target answered, and the script speaks to it first ([`Whisper::Script`]). Until [`Op::Join`] or [`Op::Part`] it is the party of
    /// all ops, while the caller hears ringback.
    Whispers {
        /// Which one, by its place in [`Dial::targets`].
        target: usize,
        /// The Call-ID of its dialog.
        sip_call_id: String,
    },
    /// The target is another IVR, which takes the call over: the script ends with [`crate::Next::HandOver`].
    HandedOver(ExtensionId),
    /// Every target said 486 Busy Here.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// Every target failed, and not all of them by being busy; the status is the first one's (RFC 3261 §21), 404 where there is no route.
    Failed {
        /// A SIP status.
        status: u16,
    },
}

/// Why a talk that a script began has ended, and the caller is still there.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum TalkEnd {
    /// The target hung up.
    FarEnd,
    /// The caller pressed one of [`Terms::ends_by`].
    Key(Digit),
    /// It took as long as it may.
    Longest,
}

/// A request to the caller's side: to call somebody without us.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Refer {
    /// A dialled string.
    pub target: String,
    /// Where it may lead.
    pub scope: ReferScope,
    /// How long to wait for the outcome.
    pub patience: Duration,
}

/// Where a [`Refer`] may lead.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum ReferScope {
    /// Anywhere that the caller's side can call.
    Anywhere,
    /// Outside, by the trunk that the call came by: only there does it save a way through us.
    SameTrunk,
}

/// How a [`Refer`] ended. Nothing of it rings at us; the caller's side tells.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Referred {
    /// The target has answered, or the caller has hung up on being asked. The call is over.
    Done,
    /// The caller's side does not do that, or could not be asked to.
    Refused {
        /// A SIP status.
        status: u16,
    },
    /// It called the target, which failed.
    Failed {
        /// A SIP status.
        status: u16,
    },
    /// Nothing was heard of it in time.
    TimedOut,
}

/// How a caller rates a call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Rating {
    /// From 1 to `max`; the more, the better.
    pub rate: u32,
    /// The best there is.
    pub max: u32,
}

/// A release cause (ITU-T Q.850 table 1).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Cause(pub u8);

impl Cause {
    /// Normal call clearing.
    pub const NORMAL: Self = Self(16);
    /// The called side is busy.
    pub const USER_BUSY: Self = Self(17);
    /// It rang, and nobody answered.
    pub const NO_ANSWER: Self = Self(19);

    /// The cause that stands for a SIP status of 400 and above (RFC 3398 §8.2.6.1, its common rows).
    pub fn of_status(status: u16) -> Self {
        Self(match status {
            401..=403 | 407 | 603 => 21,
            404 | 604 => 1,
            486 | 600 => 17,
            408 => 102,
            480 => 18,
            483 => 25,
            488 | 606 => 65,
            500..=599 => 41,
            _ => 31,
        })
    }
}
