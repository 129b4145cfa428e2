//! A SIP user agent, sans-IO.
//!
//! Shape: [`Endpoint`] is told of bytes, of time and of orders, and says what to send, what happened and when to wake it.
//! Time: every call that can start a timer takes `now`.
//! Errors: see [`SipError`] and [`Counters`].
//! Sources: RFC 3261, RFC 6026, RFC 3581; `docs/rfc/3261.md` lists what is done and what is not.
#![forbid(unsafe_code)]

mod auth;
mod config;
mod counters;
mod dialog;
mod endpoint;
mod error;
mod event;
mod flow;
mod listeners;
mod message;
mod timetable;
mod token;
mod transaction;

pub use auth::{AuthConfig, Authenticator, Secret, Verdict};
pub use config::{Admission, Config, Timers};
pub use counters::Counters;
pub use endpoint::Endpoint;
pub use error::{Malformed, SipError};
pub use event::{Credentials, DialogId, EndReason, Event, Invitation, Invite, Rejection, Reply, RequestId};
pub use flow::{Flow, Listener, Transmit, Transport};
pub use message::{CSeq, Contact, Frame, Method, NameAddr, Params, Request, Scheme, StatusCode, StreamFramer, Uri};
pub use message::{MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS};
