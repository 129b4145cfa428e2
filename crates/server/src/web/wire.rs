//! The way to web servers: one request, one answer.
//!
//! Shape: an [`Errand`] in, an [`Answer`] out, through the trait [`WebWire`], so that a test on virtual time answers by itself. A
//! redirect is an answer here; whether it is followed is decided above.
//! Time: it may take for ever; whoever waits gives up in time, and that ends the connection.
//! Errors: [`FetchError`].

use std::{future::Future, pin::Pin};

use antiphon_ivr::{FetchError, FetchMethod};
use url::Url;

use super::{file::SentFile, socket::Opening};

/// One request.
#[derive(Clone, Debug)]
pub struct Errand {
    /// How it asks.
    pub method: FetchMethod,
    /// Whom: no user, password or fragment is in it.
    pub url: Url,
    /// All headers but those of the connection, its length and its host; names in lower case.
    pub headers: Vec<(String, String)>,
    /// What goes with it.
    pub body: Option<Vec<u8>>,
    /// A file that goes with it in place of a body; then nothing of the answer's body is read.
    pub file: Option<SentFile>,
    /// The longest body that is read.
    pub max_bytes: usize,
}

/// One answer.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header fields with their names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body; of a redirect with a place to go none is read.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header field of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + 'a>>;

/// Who carries requests to web servers.
pub trait WebWire: Send + Sync + 'static {
    /// Sends a request and waits for its answer.
    fn carry(&self, errand: Errand) -> Answering<'_>;

    /// Opens a line to where a URL of http or https leads, protected where it is https.
    fn open(&self, _url: Url) -> Opening<'_> {
        Box::pin(async { Err(FetchError::Unreachable("nothing opens lines here".to_owned())) })
    }
}
