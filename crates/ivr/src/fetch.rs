//! HTTP requests and their answers, as data.
//!
//! Shape: a script asks with a [`Fetch`], and takes a [`Page`] or a [`FetchError`] back. Whoever performs it decides which addresses may
//! be reached and how.
//! Units: the patience of a request is for the whole exchange, redirects and body with it; sizes are bytes.
//! Errors: [`FetchError`] is an outcome: what a web server does wrong never ends a script. An answer of any status is a [`Page`].
//! Sources: `ringme-ivr.md` 4.2; `kazoo-pivot.md` 2.

use std::{fmt, time::Duration};

use crate::{Cookies, Prompt, RecordingId, TypeAhead};

/// A request of a script.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Fetch {
    /// How to ask.
    pub method: FetchMethod,
    /// Whom: an absolute `http` or `https` URL. A user and password in it are sent as HTTP Basic and not shown anywhere.
    pub url: String,
    /// Header fields besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// What goes with it.
    pub body: Option<FetchBody>,
    /// How long the whole exchange may take.
    pub patience: Duration,
    /// The longest body that is read; a longer one is [`FetchError::TooLarge`].
    pub max_bytes: usize,
    /// How many redirects are followed: with GET after a 303, and after a 301 or 302 to a POST; else with the same method and body.
    /// One from https to http is not followed ([`FetchError::Denied`]).
    pub redirects: u8,
    /// Which step of which surface asks, for the people who debug it, such as `rule 7 call_interactive`.
    pub step: String,
    /// Recordings of the call that stand in the body, in the order of their places.
    pub files: Vec<BodyFile>,
    /// What there is for the caller until the answer comes.
    pub meanwhile: Meanwhile,
    /// Cookies that go along where they belong, and that each answer on the way changes; none go where there are none.
    pub cookies: Option<Cookies>,
}

/// A recording of the call in the body of a request. One that is not there, or too large, is [`FetchError::NoFile`].
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct BodyFile {
    /// Before which byte of the body it stands.
    pub at: usize,
    /// Which: one that a [`crate::Record`] of this call has taken.
    pub recording: RecordingId,
}

/// What there is for the caller while an answer is waited for.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Meanwhile {
    /// Whether keys that are pressed before and meanwhile count for the next collect.
    pub keys: TypeAhead,
    /// What is heard; where it is missing, what is always heard at such times.
    pub sound: Option<Filler>,
}

/// What a caller hears who waits.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Filler {
    /// Said again and again.
    pub prompts: Vec<Prompt>,
    /// So long nothing is heard: an answer in that time makes no sound.
    pub after: Duration,
    /// What has begun is heard so long, though the answer is there.
    pub least: Duration,
}

/// How to ask.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FetchMethod {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

/// What goes with a request.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct FetchBody {
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a web server answered.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Header fields with their names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Where it came from, after redirects.
    pub url: String,
    /// The cookies of the request, as the answers have left them.
    pub cookies: Option<Cookies>,
}

/// Why there is no answer.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL cannot be asked.
    #[error("the URL cannot be used: {0}")]
    BadUrl(String),
    /// A header field of this name, or with this value, cannot be sent by a script.
    #[error("the header {0:?} cannot be sent")]
    BadHeader(String),
    /// An address that nobody may be sent to by a script.
    #[error("nobody is asked there: {0}")]
    Denied(String),
    /// No connection.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// Not within [`Fetch::patience`].
    #[error("no answer in time")]
    TimedOut,
    /// The body is longer than [`Fetch::max_bytes`].
    #[error("the answer is too large")]
    TooLarge,
    /// More redirects than [`Fetch::redirects`], or one that leads nowhere.
    #[error("too many redirects, or one that leads nowhere")]
    Redirects,
    /// What came is no HTTP.
    #[error("the answer is no HTTP: {0}")]
    NotHttp(String),
    /// A recording that is to be sent is none of this call, is not whole, or is too large.
    #[error("a recording cannot be sent: it is not there, or too large")]
    NoFile,
    /// As many requests run as may.
    #[error("too many requests run at once")]
    Busy,
}

impl Page {
    /// Whether the status is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header field of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for FetchMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        })
    }
}

/// What a surface made of an answer, for the people who debug it; it stands under the last [`Fetch`] of the call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Note {
    /// What kind of thing it is.
    pub kind: NoteKind,
    /// The thing, in one line.
    pub text: String,
}

/// What kind of thing a [`Note`] is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum NoteKind {
    /// A verb or module that is run.
    Ran,
    /// Something that was wrong, and what was done instead.
    Problem,
    /// What follows: the next rule, another document, the end.
    Next,
    /// What its author wants to be told.
    Log,
}
