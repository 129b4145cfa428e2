//! Why a change was not made.
//!
//! Shape: one closed enum for all changes; what each means in HTTP is the API's to say.
//! Errors: this is one.
//! Sources: `ringme-ivr.md` 2.1 (error table), 2.5 (resolutions).

use antiphon_ivr::rules::wire::FieldError;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Something that the change names is not there, or is another client's.
    #[error("{0}")]
    NotFound(#[from] Missing),
    /// Fields of the request are wrong; all of them are listed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// It contradicts what is there.
    #[error("{0}")]
    Conflict(#[from] Taken),
    /// The client may not have this.
    #[error("{0}")]
    Denied(#[from] Denied),
    /// A table has reached its cap.
    #[error("there are {most} {table} already, which is the most there can be")]
    Full {
        /// What there are too many of.
        table: &'static str,
        /// The cap.
        most: usize,
    },
    /// It was asked for on a condition that does not hold any more.
    #[error("it has changed meanwhile, and has another entity tag than If-Match names")]
    Outdated,
    /// Too many changes wait already.
    #[error("too many changes are waiting; try again")]
    Busy,
    /// The disk or the database failed; the log says how.
    #[error("the change could not be stored")]
    Storage,
}

/// What is not there.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it is")]
pub enum Missing {
    #[error("client not found")]
    Client,
    #[error("extension not found")]
    Extension,
    #[error("this extension is not an IVR")]
    Ivr,
    #[error("this extension is not a phone")]
    Phone,
    #[error("this extension is not a conference")]
    Conference,
    #[error("this extension is not a pivot")]
    Pivot,
    #[error("this extension is not an application in VoiceXML")]
    Vxml,
    #[error("no document was uploaded")]
    Document,
    #[error("flow not found")]
    Flow,
    #[error("context not found")]
    Context,
    #[error("option not found")]
    Option,
    #[error("rule not found")]
    Rule,
    #[error("script not found")]
    Script,
    #[error("sound not found")]
    Sound,
    #[error("DID not found")]
    Did,
    #[error("message not found")]
    Message,
    #[error("mail not found")]
    Mail,
    #[error("event not found")]
    Event,
    #[error("interval not found")]
    Interval,
    #[error("variable not found")]
    Variable,
}

/// What a client may not have.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Denied {
    /// Its menus may not have callers understood.
    #[error("action: voice_helper needs speech_to_text, which is switched off for this client")]
    SpeechToText,
}

/// What stands in the way.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Taken {
    /// A client with this prefix is there.
    #[error("prefix: a client with the prefix {0} exists already")]
    Prefix(String),
    /// An extension of this name is there.
    #[error("name: an extension {0} exists already")]
    ExtensionName(String),
    /// The context has this option.
    #[error("digits: the context has an option \"{0}\" already")]
    OptionDigits(String),
    /// The menu has a script for this event.
    #[error("event_type: the IVR has a script for {0} already")]
    EventScript(String),
    /// The number has an entry.
    #[error("did: {0} leads to an extension already")]
    DidNumber(String),
    /// The IVR begins in this context.
    #[error("the context is the IVR's entry_context")]
    EntryContext,
    /// A rule jumps to this context.
    #[error("rule {0} jumps to the context")]
    JumpTarget(u64),
    /// A menu plays this sound.
    #[error("the IVR of extension {0} plays the sound")]
    SoundInUse(String),
    /// A mail is being sent.
    #[error("the mail is being sent")]
    MailInHand,
    /// A mail is over.
    #[error("the mail is {0}")]
    MailOver(&'static str),
    /// A rule of a menu asks for this interval.
    #[error("rule {1} of extension {0} asks for the interval")]
    IntervalInUse(String, u64),
    /// The client has a callflow of this name.
    #[error("name: there is a flow {0} already")]
    FlowName(String),
    /// The client has this variable.
    #[error("variables: there is a variable {0} already")]
    Variable(String),
    /// A public number leads here.
    #[error("the DID {0} leads to the extension")]
    ExtensionHasDid(String),
}

impl From<Vec<FieldError>> for Rejected {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl From<rusqlite::Error> for Rejected {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the database failed");
        Self::Storage
    }
}

impl Rejected {
    /// One field that is wrong.
    pub(crate) fn field(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, problem)])
    }
}
