//! Sound to and from a web server while the call goes on, over a WebSocket.
//!
//! Shape: [`Stream`] starts and stops copies of the call's sound, which go on under the ops that follow, to the end of the call;
//! [`Connect`] is a talk of the caller with a web server, and takes as long as that.
//! Errors: [`StreamError`] is an outcome. What becomes of a copy after its start no script learns; its [`WebStream::status`] does.
//! Sources: TwiML (`kazoo-pivot.md` 5.4: Start, Stop, Stream, Connect); Twilio's "Media Streams WebSocket messages"; RFC 6455.

use std::sync::Arc;

use crate::FetchMethod;

/// What is asked about the copies of a call's sound.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Stream {
    /// Begin one. It does not wait for the web server.
    Start(Arc<WebStream>),
    /// End the one of this name; nothing where there is none.
    Stop(String),
}

/// A caller who talks with a web server: it hears what the server sends, and the server hears the caller and its keys. It ends when either
/// of the two does. It lifts the limit of [`crate::Op::Limit`], as a bridge does.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Connect {
    /// The way to it. [`WebStream::track`] is [`Track::Inbound`].
    pub stream: Arc<WebStream>,
}

/// The way of a call's sound to a web server.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct WebStream {
    /// By which it is told from the others of the call.
    pub name: String,
    /// An absolute `ws` or `wss` URL.
    pub url: String,
    /// Whose sound goes there.
    pub track: Track,
    /// What the web server is told at its beginning, in this order.
    pub parameters: Vec<(String, String)>,
    /// Whose call it is, as the web server is told.
    pub account: String,
    /// The call, as the web server is told.
    pub call: String,
    /// Who is told that it began, ended or failed.
    pub status: Option<StreamStatus>,
}

/// Whose sound goes to a web server.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Track {
    /// What the caller says.
    Inbound,
    /// What the caller hears.
    Outbound,
    /// Both, each by itself.
    Both,
}

/// Who is told of a stream: as a form with `AccountSid`, `CallSid`, `StreamSid`, `StreamName`, `StreamEvent` (`stream-started`,
/// `stream-stopped`, `stream-error`), `StreamError` and `Timestamp`.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct StreamStatus {
    /// An absolute `http` or `https` URL.
    pub url: String,
    /// How it is told.
    pub method: FetchMethod,
}

/// How a [`Connect`] ended. (The caller hanging up is [`crate::Interrupted::RemoteHangup`].)
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Connected {
    /// The web server ended it.
    FarEnd,
    /// It never began, or broke.
    Failed(StreamError),
}

/// Why there is no stream.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum StreamError {
    /// The URL cannot be used.
    #[error("the URL cannot be used: {0}")]
    BadUrl(String),
    /// An address that nobody may be sent to by a script.
    #[error("nobody is asked there: {0}")]
    Denied(String),
    /// No connection, or none in time.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The web server answered, and not as one who speaks WebSocket.
    #[error("the server answered with the status {0}")]
    Status(u16),
    /// It broke while it went on.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// As many streams run as may.
    #[error("too many streams run at once")]
    Busy,
    /// A stream of this name goes on already.
    #[error("a stream of this name goes on already")]
    NameTaken,
    /// The caller has no sound, as one who is not answered.
    #[error("the caller has no sound")]
    NoMedia,
}
