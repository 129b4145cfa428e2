//! `<Dial action="/after" timeout="20">…</Dial>`: somebody else is called and joined to the caller.
//!
//! Shape: a number as the text, which goes before all else; or `Number`, `Sip`, `Client`, `User` and `Device`, which ring together; or one
//! `Conference` or `Queue`. `action`, `method`; `timeout` (of the ringing), `timeLimit` (of the talk); `callerId`; `hangupOnStar` and
//! `hangupOn` (keys of the caller that end the talk); `sequential` or `strategy`; `record` with `recordingUrl`, `recordStoreMethod` and
//! `recordingStatusCallback`; `collect_dtmf`; `answerOnBridge`.
//! Units: seconds.
//! Errors: without anybody the next verb follows, which is told. Whoever cannot be reached is a result: `DialCallStatus`.
//! Sources: `kazoo-pivot.md` 5.3, 5.4, 2.6, row A15.

mod conference;
mod party;
mod queue;
mod run;
mod sip;

use std::{fmt, time::Duration};

pub use conference::JoinConference;
pub use party::Party;
pub use queue::JoinQueue;

use super::{
    Reading, Session, Way,
    record::{self, Store},
};
use crate::{
    Digit, DigitSet,
    op::{Begins, RingOrder, Sides},
    pivot::twiml::reading::Listener,
};

/// Most parties of one call.
const MOST: usize = 50;

/// Calls somebody else.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Dial {
    /// Whom.
    pub whom: Whom,
    /// Who is asked what follows; without an address the next verb does.
    pub action: Way,
    /// How long it rings.
    pub timeout: Duration,
    /// How long the talk may last.
    pub longest: Duration,
    /// The number that is shown, where it is not the caller's.
    pub caller_id: Option<String>,
    /// Keys of the caller that end the talk.
    pub ends_by: DigitSet,
    /// Whether the parties ring together.
    pub order: RingOrder,
    /// Whether the caller's keys meanwhile are sent with the next request.
    pub collects: bool,
    /// Whether the caller is answered before anybody rings.
    pub answers_first: bool,
    /// The recording, where there is to be one.
    pub record: Option<Taping>,
}

/// Who is called.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Whom {
    /// Somebody.
    Parties(Vec<Party>),
    /// All who are in a conference.
    Conference(Box<JoinConference>),
    /// Whoever has waited longest in a queue.
    Queue(JoinQueue),
}

/// How a talk is recorded.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Taping {
    /// From when on.
    pub begins: Begins,
    /// On which channels.
    pub sides: Sides,
    /// Where the file is sent.
    pub store: Option<Store>,
    /// Who is told of it.
    pub listener: Option<Listener>,
}

const ATTRIBUTES: [&str; 17] = [
    "action",
    "method",
    "timeout",
    "timeLimit",
    "callerId",
    "hangupOnStar",
    "hangupOn",
    "sequential",
    "strategy",
    "collect_dtmf",
    "answerOnBridge",
    "record",
    "recordingUrl",
    "recordStoreMethod",
    "recordingStatusCallback",
    "recordingStatusCallbackMethod",
    "recordingStatusCallbackEvent",
];

impl Dial {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&ATTRIBUTES);
        let whom = Whom::read(reading)?;
        let star = reading.flag("hangupOnStar", false).then(|| Digit::from_char('*')).flatten();
        let keys = reading.keys("hangupOn", DigitSet::NONE);
        let one_by_one = reading.flag("sequential", false);
        let strategies = [("simultaneous", RingOrder::AtOnce), ("single", RingOrder::OneByOne)];
        let order = reading.choice("strategy", &strategies, RingOrder::AtOnce);
        Some(Self {
            whom,
            action: reading.action(),
            timeout: reading.seconds("timeout", 1..=600, 30),
            longest: reading.seconds("timeLimit", 1..=86_400, 14_400),
            caller_id: reading.word("callerId").map(str::to_owned),
            ends_by: star.map_or(keys, |star| keys.with(star)),
            order: if one_by_one { RingOrder::OneByOne } else { order },
            collects: reading.flag("collect_dtmf", false),
            answers_first: !reading.flag("answerOnBridge", true),
            record: Taping::read(reading),
        })
    }
}

impl Taping {
    /// `record`.
    fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let (store, listener) = (Store::read(reading), record::listener(reading));
        let ways = [
            ("true", Some((Begins::OnBridge, Sides::Mixed))),
            ("record-from-answer", Some((Begins::OnBridge, Sides::Mixed))),
            ("record-from-answer-dual", Some((Begins::OnBridge, Sides::Apart))),
            ("record-from-ringing", Some((Begins::Now, Sides::Mixed))),
            ("record-from-ringing-dual", Some((Begins::Now, Sides::Apart))),
            ("false", None),
            ("do-not-record", None),
        ];
        let (begins, sides) = reading.choice("record", &ways, None)?;
        Some(Self { begins, sides, store, listener })
    }

    pub(super) fn channels(&self) -> u8 {
        if self.sides == Sides::Apart { 2 } else { 1 }
    }
}

impl Whom {
    fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let text = reading.element.text();
        if !text.is_empty() {
            return Party::of_text(reading, &text).map(|party| Self::Parties(vec![party]));
        }
        let element = reading.element;
        let mut parties = Vec::new();
        for noun in element.elements() {
            let mut inner = reading.inside(noun);
            let elsewhere = match noun.name.as_str() {
                "Conference" => JoinConference::read(&mut inner).map(|room| Self::Conference(Box::new(room))),
                "Queue" => JoinQueue::read(&mut inner).map(Self::Queue),
                _ => {
                    parties.extend(Party::read(&mut inner));
                    None
                }
            };
            match elsewhere {
                Some(_) if !parties.is_empty() => inner.warn("is skipped, because somebody is called beside it"),
                Some(elsewhere) => return Some(elsewhere),
                None => {}
            }
        }
        if parties.len() > MOST {
            reading.warn(format_args!("calls {} parties; {MOST} of them are called", parties.len()));
            parties.truncate(MOST);
        }
        if parties.is_empty() {
            reading.warn("calls nobody; it is skipped");
            return None;
        }
        Some(Self::Parties(parties))
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whom {
            Whom::Parties(parties) => {
                let targets: Vec<_> = parties.iter().map(|party| party.target.as_str()).collect();
                write!(f, "Dial {}", targets.join(", "))
            }
            Whom::Conference(conference) => write!(f, "Dial the conference {}", conference.name),
            Whom::Queue(queue) => write!(f, "Dial the queue {}", queue.name),
        }
    }
}
