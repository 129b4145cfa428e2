//! Code of an author's own, beside a script: a method of the extension's customizer is called.
//!
//! Shape: a method's name, ordered parameters and what its `call` object is told go out; a value and what the method wants changed come
//! back. Values are those of JSON.
//! Time: as long as [`Customize::timer`] says, and never longer than the performer's own limit.
//! Errors: [`CustomError`] is an outcome; nothing of [`Changes`] is done then.
//! Sources: `voicexml-customizers.md` 2.2, 2.3.

use std::time::Duration;

use serde_json::Value;

use crate::ExtensionId;

/// How long a method may take where no timer is set (`voicexml-customizers.md` 2.3).
pub const CUSTOM_PATIENCE: Duration = Duration::from_secs(30);

/// A method of a customizer to be called. Keys meanwhile are thrown away, as with [`super::Op::Fetch`]; the caller hanging up ends it.
#[derive(Clone, PartialEq, Debug)]
pub struct Customize {
    /// Whose customizer it is.
    pub extension: ExtensionId,
    /// The method's name.
    pub method: String,
    /// Its parameters, in their order.
    pub params: Vec<(String, Value)>,
    /// What its call object is told.
    pub about: AboutCall,
    /// How long it may take; `None` for as long as the performer allows.
    pub timer: Option<Duration>,
}

/// What the call object of a customizer says of the call.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct AboutCall {
    /// The call's name.
    pub id: String,
    /// Who calls; empty when hidden.
    pub from_number: String,
    /// What was dialled.
    pub to_number: String,
    /// The language that the call speaks.
    pub language: String,
    /// The variables that a customizer may read, in the order of their declaration.
    pub vars: Vec<(String, Value)>,
    /// What is attached to the call.
    pub extra_data: Vec<(String, Value)>,
    /// Header fields of the caller's INVITE.
    pub headers: Vec<(String, String)>,
    /// Whether the customizer may say where the script goes on ([`Changes::flow`]).
    pub flow: AllowFlow,
}

/// Whether a customizer may move the script.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum AllowFlow {
    /// Its orders are refused in its own code.
    #[default]
    No,
    /// `call.goto` and `call.throw` are there.
    Yes,
}

/// What a method returned.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct CustomResult {
    /// Its value; null where it returned nothing.
    pub value: Value,
    /// What it wants changed, for the script to do.
    pub changes: Changes,
    /// What it wrote with `call.log`. The performer has logged it.
    pub log: Vec<CustomLog>,
}

/// What a method wants changed.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Changes {
    /// Variables to set, in their order.
    pub vars: Vec<(String, Value)>,
    /// All that is attached to the call from now on, where the method changed that.
    pub extra_data: Option<Vec<(String, Value)>>,
    /// The language that the call speaks from now on.
    pub language: Option<String>,
    /// The call's priority in queues.
    pub priority: Option<Value>,
    /// The skills that the call needs.
    pub skills: Option<Value>,
    /// Where the script goes on; only with [`AllowFlow::Yes`].
    pub flow: Option<Flow>,
}

/// Where a customizer wants the script to go on.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Flow {
    /// At this address, such as `#form2`.
    Goto(String),
    /// With whoever catches an event.
    Throw {
        /// The event's name.
        event: String,
        /// What is said of it.
        message: String,
    },
}

/// A line that a method wrote.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct CustomLog {
    /// The level, as it was written.
    pub level: String,
    /// The text.
    pub text: String,
}

/// Why a method returned nothing.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{}: {message}", kind.as_str())]
pub struct CustomError {
    /// What kind of failure it is.
    pub kind: CustomErrorKind,
    /// What a script may be told of it; never where in the code it happened.
    pub message: String,
}

/// What kind of failure it is.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum CustomErrorKind {
    /// The method raised an exception.
    Exception,
    /// There is no such method, or it does not take these parameters.
    BadMethod,
    /// What it returned is no value of JSON, or too large.
    BadResult,
    /// No customizer is active.
    Inactive,
    /// The process that ran it died.
    Crash,
    /// Nobody was free in time, or it failed too often lately.
    Busy,
    /// Its time ran out.
    Timeout,
}

impl CustomErrorKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Exception, Self::BadMethod, Self::BadResult, Self::Inactive, Self::Crash, Self::Busy, Self::Timeout];

    /// One word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exception => "exception",
            Self::BadMethod => "badmethod",
            Self::BadResult => "badresult",
            Self::Inactive => "inactive",
            Self::Crash => "crash",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
        }
    }
}
