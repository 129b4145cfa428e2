//! The verbs: an element becomes a [`Verb`], and a verb runs on a call. One file a verb.
//!
//! Shape: `Document::of` reads all verbs of a document at once, with everything that is wrong with them.
//! Errors: what cannot be read is a warning; an element that is no verb, or none without what it needs, is skipped.
//! Sources: `kazoo-pivot.md` 5.

mod connect;
mod dial;
mod echo;
mod enqueue;
mod fork;
mod gather;
mod hangup;
mod leave;
mod pause;
mod play;
mod record;
mod redirect;
mod refer;
mod reject;
mod say;
mod set;
mod spoken;
mod start;
mod stop;

use std::fmt;

pub use connect::Connect;
pub use dial::{Dial, JoinConference, JoinQueue, Party, Taping, Whom};
pub use echo::Echo;
pub use enqueue::Enqueue;
pub use fork::{Fork, StreamFork};
pub use gather::{Gather, Words};
pub use hangup::Hangup;
pub use leave::Leave;
pub use pause::Pause;
pub use play::{Play, Played};
pub use record::{Record, Store};
pub use redirect::Redirect;
pub use refer::Refer;
pub use reject::{Reason, Reject};
pub use say::Say;
pub use set::Set;
pub use spoken::Spoken;
pub use start::Start;
pub use stop::Stop;

use super::{
    reading::{Reading, Way},
    wire::Element,
};
use crate::{
    Interrupted,
    pivot::{Exit, Session},
};

/// A verb.
#[derive(Clone, PartialEq, Debug)]
pub enum Verb {
    /// `<Say>`
    Say(Say),
    /// `<Play>`
    Play(Play),
    /// `<Pause>`
    Pause(Pause),
    /// `<Gather>`
    Gather(Gather),
    /// `<Record>`
    Record(Record),
    /// `<Redirect>`
    Redirect(Redirect),
    /// `<Set>`
    Set(Set),
    /// `<Hangup>`
    Hangup(Hangup),
    /// `<Reject>`
    Reject(Reject),
    /// `<Dial>`
    Dial(Dial),
    /// `<Enqueue>`
    Enqueue(Enqueue),
    /// `<Leave>`
    Leave(Leave),
    /// `<Refer>`
    Refer(Refer),
    /// `<Start>`
    Start(Start),
    /// `<Stop>`
    Stop(Stop),
    /// `<Connect>`
    Connect(Connect),
    /// `<Echo>`
    Echo(Echo),
}

/// A whole document.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Document {
    /// Its verbs, in their order.
    pub verbs: Vec<Verb>,
    /// What is wrong with it, for whoever debugs it.
    pub warnings: Vec<String>,
}

/// Most warnings of a document; further ones are not told.
const MAX_WARNINGS: usize = 100;

impl Document {
    /// The verbs of a root.
    pub(super) fn of(root: &Element) -> Self {
        let mut warnings = Vec::new();
        let verbs = root.elements().filter_map(|element| Verb::read(&mut Reading::new(element, &mut warnings)));
        let verbs = verbs.collect();
        warnings.truncate(MAX_WARNINGS);
        Self { verbs, warnings }
    }
}

impl Verb {
    fn read(reading: &mut Reading<'_>) -> Option<Self> {
        match reading.element.name.as_str() {
            "Say" => Say::read(reading).map(Self::Say),
            "Play" => Play::read(reading).map(Self::Play),
            "Pause" => Some(Self::Pause(Pause::read(reading))),
            "Gather" => Some(Self::Gather(Gather::read(reading))),
            "Record" => Some(Self::Record(Record::read(reading))),
            "Redirect" => Some(Self::Redirect(Redirect::read(reading))),
            "Set" => Some(Self::Set(Set::read(reading))),
            "Hangup" => Some(Self::Hangup(Hangup::read(reading))),
            "Reject" => Some(Self::Reject(Reject::read(reading))),
            "Dial" => Dial::read(reading).map(Self::Dial),
            "Enqueue" => Enqueue::read(reading).map(Self::Enqueue),
            "Leave" => Some(Self::Leave(Leave::read(reading))),
            "Refer" => Refer::read(reading).map(Self::Refer),
            "Start" => Start::read(reading).map(Self::Start),
            "Stop" => Stop::read(reading).map(Self::Stop),
            "Connect" => Connect::read(reading).map(Self::Connect),
            "Echo" => Some(Self::Echo(Echo::read(reading))),
            _ => {
                reading.warn("is no verb that is run here; it is skipped");
                None
            }
        }
    }
}

impl Verb {
    /// Runs the verb; what is returned ends the document.
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        match self {
            Self::Say(_)
            | Self::Play(_)
            | Self::Pause(_)
            | Self::Gather(_)
            | Self::Record(_)
            | Self::Redirect(_)
            | Self::Set(_) => self.run_beside(session).await,
            Self::Hangup(Hangup) => Hangup::run(session).await,
            Self::Reject(verb) => verb.run(session).await,
            Self::Dial(verb) => verb.run(session).await,
            Self::Enqueue(verb) => verb.run(session).await,
            Self::Leave(Leave) => Leave::run(session).await,
            Self::Refer(verb) => verb.run(session).await,
            Self::Start(verb) => verb.run(session).await,
            Self::Stop(verb) => verb.run(session).await,
            Self::Connect(verb) => verb.run(session).await,
            Self::Echo(Echo) => Echo::run(session).await,
        }
    }
}

impl Verb {
    /// Runs the verb in a document beside another, where not all of them can be.
    pub(super) async fn run_beside(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        match self {
            Self::Say(verb) => verb.run(session).await,
            Self::Play(verb) => verb.run(session).await,
            Self::Pause(verb) => verb.run(session).await,
            Self::Gather(verb) => verb.run(session).await,
            Self::Record(verb) => verb.run(session).await,
            Self::Redirect(verb) => verb.run(session).await,
            Self::Set(verb) => verb.run(session).await,
            other => {
                session.warn(format!("{other}: cannot be run in a document beside another; it is skipped")).await?;
                Ok(None)
            }
        }
    }
}

/// How often, where that is not once.
fn repeated(times: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if times == 1 { Ok(()) } else { write!(f, ", {times} times") }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(verb) => verb.fmt(f),
            Self::Play(verb) => verb.fmt(f),
            Self::Pause(verb) => verb.fmt(f),
            Self::Gather(verb) => verb.fmt(f),
            Self::Record(verb) => verb.fmt(f),
            Self::Redirect(verb) => verb.fmt(f),
            Self::Set(verb) => verb.fmt(f),
            Self::Hangup(Hangup) => f.write_str("Hangup"),
            Self::Reject(verb) => verb.fmt(f),
            Self::Dial(verb) => verb.fmt(f),
            Self::Enqueue(verb) => verb.fmt(f),
            Self::Leave(Leave) => f.write_str("Leave"),
            Self::Refer(verb) => verb.fmt(f),
            Self::Start(verb) => verb.fmt(f),
            Self::Stop(verb) => verb.fmt(f),
            Self::Connect(verb) => verb.fmt(f),
            Self::Echo(Echo) => f.write_str("Echo"),
        }
    }
}
