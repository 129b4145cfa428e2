//! Who is told of what happens at an extension.
//!
//! Shape: a plain object of the store; the URL was checked when it was stored, the addresses behind it are checked when it is asked.
//! Sources: `ringme-ivr.md` 1.8, 4.6.

use std::fmt;
use std::str::FromStr;

use antiphon_ivr::{ExtensionId, FetchMethod};

/// The id of a subscription.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct EventId(pub u64);

/// What is told of.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum EventType {
    /// A call reaches the extension.
    DialIn,
    /// The extension calls somebody, or passes a call on.
    DialOut,
    /// The extension, or whom it called, has answered.
    Answer,
    /// The extension's part of a call is over.
    Hangup,
    /// Its mailbox has a new message.
    Voicemail,
}

/// A word that is no event.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("must be one of: dial-in, dial-out, hangup, answer, voicemail")]
pub struct UnknownEvent;

impl EventType {
    /// The API's word, which `EventType` of a notification is too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DialIn => "dial-in",
            Self::DialOut => "dial-out",
            Self::Answer => "answer",
            Self::Hangup => "hangup",
            Self::Voicemail => "voicemail",
        }
    }
}

impl FromStr for EventType {
    type Err = UnknownEvent;

    fn from_str(word: &str) -> Result<Self, UnknownEvent> {
        match word {
            "dial-in" => Ok(Self::DialIn),
            "dial-out" => Ok(Self::DialOut),
            "answer" => Ok(Self::Answer),
            "hangup" => Ok(Self::Hangup),
            "voicemail" => Ok(Self::Voicemail),
            _ => Err(UnknownEvent),
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One who is told.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Subscription {
    /// Its id.
    pub id: EventId,
    /// At which extension.
    pub extension: ExtensionId,
    /// Who is told.
    pub url: String,
    /// Of what.
    pub event_type: EventType,
    /// How: GET with the parameters in the query, or POST with them as a form.
    pub method: FetchMethod,
}
