//! What web servers have to do with a call besides being asked: sounds that lie there, news that they are told, recordings that they get.
//!
//! Shape: [`Load`] waits for a sound; [`Tell`] and [`Upload`] are handed over and wait for nothing.
//! Errors: a sound that cannot be had is an outcome; what becomes of a [`Tell`] no script learns.
//! Sources: `kazoo-pivot.md` 4.1 (media references), 4.2 (webhook), 4.4 (upload); TwiML status callbacks (5.4).

use std::{sync::Arc, time::Duration};

use crate::{Fetch, FetchError, FetchMethod, RecordingId};

/// A sound that lies on a web server.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct WebSound {
    /// An absolute `http` or `https` URL.
    pub url: String,
}

/// Have a sound of a web server ready, so that saying it takes no time to begin. Keys meanwhile are kept for the next collect.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Load {
    /// Which.
    pub sound: Arc<WebSound>,
    /// How long to wait for it. Without, it is only begun to be had, and the script goes on: for one that a dial wants next
    /// ([`super::Terms::ringback`]).
    pub patience: Option<Duration>,
}

/// Why a sound of a web server cannot be said.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum LoadError {
    /// It could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The server answered, but not with a sound.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// What came is no sound that is understood; the text says why.
    #[error("it is no sound: {0}")]
    NoSound(String),
}

/// News for a web server; its answer does not matter to the script.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Tell {
    /// What it is told.
    pub fetch: Fetch,
    /// How often it is told again while it cannot be reached or does not answer with success.
    pub retries: u8,
    /// How long to wait before each of these.
    pub pause: Duration,
}

/// A recording for a web server. It is sent as soon as it is whole, and if need be after a restart of ours; it may go on, or not have
/// begun yet. A recording that comes to nothing is not sent.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Upload {
    /// Which: a recording of this call.
    pub recording: RecordingId,
    /// `PUT` or `POST`; the body is the file.
    pub method: FetchMethod,
    /// Where to, whole: with the file's name.
    pub url: String,
    /// The form of the file that is wanted.
    pub format: SoundFormat,
}

/// Ask for a URL at which a recording can be had by whoever knows it, for as long as the server allows.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Link {
    /// Which: a recording of this call. It may go on, or not have begun yet.
    pub recording: RecordingId,
}

/// The form of a file of sound.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum SoundFormat {
    /// WAV.
    Wav,
    /// MP3, where the server can make it; WAV else.
    Mp3,
}
