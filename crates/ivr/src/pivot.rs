//! The surface of KAZOO Pivot: a web server is told about a call and answers with a callflow in JSON or with TwiML, which runs on the
//! call and may ask again.
//!
//! Shape: [`Pivot`] is what an extension of this kind holds; [`Session`] is one call in its hands, [`State`] what it remembers of it from
//! one answer to the next; [`run`] asks, reads and runs until the call ends or goes elsewhere. [`callflow`] and [`twiml`] are the two
//! languages, [`model`] the data of a pivot, [`request`] what a web server is told.
//! Units: milliseconds, seconds and plain numbers in JSON and XML, `Duration` everywhere else.
//! Errors: what a web server does wrong is told to the people who debug it; the node that asked goes on at its `_` child, or hangs up.
//! Sources: `kazoo-pivot.md`; rows A1 to A32 of its section 8 in `docs/surfaces/pivot-ledger.md`.

pub mod callflow;
pub mod causes;
pub mod encode;
pub mod guard;
pub mod media;
pub mod model;
mod news;
pub mod policy;
pub mod request;
mod run;
pub mod schema;
pub mod session;
pub mod temporal;
pub mod twiml;
mod upload;
pub mod url;

use std::sync::Arc;

pub use callflow::{Node, truncated};
pub use guard::UrlGuard;
pub use model::{BodyFormat, PivotData, RequestFormat};
pub use policy::{Policy, UriResolution};
pub use run::{after, has_epilogue, run};
pub use schema::{Fault, Mode, Problem, Warning};
pub use session::{
    AfterBridge, Ask, Asker, CallStatus, CallerIdRewrite, Exit, Heard, LastDial, LastRecording, MAX_DIGITS, MissedCall,
    Privacy, Runs, Session, State, Times, WaitingUpload,
};

/// What an extension of this kind holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Pivot {
    /// The account that web servers are told, any text.
    pub account: String,
    /// The node's data.
    pub data: Arc<PivotData>,
    /// Its child `_`: what is run when the web server fails.
    pub otherwise: Option<Arc<Node>>,
    /// The secret with which requests are signed as Twilio signs them; `None` signs nothing.
    pub secret: Option<String>,
}

#[cfg(test)]
mod tests;
