//! A SIP user agent, sans-IO.
//!
//! Shape: [`Endpoint`] is told of bytes, of time and of orders, and says what to send, what happened and when to wake it.
//! Time: every call that can start a timer takes `now`.
//! Errors: see [`SipError`] and [`Counters`].
//! Sources: RFC 3261, 6026, 3581; RFC 3262 (reliable provisional responses), RFC 3311 (UPDATE), RFC 4028 (session timers),
//! RFC 3515 and 3891 (transfers), RFC 3325 (identity), RFC 7616 and 8760 (digest).
//! `docs/rfc` has a ledger for each of what is done and what is not.
//!
//! The driving contract: after every `handle_*` and every order, send all of [`Endpoint::poll_transmit`] and look at all
//! of [`Endpoint::poll_event`], then wait for a message or for [`Endpoint::poll_timeout`], whichever is first. Here two
//! endpoints talk without a network:
//!
//! ```
//! use antiphon_sip::{Config, Endpoint, Event, Flow, Invitation, Listener, MAX_FORWARDS, NameAddr};
//! use antiphon_sip::Transport;
//! use std::time::Instant;
//!
//! let (here, there) = ("127.0.0.1:5060".parse()?, "127.0.0.1:5070".parse()?);
//! let make = |local, seed| {
//!     let listener = Listener { transport: Transport::Udp, local, advertised: local };
//!     Endpoint::new(Config { listeners: vec![listener], ..Config::default() }, seed)
//! };
//! let (mut caller, mut callee) = (make(here, 1), make(there, 2));
//!
//! let now = Instant::now();
//! let call = caller.invite(now, Invitation {
//!     flow: Flow { transport: Transport::Udp, local: here, peer: there },
//!     target: "sip:100@127.0.0.1:5070".parse()?,
//!     from: NameAddr::new("sip:200@127.0.0.1".parse()?),
//!     to: NameAddr::new("sip:100@127.0.0.1:5070".parse()?),
//!     headers: Vec::new(),
//!     max_forwards: MAX_FORWARDS,
//!     route: Vec::new(),
//!     offer: "v=0 the offer".into(),
//!     credentials: None,
//! });
//!
//! let mut story = Vec::new();
//! loop {
//!     let mut quiet = true;
//!     while let Some(sent) = caller.poll_transmit() {
//!         quiet = false;
//!         let flow = Flow { transport: sent.flow.transport, local: sent.flow.peer, peer: sent.flow.local };
//!         callee.handle_datagram(now, flow, &sent.payload);
//!     }
//!     while let Some(sent) = callee.poll_transmit() {
//!         quiet = false;
//!         let flow = Flow { transport: sent.flow.transport, local: sent.flow.peer, peer: sent.flow.local };
//!         caller.handle_datagram(now, flow, &sent.payload);
//!     }
//!     while let Some(event) = callee.poll_event() {
//!         match event {
//!             Event::Incoming { dialog, invite } => {
//!                 story.push(format!("called as {}", invite.request.uri().user().unwrap_or_default()));
//!                 callee.answer(now, dialog, "v=0 the answer".into())?;
//!             }
//!             Event::Confirmed { .. } => caller.hang_up(now, call, None)?,
//!             Event::Ended { why, .. } => story.push(format!("{why:?}")),
//!             _ => {}
//!         }
//!     }
//!     while let Some(event) = caller.poll_event() {
//!         if let Event::Answered { answer, .. } = event {
//!             story.push(String::from_utf8_lossy(&answer).into_owned());
//!         }
//!     }
//!     if quiet {
//!         // A server would now wait for the next datagram, or until this and then call `handle_timeout`.
//!         assert!(caller.poll_timeout().is_some());
//!         break;
//!     }
//! }
//! assert_eq!(story, ["called as 100", "v=0 the answer", "RemoteBye"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod auth;
mod config;
mod counters;
mod dialog;
mod endpoint;
mod error;
mod event;
mod flow;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod listeners;
mod message;
mod outside;
mod registration;
mod subscription;
mod timetable;
mod token;
mod transaction;

pub use auth::{Algorithm, AuthConfig, Authenticator, Secret, Verdict};
pub use config::{Admission, Config, Timers};
pub use counters::Counters;
pub use endpoint::{Endpoint, ReferOptions, ReferOutcome};
pub use error::{Malformed, SipError};
pub use event::{
    Credentials, DialogId, EndReason, Event, Invitation, Invite, Refusal, RegistrationId, Rejection, Reply, RequestId,
    SubscriptionId,
};
pub use flow::{Flow, Listener, Transmit, Transport, is_one_host};
pub use message::{
    CSeq, Contact, Frame, Method, NameAddr, Params, Request, Response, Scheme, StatusCode, StreamFramer, Uri,
};
pub use message::{Diversion, DiversionCause, HistoryEntry, Identity, Presentation, Privacy, Reason, ReasonProtocol};
pub use message::{MAX_BODY_BYTES, MAX_FORWARDS, MAX_HEADER_BYTES, MAX_HEADERS};
pub use message::{ReferRequest, Replaces, sipfrag_status};
pub use message::{RemoteParty, Unprintable, asserted_identity, diverted_by, history_info, preferred_identity};
pub use message::{printable, privacy_id, reason_value, remote_party_id};
pub use outside::{Outcome, OutsideRequest};
pub use registration::{Registration, RegistrationFailure};
pub use subscription::{Notice, SubscriptionEnd};
