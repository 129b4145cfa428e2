//! A call that is over, as far as a script still has to do with it.
//!
//! Shape: its variables and who called; web servers may be told of it, and nothing else can be asked.
//! Time: whoever performs its ops ends them after a bound of its own.
//! Sources: `ringme-ivr.md` 4.5 (CallStatus of a hangup).

use std::time::Duration;

use jiff::Timestamp;

use super::Call;
use crate::Dialed;

/// A call after its end.
#[derive(Debug)]
pub struct EndedCall {
    call: Call,
    ending: Ending,
    bridged: Bridged,
    record: CallRecord,
}

/// What a call came to, as whoever performed it knows.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct CallRecord {
    /// When it arrived.
    pub created: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// How long it was answered.
    pub answered: Duration,
    /// The status with which it ended: 200 where it was answered.
    pub status: u16,
    /// The tag of To.
    pub to_tag: String,
    /// The Call-ID of whoever the caller talked to last; empty where nobody was.
    pub other_call_id: String,
    /// How long that was.
    pub talked: Duration,
}

impl Default for CallRecord {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            created: Timestamp::UNIX_EPOCH,
            duration: Duration::ZERO,
            answered: Duration::ZERO,
            status: 200,
            to_tag: String::new(),
            other_call_id: String::new(),
            talked: Duration::ZERO,
        }
    }
}

/// How a call went, as web servers are told.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Ending {
    /// Somebody talked to the caller, or nobody else was called.
    Answer,
    /// Everybody who was called last was busy.
    Busy,
    /// Nobody who was called last answered.
    NoAnswer,
    /// The caller left while others rang.
    Cancel,
    /// The network or the far end could not.
    Congestion,
    /// Nobody was there.
    ChanUnavail,
}

/// What came of the last number that a script called.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(crate) enum LastDial {
    /// It called nobody.
    None,
    /// The call ended meanwhile.
    Began,
    /// This.
    Ended(Dialed),
}

/// Whether the caller has talked to somebody whom a script called.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Bridged {
    /// It has.
    Yes,
    /// It has not.
    No,
}

impl EndedCall {
    /// A call that is over.
    pub fn new(call: Call, bridged: Bridged) -> Self {
        let ending = match (bridged, &call.last_dial) {
            (Bridged::Yes, _) | (Bridged::No, LastDial::None) => Ending::Answer,
            (Bridged::No, LastDial::Began) => Ending::Cancel,
            (Bridged::No, LastDial::Ended(dialed)) => Ending::of(dialed),
        };
        Self { call, ending, bridged, record: CallRecord::default() }
    }

    /// The same, with what is known of it.
    #[must_use]
    pub fn with_record(self, record: CallRecord) -> Self {
        Self { record, ..self }
    }

    /// What it came to.
    pub fn record(&self) -> &CallRecord {
        &self.record
    }

    /// Whether the caller has talked to somebody.
    pub fn has_talked(&self) -> bool {
        self.bridged == Bridged::Yes
    }

    /// How it went.
    pub fn status(&self) -> Ending {
        self.ending
    }

    /// The call, to tell of it: every other op ends at once.
    pub(crate) fn call(&mut self) -> &mut Call {
        &mut self.call
    }
}

impl Ending {
    fn of(dialed: &Dialed) -> Self {
        match dialed {
            Dialed::Answered { .. } | Dialed::HandedOver(_) => Self::Answer,
            Dialed::Busy => Self::Busy,
            Dialed::NoAnswer | Dialed::Whispers { .. } => Self::NoAnswer,
            Dialed::Failed { status } => match status {
                408 => Self::NoAnswer,
                487 => Self::Cancel,
                404 | 410 | 480 | 484 | 604 => Self::ChanUnavail,
                486 | 600 => Self::Busy,
                _ => Self::Congestion,
            },
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "ANSWER",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NOANSWER",
            Self::Cancel => "CANCEL",
            Self::Congestion => "CONGESTION",
            Self::ChanUnavail => "CHANUNAVAIL",
        }
    }
}
