//! One e-mail about a message, to one address.
//!
//! Shape: what a letter is written from, so that it says the same at every attempt; and how far it got.
//! Units: milliseconds, since 1970 where they are a time.

use std::fmt;

use antiphon_ivr::op::Attachment;
use antiphon_ivr::rules::mailto::Recipient;
use antiphon_media::record::RecordingId;
use serde::{Deserialize, Serialize};

use crate::store::ClientId;

/// The API's name of a mail; it counts up.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct MailId(pub u64);

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mail.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Mail {
    /// Its name.
    pub id: MailId,
    /// Whose it is.
    pub client: ClientId,
    /// The message that it is about.
    pub record: RecordingId,
    /// The rest.
    pub body: MailBody,
}

/// What is kept of a mail beside its names.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct MailBody {
    /// The address.
    pub address: String,
    /// The name before the address.
    pub name: Option<String>,
    /// Whether the sound goes with it.
    pub attach: bool,
    /// What the mailbox is called: its number.
    pub mailbox: String,
    /// The caller's number; empty when hidden.
    pub from_number: String,
    /// The caller's name; may be empty.
    pub from_name: String,
    /// When the message began.
    pub left_ms: u64,
    /// How long it is.
    pub length_ms: u64,
    /// What every attempt calls itself, so that a second copy is known for one (RFC 5322 §3.6.4), without the domain.
    pub message_id: String,
    /// When it was written down.
    pub written_ms: u64,
    /// How far it got.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next.
    pub due_ms: u64,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// When it was sent or given up.
    pub over_ms: Option<u64>,
}

impl MailBody {
    /// Whom it is for.
    pub fn recipient(&self) -> Recipient {
        Recipient { name: self.name.clone(), address: self.address.clone() }
    }

    /// What goes with it.
    pub fn attachment(&self) -> Attachment {
        if self.attach { Attachment::Sound } else { Attachment::None }
    }
}

/// How far a mail got.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// It will be tried, again.
    Waiting,
    /// The server that we send by has taken it.
    Sent,
    /// It was refused for good, or for too long.
    Failed,
    /// Its message was deleted before it was sent.
    Cancelled,
}

impl MailState {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
